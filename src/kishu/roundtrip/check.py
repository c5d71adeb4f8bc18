"""Trials: new versions loaded back beside the live values, to find pickling that lies."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from kishu.building.build import Build
from kishu.guard import quietly
from kishu.handlers.api import Reduced
from kishu.handlers.extra_state import attributes, can_be_passed_over, unsaid
from kishu.handlers.treatments import treatment
from kishu.handlers.typeinfo import loads_quietly
from kishu.history.history import History
from kishu.history.reasons import Flaw, UnstorableKind
from kishu.history.records import Recipe, VersionId, is_variable
from kishu.ports import Ambient
from kishu.store.store import Store
from kishu.walking.fingerprint import Canonical
from kishu.walking.identity import ObjectIds
from kishu.walking.walk import Context

_LARGEST = 10 * 1024 * 1024
_LARGEST_FIRST = 64 * 1024 * 1024
_LONGEST_STREAM = 1024 * 1024
_AT_ONCE = 256 * 1024
_AT_ONCE_SECONDS = 0.25
_PROVEN = 3
"""Versions of a class that came back whole, after which its others can wait for idle time."""
_WAITING = 100
_ADDRESSES = range(1 << 32, 1 << 47)
_ALIGNED = 8
"""Where objects lie in memory, and to what multiple of bytes."""


class Finding(NamedTuple):
    """What a trial showed of one version.

    Attributes:
        flaw: what is wrong with what is stored; None if it comes back as it was.
        lost: whether attributes are lost that are stored, too, from now on.
    """

    flaw: Flaw | None = None
    lost: bool = False


def flaws_in(findings: Mapping[VersionId, Finding]) -> dict[VersionId, Flaw]:
    """The flaws of the versions that have one."""
    return {version: found.flaw for version, found in findings.items() if found.flaw is not None}


class Live(Protocol):
    """The live state: which version each variable has, and whether it still is what it was."""

    state: dict[str, VersionId]
    object_ids: ObjectIds
    context: Context

    def still_there(self, version: VersionId, entities: Iterable[str]) -> dict[str, Any]:
        """Give the live variables of a version; none where one is no longer as it was seen."""


class RoundTripChecks:
    """Tries what only its own reduce describes: is it, loaded again, what it was?

    A class's first versions are tried before they are committed, for what comes next may take
    their place; later ones, and large ones, while the kernel is idle.

    Args:
        ambient: what loading must leave as it is: a class may draw random numbers.
    """

    def __init__(self, store: Store, history: History, observer: Live, ambient: Ambient) -> None:
        self._store = store
        self._history = history
        self._observer = observer
        self._learned = observer.context.learned
        self._ambient = ambient
        self._waiting: dict[VersionId, Recipe] = {}
        self._whole: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Whether there are versions to try."""
        return bool(self._waiting)

    def at_once(
        self, versions: Mapping[VersionId, Recipe], values: Mapping[str, Any]
    ) -> dict[VersionId, Finding]:
        """Try what cannot wait, for as long as the next cell may wait for that; the rest waits.

        Args:
            versions: new ones, stored but perhaps not in the history yet.
            values: the live objects that they were made of, by entity.
        """
        until = time.perf_counter() + _AT_ONCE_SECONDS
        found: dict[VersionId, Finding] = {}
        for version, recipe in versions.items():
            if not _is_doubtful(recipe):
                continue
            unproven = self._unproven(recipe)
            if unproven and recipe.nbytes <= _AT_ONCE and time.perf_counter() < until:
                live = {entity: values[entity] for entity in filter(is_variable, recipe.roots)}
                found[version] = self._try(recipe, live, until)
            elif _is_small(recipe) or (unproven == _PROVEN and recipe.nbytes <= _LARGEST_FIRST):
                self._waiting[version] = recipe
        while len(self._waiting) > _WAITING:
            del self._waiting[next(iter(self._waiting))]
        return found

    def next(self) -> dict[VersionId, Finding]:
        """Try the version that has waited longest, if it is still the live one."""
        version = next(iter(self._waiting))
        return self._check_live(version)

    def before_replacing(self, entities: Iterable[str]) -> dict[VersionId, Finding]:
        """Try what waits and is about to be replaced."""
        state = self._observer.state
        versions = {state[entity] for entity in entities if entity in state} & self._waiting.keys()
        found: dict[VersionId, Finding] = {}
        for version in versions:
            found |= self._check_live(version)
        return found

    def _unproven(self, recipe: Recipe) -> int:
        """How many versions of its least known class have yet to be seen to come back whole."""
        types = {type for component in recipe.components for type in component.opaque}
        return _PROVEN - min(_PROVEN, *(self._whole[type] for type in types))

    def _check_live(self, version: VersionId) -> dict[VersionId, Finding]:
        recipe = self._waiting.pop(version)
        with quietly():
            live = self._observer.still_there(version, recipe.roots)
        return {version: self._try(recipe, live)} if live else {}

    def _try(self, recipe: Recipe, live: Mapping[str, Any], until: float = math.inf) -> Finding:
        with quietly(), self._ambient.being(self._ambient.values()):
            try:
                was = self._described(live)
            except Exception:
                # Too deep to be compared: a restore says that it could not be checked.
                return Finding()
            if was.ends:
                # What such an object does at its end (remove a file, say) must not happen to a
                # copy while the live one is there.
                return Finding()
            try:
                now = self._described(self._loaded(recipe))
            except Exception as error:
                lost = self._learn_unsaid(was) or self._pass_over(was)
                return Finding(Flaw("unloadable", f"{type(error).__name__}: {error}"), lost)
            flaw = None if was.print == now.print else Flaw("another")
            lost = self._learn(was, now, until) or (flaw is not None and self._pass_over(was))
        if not (lost or flaw):
            self._learned.confirm(was.passed_over)
            self._whole.update(
                {type for component in recipe.components for type in component.opaque}
            )
        return Finding(flaw, lost)

    def _loaded(self, recipe: Recipe) -> dict[str, Any]:
        object_ids, user_globals = self._observer.object_ids, self._observer.context.user_globals
        live = object_ids.all_live()
        build = Build(
            self._store, self._history, object_ids, self._learned, user_globals, {}, {}, live
        )  # fmt: skip
        with build:
            assembly = build.assembly_of(recipe)
            return {entity: assembly.root(entity) for entity in filter(is_variable, recipe.roots)}

    def _described(self, values: object) -> _Description:
        walk = _Describing(self._observer.context, tolerant=True)
        found = walk.fingerprint(values)
        return _Description(found, walk.objects, walk.passed_over, walk.ends, walk.holds_unstorable)

    def _learn(self, was: _Description, now: _Description, until: float) -> bool:
        """Find the attributes that do not come back; whether there are any."""
        if [type(live) for live, _ in was.objects] != [type(loaded) for loaded, _ in now.objects]:
            return False
        learned = False
        same: dict[tuple[int, int], bool] = {}
        for (live, reduced), (loaded, _) in zip(was.objects, now.objects, strict=True):
            if time.perf_counter() > until:
                break
            there = dict(attributes(loaded))
            # Where all looks the same, so is what the reduce says.
            asked = unsaid(live, reduced) if was.print == now.print else attributes(live)
            learned |= self._learned.lose(
                type(live),
                {
                    name
                    for name, value in asked
                    if not _is_of_process(live, value) and self._is_lost(name, value, there, same)
                },
            )
        return learned

    def _learn_unsaid(self, was: _Description) -> bool:
        """The same where nothing was loaded: what a reduce does not say may be lost."""
        learned = False
        for live, reduced in was.objects:
            names = {name for name, value in unsaid(live, reduced) if self._can_keep(live, value)}
            learned |= self._learned.lose(type(live), names)
        return learned

    def _pass_over(self, was: _Description) -> bool:
        """Whether there is another way to store it: by its attributes, or as before that."""
        if self._learned.give_back(was.passed_over):
            return True
        return self._learned.pass_over(
            {
                type(live)
                for live, reduced in was.objects
                if can_be_passed_over(type(live), reduced)
                and all(self._can_keep(live, value) for _, value in unsaid(live, reduced))
            }
        )

    def _is_lost(
        self,
        name: str,
        value: Any,
        there: Mapping[str, Any],
        same: dict[tuple[int, int], bool],
    ) -> bool:
        """Whether an attribute is not there, or another.

        One that holds what cannot be stored is not lost where the class gives another for it.

        Args:
            same: what was compared before, by the addresses of both.
        """
        if name not in there or there[name] is value:
            return name not in there
        both = id(value), id(there[name])
        if both not in same:
            try:
                was, now = self._described(value), self._described(there[name])
                same[both] = was.unstorable or was.print == now.print
            except Exception:
                same[both] = False
        return not same[both]

    def _can_keep(self, obj: object, value: object) -> bool:
        """Whether an attribute can be stored, and means the same in another process."""
        try:
            return not (_is_of_process(obj, value) or self._described(value).unstorable)
        except Exception:
            return False


