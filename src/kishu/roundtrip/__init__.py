"""Check that stored versions come back as they were."""
