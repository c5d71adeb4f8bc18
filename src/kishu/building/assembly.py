"""The objects of one recipe, built component by component, in whatever order they need."""

from __future__ import annotations

import io
import pickle
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

import msgspec

from kishu.building.definition import Definition, fill_definition, make_definition
from kishu.building.segment_updates import Edit
from kishu.building.unpickling import ComponentLoading, ComponentUnpickler
from kishu.building.update import complete
from kishu.errors import Damaged, NotRecoverable
from kishu.handlers import loading
from kishu.handlers.code import fill_function
from kishu.handlers.numpy import fill_object_array, make_object_array
from kishu.history import blobs
from kishu.history.pages import read_pages
from kishu.history.reasons import Unstorable
from kishu.history.records import Blob, Component, Recipe, Segment
from kishu.store.store import Store
from kishu.walking.identity import ObjectId
from kishu.walking.segmented import is_array

if TYPE_CHECKING:
    from kishu.building.build import Build


class Assembly:
    """Build the objects of one recipe's components, each once, in the order that they need.

    A component is named by its position in the recipe (``index``).

    Args:
        build: the build that this belongs to; it is referred to weakly.
        recipe: the recipe.
        store: the store that holds the chunks.
        live: the live objects to be reused, by the position of their component.

    Attributes:
        recipe: the recipe.
        reused: the unstorables in whose places live objects stand.
        missing: the unstorables that no live object can stand for; each has a `Missing` in its
            place.
        notes: reasons why the recipe's variables may differ from what they were, for the report.
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
        # The build holds its assemblies: a reference back would keep all that was built alive until
        # the garbage collector runs.
        self._build: Build = weakref.proxy(build)
        self._store = store
        self._live = live
        self._made: dict[int, Any] = {}
        self._begun: set[int] = set()
        self._classes: dict[int, type] = {}
        self._shells: dict[int, Any] = {}
        self._halves: dict[int, Definition] = {}
        self._functions_begun = 0
        self._empty_cells: list[int] = []

    def root(self, entity: str) -> Any:
        """Return the object of one of the recipe's entities, live or built."""
        index = self.recipe.roots[entity]
        component = self.recipe.components[index]
        if component.kind == "definition":
            return self._definition(entity, index)
        made = self.object(index)
        return made[entity] if component.kind == "bundle" else made

    def object(self, index: int) -> Any:
        """Return the object that other components should refer to as this component.

        That is the live object where there is one, else the object that is built; and while that is
        being built, its shell.

        Raises:
            NotRecoverable: the component contains itself, and its type cannot be made empty.
            Damaged: a chunk that it needs is lost.
        """
        if index in self._live:
            return self._live[index]
        component = self.recipe.components[index]
        if component.kind == "definition":
            return self._definition(self._entity(index), index)
        if index in self._made:
            return self._made[index]
        if index in self._begun or (self._functions_begun and component.type == _CELL):
            return self._shell(index)
        return self.content(index)

    def _shell(self, index: int) -> Any:
        """Return the shell of a component that is being read, the same each time.

        A closure's cell whose function is being read gets a shell as well: the cell's content may
        need the function.
        """
        if index not in self._shells:
            self._shells[index] = self._new_shell(index)
            if index not in self._begun:
                self._empty_cells.append(index)
        return self._shells[index]

    def content(self, index: int) -> Any:
        """Return a component's object as built from the recipe, even where there is a live one."""
        if index in self._made:
            return self._made[index]
        self._begun.add(index)
        try:
            made = self._read(index)
        except BaseException:
            # An unfinished object must not be handed out: a second call fails in the same way.
            self._begun.discard(index)
            self._shells.pop(index, None)
            self._made.pop(index, None)
            raise
        while self._empty_cells and not self._functions_begun:
            self.content(self._empty_cells.pop())
        return made

    def _read(self, index: int) -> Any:
        """Unpickle one component, and make its shell, if there is one, the finished object."""
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

    def use_as_shell(self, component: Component, made: Any) -> None:
        """Let other components refer to a function that was made but is not complete yet.

        This does nothing if the component is anything but a function.
        """
        if component.kind == "value" and component.type == _FUNCTION:
            index = next(at for at, each in enumerate(self.recipe.components) if each is component)
            self._shells.setdefault(index, made)

    def update_segments(
        self, index: int, live: Any, now: Component, same_members: bool
    ) -> list[Edit]:
        """Return the edits that give a live segmented container the content of a component.

        Elements of a segment that the live container and the component have in common stay.

        Args:
            index: the component's position in the recipe.
            live: the live container.
            now: the component that describes the live container as it is.
            same_members: True if the components that both refer to are the same live objects, so
                that segments with such references may stay as well.
        """
        if type(live) is set:
            return [Edit(0, 0, self._exchange(index, now))]
        runs: dict[bytes, list[tuple[int, int]]] = {}
        end = 0
        for segment in read_pages(_pages(now), self._store):
            at, end = end, end + segment.count
            if same_members or not segment.members:
                runs.setdefault(_key(segment), []).append((at, end))
        edits: list[Edit] = []
        done = 0
        new_segments: list[Any] = []
        for segment in self._segments(index):
            stays = next((run for run in runs.get(_key(segment), ()) if run[0] >= done), None)
            if stays is None:
                new_segments.append(self._load(index, segment))
                continue
            if new_segments or stays[0] > done:
                edits.append(Edit(done, stays[0], _joined(type(live), new_segments)))
            new_segments, done = [], stays[1]
        if new_segments or end > done:
            edits.append(Edit(done, end, _joined(type(live), new_segments)))
        return edits

    def _exchange(self, index: int, now: Component) -> tuple[list[Any], list[Any]]:
        """Load the elements that a live set must lose, and those that it must get.

        Args:
            index: the position of the component that the set should become.
            now: the component that describes the set as it is; it refers to no other component.
        """
        live_segments = {_key(segment): segment for segment in read_pages(_pages(now), self._store)}
        target_segments = {_key(segment): segment for segment in self._segments(index)}
        old, new = (
            [element for key in keys for element in self._load(index, segments[key])]
            for keys, segments in (
                (live_segments.keys() - target_segments.keys(), live_segments),
                (target_segments.keys() - live_segments.keys(), target_segments),
            )
        )
        return old, new

    def _segmented(self, index: int) -> Any:
        """Build a segmented container, one segment after the other."""
        component = self.recipe.components[index]
        made = self._shells.get(index)
        if made is None:
            made = self._empty_container(component)
        # Its elements may refer to the container, which is not complete before they are.
        self._made[index] = made
        at = 0
        for segment in self._segments(index):
            _extend(made, at, self._load(index, segment))
            at += segment.count
        self._build.segmented.append((made, self.counts(index)))
        return made

    def _empty_container(self, component: Component) -> Any:
        """Make a segmented container without its elements; an array has its shape already."""
        if component.stream.size:
            return make_object_array(*pickle.loads(blobs.read(component.stream, self._store)))
        return _SHELLS[component.type]()

    def counts(self, index: int) -> list[int]:
        """Return how many elements each segment of a segmented container has, in order."""
        return [segment.count for segment in self._segments(index)]

    def _segments(self, index: int) -> Iterator[Segment]:
        """Read what is known of a container's segments, in order; their elements are not loaded."""
        return read_pages(_pages(self.recipe.components[index]), self._store)

    def _load(self, index: int, segment: Segment) -> Any:
        """Unpickle one segment of a container; of a dict this gives its keys and its values."""
        component = self.recipe.components[index]
        alone = Component(
            type=component.type, stream=segment.stream, buffers=segment.buffers, oob=segment.oob,
            members=[component.members[at] for at in segment.members], places=segment.places,
            unstorable=segment.unstorable,
        )  # fmt: skip
        with self._unpickling(alone) as unpickler:
            return unpickler.load()

    def halves(self, entity: str, live: Any) -> Definition:
        """Build a definition anew, once, for updating the live one.

        Args:
            entity: the definition's number.
            live: the live function, class or bare object.
        """
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
        """Return the definition of a number: the live one, else one built here, once."""
        definition = self._build.definitions.get(number, self._build.built_definitions.get(number))
        if definition is not None:
            return definition
        component = self.recipe.components[index]
        with self._unpickling(component) as unpickler:
            made = make_definition(unpickler.load())
            made = self._build.built_definitions.setdefault(number, made)
            fill_definition(made, unpickler.load())
        return made

    def _entity(self, index: int) -> str:
        """Return the entity whose object a component is."""
        return next(entity for entity, at in self.recipe.roots.items() if at == index)

    @contextmanager
    def _unpickling(self, component: Component) -> Iterator[ComponentUnpickler]:
        """Read a component's stream, and have builders ask this assembly while it is unpickled."""
        stream = io.BytesIO(blobs.read(component.stream, self._store))
        self._build.progress(component.stream.size)
        oob = (bytearray(blobs.read(blob, self._store)) for blob in component.oob)
        with loading.under_way(ComponentLoading(self._build, self, component, self._store)):
            yield ComponentUnpickler(stream, self, component, oob)

    def _new_shell(self, index: int) -> Any:
        """Make the shell of a component, to be referred to while the component is being read.

        Raises:
            NotRecoverable: an object of that type cannot exist before its content.
        """
        cls = self._classes.get(index)
        if cls is not None:
            return object.__new__(cls)
        component = self.recipe.components[index]
        if component.kind == "segmented":
            return self._empty_container(component)
        type = component.type
        if type not in _SHELLS:
            raise NotRecoverable(f"A {type} holds itself in a way that cannot be rebuilt.")
        return _SHELLS[type]()