class _Description(NamedTuple):
    """What is known of values.

    Attributes:
        print: their fingerprint.
        objects: those in them that only their own reduce describes, each with what that gives.
        passed_over: the classes of those that are described by their attributes instead.
        ends: whether one of them runs code when it ends.
        unstorable: whether something in them cannot be stored.
    """

    print: str
    objects: list[tuple[Any, tuple[Any, ...]]]
    passed_over: set[type]
    ends: bool
    unstorable: bool


class _Describing(Canonical):
    """A fingerprint that notes what only its own reduce describes."""

    def fingerprint(self, value: object) -> str:
        """The fingerprint of a value, sharing within it included."""
        self.objects: list[tuple[Any, tuple[Any, ...]]] = []
        self.passed_over: set[type] = set()
        self.ends = False
        self.holds_unstorable = False
        return super().fingerprint(value)

    def reducer_override(self, obj: Any) -> Any:
        """As in any walk; objects with a ``__del__``, and classes passed over, are noted."""
        cls = type(obj)
        self.ends |= hasattr(cls, "__del__")
        if self.learned.is_passed_over(cls):
            self.passed_over.add(cls)
        return super().reducer_override(obj)

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Any:
        """As in any walk, and noted."""
        self.holds_unstorable = True
        return super().unstorable(obj, kind, detail, *content)

    def _try_reduce(self, obj: Any) -> Reduced:
        reduced = super()._try_reduce(obj)
        if type(reduced) is tuple and treatment(type(obj)).opaque:
            self.objects.append((obj, reduced))
        return reduced


def _is_of_process(obj: Any, value: Any) -> bool:
    """Whether it is a number that means something in one process alone: a hash, or an address."""
    if type(value) is not int:
        return False
    if value in _ADDRESSES and value % _ALIGNED == 0:
        return True
    try:
        return value == hash(obj)
    except Exception:
        return False


def _is_doubtful(recipe: Recipe) -> bool:
    types = [type for component in recipe.components for type in component.opaque]
    return (
        bool(types)
        and recipe.storable
        and all(map(loads_quietly, types))
        and not any(component.kind == "segmented" for component in recipe.components)
        and any(map(is_variable, recipe.roots))
    )


def _is_small(recipe: Recipe) -> bool:
    streams = sum(component.stream.size for component in recipe.components)
    return recipe.nbytes <= _LARGEST and streams <= _LONGEST_STREAM
