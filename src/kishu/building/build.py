"""Building objects aside from recipes: nothing live is touched, everything read is checked."""

from __future__ import annotations

import io
import pickle
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partialmethod
from types import CellType, FunctionType
from typing import Any, Self

import msgspec

from kishu import format1
from kishu.building.segment_updates import Edit
from kishu.building.update import complete
from kishu.errors import Damaged, NotRecoverable
from kishu.handlers import loading
from kishu.handlers.classes import fill_class, make_class
from kishu.handlers.code import fill_function, is_of_notebook, make_function
from kishu.handlers.learned import Learned
from kishu.handlers.numpy import fill_object_array, make_object_array
from kishu.history import blobs
from kishu.history.history import History, State
from kishu.history.pages import read_pages
from kishu.history.reasons import Unstorable
from kishu.history.records import Blob, CodePlace, Component, Recipe, Segment, VersionId
from kishu.store.store import Store
from kishu.walking.identity import ObjectId, ObjectIds
from kishu.walking.segmented import is_array


class Definition:
    """What a live function or class will be filled with, built aside.

    Attributes:
        made: the function or class built anew.
        content: the members that the live class will have: its own functions where they only need
            filling, so that methods bound to them stay the class's methods.
        refills: those functions, each with the one to fill it from.
    """

    def __init__(
        self, live: Any, made: Any, content: dict[str, Any], user_globals: dict[str, Any]
    ) -> None:
        self.made = made
        self.content = content
        self.refills: list[tuple[FunctionType, FunctionType]] = []
        if isinstance(live, type):
            for name, new in content.items():
                old: Any = live.__dict__.get(name)
                if _can_refill(old, new, user_globals):
                    content[name] = old
                    self.refills.append((old, new))
            kept = {id(new): old for old, new in self.refills}
            for name, new in content.items():
                content[name] = _around(new, kept)


def _around(member: Any, kept: Mapping[int, FunctionType]) -> Any:
    """A member that wraps functions, around those that the live class keeps."""
    if type(member) is partialmethod and id(member.func) in kept:
        member.func = kept[id(member.func)]
    elif type(member) is property:
        functions = [member.fget, member.fset, member.fdel]
        if not kept.keys().isdisjoint(map(id, functions)):
            around: list[Any] = [kept.get(id(each), each) for each in functions]
            return property(around[0], around[1], around[2], member.__doc__)
    return member


def _can_refill(old: Any, new: Any, user_globals: dict[str, Any]) -> bool:
    """Whether a class's own function differs at most in what can be set on it.

    A function that was defined outside of the class has an identity of its own.
    """
    return (
        type(old) is type(new) is FunctionType
        and not (is_of_notebook(old, user_globals) or is_of_notebook(new, user_globals))
        and old.__code__ == new.__code__
        and old.__globals__ is new.__globals__
        and len(old.__closure__ or ()) == len(new.__closure__ or ())
    )


