"""One observation of the live state: what was seen, what it changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from kishu.history.history import State
from kishu.history.records import Recipe, VersionId
from kishu.walking.identity import ObjectId
from kishu.walking.walk import (
    Scan,
)
from kishu.worktree.covariables import CoVariable
from kishu.worktree.partition import Partition

UNRECORDED: VersionId = ""
"""Stands for the version of an entity whose content is in no commit."""


class LastSeen(NamedTuple):
    """Hold what tells a change of one entity between two looks: signs, not the value.

    Attributes:
        digest: a hash of the content; empty if the entity is to be found changed.
        ids: addresses of the nodes in it that others may share.
        top: address of the value itself; 0 if its identity is not state.
        refs: object ids of the definitions that it refers to.
        unstorable_ids: object ids of what it holds that cannot be stored.
        plain: True if it may be verified in a small cohort.
        sign: an object, or a few, that cannot change: where the entity's are still the same, it is
            unchanged. None if the entity must be walked to tell.
    """

    digest: bytes
    ids: frozenset[int]
    top: int
    refs: tuple[ObjectId, ...]
    unstorable_ids: tuple[ObjectId, ...]
    plain: bool
    sign: object = None


class Deadline(NamedTuple):
    """When a look must end, as a cell may be waiting: it leaves the rest for the next look.

    Attributes:
        until: the time, in seconds of `time.perf_counter`.
        first: the entities to look at first.
    """

    until: float
    first: Collection[str]


class Look(NamedTuple):
    """The result of one look at all entities; the next look compares with it once it is accepted.

    Attributes:
        values: the live object of each entity.
        last_seen: the signs of each entity's content.
        scans: the scans of the entities whose signs differ from those of the accepted look, and of
            what they share with.
        unchanged_scans: the scans of other entities that the caller asked for.
        co_variable_of: the co-variable of each entity.
        dirty: the co-variables that must be recorded.
        gone: the entities of the accepted look that are no more.
        unverified: the entities that there was no time for; they are assumed to be as they were.
    """

    values: dict[str, Any]
    last_seen: dict[str, LastSeen]
    scans: dict[str, Scan]
    unchanged_scans: dict[str, Scan]
    co_variable_of: dict[str, CoVariable]
    dirty: list[CoVariable]
    gone: list[str]
    unverified: frozenset[str] = frozenset()

    def without(self, entities: Iterable[str]) -> Look:
        """Return the look without the digests of some entities: the next finds them changed."""
        unseen = {
            entity: self.last_seen[entity]._replace(digest=b"")
            for entity in entities
            if entity in self.last_seen
        }
        return self._replace(last_seen=self.last_seen | unseen)

    @property
    def quiet(self) -> bool:
        """Return True if nothing changed since the look that was accepted last."""
        return not self.dirty and not self.gone


class Change(NamedTuple):
    """Hold what differs between the state and a look, in the form in which it is committed.

    Attributes:
        set: the new version of each entity that has one.
        gone: the entities that are no more.
        recipes: the recipes of the new versions.
        partitions: the live components of every version that the look had to record, new or not.
    """

    set: State
    gone: list[str]
    recipes: dict[VersionId, Recipe]
    partitions: dict[VersionId, Partition]

    @property
    def empty(self) -> bool:
        """Return True if the state is the one before."""
        return not self.set and not self.gone
