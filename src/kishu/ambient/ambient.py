"""Compare all settings of a kernel with what it began with, and bring them to other values."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress

from kishu.ambient import generators, options, process
from kishu.ambient.settings import ABSENT, Difference, Reading, Setting

SETTINGS: tuple[type[Setting], ...] = (
    generators.Random,
    generators.Numpy,
    generators.Torch,
    process.Directory,
    process.Environment,
    process.Path,
    options.Pandas,
    options.Numpy,
    options.Matplotlib,
    options.Torch,
    options.Decimal,
    options.Warnings,
    options.Logging,
)
"""All kinds of ambient state, in the order in which they are read and written."""


class Ambient:
    """Compare the settings of one kernel with what the kernel began with, and change them.

    A setting's value is the `Difference` from what the kernel began with. It is the very same
    object for as long as the setting does not change, so that ``is`` tells whether it did.

    Args:
        off: the names of settings that are left alone.
    """

    def __init__(self, off: Collection[str] = ()) -> None:
        self._observed = {
            kind.name: _ObservedSetting(kind()) for kind in SETTINGS if kind.name not in off
        }
        # This first reading tells what the kernel began with.
        self.values()

    def values(self) -> dict[str, Difference]:
        """Return the values of the settings that cells changed, by name."""
        changed = {}
        for name, observed in self._observed.items():
            value = observed.read()
            if value is not None:
                changed[name] = value
        return changed

    def put(self, name: str, value: Difference | None) -> Callable[[], None]:
        """Bring one setting to a value, and return a function that brings it back.

        Args:
            name: the setting's name.
            value: the difference from what the kernel began with; None for no difference.

        Raises:
            KeyError: no setting has that name, or it is left alone.
            Exception: whatever the library raises that the setting belongs to.
        """
        observed = self._observed[name]
        before = observed.read()
        observed.put(value)
        return lambda: observed.put(before)

    @contextmanager
    def being(self, wanted: Mapping[str, Difference]) -> Iterator[None]:
        """Bring all settings to other values for a while.

        Args:
            wanted: the values by name; a setting that is not named is as the kernel began with.
        """
        before = self.values()
        try:
            self._put_all(wanted)
            yield
        finally:
            self._put_all(before)

    def _put_all(self, wanted: Mapping[str, Difference]) -> None:
        """Bring every setting to its value in ``wanted``, else to what the kernel began with."""
        for name, observed in self._observed.items():
            observed.read()
            observed.put(wanted.get(name))

    def why_not(self, name: str, value: Difference) -> str:
        """Say why a setting cannot be brought to a value here; empty if it can."""
        observed = self._observed.get(name)
        if observed is None:
            return "it is switched off in the settings, or unknown to this Kishu"
        if value.host not in ("", _HOST):
            keys = ", ".join(key for key, _ in value.changes)
            return f"it was set on another machine ({keys})"
        return observed.setting.why_not(value.changes)

    def lost(self, name: str, value: Difference) -> str:
        """Say which part of a value will not come back, and why; empty if all of it will."""
        return self._observed[name].setting.lost(value.changes)


_HOST = platform.node()
"""This machine's name: a value of a local setting is brought back only where it was set."""


class _ObservedSetting:
    """Read and write one setting as the difference from what the kernel began with.

    Args:
        setting: the kind of setting.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        # What the kernel began with; None until the setting's library has been loaded.
        self._base: Reading | None = None
        # What was read last; None to have the difference computed anew.
        self._last: Reading | None = None
        self._value: Difference | None = None
        # A reading that counts as no difference, though it may be one: see `put`.
        self._reset: Reading | None = None

    def read(self) -> Difference | None:
        """Return the present difference from what the kernel began with; None if there is none.

        Where the setting cannot be read or compared, this is the last difference that was.
        """
        with suppress(Exception):
            # Another package's option that can be neither read nor compared must stop no commit.
            self._update()
        return self._value

    def _update(self) -> None:
        """Read the setting, and replace ``_value`` if the difference is another."""
        now = self.setting.read()
        if now is None or now == self._last:
            return
        if self._base is None:
            self._base = self.setting.initial(now)
        changes = self.setting.difference(self._base, now)
        self._last = now
        if now != self._reset:
            self._reset = None
        counts = changes and self._reset is None
        value = Difference(_HOST if self.setting.local else "", changes) if counts else None
        if value != self._value:
            self._value = value

    def put(self, value: Difference | None) -> None:
        """Change the setting so that its difference is this one, None for no difference."""
        now = self.read()
        if value == now:
            return
        wanted = dict(value.changes) if value is not None else {}
        base = self._base or {}
        changed = {key for key, _ in now.changes} if now is not None else set()
        reset = {key: base.get(key, ABSENT) for key in changed - wanted.keys()}
        self.setting.write(reset | wanted)
        if value is None:
            # A generator's position counts as a difference even where the kernel began. But the
            # state that is restored has no such setting, and would be found changed at once.
            self._reset, self._last = self.setting.read(), None
        if self.read() == value:
            # The very object that was put: the observer compares settings by identity.
            self._value = value
