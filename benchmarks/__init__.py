"""What Kishu costs: sessions run in a kernel with Kishu and in one without, side by side."""
