"""Bytes on disk: chunks in packs, records in journals, a key that signs them. No meaning here."""
