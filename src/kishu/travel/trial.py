"""Trials: new versions loaded back beside the live values, to find pickling that lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from kishu.handlers.registry import Reduced, treatment
from kishu.handlers.supplements import attributes, learn, lost_names, unsaid
from kishu.history.history import History
from kishu.history.records import Recipe, VersionId, is_variable
from kishu.observe.canonical import Canonical
from kishu.observe.hush import hushed
from kishu.observe.observer import Observer
from kishu.store.store import Store
from kishu.travel.build import Build, without_collecting
from kishu.travel.replay import Ambient

_LARGEST = 10 * 1024 * 1024
_LARGEST_FIRST = 64 * 1024 * 1024
_LONGEST_STREAM = 1024 * 1024
_AT_ONCE = 256 * 1024
_PROVEN = 3
"""Versions of a class that came back whole, after which its others can wait for idle time."""
_WAITING = 100
_DRAWN = ("matplotlib.", "mpl_toolkits.")
"""What a figure's pickling drops is its canvas; loading one makes it pyplot's current figure."""


class Finding(NamedTuple):
    """What a trial showed of one version.

    Attributes:
        flaw: why it cannot be had from what is stored; empty if it can.
        lost: whether attributes are lost that are stored, too, from now on.
    """

    flaw: str = ""
    lost: bool = False


def flaws_in(findings: Mapping[VersionId, Finding]) -> dict[VersionId, str]:
    """The flaws of the versions that have one."""
    return {version: finding.flaw for version, finding in findings.items() if finding.flaw}


class Trials:
    """Tries what only its own reduce describes: is it, loaded again, what it was?

    A class's first versions are tried before they are committed, for what comes next may take
    their place; later ones, and large ones, while the kernel is idle.

    Args:
        ambient: what loading must leave as it is: a class may draw random numbers.
    """

    def __init__(
        self, store: Store, history: History, observer: Observer, ambient: Ambient
    ) -> None:
        self._store = store
        self._history = history
        self._observer = observer
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
        """Try what cannot wait; what can, waits.

        Args:
            versions: new ones, stored but perhaps not in the history yet.
            values: the live objects that they were made of, by entity.
        """
        urgent = {}
        for version, recipe in versions.items():
            if not _is_doubtful(recipe):
                continue
            unproven = self._unproven(recipe)
            if unproven and recipe.nbytes <= _AT_ONCE:
                urgent[version] = recipe
            elif _is_small(recipe) or (unproven == _PROVEN and recipe.nbytes <= _LARGEST_FIRST):
                self._waiting[version] = recipe
        while len(self._waiting) > _WAITING:
            del self._waiting[next(iter(self._waiting))]
        return {
            version: self._try(recipe, {e: values[e] for e in filter(is_variable, recipe.roots)})
            for version, recipe in urgent.items()
        }

    def next(self) -> dict[VersionId, Finding]:
        """Try the version that has waited longest, if it is still the live one."""
        version = next(iter(self._waiting))
        return self._try_live(version)

    def before_replacing(self, entities: Iterable[str]) -> dict[VersionId, Finding]:
        """Try what waits and is about to be replaced."""
        state = self._observer.state
        versions = {state[entity] for entity in entities if entity in state} & self._waiting.keys()
        found: dict[VersionId, Finding] = {}
        for version in versions:
            found |= self._try_live(version)
        return found

    def _unproven(self, recipe: Recipe) -> int:
        """How many versions of its least known class have yet to be seen to come back whole."""
        types = {type for part in recipe.parts for type in part.opaque}
        return _PROVEN - min(_PROVEN, *(self._whole[type] for type in types))

    def _try_live(self, version: VersionId) -> dict[VersionId, Finding]:
        recipe = self._waiting.pop(version)
        with hushed(), without_collecting():
            live = self._observer.still_there(version, recipe.roots)
        return {version: self._try(recipe, live)} if live else {}

    def _try(self, recipe: Recipe, live: Mapping[str, Any]) -> Finding:
        with hushed(), without_collecting(), self._ambient.being(self._ambient.values()):
            try:
                was = self._described(live)
            except Exception:
                # Too deep to be compared: a restore says that it could not be checked.
                return Finding()
            try:
                now = self._described(self._loaded(recipe))
                flaw = "" if was.print == now.print else "is another when it is loaded again"
            except Exception as error:
                now = _Description("", [])
                flaw = f"cannot be loaded again: {type(error).__name__}: {error}"
            lost = self._learn(was, now)
        if not (lost or flaw):
            self._whole.update({type for part in recipe.parts for type in part.opaque})
        return Finding(flaw, lost)

    def _loaded(self, recipe: Recipe) -> dict[str, Any]:
        identities, user_globals = self._observer.identities, self._observer.context.user_globals
        live = identities.all_live()
        build = Build(self._store, self._history, identities, user_globals, {}, {}, live)
        with build:
            assembly = build.assembly_of(recipe)
            return {entity: assembly.root(entity) for entity in filter(is_variable, recipe.roots)}

    def _described(self, values: object) -> _Description:
        walk = _Describing(self._observer.context, tolerant=True)
        return _Description(walk.fingerprint(values), walk.objects)

    def _learn(self, was: _Description, now: _Description) -> bool:
        """Find the attributes that do not come back; whether there are any."""
        learned = False
        for (live, reduced), (loaded, _) in zip_longest(
            was.objects, now.objects, fillvalue=(None, ())
        ):
            if not reduced:
                break
            cls = type(live)
            there = dict(attributes(loaded)) if type(loaded) is cls else {}
            # Where all looks the same, so is what the reduce says.
            asked = unsaid(live, reduced) if was.print == now.print else attributes(live)
            names = {name for name, value in asked if not self._is_same(name, value, there)}
            if not names <= lost_names(cls):
                learn(cls, names)
                learned = True
        return learned

    def _is_same(self, name: str, value: Any, there: Mapping[str, Any]) -> bool:
        if name not in there:
            return False
        if there[name] is value:
            return True
        try:
            return self._described(value).print == self._described(there[name]).print
        except Exception:
            return False


class _Description(NamedTuple):
    """The fingerprint of values, and the objects in them that only their own reduce describes.

    Each with what its reduce gives.
    """

    print: str
    objects: list[tuple[Any, tuple[Any, ...]]]


class _Describing(Canonical):
    """A fingerprint that notes what only its own reduce describes."""

    def fingerprint(self, value: object) -> str:
        """The fingerprint of a value, sharing within it included."""
        self.objects: list[tuple[Any, tuple[Any, ...]]] = []
        return super().fingerprint(value)

    def _try_reduce(self, obj: Any) -> Reduced:
        reduced = super()._try_reduce(obj)
        if type(reduced) is tuple and treatment(type(obj)).opaque:
            self.objects.append((obj, reduced))
        return reduced


def _is_doubtful(recipe: Recipe) -> bool:
    types = [type for part in recipe.parts for type in part.opaque]
    return (
        recipe.storable
        and not all(type.startswith(_DRAWN) for type in types)
        and not any(part.kind == "long" for part in recipe.parts)
        and any(map(is_variable, recipe.roots))
    )


def _is_small(recipe: Recipe) -> bool:
    streams = sum(part.stream.size for part in recipe.parts)
    return recipe.nbytes <= _LARGEST and streams <= _LONGEST_STREAM
