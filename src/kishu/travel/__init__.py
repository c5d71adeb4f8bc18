"""Bring the live session from one state of its history to another."""
