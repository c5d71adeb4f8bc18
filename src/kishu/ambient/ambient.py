"""All settings of a kernel: what cells changed of them, as values beside the variables."""

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


class Ambient:
    """The settings of one kernel, each compared with what the kernel began with.

    Args:
        off: names of settings that are left alone.
    """

    def __init__(self, off: Collection[str] = ()) -> None:
        self._watched = [_Watched(kind()) for kind in SETTINGS if kind.name not in off]
        self._by_name = {watched.setting.name: watched for watched in self._watched}
        self.values()

    def values(self) -> dict[str, Difference]:
        """The settings that cells changed; the same objects for as long as nothing changes."""
        found = {}
        for watched in self._watched:
            value = watched.look()
            if value is not None:
                found[watched.setting.name] = value
        return found

    def put(self, name: str, value: Difference | None) -> Callable[[], None]:
        """Bring one setting to a difference, None for what the kernel began with.

        Gives the function that takes it back.
        """
        watched = self._by_name[name]
        before = watched.look()
        watched.put(value)
        return lambda: watched.put(before)

    @contextmanager
    def being(self, wanted: Mapping[str, Difference]) -> Iterator[None]:
        """For a while, the settings are these and no others."""
        before = self.values()
        try:
            self._be(wanted)
            yield
        finally:
            self._be(before)

    def _be(self, wanted: Mapping[str, Difference]) -> None:
        for name, watched in self._by_name.items():
            watched.look()
            watched.put(wanted.get(name))

    def why_not(self, name: str, value: Difference) -> str:
        """Why a setting cannot be brought to a difference here; empty if it can."""
        watched = self._by_name.get(name)
        if watched is None:
            return "it is switched off in the settings, or unknown to this Kishu"
        if value.host not in ("", _HOST):
            told = ", ".join(key for key, _ in value.changes)
            return f"it was set on another machine ({told})"
        return watched.setting.why_not(value.changes)

    def lost(self, name: str, value: Difference) -> str:
        """What of a difference will not come back, and why; empty if all of it will."""
        return self._by_name[name].setting.lost(value.changes)


_HOST = platform.node()


class _Watched:
    """One setting, what the kernel began with, and what it was when it was last looked at."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._base: Reading | None = None
        self._last: Reading | None = None
        self._value: Difference | None = None
        self._silent: Reading | None = None

    def look(self) -> Difference | None:
        """The difference that there is now; None for none."""
        with suppress(Exception):
            # Somebody else's option that can be neither read nor compared stops no commit.
            self._look()
        return self._value

    def _look(self) -> None:
        now = self.setting.read()
        if now is None or now == self._last:
            return
        if self._base is None:
            self._base = self.setting.begin(now)
        changes = self.setting.difference(self._base, now)
        self._last = now
        if now != self._silent:
            self._silent = None
        told = changes and self._silent is None
        found = Difference(_HOST if self.setting.local else "", changes) if told else None
        if found != self._value:
            self._value = found

    def put(self, value: Difference | None) -> None:
        """Make the difference this one."""
        now = self.look()
        if value == now:
            return
        wanted = dict(value.changes) if value is not None else {}
        base = self._base or {}
        changed = {key for key, _ in now.changes} if now is not None else set()
        back = {key: base.get(key, ABSENT) for key in changed - wanted.keys()}
        self.setting.write(back | wanted)
        if value is None:
            # A generator where it began is no part of a state that had none.
            self._silent, self._last = self.setting.read(), None
        if self.look() == value:
            # The very object, so that it is known by its identity.
            self._value = value
