"""Batches: many small plain variables verified in one walk.

A walk has a cost of its own, five times that of a small value. Variables made of built-in
containers alone are therefore walked 64 at a time; only when a batch's token differs are its
members walked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kishu.walking.segmented import is_segmented
from kishu.walking.walk import Token, Walk

BATCH = 64
_CONTAINERS = (list, dict, set, tuple)


def _fits(value: object) -> bool:
    """Whether a batch may still walk it: one that has grown long is walked in pieces."""
    return type(value) in _CONTAINERS and not is_segmented(value)


class SmallCohorts:
    """Assigns variables to batches for good, so that a new one disturbs only the last batch."""

    def __init__(self) -> None:
        self._small_cohorts: list[list[str]] = []
        self._members: set[str] = set()
        self._tokens: dict[int, Token] = {}
        self._seen: dict[int, Token] = {}

    def unchanged(self, values: Mapping[str, Any], new_walk: Callable[[], Walk]) -> Iterator[str]:
        """The variables whose batch has the token it had when `accept` was last called."""
        self._seen = {}
        for index, batch in enumerate(self._small_cohorts):
            names = [name for name in batch if _fits(values.get(name))]
            if len(names) < len(batch):
                self._members.difference_update(set(batch) - set(names))
                self._small_cohorts[index] = names
                self._tokens.pop(index, None)
            if not names:
                continue
            token = new_walk().token([values[name] for name in names])
            if token is not None and self._tokens.get(index) == token:
                yield from names
            elif token is not None:
                self._seen[index] = token

    def forget(self, names: set[str]) -> None:
        """Take no earlier token of these variables for true, nor what was seen since `accept`."""
        self._seen = {}
        for index, batch in enumerate(self._small_cohorts):
            if not names.isdisjoint(batch):
                self._tokens.pop(index, None)

    def accept(self) -> None:
        """Take the tokens just seen for true."""
        self._tokens.update(self._seen)
        self._seen = {}

    def add(self, names: Iterable[str]) -> None:
        """Take in variables that were found to be plain and small."""
        for name in names:
            if name in self._members:
                continue
            if not self._small_cohorts or len(self._small_cohorts[-1]) >= BATCH:
                self._small_cohorts.append([])
            self._small_cohorts[-1].append(name)
            self._tokens.pop(len(self._small_cohorts) - 1, None)
            self._members.add(name)
