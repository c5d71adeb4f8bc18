"""Say why a value cannot be stored, or differs from what is loaded back.

On disk a reason is a kind, by which programs decide, and a detail, which only people read; a text
is made of them when it is shown.
"""

from __future__ import annotations

from typing import Literal

import msgspec

UnstorableKind = Literal[
    "live", "moves", "copies", "moves-copies", "unreadable", "excluded", "unpicklable"
]
"""The kinds of objects that cannot be stored, by what a restore can do about each:

``live``: it belongs to this process (a lock, a socket); a restore reuses it while it is alive.
``moves``: it changes as it is used (a generator), so that the live one may not be what it was.
``copies``: when its cell is run again, the new one refers to copies of the objects that the old
one referred to.
``moves-copies``: both of these.
``unreadable``: its content cannot be read, so that changes in it are not seen.
``excluded``: its class is on the user's list of classes that are never stored.
``unpicklable``: pickling it fails.
"""


class Unstorable(msgspec.Struct, omit_defaults=True, frozen=True):
    """Describe an object, within a value or the value itself, that cannot be stored.

    Attributes:
        type: the qualified name of the object's type.
        kind: why it cannot be stored, as `UnstorableKind` explains.
        detail: more of the reason, for people, such as the error that pickling raised.
    """

    type: str
    kind: UnstorableKind = "live"
    detail: str = ""

    @property
    def moves(self) -> bool:
        """Tell whether the live object may no longer be what it was at the commit."""
        return self.kind in ("moves", "moves-copies")

    @property
    def leads_to_copies(self) -> bool:
        """Tell whether running the cell again makes an object that refers to copies."""
        return self.kind in ("copies", "moves-copies")

    @property
    def unreadable(self) -> bool:
        """Tell whether changes within the object cannot be seen."""
        return self.kind == "unreadable"

    @property
    def text(self) -> str:
        """Return why the object is not stored, as part of a sentence."""
        return _TEXTS[self.kind].format(self.detail)


_TEXTS: dict[UnstorableKind, str] = {
    "live": "{}",
    "moves": "{}, which cannot be stored",
    "copies": "{}, which leads to copies when it is computed again",
    "moves-copies": (
        "{}, which leads to copies when it is computed again, and which cannot be stored"
    ),
    "unreadable": "cannot be read ({})",
    "excluded": "its class is on the list of classes that are never stored",
    "unpicklable": "{}",
}


class Flaw(msgspec.Struct, omit_defaults=True, frozen=True):
    """Describe what a round-trip check found wrong with a stored version.

    Attributes:
        kind: ``unloadable`` if loading it fails; ``another`` if the loaded value differs.
        detail: the error that loading raised, for people; empty for ``another``.
    """

    kind: Literal["unloadable", "another"]
    detail: str = ""

    @property
    def text(self) -> str:
        """Return what is wrong, as the rest of a sentence that begins with the variable."""
        if self.kind == "unloadable":
            return f"cannot be loaded again: {self.detail}"
        return "is another when it is loaded again"
