"""Describe a history as plain data: commits, operations, refs, undo; nothing is unpickled here."""
