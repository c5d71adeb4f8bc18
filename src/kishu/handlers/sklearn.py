"""Declare that what scikit-learn's estimators pickle is their whole state."""

from kishu.handlers.typeinfo import Library, know

know(Library(("sklearn",), faithful=True))
