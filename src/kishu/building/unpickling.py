"""Unpickling one component: its members, its memory, and what its builders ask."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kishu import format1
from kishu.errors import NotRecoverable
from kishu.handlers import loading
from kishu.history import blobs
from kishu.history.records import CodePlace, Component
from kishu.store.store import Store
from kishu.walking.identity import ObjectId

if TYPE_CHECKING:
    from kishu.building.assembly import Assembly
    from kishu.building.build import Build


class ComponentUnpickler(pickle.Unpickler):
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


class ComponentLoading:
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

    def use_as_shell(self, made: object) -> None:
        """Take note that the component's function was made: what it holds may refer to it now."""
        self._assembly.use_as_shell(self._component, made)

    def code_place(self, index: int) -> CodePlace:
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
