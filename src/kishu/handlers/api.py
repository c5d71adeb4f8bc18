"""Define what a handler may ask and give: of the walk that reduces, of the loading that rebuilds.

A handler has up to four functions. A *reducer* gives how to build an object, as pickle's reduce
tuple, whose first item is a *builder*; a *filler* gives a live object the content of another, with
the way back. See docs/dev/handlers.md for an example.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from kishu.handlers.learned import Learned
from kishu.history.reasons import UnstorableKind
from kishu.history.records import CodePlace

Reduced = Any
"""What a reducer gives: pickle's reduce tuple, or NotImplemented for the object's own reduce."""


class Walk(Protocol):
    """Serve a reducer: the walk that called it, which writes the value it reduces."""

    user_globals: dict[str, Any]
    learned: Learned

    def memory(self, view: memoryview, own: bool) -> int:
        """Take contiguous memory out of the stream; return its position among the buffers.

        Args:
            view: the bytes.
            own: whether they are the live object's memory, and no other value's: a restore may
                then write the bytes that differ there.
        """

    def content(self, make: Callable[[], memoryview], digests: bytes, size: int) -> int:
        """Take bytes that stand for content out of the stream; return their position.

        Args:
            make: makes the bytes, when they are needed.
            digests: their digests if known, else empty.
            size: how many bytes they are.
        """

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what a handler needs to know of all variables; it is made once a look.

        The result must keep none of them alive.
        """

    def opaque(self, what: str) -> None:
        """Say that something of the value is not checked further."""

    def track_content_sharing(self, holder: object) -> None:
        """Say that sharing what it holds is state, though sharing itself may not be."""

    def take_elements(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Take plain objects out of the stream, a thousand to a chunk.

        Args:
            items: the objects.
            holder: what holds them.
            extra: by how many references each is held more than the elements of a list.

        Returns:
            their position and size in bytes; None if they must stay, or some are not built-in
            containers and atoms alone.
        """

    def digests(self, index: int) -> bytes:
        """Return the digests of the buffer at that position, joined."""

    def definition(self, obj: object) -> str:
        """Note that the value refers to a function or class of the notebook; return its number."""

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Reduced:
        """Leave the object out; ``content`` tells when it has changed."""

    def renew_id(self, obj: object) -> None:
        """Say that it is no longer what was left out under its number."""

    def note_code(self, code: types.CodeType | int) -> int:
        """Note where code, or the class on that line, came from; return the note's position."""

    def track_sharing(self, obj: object) -> None:
        """Say that sharing this object is state, though its type does not tell."""

    def ignore_sharing(self, obj: object) -> None:
        """Say that sharing this object is not state: whoever holds it holds its value."""

    def ignores_sharing(self, obj: object) -> bool:
        """Tell whether `ignore_sharing` was called with the object."""

    def is_scanned(self, obj: object) -> bool:
        """Tell whether the object is the one that is walked, not only held by that."""

    def replace(self, obj: object, attributes: dict[str, Any]) -> None:
        """Set the attributes that an object is taken to have: only its holder knows them."""

    def replaced(self, obj: object) -> dict[str, Any]:
        """Return the attributes that `replace` was given for the object, by name."""

    def defines(self, function: object) -> bool:
        """Tell whether this is the walk of that very function or class."""

    def defer(self, cell: object) -> None:
        """Write a closure's cell without its content, which comes later."""

    def is_deferred(self, cell: object) -> bool:
        """Tell whether `defer` was called with the cell."""

    def is_component(self, obj: object) -> bool:
        """Tell whether the object is a component of its own, to which this walk only refers."""


class Loading(Protocol):
    """Serve a builder: the loading that called it, which rebuilds a stored value."""

    user_globals: dict[str, Any]
    learned: Learned

    def memory(self, index: int, target: memoryview) -> None:
        """Fill ``target`` with the buffer at that position."""

    def definition(self, number: str) -> Any:
        """Return the function or class of that number, live or built."""

    def members(self, cls: type) -> Mapping[str, Any]:
        """Return the attributes that a class will have of its own when the restore is done."""

    def use_as_shell(self, made: object) -> None:
        """Say that the object being built was made: what it holds may refer to it from now on."""

    def code_place(self, index: int) -> CodePlace:
        """Return the note at that position: where code stood."""

    def text(self, name: str) -> str:
        """Return the source text of that name; empty where it is lost."""

    def note(self, text: str) -> None:
        """Have the report say something of the variable that is built."""

    def unstorable(self, number: str, index: int) -> Any:
        """Return the object that stands where something could not be stored."""


Reducer = Callable[[Walk, Any], Reduced]
Filler = Callable[[Any, Any], Callable[[], None]]
"""Gives a live object the content of a new one; gives the function that takes it back. Raises
nothing: what could not be filled is found when it is looked at."""


class Handler(NamedTuple):
    """Describe how objects of some types are walked and rebuilt.

    Attributes:
        types: the types' names, as ``module.qualname``: no library is imported for them.
        encode: the reducer; None for the object's own reduce. What it builds with are builders,
            which streams call by name (`kishu.format1.builder`).
        subclasses: whether it serves the types' subclasses, too.
        sharing: whether it is state who shares such an object: not so for values that never change.
        fill: gives a live object the content of a new one; None where attributes and the content of
            a list, dict or set are all there is.
        leaves: attributes that reading leaves in such an object: they are no state.
    """

    types: tuple[str, ...]
    encode: Reducer | None = None
    subclasses: bool = False
    sharing: bool = True
    fill: Filler | None = None
    leaves: frozenset[str] = frozenset()
