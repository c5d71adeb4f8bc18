"""What a stored stream calls to rebuild a value, and the loading that these calls belong to.

The names of builders (here and in the handlers) are part of the on-disk format.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Loading
from kishu.history.reasons import Unstorable

_loadings: list[Loading] = []


@contextmanager
def under_way(context: Loading) -> Iterator[None]:
    """Have builders ask ``context`` while a stream is unpickled."""
    _loadings.append(context)
    try:
        yield
    finally:
        _loadings.pop()


def now() -> Loading:
    """The loading that is under way."""
    return _loadings[-1]


@builder
def definition(number: str) -> Any:
    """The function, class or bare object of that number."""
    return now().definition(number)


@builder
def unstorable(number: str, index: int) -> Any:
    """Give what stands where something could not be stored.

    Args:
        number: of the object that stood there.
        index: of the note that says what it was.
    """
    return now().unstorable(number, index)


@builder
def ignore_content(obj: object, content: object) -> None:
    """The content of what is not stored only tells changes apart; what stands there knows it."""
    if type(obj) is Missing:
        obj.__dict__["content"] = content


class Missing:
    """Stands where something could not be stored: says what is missing when it is looked at."""

    def __init__(self, number: str, place: Unstorable) -> None:
        self.__dict__.update(number=number, place=place)

    def __repr__(self) -> str:
        return f"<missing {self.place.type}: {self.place.text}>"

    def __getattr__(self, name: str) -> Any:
        place = self.__dict__.get("place") or Unstorable("object")
        raise AttributeError(f"{name}: this {place.type} could not be stored ({place.text})")

    def unnumbered(self) -> tuple[Any, ...]:
        """What was noted of what is missing, in a form that two can be compared by."""
        return self.place.type, self.place.kind, self.__dict__.get("content")
