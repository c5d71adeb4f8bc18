"""Keep bytes on disk, whatever they mean: chunks in packs, signed records in journals."""
