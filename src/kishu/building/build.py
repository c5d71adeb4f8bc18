"""Build objects from recipes, beside the live ones: no live object is changed.

A `Build` builds the versions of one state; an `Assembly` holds the objects of one version's recipe.
All bytes that are read are checked against their hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Self

from kishu.building.assembly import Assembly
from kishu.errors import NotRecoverable
from kishu.handlers.learned import Learned
from kishu.history.history import History, State
from kishu.history.reasons import Unstorable
from kishu.history.records import Recipe, VersionId
from kishu.store.store import Store
from kishu.walking.identity import ObjectId, ObjectIds


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
