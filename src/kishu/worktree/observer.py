"""The observer: compares the live variables with what it saw last, and says what changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterable
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from kishu.handlers.registry import ATOMS, importable
from kishu.history.history import State
from kishu.history.records import Recipe, VersionId, is_number, is_setting, is_variable
from kishu.walking.identity import Identities, Number
from kishu.walking.segmented import Entangled, Longs, longs_within
from kishu.walking.walk import (
    Context,
    Counters,
    CutWalk,
    LoopWalk,
    Scan,
    Unreadable,
    Walk,
    WholeWalk,
    plain_scan,
)
from kishu.worktree.carriers import Carriers
from kishu.worktree.cohorts import Batches
from kishu.worktree.covariables import Group, groups
from kishu.worktree.joint import Joint
from kishu.worktree.partition import VALUE, Cut, LivePart, Walks, cut
from kishu.worktree.recorder import Recorder

_SMALL_ATOM = 1024
UNRECORDED: VersionId = ""
"""The version of what is in no commit."""


class Sighting(NamedTuple):
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
    refs: tuple[Number, ...]
    marks: tuple[Number, ...]
    plain: bool
    sign: object = None


class Hurry(NamedTuple):
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
    sightings: dict[str, Sighting]
    scans: dict[str, Scan]
    kept: dict[str, Scan]
    group_of: dict[str, Group]
    dirty: list[Group]
    gone: list[str]
    unverified: frozenset[str] = frozenset()

    def without(self, entities: Iterable[str]) -> Look:
        """The look as if it had not seen these: the next one finds them changed."""
        unseen = {
            entity: self.sightings[entity]._replace(digest=b"")
            for entity in entities
            if entity in self.sightings
        }
        return self._replace(sightings=self.sightings | unseen)

    @property
    def quiet(self) -> bool:
        """Whether nothing changed since the last accepted look."""
        return not self.dirty and not self.gone


class Change(NamedTuple):
    """What a look changed: new versions of entities, entities gone, recipes, and live tops."""

    set: State
    gone: list[str]
    recipes: dict[VersionId, Recipe]
    cuts: dict[VersionId, Cut]

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
        self, identities: Identities, user_globals: dict[str, Any], excluded: frozenset[str]
    ) -> None:
        self.counters = Counters()
        self.carriers = Carriers()
        self.identities = identities
        self.state: State = {}
        self.unverified: frozenset[str] = frozenset()
        self._globals = user_globals
        self.context = Context(identities, user_globals, excluded, self.counters, {})
        self._batches = Batches()
        self._joint = Joint()
        self.longs = Longs(self._whole_walk, self.counters)
        self._sightings: dict[str, Sighting] = {}
        self._group_of: dict[str, Group] = {}

    def look(
        self,
        variables: dict[str, Any],
        changing: Collection[str] = (),
        hurry: Hurry | None = None,
    ) -> Look:
        """Verify every variable, and every definition that one of them refers to.

        Args:
            variables: the live variables, by name.
            changing: entities whose scans, and those of what they share with, will be needed.
            hurry: leave for later what there is no time for; None: take all the time it needs.
        """
        self.context.tables.clear()
        same = {
            entity: self._sightings[entity]
            for unchanged in (
                self._batches.unchanged(variables, lambda: self._walk(tolerant=False)),
                self._joint.unchanged(
                    variables, lambda: self._walk(tolerant=False), hurry and hurry.until
                ),
            )
            for entity in unchanged
        }
        wanted = {e for entity in changing for e in self._group_of.get(entity, (entity,))}
        return self._look(variables, same, wanted, hurry)

    def look_at_rest(self, variables: dict[str, Any], until: float) -> Look:
        """Look at what the last look left for later; all else is as it was then."""
        self.context.tables.clear()
        self._forget(set(self.unverified))
        same = {
            entity: seen
            for entity, seen in self._sightings.items()
            if entity not in self.unverified
            and (entity not in variables or seen.top in (0, id(variables[entity])))
        }
        return self._look(variables, same, set(), Hurry(until, self.unverified))

    def look_again(self, variables: dict[str, Any], before: Look, changed: set[str]) -> Look:
        """Look at what was changed on purpose since ``before``; all else is as it was then."""
        self.context.tables.clear()
        self._forget(changed)
        same = {
            entity: seen
            for entity, seen in before.sightings.items()
            if entity not in changed
            and (entity not in variables or variables[entity] is before.values[entity])
        }
        return self._look(variables, same, set())

    def _forget(self, entities: set[str]) -> None:
        """Take no token of these for true."""
        self._batches.forget(entities)
        self._joint.forget(entities)

    def _look(
        self,
        variables: dict[str, Any],
        same: dict[str, Sighting],
        wanted: set[str],
        hurry: Hurry | None = None,
    ) -> Look:
        self.longs.begin()
        values: dict[str, Any] = dict(variables)
        sightings = {e: seen for e, seen in same.items() if e in variables and not seen.refs}
        scans: dict[str, Scan] = {}
        kept: dict[str, Scan] = {}
        unverified: set[str] = set()
        walked = 0
        waiting = [entity for entity in variables if entity not in sightings]
        if hurry is not None:
            # What is taken from the end comes first.
            waiting.sort(key=lambda entity: (entity in hurry.first, entity in self.unverified))
        while waiting:
            entity = waiting.pop()
            value = values[entity]
            before = self._sightings.get(entity)
            seen = same.get(entity) or self._glance(before, value)
            if seen is None and walked and _must_wait(before, value, hurry):
                unverified.add(entity)
                seen = before
            found: dict[Number, Any] = {}
            if seen is None:
                walked += 1
                scan = self.scan(entity, value)
                seen = _sighting(scan, self._sign(entity, value))
                found = scan.refs
                if before is None or seen[:3] != before[:3]:
                    scans[entity] = scan
                elif entity in wanted:
                    kept[entity] = scan
            sightings[entity] = seen
            for number in seen.refs:
                if number not in values:
                    obj = found.get(number)
                    values[number] = self.identities.live(number) if obj is None else obj
                    waiting.append(number)
        return self._compare(values, sightings, scans, kept)._replace(
            unverified=frozenset(unverified)
        )

    def _compare(
        self,
        values: dict[str, Any],
        sightings: dict[str, Sighting],
        scans: dict[str, Scan],
        kept: dict[str, Scan],
    ) -> Look:
        gone = [entity for entity in self._sightings if entity not in sightings]
        group_of = self._group_of
        if gone or any(
            entity not in self._sightings or self._sightings[entity].ids != sightings[entity].ids
            for entity in scans
        ):
            group_of = groups({entity: seen.ids for entity, seen in sightings.items()})
        dirty = {
            group: None
            for entity, group in group_of.items()
            if (
                entity in scans and (scans[entity].longs or self._differs(entity, group, sightings))
            )
            or self._group_of.get(entity) != group
        }
        for group in dirty:
            for entity in group:
                if entity not in scans:
                    scans[entity] = self.scan(entity, values[entity])
        return Look(values, sightings, scans, kept, group_of, list(dirty), gone)

    def _differs(self, entity: str, group: Group, sightings: dict[str, Sighting]) -> bool:
        """Whether an entity that does not look as before means another version of its group.

        It does not if only nodes are others that nothing else in the group reaches: those that
        some reduce makes in passing come and go.
        """
        before, seen = self._sightings.get(entity), sightings[entity]
        if before is None or (before.digest, before.top) != (seen.digest, seen.top):
            return True
        others = [other for other in group if other != entity]
        return any(
            (other in self._sightings and not before.ids.isdisjoint(self._sightings[other].ids))
            or not seen.ids.isdisjoint(sightings[other].ids)
            for other in others
        )

    def _glance(self, before: Sighting | None, value: Any) -> Sighting | None:
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
            met = [self.identities.live(number) for number in before.refs]
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
                seen = self._sightings[entity]
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
                longs = longs_within(value)
                return (
                    self._scan_around(entity, value, longs, tolerant)
                    if longs
                    else (self._walk(tolerant).scan(value))
                )
            except Exception as error:
                # The text alone: the error would keep the value alive by its traceback.
                reason = f"{type(error).__name__}: {error}"
        return self._walk(tolerant=True).scan(Unreadable(value, reason))

    def _scan_around(self, entity: str, value: Any, longs: dict[int, Any], tolerant: bool) -> Scan:
        """Walk a value that is, or holds, long containers: these piece by piece."""
        try:
            around = self.longs.meet(entity, longs, tolerant)
        except Entangled:
            return self._walk(tolerant).scan(value)
        if id(value) in longs:
            scan = plain_scan([])._replace(top=id(value))
        else:
            walk = self._cut_walk(tolerant)
            walk.cut(id(value), hollow=False, tops=dict.fromkeys(longs, 0), owners={})
            scan = walk.scan(value)
        return scan._replace(
            digest=scan.digest + around.digest,
            plain=False,
            ids=scan.ids | around.ids,
            refs=scan.refs | around.refs,
            marks=scan.marks + around.marks,
            unstorable=scan.unstorable + around.unstorable,
            longs=longs,
        )

    def _cut_walk(self, tolerant: bool) -> CutWalk:
        return CutWalk(self.context, tolerant)

    def _whole_walk(self, tolerant: bool) -> Walk:
        return WholeWalk(self.context, tolerant)

    def _walk(self, tolerant: bool) -> Walk:
        return Walk(self.context, tolerant)

    def cut(self, look: Look, group: Group) -> Cut:
        """Cut one co-variable of a look into parts."""
        scans = {
            entity: look.scans.get(entity)
            or look.kept.get(entity)
            or self.scan(entity, look.values[entity])
            for entity in group
        }
        tolerant = any(scan.unstorable for scan in scans.values())
        for entity, scan in scans.items():
            if scan.apart and len(group) == 1:
                scans[entity] = self._whole_walk(tolerant).scan(look.values[entity])

        def loop_walk() -> LoopWalk:
            return LoopWalk(self.context, tolerant)

        walks = Walks(
            lambda: self._whole_walk(tolerant), loop_walk, lambda: self._cut_walk(tolerant),
            self.longs.pieces,
        )  # fmt: skip
        return cut(group, look.values, scans, walks)

    def record(self, look: Look, recorder: Recorder) -> Change:
        """Store the co-variables that changed.

        Raises:
            NotRecording: the disk refused; nothing is taken for true, the change is seen again.
        """
        new: State = {}
        recipes: dict[VersionId, Recipe] = {}
        cuts: dict[VersionId, Cut] = {}
        for group in look.dirty:
            for parts in self._cuts(look, group):
                version, recipe = recorder.record(parts)
                cuts[version] = parts
                if any(self.state.get(entity) != version for entity in recipe.roots):
                    recipes[version] = recipe
                    new.update(dict.fromkeys(recipe.roots, version))
        return Change(new, look.gone, recipes, cuts)

    def _cuts(self, look: Look, group: Group) -> list[Cut]:
        """A co-variable cut into parts; one that cannot be costs no other its version."""
        try:
            return [self.cut(look, group)]
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        cuts = []
        for entity in group:
            value = look.values[entity]
            scan = self._walk(tolerant=True).scan(Unreadable(value, reason))
            cuts.append(Cut({entity: 0}, [LivePart(VALUE, value, scan, [])]))
        return cuts

    def disown(self, look: Look) -> None:
        """Know of what the look found changed only that no version has it: it was not recorded."""
        for entity in {entity for group in look.dirty for entity in group} & self.state.keys():
            self.state[entity] = UNRECORDED
        for entity in look.gone:
            self.state.pop(entity, None)

    def accept(self, look: Look, change: Change) -> None:
        """Take a look for true: the next one is compared with it."""
        self._sightings = look.sightings
        self.unverified = look.unverified
        self._batches.accept()
        self.longs.accept()
        self._batches.add(
            entity
            for entity in look.scans
            if entity in look.sightings and look.sightings[entity].plain
        )
        self._group_of = look.group_of
        for entity in change.gone:
            self.state.pop(entity, None)
        self.state.update(change.set)
        for version, parts in change.cuts.items():
            self.carriers.note(version, parts)
        if not look.quiet:
            self.carriers.retain(set(look.group_of.values()))
            self.longs.retain(look.sightings.keys())
            met = {number for seen in look.sightings.values() for number in seen.refs + seen.marks}
            self.identities.retain(met)
            self._joint.retain(filter(self._is_fit, set(look.group_of.values())))
        self._joint.accept(look.dirty)

    def _is_fit(self, group: Group) -> bool:
        """Whether a co-variable may be walked as one: several variables, and no small ones."""
        if len(group) == 1:
            return False
        seen = [self._sightings[entity] for entity in group]
        return not (
            all(sighting.plain for sighting in seen)
            or any(sighting.marks for sighting in seen)
            or any(is_number(entity) or self.longs.are_in(entity) for entity in group)
        )


def _must_wait(before: Sighting | None, value: Any, hurry: Hurry | None) -> bool:
    """Whether there is no time now for something that may well be as it was."""
    return (
        hurry is not None
        and before is not None
        and before.top in (0, id(value))
        and time.perf_counter() > hurry.until
    )


def _sighting(scan: Scan, sign: object) -> Sighting:
    return Sighting(scan.digest, scan.ids, scan.top, tuple(scan.refs), scan.marks, scan.plain, sign)


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
