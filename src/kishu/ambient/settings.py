"""Define what a setting is: one kind of state outside of the variables, and its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kishu import format1
from kishu.format1 import builder

Reading = dict[str, Any]
"""All that a setting consists of at one time, by key."""

Value = tuple[tuple[str, Any], ...]
"""Pairs of key and value, for what differs from what the kernel began with; immutable."""


@builder
class Difference(NamedTuple):
    """Record what cells changed of a setting, and on which machine, if that matters.

    Attributes:
        host: the machine's name; empty if the setting means the same on every machine.
        changes: the keys that differ from what the kernel began with, and their values.
    """

    host: str
    changes: Value


class Absent:
    """Mark a key that the kernel began with and that a cell has removed."""

    __module__ = format1.__name__

    def __reduce__(self) -> str:
        """Have pickle look the one instance up by its name."""
        return "ABSENT"


ABSENT: Final = Absent()
format1.register("ABSENT", ABSENT)


class Setting:
    """Read and write one kind of ambient state; each kind is a subclass.

    Attributes:
        name: the setting's name in the log and in ``config.ini``.
        local: True if its values mean nothing on another machine.
    """

    name: str = ""
    local: bool = False

    def read(self) -> Reading | None:
        """Return the setting as it is now; None while the library that it belongs to is not loaded.

        The result is compared with later ones. So it must not contain an object that the library
        changes in place, such as a list: that is copied.
        """
        raise NotImplementedError

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the given keys to the given values, or remove them where the value is `ABSENT`."""
        raise NotImplementedError

    def initial(self, reading: Reading) -> Reading:
        """Return what the kernel, or the library when it was loaded, began with.

        The cell that loaded the library may have changed the setting before it was first read.

        Args:
            reading: what was read first.
        """
        return reading

    def difference(self, base: Reading, now: Reading) -> Value:
        """Return the keys of ``now`` that differ from ``base``, and as `ABSENT` those it lacks."""
        changed = {key: value for key, value in now.items() if base.get(key, ABSENT) != value}
        changed.update(dict.fromkeys(base.keys() - now.keys(), ABSENT))
        return tuple(sorted(changed.items()))

    def why_not(self, value: Value) -> str:
        """Say why a difference cannot be brought back here; empty if it can."""
        return ""

    def lost(self, value: Value) -> str:
        """Say which part of a difference will not come back, and why; empty if all of it will."""
        return ""
