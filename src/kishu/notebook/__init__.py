"""The notebook's cells and path, as front ends tell them."""
