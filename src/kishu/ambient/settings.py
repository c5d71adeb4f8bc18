"""A setting: one kind of state outside of the variables, as the difference that cells made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kishu import format1
from kishu.format1 import builder

Reading = dict[str, Any]
"""What a setting is now, by key."""

Value = tuple[tuple[str, Any], ...]
"""What of a setting differs from what the kernel began with, by key; plain and unchanging."""


@builder
class Difference(NamedTuple):
    """A setting in a state: what cells changed of it, and on which machine, if that matters."""

    host: str
    changes: Value


class Absent:
    """The value of a key that the kernel began with and that is no more."""

    __module__ = format1.__name__

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
format1.register("ABSENT", ABSENT)


class Setting:
    """One kind of ambient state; a subclass reads and writes it.

    Attributes:
        name: what users call it, in the log and in ``config.ini``.
        local: whether it means nothing on another machine.
    """

    name: str = ""
    local: bool = False

    def read(self) -> Reading | None:
        """What it is now; None while the library that it belongs to is not loaded.

        Nothing in it may be changed later by others: lists are copied.
        """
        raise NotImplementedError

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set keys; `ABSENT` takes one away."""
        raise NotImplementedError

    def begin(self, reading: Reading) -> Reading:
        """What the kernel began with, which the cell that loaded the library may have changed."""
        return reading

    def difference(self, base: Reading, now: Reading) -> Value:
        """What of ``now`` differs from ``base``."""
        changed = {key: value for key, value in now.items() if base.get(key, ABSENT) != value}
        changed.update(dict.fromkeys(base.keys() - now.keys(), ABSENT))
        return tuple(sorted(changed.items()))

    def why_not(self, value: Value) -> str:
        """Why a difference cannot be brought back here; empty if it can."""
        return ""

    def lost(self, value: Value) -> str:
        """What of a difference will not come back, and why; empty if all of it will."""
        return ""
