"""Load new versions back beside the live values, to find classes whose pickling loses something.

`RoundTripChecks` decides which versions are checked, and when. A check loads a stored version,
describes it and the live value in the same way, and compares the two descriptions. Attributes that
do not come back are stored beside the class's own pickling from then on.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from kishu import limits
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

_ADDRESSES = range(1 << 32, 1 << 47)
_ALIGNMENT = 8
"""The numbers that may be an object's address, and what every such address is a multiple of."""


class Finding(NamedTuple):
    """Say what a round-trip check showed of one version.

    Attributes:
        flaw: what is wrong with what is stored; None if it comes back as it was.
        lost: True if pickling loses something, and objects of these classes are stored in another
            way from now on, so that the version should be stored again.
    """

    flaw: Flaw | None = None
    lost: bool = False


def flaws_in(findings: Mapping[VersionId, Finding]) -> dict[VersionId, Flaw]:
    """Return the flaws of those versions that have one."""
    return {
        version: finding.flaw for version, finding in findings.items() if finding.flaw is not None
    }


class Live(Protocol):
    """Know the live state: which version each variable has, and whether it is still that version.

    Attributes:
        state: the version of each entity.
        object_ids: the numbers of the live definitions, and of live objects that cannot be stored.
        context: what walks of the live values need to know.
    """

    state: dict[str, VersionId]
    object_ids: ObjectIds
    context: Context

    def still_there(self, version: VersionId, entities: Iterable[str]) -> dict[str, Any]:
        """Return the values of those entities that are variables, by name.

        The result is empty if one of the entities no longer has that version.
        """


