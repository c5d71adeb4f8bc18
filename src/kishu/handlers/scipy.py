"""SciPy: what its objects pickle is all there is of them."""

from kishu.handlers.typeinfo import Library, know

know(Library(("scipy",), faithful=True))
