"""Going back: recipes in, live objects out."""