class RoundTripChecks:
    """Check that objects which only their class's own pickling describes come back as they were.

    The first versions of a class are checked before they are committed, because the next cell may
    replace them. Later and larger ones are checked while the kernel is idle.

    Args:
        store: the store that versions are loaded from.
        history: the history that the versions belong to.
        observer: the live state that loaded versions are compared with.
        ambient: the settings, which loading must not change: a class may draw random numbers.
    """

    def __init__(self, store: Store, history: History, observer: Live, ambient: Ambient) -> None:
        self._store = store
        self._history = history
        self._observer = observer
        self._learned = observer.context.learned
        self._ambient = ambient
        self._waiting: dict[VersionId, Recipe] = {}
        self._proofs: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Tell whether versions wait to be checked."""
        return bool(self._waiting)

    def at_once(
        self, versions: Mapping[VersionId, Recipe], values: Mapping[str, Any]
    ) -> dict[VersionId, Finding]:
        """Check small versions of little known classes now; let others wait for idle time.

        This takes no longer than the next cell may be kept waiting for it.

        Args:
            versions: new versions, stored but perhaps not in the history yet.
            values: the live objects that the versions were made of, by entity.

        Returns:
            The findings of the versions that were checked.
        """
        until = time.perf_counter() + limits.CHECKED_AT_ONCE_SECONDS
        findings: dict[VersionId, Finding] = {}
        for version, recipe in versions.items():
            if not _is_doubtful(recipe):
                continue
            wanting = self._proofs_wanting(recipe)
            if (
                wanting
                and recipe.nbytes <= limits.CHECKED_AT_ONCE_BYTES
                and time.perf_counter() < until
            ):
                live = {entity: values[entity] for entity in filter(is_variable, recipe.roots)}
                findings[version] = self._check(recipe, live, until)
            elif _is_small(recipe) or (
                wanting == limits.PROOFS_NEEDED and recipe.nbytes <= limits.CHECKED_FIRST_BYTES
            ):
                self._waiting[version] = recipe
        while len(self._waiting) > limits.CHECKS_WAITING:
            del self._waiting[next(iter(self._waiting))]
        return findings

    def next(self) -> dict[VersionId, Finding]:
        """Check the version that has waited longest; find nothing if it is no longer live.

        Raises:
            StopIteration: no version waits.
        """
        version = next(iter(self._waiting))
        return self._check_if_live(version)

    def before_replacing(self, entities: Iterable[str]) -> dict[VersionId, Finding]:
        """Check the waiting versions of entities that are about to be replaced."""
        state = self._observer.state
        versions = {state[entity] for entity in entities if entity in state} & self._waiting.keys()
        findings: dict[VersionId, Finding] = {}
        for version in versions:
            findings |= self._check_if_live(version)
        return findings

    def _proofs_wanting(self, recipe: Recipe) -> int:
        """Count the versions that must still come back whole before its classes are trusted.

        Of several classes in the recipe, the one that is known least counts.
        """
        types = {type for component in recipe.components for type in component.opaque}
        return limits.PROOFS_NEEDED - min(
            limits.PROOFS_NEEDED, *(self._proofs[type] for type in types)
        )

    def _check_if_live(self, version: VersionId) -> dict[VersionId, Finding]:
        """Check a waiting version, which waits no longer; find nothing if it is not live now."""
        recipe = self._waiting.pop(version)
        with quietly():
            live = self._observer.still_there(version, recipe.roots)
        return {version: self._check(recipe, live)} if live else {}

    def _check(self, recipe: Recipe, live: Mapping[str, Any], until: float = math.inf) -> Finding:
        """Load a version and compare it with the live values; learn what its pickling loses.

        Args:
            recipe: the version's recipe.
            live: the live values of its variables, by name.
            until: when to stop comparing attributes, on the clock of `time.perf_counter`.
        """
        with quietly(), self._ambient.being(self._ambient.values()):
            try:
                was = self._described(live)
            except Exception:
                # Nested too deeply to be compared: a restore will report that it is unchecked.
                return Finding()
            if was.ends:
                # Its ``__del__`` may remove a file, say: that must not happen at the end of a copy
                # while the live object still needs the file.
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
            self._proofs.update(
                {type for component in recipe.components for type in component.opaque}
            )
        return Finding(flaw, lost)

    def _loaded(self, recipe: Recipe) -> dict[str, Any]:
        """Build new values of a recipe's variables, with the live definitions."""
        object_ids, user_globals = self._observer.object_ids, self._observer.context.user_globals
        live = object_ids.all_live()
        build = Build(
            self._store, self._history, object_ids, self._learned, user_globals, {}, {}, live
        )  # fmt: skip
        with build:
            assembly = build.assembly_of(recipe)
            return {entity: assembly.root(entity) for entity in filter(is_variable, recipe.roots)}

    def _described(self, values: object) -> _Description:
        """Walk a value, and describe it."""
        walk = _Describing(self._observer.context, tolerant=True)
        fingerprint = walk.fingerprint(values)
        return _Description(
            fingerprint, walk.objects, walk.passed_over, walk.ends, walk.holds_unstorable
        )

    def _learn(self, was: _Description, now: _Description, until: float) -> bool:
        """Have attributes that did not come back stored from now on.

        Args:
            was: the description of the live values.
            now: the description of the loaded ones.
            until: when to stop, on the clock of `time.perf_counter`.

        Returns:
            True if there are such attributes that were not known before.
        """
        if [type(live) for live, _ in was.objects] != [type(loaded) for loaded, _ in now.objects]:
            return False
        learned = False
        same: dict[tuple[int, int], bool] = {}
        for (live, reduced), (loaded, _) in zip(was.objects, now.objects, strict=True):
            if time.perf_counter() > until:
                break
            loaded_attributes = dict(attributes(loaded))
            # Equal fingerprints mean that what the class gives to pickle came back: only what it
            # leaves out can be lost.
            doubtful = unsaid(live, reduced) if was.print == now.print else attributes(live)
            learned |= self._learned.lose(
                type(live),
                {
                    name
                    for name, value in doubtful
                    if not _is_of_process(live, value)
                    and self._is_lost(name, value, loaded_attributes, same)
                },
            )
        return learned

    def _learn_unsaid(self, was: _Description) -> bool:
        """Have attributes that the classes leave out of their pickling stored from now on.

        This is for a version that could not be loaded, so that nothing can be compared.

        Returns:
            True if there are such attributes that were not known before.
        """
        learned = False
        for live, reduced in was.objects:
            names = {name for name, value in unsaid(live, reduced) if self._can_keep(live, value)}
            learned |= self._learned.lose(type(live), names)
        return learned

    def _pass_over(self, was: _Description) -> bool:
        """Store instances by their attributes from now on, and no longer as they pickle themselves.

        Where some were stored so already and it did not help, they are pickled in their own way
        again.

        Returns:
            True if objects of some class are stored in another way from now on.
        """
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
        loaded: Mapping[str, Any],
        same: dict[tuple[int, int], bool],
    ) -> bool:
        """Tell whether an attribute of a live object is absent or another in the loaded object.

        An attribute that holds something unstorable does not count as lost if the loaded object has
        a value of its own for it.

        Args:
            name: the attribute's name.
            value: its value in the live object.
            loaded: the attributes of the loaded object.
            same: the results of earlier comparisons, by the addresses of the two values; the
                result of this one is added.
        """
        if name not in loaded or loaded[name] is value:
            return name not in loaded
        both = id(value), id(loaded[name])
        if both not in same:
            try:
                was, now = self._described(value), self._described(loaded[name])
                same[both] = was.unstorable or was.print == now.print
            except Exception:
                same[both] = False
        return not same[both]

    def _can_keep(self, obj: object, value: object) -> bool:
        """Tell whether an object's attribute can be stored, and means the same elsewhere."""
        try:
            return not (_is_of_process(obj, value) or self._described(value).unstorable)
        except Exception:
            return False


