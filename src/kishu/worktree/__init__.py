"""Compare the live variables with the history, and record what changed."""
