"""Remember carriers: which live object held which component of which version in this session.

A restore updates an object in place only if it is the very object that had the old content. No
object is kept alive for that: one that allows it is known by a weak reference, and a list or a dict
by its address, for as long as it is the top of a component of the state.
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
"""Stands for one live object, as long as it carries something."""


class Carriers:
    """The serials of the tops of components, and those of each version that was live."""

    def __init__(self) -> None:
        self._count = 0
        self._serials: dict[int, tuple[weakref.ref[Any] | None, Serial]] = {}
        self._of_version: dict[VersionId, list[Serial]] = {}
        self._tops: dict[CoVariable, list[int]] = {}

    def note(self, version: VersionId, partition: Partition) -> None:
        """Remember which live objects carry the components of a version from now on."""
        self._of_version[version] = [
            self.serial(component.top) for component in partition.components
        ]
        self._tops[tuple(sorted(partition.roots))] = [
            id(component.top) for component in partition.components
        ]

    def of(self, version: VersionId) -> list[Serial]:
        """Return the serials of what carried a version's components, in order.

        Empty if the version was not live in this session.
        """
        return self._of_version.get(version, [])

    def serial(self, obj: Any) -> Serial:
        """Return the object's serial; give it one if it has none."""
        entry = self._serials.get(id(obj))
        if entry is not None and (entry[0] is None or entry[0]() is obj):
            return entry[1]
        self._count += 1
        ref = None
        if all(library.weakly_referenced for library in libraries_of(type(obj).__module__)):
            # The user could not resize an array in place that is weakly referenced.
            with suppress(TypeError):
                ref = weakref.ref(obj)
        self._serials[id(obj)] = (ref, self._count)
        return self._count

    def retain(self, co_variables: Iterable[CoVariable]) -> None:
        """Forget the live objects of all co-variables but these."""
        self._tops = {
            co_variable: self._tops[co_variable]
            for co_variable in co_variables
            if co_variable in self._tops
        }
        alive = {address for tops in self._tops.values() for address in tops}
        self._serials = {
            address: entry for address, entry in self._serials.items() if address in alive
        }
