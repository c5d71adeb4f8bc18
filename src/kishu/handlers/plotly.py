"""Declare that what plotly's figures pickle is their whole state."""

from kishu.handlers.typeinfo import Library, know

know(Library(("plotly", "_plotly_utils"), faithful=True))
