"""scikit-learn: what its estimators pickle is all there is of them."""

from kishu.handlers.typeinfo import Library, know

know(Library(("sklearn",), faithful=True))
