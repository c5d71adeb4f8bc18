"""polars: what its frames and series pickle is all there is of them."""

from kishu.handlers.typeinfo import Library, know

know(Library(("polars",), faithful=True))
