"""Whatever a notebook holds comes back as it was: scenarios, and how they are played and scored."""
