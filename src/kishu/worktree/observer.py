"""The observer: compares the live variables with what it saw last, and says what changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterable
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from kishu.handlers.registry import ATOMS, importable
from kishu.history.history import State
from kishu.history.records import Recipe, VersionId, is_definition, is_setting, is_variable
from kishu.walking.identity import ObjectId, ObjectIds
from kishu.walking.segmented import SegmentedContainers, SelfContaining, segmented_within
from kishu.walking.walk import (
    ComponentWalk,
    Context,
    Counters,
    Scan,
    Unreadable,
    Walk,
    WholeWalk,
    plain_scan,
)
from kishu.worktree.carriers import Carriers
from kishu.worktree.cohorts import SharedCohorts, SmallCohorts
from kishu.worktree.covariables import CoVariable, co_variables
from kishu.worktree.partition import VALUE, LiveComponent, Partition, Walks, partition
from kishu.worktree.recorder import Recorder

_SMALL_ATOM = 1024
UNRECORDED: VersionId = ""
"""The version of what is in no commit."""


class LastSeen(NamedTuple):
    """What is kept of one entity between two observations: signs, not the value.

    Attributes:
        digest: of the content.
        ids: addresses of the nodes that others may share.
        top: the value's own address where its identity is state.
        refs: numbers of the definitions it refers to.
        marks: numbers of what it holds that cannot be stored.
        plain: whether it can be verified in a batch.
        sign: something small and unchanging whose identity alone says: unchanged. None if none.
    """

    digest: bytes
    ids: frozenset[int]
    top: int
    refs: tuple[ObjectId, ...]
    unstorable_ids: tuple[ObjectId, ...]
    plain: bool
    sign: object = None


class Deadline(NamedTuple):
    """That a cell may be waiting: what is not looked at in time is left for later.

    Attributes:
        until: when to stop, as `time.perf_counter` tells it.
        first: the entities to look at first.
    """

    until: float
    first: Collection[str]


class Look(NamedTuple):
    """One observation, not yet taken for true (`Observer.accept` does that).

    Attributes:
        values: the live object of each entity.
        sightings: what each entity looked like.
        scans: the full scans of those that do not look as before.
        kept: scans of entities that look as before, where the caller asked for them.
        group_of: the co-variable of each entity.
        dirty: the co-variables that must be recorded anew.
        gone: entities that are no more.
        unverified: entities that there was no time to look at: taken to be as they were.
    """

    values: dict[str, Any]
    last_seen: dict[str, LastSeen]
    scans: dict[str, Scan]
    kept: dict[str, Scan]
    co_variable_of: dict[str, CoVariable]
    dirty: list[CoVariable]
    gone: list[str]
    unverified: frozenset[str] = frozenset()

    def without(self, entities: Iterable[str]) -> Look:
        """The look as if it had not seen these: the next one finds them changed."""
        unseen = {
            entity: self.last_seen[entity]._replace(digest=b"")
            for entity in entities
            if entity in self.last_seen
        }
        return self._replace(last_seen=self.last_seen | unseen)

    @property
    def quiet(self) -> bool:
        """Whether nothing changed since the last accepted look."""
        return not self.dirty and not self.gone


class Change(NamedTuple):
    """What a look changed: new versions of entities, entities gone, recipes, and live tops."""

    set: State
    gone: list[str]
    recipes: dict[VersionId, Recipe]
    partitions: dict[VersionId, Partition]

    @property
    def empty(self) -> bool:
        """Whether the state is the one before."""
        return not self.set and not self.gone


class Observer:
    """Sees what changed between two looks at the namespace.

    Args:
        identities: the numbers of definitions.
        user_globals: the namespace (a plain dict, never replaced).
        excluded: qualified names of classes that are never stored.

    Attributes:
        context: what its walks have in common.
    """

    def __init__(
        self, object_ids: ObjectIds, user_globals: dict[str, Any], excluded: frozenset[str]
    ) -> None:
        self.counters = Counters()
        self.carriers = Carriers()
        self.object_ids = object_ids
        self.state: State = {}
        self.unverified: frozenset[str] = frozenset()
        self._globals = user_globals
        self.context = Context(object_ids, user_globals, excluded, self.counters, {})
        self._small_cohorts = SmallCohorts()
        self._shared_cohorts = SharedCohorts()
        self.segmented = SegmentedContainers(self._whole_walk, self.counters)
        self._last_seen: dict[str, LastSeen] = {}
        self._co_variable_of: dict[str, CoVariable] = {}

    def look(
        self,
        variables: dict[str, Any],
        changing: Collection[str] = (),
        deadline: Deadline | None = None,
    ) -> Look:
        """Verify every variable, and every definition that one of them refers to.

        Args:
            variables: the live variables, by name.
            changing: entities whose scans, and those of what they share with, will be needed.
            hurry: leave for later what there is no time for; None: take all the time it needs.
        """
        self.context.tables.clear()
        same = {
            entity: self._last_seen[entity]
            for unchanged in (
                self._small_cohorts.unchanged(variables, lambda: self._walk(tolerant=False)),
                self._shared_cohorts.unchanged(
                    variables, lambda: self._walk(tolerant=False), deadline and deadline.until
                ),
            )
            for entity in unchanged
        }
        wanted = {e for entity in changing for e in self._co_variable_of.get(entity, (entity,))}
        return self._look(variables, same, wanted, deadline)

    def look_at_rest(self, variables: dict[str, Any], until: float) -> Look:
        """Look at what the last look left for later; all else is as it was then."""
        self.context.tables.clear()
        self._forget(set(self.unverified))
        same = {
            entity: seen
            for entity, seen in self._last_seen.items()
            if entity not in self.unverified
            and (entity not in variables or seen.top in (0, id(variables[entity])))
        }
        return self._look(variables, same, set(), Deadline(until, self.unverified))

    def look_again(self, variables: dict[str, Any], before: Look, changed: set[str]) -> Look:
        """Look at what was changed on purpose since ``before``; all else is as it was then."""
        self.context.tables.clear()
        self._forget(changed)
        same = {
            entity: seen
            for entity, seen in before.last_seen.items()
            if entity not in changed
            and (entity not in variables or variables[entity] is before.values[entity])
        }
        return self._look(variables, same, set())

    def _forget(self, entities: set[str]) -> None:
        """Take no token of these for true."""
        self._small_cohorts.forget(entities)
        self._shared_cohorts.forget(entities)

    def _look(
        self,
        variables: dict[str, Any],
        same: dict[str, LastSeen],
        wanted: set[str],
        deadline: Deadline | None = None,
    ) -> Look:
        self.segmented.begin_look()
        values: dict[str, Any] = dict(variables)
        last_seen = {e: seen for e, seen in same.items() if e in variables and not seen.refs}
        scans: dict[str, Scan] = {}
        kept: dict[str, Scan] = {}
        unverified: set[str] = set()
        walked = 0
        waiting = [entity for entity in variables if entity not in last_seen]
        if deadline is not None:
            # What is taken from the end comes first.
            waiting.sort(key=lambda entity: (entity in deadline.first, entity in self.unverified))
        while waiting:
            entity = waiting.pop()
            value = values[entity]
            before = self._last_seen.get(entity)
            seen = same.get(entity) or self._unchanged_at_a_glance(before, value)
            if seen is None and walked and _must_wait(before, value, deadline):
                unverified.add(entity)
                seen = before
            found: dict[ObjectId, Any] = {}
            if seen is None:
                walked += 1
                scan = self.scan(entity, value)
                seen = _last_seen_of(scan, self._sign(entity, value))
                found = scan.refs
                if before is None or seen[:3] != before[:3]:
                    scans[entity] = scan
                elif entity in wanted:
                    kept[entity] = scan
            last_seen[entity] = seen
            for number in seen.refs:
                if number not in values:
                    obj = found.get(number)
                    values[number] = self.object_ids.live(number) if obj is None else obj
                    waiting.append(number)
        return self._compare(values, last_seen, scans, kept)._replace(
            unverified=frozenset(unverified)
        )

    def _compare(
        self,
        values: dict[str, Any],
        last_seen: dict[str, LastSeen],
        scans: dict[str, Scan],
        kept: dict[str, Scan],
    ) -> Look:
        gone = [entity for entity in self._last_seen if entity not in last_seen]
        co_variable_of = self._co_variable_of
        if gone or any(
            entity not in self._last_seen or self._last_seen[entity].ids != last_seen[entity].ids
            for entity in scans
        ):
            co_variable_of = co_variables({entity: seen.ids for entity, seen in last_seen.items()})
        dirty = {
            co_variable: None
            for entity, co_variable in co_variable_of.items()
            if (
                entity in scans
                and (scans[entity].segmented or self._differs(entity, co_variable, last_seen))
            )
            or self._co_variable_of.get(entity) != co_variable
        }
        for co_variable in dirty:
            for entity in co_variable:
                if entity not in scans:
                    scans[entity] = self.scan(entity, values[entity])
        return Look(values, last_seen, scans, kept, co_variable_of, list(dirty), gone)

    def _differs(
        self, entity: str, co_variable: CoVariable, last_seen: dict[str, LastSeen]
    ) -> bool:
        """Whether an entity that does not look as before means another version of its group.

        It does not if only nodes are others that nothing else in the group reaches: those that
        some reduce makes in passing come and go.
        """
        before, seen = self._last_seen.get(entity), last_seen[entity]
        if before is None or (before.digest, before.top) != (seen.digest, seen.top):
            return True
        others = [other for other in co_variable if other != entity]
        return any(
            (other in self._last_seen and not before.ids.isdisjoint(self._last_seen[other].ids))
            or not seen.ids.isdisjoint(last_seen[other].ids)
            for other in others
        )

    def _unchanged_at_a_glance(self, before: LastSeen | None, value: Any) -> LastSeen | None:
        """The sighting as it was, if the value is unchanging and still the same."""
        if before is None or before.sign is None:
            return None
        sign = before.sign
        if sign is value:
            return before
        if type(value) is ModuleType and type(sign) is tuple:
            # Loading it again gives it another spec.
            same = sign[0] is value and sign[1] is value.__dict__.get("__spec__")
            return before if same else None
        if type(value) is FunctionType and sign == self._sign("", value):
            met = [self.object_ids.live(number) for number in before.refs]
            return before if all(obj is value for obj in met) else None
        return None

    def _sign(self, entity: str, value: Any) -> object:
        """Something whose identity alone will say that the value is unchanged, or None."""
        if is_setting(entity):
            return value
        cls = type(value)
        if cls in ATOMS:
            return value if sys.getsizeof(value) <= _SMALL_ATOM else None
        if cls is ModuleType:
            spec = value.__dict__.get("__spec__")
            return (value, spec) if spec is not None else None
        if cls is FunctionType and (value.__globals__ is self._globals or importable(value)):
            return _plain_function(value)
        return None

    def still_there(self, version: VersionId, entities: Iterable[str]) -> dict[str, Any]:
        """The live variables of a version; none where one of them is no longer as it was seen."""
        found = {}
        for entity in entities:
            if self.state.get(entity) != version:
                return {}
            if is_variable(entity):
                seen = self._last_seen[entity]
                value = self._globals.get(entity)
                if self.scan(entity, value).digest != seen.digest:
                    return {}
                found[entity] = value
        return found

    def scan(self, entity: str, value: Any) -> Scan:
        """Walk one entity; what cannot be pickled is left out and noted."""
        if value is self._globals:
            return self._walk(tolerant=False).scan(sys.modules["__main__"])
        reason = ""
        for tolerant in (False, True):
            try:
                if entity.startswith("#"):
                    return self._whole_walk(tolerant).scan_definition(value)
                segmented = segmented_within(value)
                return (
                    self._scan_around(entity, value, segmented, tolerant)
                    if segmented
                    else (self._walk(tolerant).scan(value))
                )
            except Exception as error:
                # The text alone: the error would keep the value alive by its traceback.
                reason = f"{type(error).__name__}: {error}"
        return self._walk(tolerant=True).scan(Unreadable(value, reason))

    def _scan_around(
        self, entity: str, value: Any, segmented: dict[int, Any], tolerant: bool
    ) -> Scan:
        """Walk a value that is, or holds, long containers: these piece by piece."""
        try:
            around = self.segmented.scan_containers(entity, segmented, tolerant)
        except SelfContaining:
            return self._walk(tolerant).scan(value)
        if id(value) in segmented:
            scan = plain_scan([])._replace(top=id(value))
        else:
            walk = self._component_walk(tolerant)
            walk.begin_component(
                id(value), as_shell=False, tops=dict.fromkeys(segmented, 0), owners={}
            )
            scan = walk.scan(value)
        return scan._replace(
            digest=scan.digest + around.digest,
            plain=False,
            ids=scan.ids | around.ids,
            refs=scan.refs | around.refs,
            unstorable_ids=scan.unstorable_ids + around.unstorable_ids,
            unstorable=scan.unstorable + around.unstorable,
            segmented=segmented,
        )

    def _component_walk(self, tolerant: bool) -> ComponentWalk:
        return ComponentWalk(self.context, tolerant)

    def _whole_walk(self, tolerant: bool) -> Walk:
        return WholeWalk(self.context, tolerant)

    def _walk(self, tolerant: bool) -> Walk:
        return Walk(self.context, tolerant)

    def partition(self, look: Look, co_variable: CoVariable) -> Partition:
        """Cut one co-variable of a look into parts."""
        scans = {
            entity: look.scans.get(entity)
            or look.kept.get(entity)
            or self.scan(entity, look.values[entity])
            for entity in co_variable
        }
        tolerant = any(scan.unstorable for scan in scans.values())
        for entity, scan in scans.items():
            if scan.is_partial and len(co_variable) == 1:
                scans[entity] = self._whole_walk(tolerant).scan(look.values[entity])

        walks = Walks(
            lambda: self._whole_walk(tolerant),
            lambda: self._component_walk(tolerant),
            self.segmented.live_segments,
        )
        return partition(co_variable, look.values, scans, walks)

    def record(self, look: Look, recorder: Recorder) -> Change:
        """Store the co-variables that changed.

        Raises:
            NotRecording: the disk refused; nothing is taken for true, the change is seen again.
        """
        new: State = {}
        recipes: dict[VersionId, Recipe] = {}
        partitions: dict[VersionId, Partition] = {}
        for co_variable in look.dirty:
            for components in self._partitions(look, co_variable):
                version, recipe = recorder.record(components)
                partitions[version] = components
                if any(self.state.get(entity) != version for entity in recipe.roots):
                    recipes[version] = recipe
                    new.update(dict.fromkeys(recipe.roots, version))
        return Change(new, look.gone, recipes, partitions)

    def _partitions(self, look: Look, co_variable: CoVariable) -> list[Partition]:
        """A co-variable cut into parts; one that cannot be costs no other its version."""
        try:
            return [self.partition(look, co_variable)]
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        partitions = []
        for entity in co_variable:
            value = look.values[entity]
            scan = self._walk(tolerant=True).scan(Unreadable(value, reason))
            partitions.append(Partition({entity: 0}, [LiveComponent(VALUE, value, scan, [])]))
        return partitions

    def disown(self, look: Look) -> None:
        """Know of what the look found changed only that no version has it: it was not recorded."""
        for entity in {
            entity for co_variable in look.dirty for entity in co_variable
        } & self.state.keys():
            self.state[entity] = UNRECORDED
        for entity in look.gone:
            self.state.pop(entity, None)

    def accept(self, look: Look, change: Change) -> None:
        """Take a look for true: the next one is compared with it."""
        self._last_seen = look.last_seen
        self.unverified = look.unverified
        self._small_cohorts.accept()
        self.segmented.accept()
        self._small_cohorts.add(
            entity
            for entity in look.scans
            if entity in look.last_seen and look.last_seen[entity].plain
        )
        self._co_variable_of = look.co_variable_of
        for entity in change.gone:
            self.state.pop(entity, None)
        self.state.update(change.set)
        for version, components in change.partitions.items():
            self.carriers.note(version, components)
        if not look.quiet:
            self.carriers.retain(set(look.co_variable_of.values()))
            self.segmented.retain(look.last_seen.keys())
            met = {
                number
                for seen in look.last_seen.values()
                for number in seen.refs + seen.unstorable_ids
            }
            self.object_ids.retain(met)
            self._shared_cohorts.retain(filter(self._is_fit, set(look.co_variable_of.values())))
        self._shared_cohorts.accept(look.dirty)

    def _is_fit(self, co_variable: CoVariable) -> bool:
        """Whether a co-variable may be walked as one: several variables, and no small ones."""
        if len(co_variable) == 1:
            return False
        seen = [self._last_seen[entity] for entity in co_variable]
        return not (
            all(sighting.plain for sighting in seen)
            or any(sighting.unstorable_ids for sighting in seen)
            or any(is_definition(entity) or self.segmented.are_in(entity) for entity in co_variable)
        )


def _must_wait(before: LastSeen | None, value: Any, deadline: Deadline | None) -> bool:
    """Whether there is no time now for something that may well be as it was."""
    return (
        deadline is not None
        and before is not None
        and before.top in (0, id(value))
        and time.perf_counter() > deadline.until
    )


def _last_seen_of(scan: Scan, sign: object) -> LastSeen:
    return LastSeen(
        scan.digest, scan.ids, scan.top, tuple(scan.refs), scan.unstorable_ids, scan.plain, sign
    )


def _plain_function(function: FunctionType) -> tuple[object, ...] | None:
    """What a function consists of, if none of it can change in place; None otherwise."""
    if (
        function.__defaults__
        or function.__kwdefaults__
        or function.__closure__
        or function.__dict__
        or function.__annotations__
    ):
        return None
    return (
        id(function), function.__code__, function.__name__, function.__qualname__,
        function.__doc__, function.__module__,
    )  # fmt: skip
