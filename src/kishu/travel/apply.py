"""Putting what was built in place: bindings and patches, each with its inverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from kishu.building.build import Definition
from kishu.building.segment_updates import Edit, update_segments
from kishu.building.update import Inverse, run_all, spend, update, update_class, update_function
from kishu.guard import uninterrupted
from kishu.ports import Ambient


class Bytes(NamedTuple):
    """Bytes to write into live memory."""

    target: memoryview
    at: int
    data: bytes


class Changes:
    """All that a restore will do to the session, ready: nothing more can fail to be read."""

    def __init__(self) -> None:
        self.bytes: list[Bytes] = []
        self.fills: list[tuple[Any, Any]] = []
        self.segment_updates: list[tuple[Any, list[Edit]]] = []
        self.definitions: list[tuple[Any, Definition]] = []
        self.bind: dict[str, Any] = {}
        self.unbind: list[str] = []
        self.settings: dict[str, Any] = {}

    def apply(self, namespace: dict[str, Any], ambient: Ambient) -> Inverse:
        """Do it, or nothing of it; gives the function that takes it back.

        The old values stay alive until the inverse is let go.

        Raises:
            BaseException: what went wrong, after everything was taken back.
        """
        inverses: list[Inverse] = []
        with uninterrupted():
            try:
                for do in self._actions(namespace, ambient):
                    inverses.append(do())
            except BaseException:
                run_all(inverses)
                raise
        for _, made in self.fills:
            spend(made)
        # What was put in is held by the session now, and by nothing else: a look at it must not
        # take it for shared.
        for done in (
            self.bytes, self.fills, self.segment_updates, self.definitions, self.bind,
            self.settings,
        ):  # fmt: skip
            done.clear()
        return lambda: run_all(inverses)

    def _actions(
        self, namespace: dict[str, Any], ambient: Ambient
    ) -> Iterator[Callable[[], Inverse]]:
        for write in self.bytes:
            yield lambda write=write: _write(write)  # type: ignore[misc]
        for live, new in self.fills:
            yield lambda live=live, new=new: update(live, new)  # type: ignore[misc]
        for live, edits in self.segment_updates:
            yield lambda live=live, edits=edits: update_segments(live, edits)  # type: ignore[misc]
        for live, halves in self.definitions:
            yield lambda live=live, halves=halves: _define(live, halves)  # type: ignore[misc]
        for name in self.unbind:
            yield lambda name=name: _unbind(namespace, name)  # type: ignore[misc]
        for name, value in self.bind.items():
            yield lambda name=name, value=value: _bind(namespace, name, value)  # type: ignore[misc]
        for name, value in self.settings.items():
            yield lambda name=name, value=value: ambient.put(name, value)  # type: ignore[misc]


def _write(write: Bytes) -> Inverse:
    place = write.target[write.at : write.at + len(write.data)]
    old = bytes(place)
    place[:] = write.data

    def back() -> None:
        place[:] = old

    return back


def _define(live: Any, halves: Definition) -> Inverse:
    if isinstance(live, FunctionType):
        return update_function(live, halves.made)
    if isinstance(live, type):
        inverses = [update_function(old, new) for old, new in halves.refills]
        if live.__bases__ != halves.made.__bases__:
            inverses.append(_rebase(live, halves.made.__bases__))
        inverses.append(update_class(live, halves.content))
        return lambda: run_all(inverses)
    return lambda: None


def _rebase(cls: type, bases: tuple[type, ...]) -> Inverse:
    before = cls.__bases__
    cls.__bases__ = bases

    def back() -> None:
        cls.__bases__ = before

    return back


_UNBOUND = object()


def _bind(namespace: dict[str, Any], name: str, value: Any) -> Inverse:
    old = namespace.get(name, _UNBOUND)
    namespace[name] = value
    return lambda: _put_back(namespace, name, old)


def _unbind(namespace: dict[str, Any], name: str) -> Inverse:
    old = namespace.pop(name, _UNBOUND)
    return lambda: _put_back(namespace, name, old)


def _put_back(namespace: dict[str, Any], name: str, old: Any) -> None:
    if old is _UNBOUND:
        namespace.pop(name, None)
    else:
        namespace[name] = old
