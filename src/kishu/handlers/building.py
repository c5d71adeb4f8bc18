"""What a stored stream calls to rebuild a value, and the loading that these calls belong to.

The names of builders (here and in the handlers) are part of the on-disk format.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kishu.handlers.registry import Loading

_loadings: list[Loading] = []


@contextmanager
def loading(context: Loading) -> Iterator[None]:
    """Have builders ask ``context`` while a stream is unpickled."""
    _loadings.append(context)
    try:
        yield
    finally:
        _loadings.pop()


def now() -> Loading:
    """The loading that is under way."""
    return _loadings[-1]


def definition(number: str) -> Any:
    """The function, class or bare object of that number."""
    return now().definition(number)


def hole(number: str, type: str, reason: str) -> Any:
    """What stands where something could not be stored."""
    return now().hole(number, type, reason)


MOVES = "which cannot be stored"
"""Ends the reason of a hole whose object moves on by itself: a live one proves nothing."""


LEADS_TO_COPIES = "which leads to copies when it is computed again"
"""In the reason of a hole that holds, unseen, what it was computed from."""


def ignore_content(obj: object, content: object) -> None:
    """The content of a hole only tells changes apart; what stands there knows it."""
    if type(obj) is Missing:
        obj.__dict__["content"] = content


class Missing:
    """Stands where a stored value has a hole: says what is missing when it is looked at."""

    def __init__(self, number: str, type: str, reason: str) -> None:
        self.__dict__.update(number=number, type=type, reason=reason)

    def __repr__(self) -> str:
        return f"<missing {self.type}: {self.reason}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{name}: this {self.__dict__.get('type')} could not be stored"
            f" ({self.__dict__.get('reason')})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return hole, (self.number, self.type, self.reason)

    def unnumbered(self) -> tuple[Any, ...]:
        """What was noted of what is missing, in a form that two can be compared by."""
        return self.type, self.reason, self.__dict__.get("content")