def _pages(component: Component) -> Blob:
    """Return where the list of a segmented container's segments is stored.

    Raises:
        Damaged: the component does not say.
    """
    if component.segments is None:
        raise Damaged("A long container has no segments.")
    return component.segments


def _key(segment: Segment) -> bytes:
    """Return a key that is equal for segments of equal content."""
    return msgspec.json.encode(segment)


def _joined(cls: type, segments: list[Any]) -> Any:
    """Join loaded segments into one: a list of elements, or for a dict its keys and its values.

    Args:
        cls: the type of the container.
        segments: the segments, as they were unpickled.
    """
    if cls is dict:
        return tuple([each for segment in segments for each in segment[at]] for at in (0, 1))
    return [element for segment in segments for element in segment]


def _extend(container: Any, at: int, segment: Any) -> None:
    """Put the elements of a loaded segment into a container that has those before it.

    Args:
        container: the container.
        at: how many elements come before the segment.
        segment: the segment, as it was unpickled.
    """
    if is_array(container):
        fill_object_array(container, segment, at)
    elif type(container) is list:
        container.extend(segment)
    elif type(container) is set:
        container.update(segment)
    else:
        container.update(zip(*segment, strict=True))


_FUNCTION, _CELL = "builtins.function", "builtins.cell"
_SHELLS: dict[str, type] = {
    "builtins.list": list, "builtins.dict": dict, "builtins.set": set, _CELL: CellType,
}  # fmt: skip