class Build:
    """Builds versions of one target state.

    Args:
        state: which version each definition has in that state.
        live: objects that are reused instead of built: by version, the live object of some parts.
        definitions: live definitions that are reused, whatever their version (a restore patches
            them; a look at another state builds its own where versions differ).
        changing: the definitions among them that the restore will fill.

    Attributes:
        progress: told of bytes as they are read.
        reuses: whether a live object stands in where it could not be stored.
    """

    def __init__(
        self,
        store: Store,
        history: History,
        object_ids: ObjectIds,
        learned: Learned,
        user_globals: dict[str, Any],
        state: State,
        live: Mapping[VersionId, Mapping[int, Any]],
        definitions: Mapping[ObjectId, Any],
        changing: Collection[ObjectId] = (),
    ) -> None:
        self.user_globals = user_globals
        self.definitions: dict[ObjectId, Any] = dict(definitions)
        self.built_definitions: dict[ObjectId, Any] = {}
        self.segmented: list[tuple[Any, list[int]]] = []
        self.progress: Callable[[int], None] = lambda nbytes: None
        self.reuses = True
        self.learned = learned
        self._object_ids = object_ids
        self._store = store
        self._history = history
        self._state = state
        self._live = live
        self._assemblies: dict[VersionId, Assembly] = {}
        self._changing = {
            cls: number
            for number, cls in definitions.items()
            if isinstance(cls, type) and number in changing
        }
        self._looking: set[ObjectId] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Hold nothing of what was built: assemblies and build refer to each other."""
        self._assemblies.clear()
        self.built_definitions.clear()
        self.segmented.clear()

    def assembly(self, version: VersionId) -> Assembly:
        """The parts of one version."""
        found = self._assemblies.get(version)
        if found is None:
            recipe = self._history.recipe(version)
            found = Assembly(self, recipe, self._store, self._live.get(version, {}))
            self._assemblies[version] = found
        return found

    def assembly_of(self, recipe: Recipe) -> Assembly:
        """The parts of a version that may not be in the history."""
        return Assembly(self, recipe, self._store, {})

    def value(self, entity: str) -> Any:
        """The object of a variable or definition in the target state.

        Raises:
            NotRecoverable: its version is not stored.
            Damaged: a chunk that it needs is lost.
        """
        return self.assembly(self._state[entity]).root(entity)

    def definition(self, number: ObjectId) -> Any:
        """The definition of that number, live or built."""
        found = self.definitions.get(number)
        if found is None:
            found = self.built_definitions.get(number)
        if found is None:
            if number not in self._state:
                raise NotRecoverable(f"Definition {number} is not part of the state.")
            found = self.value(number)
        return found

    def source(self, name: str) -> str:
        """Give a text that code was compiled from, by its name; empty where it is lost."""
        return self._history.sources.get(name, "")

    def has_definition(self, number: ObjectId, version: VersionId) -> bool:
        """Whether `definition` gives the one that another state means by that number."""
        return number in self.definitions or self._state.get(number) == version

    def members(self, cls: type) -> Mapping[str, Any]:
        """What a class will have of its own when the restore is done."""
        number = self._changing.get(cls)
        if number is None or number in self._looking:
            return cls.__dict__
        self._looking.add(number)
        try:
            return self.assembly(self._state[number]).halves(number, cls).content
        finally:
            self._looking.discard(number)

    def still_alive(self, number: ObjectId, place: Unstorable) -> Any:
        """The live object that could not be stored; None if it is gone, or proves nothing."""
        if not self.reuses or place.moves:
            return None
        return self._object_ids.live(number)


class Assembly:
    """The objects of one recipe's parts, each built once and in whatever order they need.

    Attributes:
        reused: where live objects stand in that could not be stored.
        missing: where something could not be stored, and is gone.
        notes: what else is to be said of its variables.
    """

    def __init__(
        self,
        build: Build,
        recipe: Recipe,
        store: Store,
        live: Mapping[int, Any],
    ) -> None:
        self.recipe = recipe
        self.reused: list[Unstorable] = []
        self.missing: list[Unstorable] = []
        self.notes: list[str] = []
        # The build holds its assemblies; a cycle would keep what was built alive.
        self._build: Build = weakref.proxy(build)
        self._store = store
        self._live = live
        self._made: dict[int, Any] = {}
        self._begun: set[int] = set()
        self._classes: dict[int, type] = {}
        self._shells: dict[int, Any] = {}
        self._halves: dict[int, Definition] = {}
        self._functions_begun = 0
        self._cells_begun: list[int] = []

    def root(self, entity: str) -> Any:
        """The object of one of the recipe's entities."""
        index = self.recipe.roots[entity]
        component = self.recipe.components[index]
        if component.kind == "definition":
            return self._definition(entity, index)
        made = self.object(index)
        return made[entity] if component.kind == "bundle" else made

    def object(self, index: int) -> Any:
        """What others should refer to as that part: the live object where there is one."""
        if index in self._live:
            return self._live[index]
        component = self.recipe.components[index]
        if component.kind == "definition":
            return self._definition(self._entity(index), index)
        if index in self._made:
            return self._made[index]
        if index in self._begun or (self._functions_begun and component.type == _CELL):
            return self._placeholder(index)
        return self.content(index)

    def _placeholder(self, index: int) -> Any:
        """What others refer to while a part is being read; a cell, until its function is there."""
        if index not in self._shells:
            self._shells[index] = self._new_shell(index)
            if index not in self._begun:
                self._cells_begun.append(index)
        return self._shells[index]

    def content(self, index: int) -> Any:
        """The part built aside, whether or not there is a live object for it."""
        if index in self._made:
            return self._made[index]
        self._begun.add(index)
        try:
            made = self._read(index)
        except BaseException:
            # Nobody gets what was only begun: who asks again finds the same failure.
            self._begun.discard(index)
            self._shells.pop(index, None)
            self._made.pop(index, None)
            raise
        while self._cells_begun and not self._functions_begun:
            self.content(self._cells_begun.pop())
        return made

    def _read(self, index: int) -> Any:
        component = self.recipe.components[index]
        if component.kind == "segmented":
            return self._segmented(index)
        is_function = component.type == _FUNCTION
        self._functions_begun += is_function
        try:
            with self._unpickling(component) as unpickler:
                if component.kind == "instance":
                    self._classes[index] = unpickler.load()
                made = unpickler.load()
        finally:
            self._functions_begun -= is_function
        shell = self._shells.get(index)
        if shell is not None and shell is not made:
            complete(shell, made)
            made = shell
        self._made[index] = made
        return made

    def begin(self, component: Component, made: Any) -> None:
        """Let others refer to the function of a part that is still being read."""
        if component.kind == "value" and component.type == _FUNCTION:
            index = next(at for at, each in enumerate(self.recipe.components) if each is component)
            self._shells.setdefault(index, made)

    def update_segments(
        self, index: int, live: Any, now: Component, same_members: bool
    ) -> list[Edit]:
        """What a live long container needs to get the part's content.

        Args:
            now: what the live one is.
            same_members: whether its elements that refer to other parts may stay, too.
        """
        if type(live) is set:
            return [Edit(0, 0, self._exchange(index, now))]
        there: dict[bytes, list[tuple[int, int]]] = {}
        end = 0
        for segment in read_pages(_pages(now), self._store):
            at, end = end, end + segment.count
            if same_members or not segment.members:
                there.setdefault(_key(segment), []).append((at, end))
        edits: list[Edit] = []
        done = 0
        live_segments: list[Any] = []
        for segment in self._segments(index):
            stays = next((run for run in there.get(_key(segment), ()) if run[0] >= done), None)
            if stays is None:
                live_segments.append(self._load(index, segment))
                continue
            if live_segments or stays[0] > done:
                edits.append(Edit(done, stays[0], _joined(type(live), live_segments)))
            live_segments, done = [], stays[1]
        if live_segments or end > done:
            edits.append(Edit(done, end, _joined(type(live), live_segments)))
        return edits

    def _exchange(self, index: int, now: Component) -> tuple[list[Any], list[Any]]:
        """The elements of a set that go, and those that come."""
        has = {_key(segment): segment for segment in read_pages(_pages(now), self._store)}
        gets = {_key(segment): segment for segment in self._segments(index)}
        old, new = (
            [element for key in keys for element in self._load(index, segments[key])]
            for keys, segments in (
                (has.keys() - gets.keys(), has),
                (gets.keys() - has.keys(), gets),
            )
        )
        return old, new

    def _segmented(self, index: int) -> Any:
        component = self.recipe.components[index]
        made = self._shells.get(index)
        if made is None:
            made = self._new_long(component)
        # It can be referred to before its content is complete.
        self._made[index] = made
        at = 0
        for segment in self._segments(index):
            _extend(made, at, self._load(index, segment))
            at += segment.count
        self._build.segmented.append((made, self.counts(index)))
        return made

    def _new_long(self, component: Component) -> Any:
        if component.stream.size:
            return make_object_array(*pickle.loads(blobs.read(component.stream, self._store)))
        return _SHELLS[component.type]()

    def counts(self, index: int) -> list[int]:
        """The numbers of elements of a long container's segments."""
        return [segment.count for segment in self._segments(index)]

    def _segments(self, index: int) -> Iterator[Segment]:
        return read_pages(_pages(self.recipe.components[index]), self._store)

    def _load(self, index: int, segment: Segment) -> Any:
        component = self.recipe.components[index]
        alone = Component(
            type=component.type, stream=segment.stream, buffers=segment.buffers, oob=segment.oob,
            members=[component.members[at] for at in segment.members], places=segment.places,
            unstorable=segment.unstorable,
        )  # fmt: skip
        with self._unpickling(alone) as unpickler:
            return unpickler.load()

    def halves(self, entity: str, live: Any) -> Definition:
        """A definition built aside, for filling the live one."""
        index = self.recipe.roots[entity]
        if index not in self._halves:
            component = self.recipe.components[index]
            with self._unpickling(component) as unpickler:
                made = make_definition(unpickler.load())
                content = unpickler.load()
                if isinstance(made, FunctionType):
                    fill_function(made, content)
                self._halves[index] = Definition(live, made, content, self._build.user_globals)
        return self._halves[index]

    def _definition(self, number: ObjectId, index: int) -> Any:
        found = self._build.definitions.get(number, self._build.built_definitions.get(number))
        if found is not None:
            return found
        component = self.recipe.components[index]
        with self._unpickling(component) as unpickler:
            made = make_definition(unpickler.load())
            made = self._build.built_definitions.setdefault(number, made)
            fill_definition(made, unpickler.load())
        return made

    def _entity(self, index: int) -> str:
        return next(entity for entity, at in self.recipe.roots.items() if at == index)

    @contextmanager
    def _unpickling(self, component: Component) -> Iterator[_Unpickler]:
        stream = io.BytesIO(blobs.read(component.stream, self._store))
        self._build.progress(component.stream.size)
        oob = (bytearray(blobs.read(blob, self._store)) for blob in component.oob)
        with loading.under_way(_ComponentLoading(self._build, self, component, self._store)):
            yield _Unpickler(stream, self, component, oob)

    def _new_shell(self, index: int) -> Any:
        """An object to refer to while the part that it stands for is still being read.

        Raises:
            NotRecoverable: an object of that type cannot exist before its content.
        """
        cls = self._classes.get(index)
        if cls is not None:
            return object.__new__(cls)
        component = self.recipe.components[index]
        if component.kind == "segmented":
            return self._new_long(component)
        type = component.type
        if type not in _SHELLS:
            raise NotRecoverable(f"A {type} holds itself in a way that cannot be rebuilt.")
        return _SHELLS[type]()


