"""Declare that what polars' frames and series pickle is their whole state."""

from kishu.handlers.typeinfo import Library, know

know(Library(("polars",), faithful=True))
