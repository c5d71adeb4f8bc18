"""Build objects from recipes, beside the live ones: no live object is changed.

A `Build` builds the versions of one state; an `Assembly` holds the objects of one version's recipe.
All bytes that are read are checked against their hashes.
"""

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
    """Hold what a live function or class will be filled with.

    Attributes:
        made: the function or class, built anew.
        content: the members that the live class will have, by name. Where the live class has a
            function of the same code, that function is the member, so that methods that are bound
            to it stay methods of the class.
        refills: those functions of the live class, each with the new function whose defaults,
            attributes and cells' contents it will get.
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
            live_functions = {id(new): old for old, new in self.refills}
            for name, new in content.items():
                content[name] = _with_live_functions(new, live_functions)


def _with_live_functions(member: Any, live_functions: Mapping[int, FunctionType]) -> Any:
    """Return a member of a class, wrapping live functions in place of new ones.

    A ``partialmethod`` is changed, a ``property`` is made anew; all other members stay as they are.

    Args:
        member: the member of the newly built class.
        live_functions: the functions that the live class keeps, by the address of the new one.
    """
    if type(member) is partialmethod and id(member.func) in live_functions:
        member.func = live_functions[id(member.func)]
    elif type(member) is property:
        functions = [member.fget, member.fset, member.fdel]
        if not live_functions.keys().isdisjoint(map(id, functions)):
            wrapped: list[Any] = [live_functions.get(id(each), each) for each in functions]
            return property(wrapped[0], wrapped[1], wrapped[2], member.__doc__)
    return member


def _can_refill(old: Any, new: Any, user_globals: dict[str, Any]) -> bool:
    """Tell whether a class's live function can become the new one by setting its attributes.

    A function that was defined outside of the class has an identity of its own: it cannot.

    Args:
        old: the member of the live class; anything but a function gives False.
        new: the member of the newly built class of the same name.
        user_globals: the user's namespace.
    """
    return (
        type(old) is type(new) is FunctionType
        and not (is_of_notebook(old, user_globals) or is_of_notebook(new, user_globals))
        and old.__code__ == new.__code__
        and old.__globals__ is new.__globals__
        and len(old.__closure__ or ()) == len(new.__closure__ or ())
    )


class Build:
    """Build versions of one state, its target.

    What was built refers to the build in circles: use it in a ``with`` block, or call `let_go`.

    Args:
        store: the store that holds the chunks.
        history: the history that holds the recipes.
        object_ids: the numbers of live objects that could not be stored.
        user_globals: the user's namespace, in which functions of the notebook live.
        state: the version of each entity in the target.
        live: live objects to be reused instead of building them: by version, and then by the
            position of the component in its recipe.
        definitions: live definitions to be reused by number, whatever their version. (A restore
            updates them in place; a look at another state gives only those of the same version.)
        changing: the numbers of those definitions that the restore will update.

    Attributes:
        built_definitions: the definitions built so far, by number.
        segmented: the segmented containers built so far, each with the numbers of elements of its
            segments.
        progress: the function to call with the number of bytes that were read, each time.
        reuses: True if an object that could not be stored, and is still alive, may stand in its
            old place.
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
        self._classes_in_work: set[ObjectId] = set()

    def __enter__(self) -> Self:
        """Return this build."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop all references to what was built."""
        self.let_go()

    def let_go(self) -> None:
        """Drop all references to what was built."""
        self._assemblies.clear()
        self.built_definitions.clear()
        self.segmented.clear()

    def assembly(self, version: VersionId) -> Assembly:
        """Return the assembly of one version, the same each time."""
        assembly = self._assemblies.get(version)
        if assembly is None:
            recipe = self._history.recipe(version)
            assembly = Assembly(self, recipe, self._store, self._live.get(version, {}))
            self._assemblies[version] = assembly
        return assembly

    def assembly_of(self, recipe: Recipe) -> Assembly:
        """Make an assembly of a recipe that may not be in the history yet, reusing nothing live."""
        return Assembly(self, recipe, self._store, {})

    def value(self, entity: str) -> Any:
        """Return the value that an entity has in the target, built if that is necessary.

        Raises:
            KeyError: the target has no such entity.
            NotRecoverable: the version cannot be built.
            Damaged: a record or chunk that the version needs is lost.
            Exception: code of the value's class failed while the value was unpickled.
        """
        return self.assembly(self._state[entity]).root(entity)

    def definition(self, number: ObjectId) -> Any:
        """Return the definition of a number: the live one, else the one built here.

        Raises:
            NotRecoverable: there is no live one, and the target has none of that number.
            Damaged: a record or chunk that the definition needs is lost.
        """
        definition = self.definitions.get(number)
        if definition is None:
            definition = self.built_definitions.get(number)
        if definition is None:
            if number not in self._state:
                raise NotRecoverable(f"Definition {number} is not part of the state.")
            definition = self.value(number)
        return definition

    def source(self, name: str) -> str:
        """Return the text that code was compiled from, by the text's name; empty if it is lost."""
        return self._history.sources.get(name, "")

    def has_definition(self, number: ObjectId, version: VersionId) -> bool:
        """Tell whether `definition` returns one that another state can share.

        That is so for a live definition, and for one that is built here in the version that the
        other state has.

        Args:
            number: the definition's number.
            version: the version of the definition in the other state.
        """
        return number in self.definitions or self._state.get(number) == version

    def members(self, cls: type) -> Mapping[str, Any]:
        """Return the members that a class itself will have when the restore is done, by name.

        They are the present ones if the restore does not change the class, or if the new ones are
        being built at this moment.
        """
        number = self._changing.get(cls)
        if number is None or number in self._classes_in_work:
            return cls.__dict__
        self._classes_in_work.add(number)
        try:
            return self.assembly(self._state[number]).halves(number, cls).content
        finally:
            self._classes_in_work.discard(number)

    def still_alive(self, number: ObjectId, place: Unstorable) -> Any:
        """Return a live object that could not be stored, to stand in its old place again.

        Args:
            number: the object's number.
            place: what was noted of it when its holder was stored.

        Returns:
            The object; None if it is gone, if it goes on by itself, so that it may be another now,
            or if this build reuses none.
        """
        if not self.reuses or place.moves:
            return None
        return self._object_ids.live(number)


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
    def _unpickling(self, component: Component) -> Iterator[_Unpickler]:
        """Read a component's stream, and have builders ask this assembly while it is unpickled."""
        stream = io.BytesIO(blobs.read(component.stream, self._store))
        self._build.progress(component.stream.size)
        oob = (bytearray(blobs.read(blob, self._store)) for blob in component.oob)
        with loading.under_way(_ComponentLoading(self._build, self, component, self._store)):
            yield _Unpickler(stream, self, component, oob)

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


