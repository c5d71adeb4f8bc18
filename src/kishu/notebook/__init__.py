"""Keep track of the notebook's path and cells as front ends tell them, and check cells out."""