def _pages(component: Component) -> Blob:
    if component.segments is None:
        raise Damaged("A long container has no segments.")
    return component.segments


def _key(segment: Segment) -> bytes:
    return msgspec.json.encode(segment)


def _joined(cls: type, live_segments: list[Any]) -> Any:
    """The elements of several segments as those of one."""
    if cls is dict:
        return tuple(
            [each for live_segment in live_segments for each in live_segment[at]] for at in (0, 1)
        )
    return [element for live_segment in live_segments for element in live_segment]


def _extend(container: Any, at: int, live_segment: Any) -> None:
    """Put a segment's elements in, as those from the ``at``-th on."""
    if is_array(container):
        fill_object_array(container, live_segment, at)
    elif type(container) is list:
        container.extend(live_segment)
    elif type(container) is set:
        container.update(live_segment)
    else:
        container.update(zip(*live_segment, strict=True))


_FUNCTION, _CELL = "builtins.function", "builtins.cell"
_SHELLS: dict[str, type] = {
    "builtins.list": list, "builtins.dict": dict, "builtins.set": set, _CELL: CellType,
}  # fmt: skip


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, stream: io.BytesIO, assembly: Assembly, component: Component, oob: Iterator[bytearray]
    ) -> None:
        super().__init__(stream, buffers=oob)
        self._assembly = assembly
        self._component = component

    def find_class(self, module: str, name: str) -> Any:
        if module == format1.__name__ and name not in format1.NAMES:
            raise NotRecoverable(
                f"It is built by {name}, which this Kishu does not know.", "Install a newer kishu."
            )
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        return self._assembly.object(self._component.members[pid])


