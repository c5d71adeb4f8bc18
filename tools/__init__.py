"""What the maintainers run; no part of Kishu."""