class _Unpickler(pickle.Unpickler):
    """Unpickle a component's stream, resolving its references to other components.

    Args:
        stream: the component's stream.
        assembly: the assembly that gives the objects of other components.
        component: the component.
        oob: the component's out-of-band buffers, in order.
    """

    def __init__(
        self, stream: io.BytesIO, assembly: Assembly, component: Component, oob: Iterator[bytearray]
    ) -> None:
        super().__init__(stream, buffers=oob)
        self._assembly = assembly
        self._component = component

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the stream stands for.

        Raises:
            NotRecoverable: it is a builder of a newer Kishu.
        """
        if module == format1.__name__ and name not in format1.NAMES:
            raise NotRecoverable(
                f"It is built by {name}, which this Kishu does not know.", "Install a newer kishu."
            )
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """Return the object of another component, by the position among this one's members."""
        return self._assembly.object(self._component.members[pid])


class _ComponentLoading:
    """Answer what builders ask while one component's stream is unpickled."""

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
        """Fill ``target`` with the component's buffer at a position."""
        at = 0
        for chunk in blobs.read_chunks(self._component.buffers[index], self._store):
            target[at : at + len(chunk)] = chunk
            at += len(chunk)
            self._build.progress(len(chunk))

    def definition(self, number: ObjectId) -> Any:
        """Return the definition of a number, as `Build.definition` does."""
        return self._build.definition(number)

    def members(self, cls: type) -> Mapping[str, Any]:
        """Return the members that a class itself will have when the restore is done, by name."""
        return self._build.members(cls)

    def begin(self, made: object) -> None:
        """Take note that the component's function was made: what it holds may refer to it now."""
        self._assembly.use_as_shell(self._component, made)

    def place(self, index: int) -> CodePlace:
        """Return where the code object or class statement of a number stood in its file."""
        return self._component.places[index]

    def text(self, name: str) -> str:
        """Return the text that code was compiled from, by the text's name; empty if it is lost."""
        return self._build.source(name)

    def note(self, text: str) -> None:
        """Have the report say why the variable that is being built may differ from what it was."""
        self._assembly.notes.append(text)

    def unstorable(self, number: str, index: int) -> Any:
        """Return what stands where an object could not be stored: the live one, or a `Missing`.

        Args:
            number: the object's number.
            index: the position of its unstorable in the component.
        """
        place = self._component.unstorable[index]
        live = self._build.still_alive(number, place)
        if live is not None:
            self._assembly.reused.append(place)
            return live
        self._assembly.missing.append(place)
        return loading.Missing(number, place)


def make_definition(skeleton: tuple[Any, ...]) -> Any:
    """Make a function, class or bare object without its content.

    Args:
        skeleton: what the first pickle of a definition's stream holds: the arguments of
            `make_function` or `make_class`; empty for a bare object.
    """
    if not skeleton:
        return object()
    if skeleton[0] in ("class", "enum"):
        return make_class(*skeleton)
    return make_function(*skeleton)


def fill_definition(made: Any, content: Any) -> None:
    """Give a new function or class its content; a bare object has none."""
    if isinstance(made, type):
        fill_class(made, content)
    elif isinstance(made, FunctionType):
        fill_function(made, content)
