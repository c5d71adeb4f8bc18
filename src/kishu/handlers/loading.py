"""Keep the loading that is under way, for the builders that a stored stream calls.

Builders that belong to no single handler stand here, too. The names of all builders are part of
the format on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Loading
from kishu.history.reasons import Unstorable

_loadings: list[Loading] = []
"""The loadings under way, the innermost last: to build a value may take building another."""


@contextmanager
def under_way(context: Loading) -> Iterator[None]:
    """Have `now` return this loading while the block runs."""
    _loadings.append(context)
    try:
        yield
    finally:
        _loadings.pop()


def now() -> Loading:
    """Return the loading that is under way, the innermost one.

    Raises:
        IndexError: there is none: a builder was called by something else than a load.
    """
    return _loadings[-1]


@builder
def definition(object_id: str) -> Any:
    """Return the function, class or bare ``object()`` of an object id, live or built."""
    return now().definition(object_id)


@builder
def unstorable(object_id: str, index: int) -> Any:
    """Return what stands where an object could not be stored: the live one, or a `Missing`.

    Args:
        object_id: the object's id.
        index: the position, among the component's unstorables, of the one that describes it.
    """
    return now().unstorable(object_id, index)


@builder
def ignore_content(obj: object, content: object) -> None:
    """Give a `Missing` the content that was noted of its object; give a live object nothing.

    The content was noted only to tell changes apart: no object is built from it.
    """
    if type(obj) is Missing:
        obj.__dict__["content"] = content


class Missing:
    """Stand in a value where an object could not be stored, and say so when it is used.

    Any attribute that is asked for raises an `AttributeError` that names the missing object.
    """

    def __init__(self, number: str, place: Unstorable) -> None:
        """Describe the missing object.

        Args:
            number: its object id.
            place: its type, and why it could not be stored.
        """
        self.__dict__.update(number=number, place=place)

    def __repr__(self) -> str:
        return f"<missing {self.place.type}: {self.place.text}>"

    def __getattr__(self, name: str) -> Any:
        place = self.__dict__.get("place") or Unstorable("object")
        raise AttributeError(f"{name}: this {place.type} could not be stored ({place.text})")

    def unnumbered(self) -> tuple[Any, ...]:
        """Return the missing object's type, kind of reason and noted content, without its id.

        Two that are equal stand for objects that were the same, though they may have other ids.
        """
        return self.place.type, self.place.kind, self.__dict__.get("content")
