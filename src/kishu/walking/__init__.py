"""Walk values: read what each consists of and what it shares, and return scans of them."""