class _Description(NamedTuple):
    """Say what walking a value found.

    Attributes:
        print: the value's fingerprint.
        objects: the objects in the value that only their own ``__reduce_ex__`` describes, each with
            the tuple that this gives, in the order of the walk.
        passed_over: the classes of objects in the value that are stored by their attributes, though
            they have a pickling of their own.
        ends: True if an object in the value has a ``__del__``.
        unstorable: True if something in the value cannot be stored.
    """

    print: str
    objects: list[tuple[Any, tuple[Any, ...]]]
    passed_over: set[type]
    ends: bool
    unstorable: bool


class _Describing(Canonical):
    """Compute a value's fingerprint, and note what else a `_Description` says of the value."""

    def fingerprint(self, value: object) -> str:
        """Return the fingerprint of a value, sharing within the value included."""
        self.objects: list[tuple[Any, tuple[Any, ...]]] = []
        self.passed_over: set[type] = set()
        self.ends = False
        self.holds_unstorable = False
        return super().fingerprint(value)

    def reducer_override(self, obj: Any) -> Any:
        """Reduce an object as any walk does, noting a ``__del__`` and a class passed over."""
        cls = type(obj)
        self.ends |= hasattr(cls, "__del__")
        if self.learned.is_passed_over(cls):
            self.passed_over.add(cls)
        return super().reducer_override(obj)

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Any:
        """Put a mark in place of an object that cannot be stored, and note that there is one."""
        self.holds_unstorable = True
        return super().unstorable(obj, kind, detail, *content)

    def _try_reduce(self, obj: Any) -> Reduced:
        """Reduce an object in its own way; note it if nothing else describes it."""
        reduced = super()._try_reduce(obj)
        if type(reduced) is tuple and treatment(type(obj)).opaque:
            self.objects.append((obj, reduced))
        return reduced


def _is_of_process(obj: Any, value: Any) -> bool:
    """Tell whether an object's attribute is a number that only this process knows.

    Such a number looks like an address in memory, or is the object's hash.
    """
    if type(value) is not int:
        return False
    if value in _ADDRESSES and value % _ALIGNMENT == 0:
        return True
    try:
        return value == hash(obj)
    except Exception:
        return False


def _is_doubtful(recipe: Recipe) -> bool:
    """Tell whether a version should be checked.

    It has objects that only their own pickling describes, is stored whole, belongs to a variable,
    draws no figure, and has no container that is stored in segments.
    """
    types = [type for component in recipe.components for type in component.opaque]
    return (
        bool(types)
        and recipe.storable
        and all(map(loads_quietly, types))
        and not any(component.kind == "segmented" for component in recipe.components)
        and any(map(is_variable, recipe.roots))
    )


def _is_small(recipe: Recipe) -> bool:
    """Tell whether a version is small enough to be loaded while the kernel is idle."""
    streams = sum(component.stream.size for component in recipe.components)
    return recipe.nbytes <= limits.CHECKED_BYTES and streams <= limits.CHECKED_STREAM_BYTES
