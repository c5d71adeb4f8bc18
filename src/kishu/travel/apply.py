"""Put what was built in its place in the live session, so that all of it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from kishu.building.definition import Definition
from kishu.building.segment_updates import Edit, update_segments
from kishu.building.update import Inverse, run_all, spend, update, update_class, update_function
from kishu.guard import uninterrupted
from kishu.ports import Ambient


class Bytes(NamedTuple):
    """Write bytes into live memory.

    Attributes:
        target: the memory of a live object.
        at: the position of the first byte to be written.
        data: the bytes.
    """

    target: memoryview
    at: int
    data: bytes


class Changes:
    """Collect all that a restore will do to the session; everything it needs has been built.

    Attributes:
        bytes: bytes to be written into live memory.
        fills: live objects, each with a new object whose content it is given.
        segment_updates: live segmented containers, each with the edits to be made to it.
        definitions: live functions, classes and bare objects, each with what it is filled with.
        bind: the new values of variables, by name.
        unbind: the names of variables to be removed.
        settings: the values that settings are given, by name; None means as the kernel began.
    """

    def __init__(self) -> None:
        self.bytes: list[Bytes] = []
        self.fills: list[tuple[Any, Any]] = []
        self.segment_updates: list[tuple[Any, list[Edit]]] = []
        self.definitions: list[tuple[Any, Definition]] = []
        self.bind: dict[str, Any] = {}
        self.unbind: list[str] = []
        self.settings: dict[str, Any] = {}

    def apply(self, namespace: dict[str, Any], ambient: Ambient) -> Inverse:
        """Make all changes, or none, and forget them.

        Interrupts are held back meanwhile.

        Args:
            namespace: the user's namespace.
            ambient: the settings.

        Returns:
            The function that takes all changes back. It keeps the old values alive.

        Raises:
            KeyboardInterrupt: an interrupt was held back; all changes were made, and stay.
            BaseException: what went wrong; everything was taken back before.
        """
        inverses: list[Inverse] = []
        with uninterrupted():
            try:
                for change in self._changes(namespace, ambient):
                    inverses.append(change())
            except BaseException:
                run_all(inverses)
                raise
        for _, made in self.fills:
            spend(made)
        # The verifying walk reads reference counts: if these lists went on holding what is now in
        # the session, it would be taken for shared.
        for done in (
            self.bytes, self.fills, self.segment_updates, self.definitions, self.bind,
            self.settings,
        ):  # fmt: skip
            done.clear()
        return lambda: run_all(inverses)

    def _changes(
        self, namespace: dict[str, Any], ambient: Ambient
    ) -> Iterator[Callable[[], Inverse]]:
        """Yield functions in the order in which they are to be called; each makes one change."""
        for write in self.bytes:
            yield lambda write=write: _write(write)  # type: ignore[misc]
        for live, new in self.fills:
            yield lambda live=live, new=new: update(live, new)  # type: ignore[misc]
        for live, edits in self.segment_updates:
            yield lambda live=live, edits=edits: update_segments(live, edits)  # type: ignore[misc]
        for live, built in self.definitions:
            yield lambda live=live, built=built: _define(live, built)  # type: ignore[misc]
        for name in self.unbind:
            yield lambda name=name: _unbind(namespace, name)  # type: ignore[misc]
        for name, value in self.bind.items():
            yield lambda name=name, value=value: _bind(namespace, name, value)  # type: ignore[misc]
        for name, value in self.settings.items():
            yield lambda name=name, value=value: ambient.put(name, value)  # type: ignore[misc]


def _write(write: Bytes) -> Inverse:
    """Write bytes into live memory; return the inverse."""
    memory = write.target[write.at : write.at + len(write.data)]
    old = bytes(memory)
    memory[:] = write.data

    def back() -> None:
        memory[:] = old

    return back


def _define(live: Any, built: Definition) -> Inverse:
    """Give a live function or class what was built for it; return the inverse.

    A bare object stays as it is.
    """
    if isinstance(live, FunctionType):
        return update_function(live, built.made)
    if isinstance(live, type):
        inverses = [update_function(old, new) for old, new in built.refills]
        if live.__bases__ != built.made.__bases__:
            inverses.append(_rebase(live, built.made.__bases__))
        inverses.append(update_class(live, built.content))
        return lambda: run_all(inverses)
    return lambda: None


def _rebase(cls: type, bases: tuple[type, ...]) -> Inverse:
    """Give a live class other bases; return the inverse."""
    before = cls.__bases__
    cls.__bases__ = bases

    def back() -> None:
        cls.__bases__ = before

    return back


_UNBOUND = object()


def _bind(namespace: dict[str, Any], name: str, value: Any) -> Inverse:
    """Bind a variable; return the inverse."""
    old = namespace.get(name, _UNBOUND)
    namespace[name] = value
    return lambda: _put_back(namespace, name, old)


def _unbind(namespace: dict[str, Any], name: str) -> Inverse:
    """Remove a variable; return the inverse."""
    old = namespace.pop(name, _UNBOUND)
    return lambda: _put_back(namespace, name, old)


def _put_back(namespace: dict[str, Any], name: str, old: Any) -> None:
    """Bind a variable to its old value, or remove it if it was not bound."""
    if old is _UNBOUND:
        namespace.pop(name, None)
    else:
        namespace[name] = old
