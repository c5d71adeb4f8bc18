"""Plays whole notebooks as a user does, and compares what comes back with what was."""
