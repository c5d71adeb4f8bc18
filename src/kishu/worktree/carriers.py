"""Carriers: which live object has carried which part of which version in this session.

An undo changes an object back in place only if it is the very object that had the old content.
Nothing is kept alive for that: an object that allows it is known by a weak reference, a list or a
dict by its address for as long as every observation met it there.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from kishu.handlers.typeinfo import libraries_of
from kishu.history.records import VersionId
from kishu.worktree.covariables import CoVariable
from kishu.worktree.partition import Partition

Serial = int


class Carriers:
    """Numbers the tops of parts, and remembers the numbers of every version seen live."""

    def __init__(self) -> None:
        self._count = 0
        self._serials: dict[int, tuple[weakref.ref[Any] | None, Serial]] = {}
        self._of_version: dict[VersionId, list[Serial]] = {}
        self._tops: dict[CoVariable, list[int]] = {}

    def note(self, version: VersionId, partition: Partition) -> None:
        """Remember which objects carry a version's parts now."""
        self._of_version[version] = [
            self.serial(component.top) for component in partition.components
        ]
        self._tops[tuple(sorted(partition.roots))] = [
            id(component.top) for component in partition.components
        ]

    def of(self, version: VersionId) -> list[Serial]:
        """The serials of a version's parts; none if it was not live in this session."""
        return self._of_version.get(version, [])

    def serial(self, obj: Any) -> Serial:
        """The object's serial, given now if it is new."""
        found = self._serials.get(id(obj))
        if found is not None and (found[0] is None or found[0]() is obj):
            return found[1]
        self._count += 1
        ref = None
        # An array of NumPy's that is weakly referenced cannot be resized by the user.
        if all(each.weakly_referenced for each in libraries_of(type(obj).__module__)):
            with suppress(TypeError):
                ref = weakref.ref(obj)
        self._serials[id(obj)] = (ref, self._count)
        return self._count

    def retain(self, co_variables: Iterable[CoVariable]) -> None:
        """Forget the objects of co-variables that are no more."""
        self._tops = {
            co_variable: self._tops[co_variable]
            for co_variable in co_variables
            if co_variable in self._tops
        }
        alive = {address for tops in self._tops.values() for address in tops}
        self._serials = {
            address: entry for address, entry in self._serials.items() if address in alive
        }
