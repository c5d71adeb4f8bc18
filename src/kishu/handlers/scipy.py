"""Declare that what SciPy's objects pickle is their whole state."""

from kishu.handlers.typeinfo import Library, know

know(Library(("scipy",), faithful=True))
