"""Histories that were written once, and must be read by every Python and every later Kishu."""
