"""Which nodes of plain containers something else holds too, read off reference counts, in C."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from kishu.handlers.typeinfo import ATOMS, PASSING

LINKING = (list, dict, set)
"""The built-in containers that can change, so that sharing them is state."""

_PLAIN = ATOMS | {*LINKING, *PASSING}


class Counts(Protocol):
    """What is counted."""

    nodes: int


class ExternalReferences(NamedTuple):
    """What something else holds, too.

    Attributes:
        ids: addresses of the nodes whose sharing is state.
        places: where each held node was met, and its address.
    """

    ids: frozenset[int]
    places: list[tuple[int, int]]


def externally_referenced(
    elements: list[Any], extra: int, counters: Counts
) -> ExternalReferences | None:
    """The nodes in a run that something else holds too.

    None if it does not consist of built-in containers and atoms alone. Level by level, in C: what
    only one thing holds has a known count of references and need not be looked at.
    """
    level, lone = elements, _LONE + extra
    more: list[Any] = []
    places: list[tuple[int, int]] = []
    before = 0
    opened: set[int] = set()
    while level:
        counters.nodes += len(level)
        types = set(map(type, level))
        if not types <= _PLAIN:
            return None
        if types <= ATOMS:
            break
        if not types.isdisjoint(ATOMS):
            lone += level is elements
            level = [node for node in level if type(node) not in ATOMS]
        counts = _counts(level)
        if counts and max(counts) > lone:
            at = [place for place, count in enumerate(counts) if count > lone]
            met = [level[place] for place in at]
            places += [(before + place, id(level[place])) for place in at]
            again = opened.intersection(map(id, met))
            if again:
                level = [node for node in level if id(node) not in again]
            opened.update(map(id, met))
            more += met
        before += len(level)
        level, lone = gc.get_referents(*level), _LONE
    return ExternalReferences(frozenset(_linking(more)), places)


def _linking(held: list[Any]) -> Iterator[int]:
    """The nodes whose sharing is state: the held ones, and those within a held tuple."""
    waiting = held
    while waiting:
        yield from (id(node) for node in waiting if type(node) in LINKING)
        passing = [node for node in waiting if type(node) in PASSING]
        waiting = [node for node in gc.get_referents(*passing) if type(node) not in ATOMS]


def _counts(level: list[Any]) -> list[int]:
    return list(map(sys.getrefcount, level))


def _lone_count() -> int:
    """The count of references that a node of one holder shows in `externally_referenced`."""
    holder: list[list[Any]] = [[]]
    return _counts(gc.get_referents(holder))[0]


_LONE = _lone_count()
