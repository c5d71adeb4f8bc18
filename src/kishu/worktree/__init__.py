"""Compare the live state with the history, and record what changed."""
