"""Build objects from recipes, and give live objects their content."""
