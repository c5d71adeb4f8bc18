"""Build live objects from recipes."""
