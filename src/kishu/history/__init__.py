"""Commits, operations, refs and steps: plain data, no live objects, no unpickling."""
