"""Check that what was stored comes back."""
