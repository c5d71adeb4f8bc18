"""Handlers of other distributions: found by entry point when a class of their library is first met.

A distribution that knows how to walk and rebuild objects of a library names, in the group
``kishu.handlers``, an object of `Registrar`; the entry point's name is the top-level package of
that library. Nothing is looked up when a session attaches.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

from kishu.errors import NotRecoverable
from kishu.format1 import Builder, builder
from kishu.handlers.api import Filler, Handler, Reducer
from kishu.handlers.treatments import before_deciding, register

GROUP = "kishu.handlers"


class Registrar:
    """What a distribution offers for one library.

    Args:
        package: the library's top-level package, which is the entry point's name as well.
        version: of what its builders make of their arguments; it is stored, and a stream is only
            built where the same version is installed.

    Example:
        >>> shapes = Registrar("shapes", version=1)
        >>> @shapes.builder
        ... def make_circle(radius):
        ...     import shapes
        ...
        ...     return shapes.Circle(radius)
        >>> @shapes.handles("shapes.Circle")
        ... def reduce_circle(walk, circle):
        ...     return make_circle, (circle.radius,)
    """

    def __init__(self, package: str, version: int) -> None:
        self.package = package
        self.version = version
        self.builders: dict[str, Callable[..., Any]] = {}
        self._handlers: list[Handler] = []

    def builder(self, built_by: Builder) -> Builder:
        """Let streams call a function, under its name."""
        self.builders[built_by.__name__] = built_by
        _named[built_by] = (self.package, self.version, built_by.__name__)
        return built_by

    def handles(
        self,
        *names: str,
        subclasses: bool = False,
        sharing_is_state: bool = True,
        fill: Filler | None = None,
    ) -> Callable[[Reducer], Reducer]:
        """Register a reducer for types named ``module.qualname``, as our own handlers do."""

        def add(reduce: Reducer) -> Reducer:
            self._handlers.append(Handler(names, reduce, subclasses, sharing_is_state, fill))
            return reduce

        return add

    def register(self) -> None:
        """Make known what was declared."""
        for handler in self._handlers:
            register(handler)


_named: dict[Callable[..., Any], tuple[str, int, str]] = {}


def place_of_builder(function: Callable[..., Any]) -> tuple[str, int, str] | None:
    """Give the entry point, version and name of somebody else's builder; None for others."""
    return _named.get(function)


@builder
def of_entry_point(package: str, version: int, name: str) -> Any:
    """Give the builder of that name that another distribution registered.

    Raises:
        NotRecoverable: it is not installed, or another version of it is.
    """
    registrar = _load(package)
    if registrar is None:
        raise NotRecoverable(
            f"It was stored by a handler for {package}, which is not installed here.",
            f"Install the distribution that has the entry point {package!r} in {GROUP!r}.",
        )
    if registrar.version != version or name not in registrar.builders:
        raise NotRecoverable(
            f"It was stored by version {version} of the handler for {package}; here is version"
            f" {registrar.version}.",
            "Install the version that stored it.",
        )
    return registrar.builders[name]


@before_deciding
def meet(cls: type) -> None:
    """Load what other distributions offer for a class's library, the first time it is met."""
    package = cls.__module__.partition(".")[0]
    if package in _met or package in sys.stdlib_module_names or package == "__main__":
        return
    _met.add(package)
    registrar = _load(package)
    if registrar is not None:
        registrar.register()


_met: set[str] = set()


@functools.cache
def _entry_points() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


@functools.cache
def _load(package: str) -> Registrar | None:
    """Import what an entry point names; one that fails is as none, and costs nobody a commit."""
    point = _entry_points().get(package)
    if point is None:
        return None
    try:
        found = point.load()
    except Exception:
        return None
    return found if isinstance(found, Registrar) else None