class _ComponentLoading:
    """What builders may ask while one part's stream is unpickled."""

    def __init__(
        self, build: Build, assembly: Assembly, component: Component, store: Store
    ) -> None:
        self.user_globals = build.user_globals
        self.learned = build.learned
        self._build = build
        self._assembly = assembly
        self._component = component
        self._store = store

    def memory(self, index: int, target: memoryview) -> None:
        """Fill ``target`` with the buffer at that position."""
        at = 0
        for chunk in blobs.read_chunks(self._component.buffers[index], self._store):
            target[at : at + len(chunk)] = chunk
            at += len(chunk)
            self._build.progress(len(chunk))

    def definition(self, number: ObjectId) -> Any:
        """The definition of that number, live or built."""
        return self._build.definition(number)

    def members(self, cls: type) -> Mapping[str, Any]:
        """What a class will have of its own when the restore is done."""
        return self._build.members(cls)

    def begin(self, made: object) -> None:
        """What the part is of was made: what it holds may refer to it from now on."""
        self._assembly.begin(self._component, made)

    def place(self, index: int) -> CodePlace:
        """Give the note at that position: where code stood."""
        return self._component.places[index]

    def text(self, name: str) -> str:
        """Give the text of that name; empty where it is lost."""
        return self._build.source(name)

    def note(self, text: str) -> None:
        """Have the report say something of the variable that is built."""
        self._assembly.notes.append(text)

    def unstorable(self, number: str, index: int) -> Any:
        """What stands where something could not be stored."""
        place = self._component.unstorable[index]
        live = self._build.still_alive(number, place)
        if live is not None:
            self._assembly.reused.append(place)
            return live
        self._assembly.missing.append(place)
        return loading.Missing(number, place)


def make_definition(skeleton: tuple[Any, ...]) -> Any:
    """A function, class or bare object without its content."""
    if not skeleton:
        return object()
    if skeleton[0] in ("class", "enum"):
        return make_class(*skeleton)
    return make_function(*skeleton)


def fill_definition(made: Any, content: Any) -> None:
    """Give a new function or class its content."""
    if isinstance(made, type):
        fill_class(made, content)
    elif isinstance(made, FunctionType):
        fill_function(made, content)
