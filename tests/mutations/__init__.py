"""Faults that were once in the source, put back one at a time: the tests must find each."""
