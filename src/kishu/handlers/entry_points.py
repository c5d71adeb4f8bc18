"""Load handlers of other distributions, when a walk first meets a class of their library.

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
    """Collect the builders and handlers that a distribution offers for one library.

    Attributes:
        package: the name of the library's top-level package, which is the entry point's name, too.
        version: the version of the builders. Count it up when a builder makes something else of
            the same arguments: streams store it, and are only built where it is the same.
        builders: the builders by name.

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
        """Let streams call a function under its own name; a decorator."""
        self.builders[built_by.__name__] = built_by
        _places[built_by] = (self.package, self.version, built_by.__name__)
        return built_by

    def handles(
        self,
        *names: str,
        subclasses: bool = False,
        sharing_is_state: bool = True,
        fill: Filler | None = None,
    ) -> Callable[[Reducer], Reducer]:
        """Declare a function the reducer for some types; return the decorator that does so.

        Args:
            names: the types' names, as ``module.qualname``.
            subclasses: True if the reducer serves the types' subclasses, too.
            sharing_is_state: True if it is state who shares such an object; False for objects that
                never change.
            fill: gives a live object the content of a new one; None where attributes and the
                content of a list, dict or set are all there is.
        """

        def add(reduce: Reducer) -> Reducer:
            self._handlers.append(Handler(names, reduce, subclasses, sharing_is_state, fill))
            return reduce

        return add

    def register(self) -> None:
        """Register the declared handlers, so that walks use them from now on."""
        for handler in self._handlers:
            register(handler)


_places: dict[Callable[..., Any], tuple[str, int, str]] = {}
"""The entry point, version and name of each builder that a `Registrar` has."""


def place_of_builder(function: Callable[..., Any]) -> tuple[str, int, str] | None:
    """Return the entry point, version and name of another distribution's builder.

    None if the function is no such builder.
    """
    return _places.get(function)


@builder
def of_entry_point(package: str, version: int, name: str) -> Any:
    """Return a builder of another distribution.

    Args:
        package: the entry point's name.
        version: the version of the builders that the stream was stored with.
        name: the builder's name.

    Raises:
        NotRecoverable: no such entry point is installed or it cannot be imported, its builders
            have another version, or none has that name.
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
    """Register another distribution's handlers for a class's library, if this was not done yet."""
    package = cls.__module__.partition(".")[0]
    if package in _met_packages or package in sys.stdlib_module_names or package == "__main__":
        return
    _met_packages.add(package)
    registrar = _load(package)
    if registrar is not None:
        registrar.register()


_met_packages: set[str] = set()
"""The top-level packages for which an entry point has been looked for."""


@functools.cache
def _entry_points() -> dict[str, metadata.EntryPoint]:
    """Return the installed entry points of handlers, by name."""
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


@functools.cache
def _load(package: str) -> Registrar | None:
    """Import a package's `Registrar`; return None if there is none, or if the import fails."""
    point = _entry_points().get(package)
    if point is None:
        return None
    try:
        found = point.load()
    except Exception:
        # A fault in another distribution must not cost the user a commit.
        return None
    return found if isinstance(found, Registrar) else None
