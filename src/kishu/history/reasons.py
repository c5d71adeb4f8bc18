"""Why a value is not stored, or is another when it is loaded.

What is on the disk is a kind, which decides, and a detail, which only people read. The text is
made when it is shown.
"""

from __future__ import annotations

from typing import Literal

import msgspec

UnstorableKind = Literal[
    "live", "moves", "copies", "moves-copies", "unreadable", "excluded", "unpicklable"
]
"""What cannot be stored, by what follows from it:

``live``: it belongs to this process; while it lives it is used again.
``moves``: it goes on by itself, so that the living one is not what it was then.
``copies``: run again, its cell makes it of copies of what it was made of.
``moves-copies``: both.
``unreadable``: what changes in it is not seen.
``excluded``: its class is on the user's list of classes that are never stored.
``unpicklable``: its own pickling fails.
"""


class Unstorable(msgspec.Struct, omit_defaults=True, frozen=True):
    """A place in a value that cannot be stored.

    Attributes:
        type: the qualified name of the type of what stands there.
        kind: what follows from it.
        detail: more of it for people: what it is doing, or the error that pickling gave.
    """

    type: str
    kind: UnstorableKind = "live"
    detail: str = ""

    @property
    def moves(self) -> bool:
        """Tell whether a living one proves nothing of what it was."""
        return self.kind in ("moves", "moves-copies")

    @property
    def leads_to_copies(self) -> bool:
        """Tell whether running its cell again makes it of copies."""
        return self.kind in ("copies", "moves-copies")

    @property
    def unreadable(self) -> bool:
        """Tell whether changes in it are not seen."""
        return self.kind == "unreadable"

    @property
    def text(self) -> str:
        """Say why it is not stored, as part of a sentence."""
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
    """What loading a version back beside the live value showed to be wrong with it.

    Attributes:
        kind: ``unloadable``: it cannot be loaded; ``another``: what is loaded differs.
        detail: the error, for people.
    """

    kind: Literal["unloadable", "another"]
    detail: str = ""

    @property
    def text(self) -> str:
        """Say what is wrong, as a sentence whose subject is the variable."""
        if self.kind == "unloadable":
            return f"cannot be loaded again: {self.detail}"
        return "is another when it is loaded again"
