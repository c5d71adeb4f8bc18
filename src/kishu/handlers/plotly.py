"""plotly: what its figures pickle is all there is of them."""

from kishu.handlers.typeinfo import Library, know

know(Library(("plotly", "_plotly_utils"), faithful=True))
