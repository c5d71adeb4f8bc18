"""Find the nodes of plain containers that something else holds, too, by their reference counts.

A node that one container alone holds has a known count of references. The counting is a few calls
into C a level, so that a thousand elements cost less than pickling them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from kishu.handlers.typeinfo import ATOMS, PASSING

LINKING = (list, dict, set)
"""The built-in containers that can change, so that sharing them is state."""

_PLAIN = ATOMS | {*LINKING, *PASSING}


class NodeCounter(Protocol):
    """Counts the nodes that were looked at.

    Attributes:
        nodes: how many, so far.
    """

    nodes: int


class ExternalReferences(NamedTuple):
    """The nodes of some elements that something besides their one container holds.

    Attributes:
        ids: addresses of those whose sharing is state; of a tuple, of those within it instead.
        places: for each time such a node was met, its position in the order of the search, and its
            address.
    """

    ids: frozenset[int]
    places: list[tuple[int, int]]


def externally_referenced(
    elements: list[Any], extra: int, counters: NodeCounter
) -> ExternalReferences | None:
    """Find the nodes among elements, and below them, that something else holds, too.

    None if there is anything but built-in containers and atoms. The search goes level by level:
    first the elements, then all that these hold, and so on.

    Args:
        elements: the elements, in a list that the caller made for this.
        extra: how many references an element has beyond those of an element of a list.
        counters: told how many nodes were looked at.
    """
    level, lone = elements, _LONE + extra
    external: list[Any] = []
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
            # The list made here holds each element once more.
            lone += level is elements
            level = [node for node in level if type(node) not in ATOMS]
        counts = _counts(level)
        if counts and max(counts) > lone:
            at = [place for place, count in enumerate(counts) if count > lone]
            held_elsewhere = [level[place] for place in at]
            places += [(before + place, id(level[place])) for place in at]
            # A node that was opened on a level before is not opened again: a cycle would not end.
            again = opened.intersection(map(id, held_elsewhere))
            if again:
                level = [node for node in level if id(node) not in again]
            opened.update(map(id, held_elsewhere))
            external += held_elsewhere
        before += len(level)
        level, lone = gc.get_referents(*level), _LONE
    return ExternalReferences(frozenset(_sharing_is_state(external)), places)


def _sharing_is_state(nodes: list[Any]) -> Iterator[int]:
    """Yield the addresses of those nodes whose sharing is state, within tuples among them, too."""
    waiting = nodes
    while waiting:
        yield from (id(node) for node in waiting if type(node) in LINKING)
        passing = [node for node in waiting if type(node) in PASSING]
        waiting = [node for node in gc.get_referents(*passing) if type(node) not in ATOMS]


def _counts(level: list[Any]) -> list[int]:
    """Return how many references each node has, those of the list and of the call included."""
    return list(map(sys.getrefcount, level))


def _lone_count() -> int:
    """Return what `_counts` says of a node that one container alone holds, measured once."""
    holder: list[list[Any]] = [[]]
    return _counts(gc.get_referents(holder))[0]


_LONE = _lone_count()
