"""Compare the live variables with what was last seen of them, and tell what changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterable
from types import FunctionType, ModuleType
from typing import Any

from kishu import limits
from kishu.handlers.learned import Learned
from kishu.handlers.typeinfo import ATOMS, importable
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
from kishu.worktree.look import UNRECORDED, Change, Deadline, LastSeen, Look
from kishu.worktree.partition import VALUE, LiveComponent, Partition, Walks, partition
from kishu.worktree.recorder import Recorder


class Observer:
    """Looks at the namespace, finds what changed between two looks, and has it recorded.

    Args:
        object_ids: the ids of definitions, and of objects that cannot be stored.
        user_globals: the namespace, always the same dict.
        excluded: qualified names of classes whose instances are never stored.

    Attributes:
        counters: where the cost of walks is counted.
        carriers: which live object carried which version.
        object_ids: as given.
        state: the version of each entity, as accepted.
        unverified: the entities that the accepted look had no time for.
        context: what all walks use.
        segmented: the segmented containers of the variables.
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
        self.learned = Learned()
        self.context = Context(object_ids, user_globals, excluded, self.counters, {}, self.learned)
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
            variables: the live variables and settings, by name.
            changing: entities that a restore is about to change: the look keeps their scans, and
                those of what they share with.
            deadline: when to stop; None to look at everything.
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
        """Look at what the accepted look had no time for; assume that all else is unchanged.

        Args:
            variables: the live variables and settings, by name.
            until: when to stop, in seconds of `time.perf_counter`.
        """
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
        """Look at what a restore changed; assume that all else is as it was.

        Args:
            variables: the live variables and settings, by name.
            before: the look before the restore.
            changed: the entities that the restore changed.
        """
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
        """Have the cohorts that these are in walked one by one at the next look."""
        self._small_cohorts.forget(entities)
        self._shared_cohorts.forget(entities)

    def _look(
        self,
        variables: dict[str, Any],
        same: dict[str, LastSeen],
        wanted: set[str],
        deadline: Deadline | None = None,
    ) -> Look:
        """Look at all entities that the variables lead to.

        Args:
            variables: the live variables and settings, by name.
            same: the signs of entities that are known to be unchanged; their definitions are
                looked at.
            wanted: the entities whose scans are kept though they are unchanged.
            deadline: when to stop; None to look at everything.
        """
        self.segmented.begin_look()
        values: dict[str, Any] = dict(variables)
        last_seen = {e: seen for e, seen in same.items() if e in variables and not seen.refs}
        scans: dict[str, Scan] = {}
        unchanged_scans: dict[str, Scan] = {}
        unverified: set[str] = set()
        walked = 0
        waiting = [entity for entity in variables if entity not in last_seen]
        if deadline is not None:
            # The last of the list is looked at first.
            waiting.sort(key=lambda entity: (entity in deadline.first, entity in self.unverified))
        while waiting:
            entity = waiting.pop()
            value = values[entity]
            before = self._last_seen.get(entity)
            seen = same.get(entity) or self._unchanged_by_sign(before, value)
            if seen is None and walked and _must_wait(before, value, deadline):
                unverified.add(entity)
                seen = before
            definitions: dict[ObjectId, Any] = {}
            if seen is None:
                walked += 1
                scan = self.scan(entity, value)
                seen = _last_seen_of(scan, self._sign(entity, value))
                definitions = scan.refs
                if before is None or seen[:3] != before[:3]:
                    scans[entity] = scan
                elif entity in wanted:
                    unchanged_scans[entity] = scan
            last_seen[entity] = seen
            for object_id in seen.refs:
                if object_id not in values:
                    obj = definitions.get(object_id)
                    values[object_id] = self.object_ids.live(object_id) if obj is None else obj
                    waiting.append(object_id)
        return self._compare(values, last_seen, scans, unchanged_scans)._replace(
            unverified=frozenset(unverified)
        )

    def _compare(
        self,
        values: dict[str, Any],
        last_seen: dict[str, LastSeen],
        scans: dict[str, Scan],
        unchanged_scans: dict[str, Scan],
    ) -> Look:
        """Find the co-variables that must be recorded, and scan what of them was not scanned.

        Args:
            values: the live object of each entity.
            last_seen: the signs of each entity.
            scans: the scans of the entities whose signs differ; extended.
            unchanged_scans: other scans that the caller asked for.
        """
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
        return Look(values, last_seen, scans, unchanged_scans, co_variable_of, list(dirty), gone)

    def _differs(
        self, entity: str, co_variable: CoVariable, last_seen: dict[str, LastSeen]
    ) -> bool:
        """Return True if an entity whose signs differ makes its co-variable another version.

        It does not where nothing differs but the addresses of nodes that no other entity of the
        co-variable reaches: a reduce may make such nodes anew at every walk.
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

    def _unchanged_by_sign(self, before: LastSeen | None, value: Any) -> LastSeen | None:
        """Return the signs as they were if the entity is unchanged by `LastSeen.sign` alone.

        None means that it must be walked to tell.
        """
        if before is None or before.sign is None:
            return None
        sign = before.sign
        if sign is value:
            return before
        if type(value) is ModuleType and type(sign) is tuple:
            # `importlib.reload` gives a module another spec.
            same = sign[0] is value and sign[1] is value.__dict__.get("__spec__")
            return before if same else None
        if type(value) is FunctionType and sign == self._sign("", value):
            definitions = [self.object_ids.live(object_id) for object_id in before.refs]
            return before if all(obj is value for obj in definitions) else None
        return None

    def _sign(self, entity: str, value: Any) -> object:
        """Return what will tell that the value is unchanged (`LastSeen.sign`), or None."""
        if is_setting(entity):
            return value
        cls = type(value)
        if cls in ATOMS:
            return value if sys.getsizeof(value) <= limits.SMALL_ATOM_BYTES else None
        if cls is ModuleType:
            spec = value.__dict__.get("__spec__")
            return (value, spec) if spec is not None else None
        if cls is FunctionType and (value.__globals__ is self._globals or importable(value)):
            return _plain_function(value)
        return None

    def still_there(self, version: VersionId, entities: Iterable[str]) -> dict[str, Any]:
        """Return the live variables of a version, by name.

        Empty if one of them has another version, or is not as it was when it was last seen.
        """
        live = {}
        for entity in entities:
            if self.state.get(entity) != version:
                return {}
            if is_variable(entity):
                seen = self._last_seen[entity]
                value = self._globals.get(entity)
                if self.scan(entity, value).digest != seen.digest:
                    return {}
                live[entity] = value
        return live

    def scan(self, entity: str, value: Any) -> Scan:
        """Walk one entity; leave out what cannot be pickled, and note it in the scan."""
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
                # Not the error itself: its traceback would keep the value alive.
                reason = f"{type(error).__name__}: {error}"
        return self._walk(tolerant=True).scan(Unreadable(value, reason))

    def _scan_around(
        self, entity: str, value: Any, segmented: dict[int, Any], tolerant: bool
    ) -> Scan:
        """Walk a value that is or holds segmented containers: these in segments.

        Args:
            entity: the entity's name.
            value: its value.
            segmented: the segmented containers, by address.
            tolerant: True to leave out what cannot be pickled, False to raise.
        """
        try:
            containers = self.segmented.scan_containers(entity, segmented, tolerant)
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
            digest=scan.digest + containers.digest,
            plain=False,
            ids=scan.ids | containers.ids,
            refs=scan.refs | containers.refs,
            unstorable_ids=scan.unstorable_ids + containers.unstorable_ids,
            unstorable=scan.unstorable + containers.unstorable,
            segmented=segmented,
        )

    def _component_walk(self, tolerant: bool) -> ComponentWalk:
        """Make a walk of one component."""
        return ComponentWalk(self.context, tolerant)

    def _whole_walk(self, tolerant: bool) -> Walk:
        """Make a walk that keeps the elements of object arrays in its stream."""
        return WholeWalk(self.context, tolerant)

    def _walk(self, tolerant: bool) -> Walk:
        """Make a walk that may store the elements of object arrays outside of its stream."""
        return Walk(self.context, tolerant)

    def partition(self, look: Look, co_variable: CoVariable) -> Partition:
        """Partition one co-variable of a look into components."""
        scans = {
            entity: look.scans.get(entity)
            or look.unchanged_scans.get(entity)
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
        """Record the co-variables that must be, and return what changed.

        The look is not accepted by that.

        Raises:
            NotRecording: the disk refused; the next look sees the same changes.
        """
        new: State = {}
        recipes: dict[VersionId, Recipe] = {}
        partitions: dict[VersionId, Partition] = {}
        for co_variable in look.dirty:
            for live_partition in self._partitions(look, co_variable):
                version, recipe = recorder.record(live_partition)
                partitions[version] = live_partition
                if any(self.state.get(entity) != version for entity in recipe.roots):
                    recipes[version] = recipe
                    new.update(dict.fromkeys(recipe.roots, version))
        return Change(new, look.gone, recipes, partitions)

    def _partitions(self, look: Look, co_variable: CoVariable) -> list[Partition]:
        """Partition one co-variable into components.

        Where that fails, each entity is a partition of its own that says that it is unreadable: so
        other co-variables are recorded.
        """
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
        """Note that what the look found changed has no version, as it could not be recorded."""
        for entity in {
            entity for co_variable in look.dirty for entity in co_variable
        } & self.state.keys():
            self.state[entity] = UNRECORDED
        for entity in look.gone:
            self.state.pop(entity, None)

    def accept(self, look: Look, change: Change) -> None:
        """Make a look the one that the next is compared with, once its change is recorded."""
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
        for version, live_partition in change.partitions.items():
            self.carriers.note(version, live_partition)
        if not look.quiet:
            self.carriers.retain(set(look.co_variable_of.values()))
            self.segmented.retain(look.last_seen.keys())
            object_ids = {
                object_id
                for seen in look.last_seen.values()
                for object_id in seen.refs + seen.unstorable_ids
            }
            self.object_ids.retain(object_ids)
            self._shared_cohorts.retain(
                filter(self._may_be_cohort, set(look.co_variable_of.values()))
            )
        self._shared_cohorts.accept(look.dirty)

    def _may_be_cohort(self, co_variable: CoVariable) -> bool:
        """Return True if the variables of a co-variable may be walked as one cohort.

        They are several, not all small, without definitions, segmented containers and what cannot
        be stored.
        """
        if len(co_variable) == 1:
            return False
        last_seen = [self._last_seen[entity] for entity in co_variable]
        return not (
            all(seen.plain for seen in last_seen)
            or any(seen.unstorable_ids for seen in last_seen)
            or any(is_definition(entity) or self.segmented.are_in(entity) for entity in co_variable)
        )


def _must_wait(before: LastSeen | None, value: Any, deadline: Deadline | None) -> bool:
    """Return True if the deadline has passed, and the entity may be as it was.

    What is new, or another object by now, is looked at in any case.
    """
    return (
        deadline is not None
        and before is not None
        and before.top in (0, id(value))
        and time.perf_counter() > deadline.until
    )


def _last_seen_of(scan: Scan, sign: object) -> LastSeen:
    """Return the signs that are kept of a scan."""
    return LastSeen(
        scan.digest, scan.ids, scan.top, tuple(scan.refs), scan.unstorable_ids, scan.plain, sign
    )


def _plain_function(function: FunctionType) -> tuple[object, ...] | None:
    """Return what a function consists of; None if any of it could change in place."""
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
