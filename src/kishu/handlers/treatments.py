"""The table of treatments: how objects of each type are walked, decided once and remembered.

A handler names its types by text, so that no library is imported that the user's session has not
imported itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import NamedTuple

from kishu.handlers.api import Filler, Handler, Reducer
from kishu.handlers.typeinfo import (
    cached_names,
    has_own_reduce,
    hides_memory,
    importable,
    is_compiled,
    is_faithful,
    is_transparent,
    is_value,
    tells_arguments,
    type_name,
)


class Treatment(NamedTuple):
    """How a type is walked.

    Attributes:
        reduce: the handler's reducer, None for the object's own reduce.
        sharing_is_state: whether two variables that share such an object are tied by it.
        opaque: whether only the type's own reduce describes it.
        plain: whether an instance is its attributes, and a container's content, alone.
        compiled: whether it is a compiled type with a reduce of its own, which may make objects
            in passing.
        fill: gives one object the content of another, where that takes more than attributes.
    """

    reduce: Reducer | None
    sharing_is_state: bool
    opaque: bool = False
    plain: bool = False
    compiled: bool = False
    fill: Filler | None = None


_handlers: dict[str, Handler] = {}
_decided: dict[int, tuple[weakref.ref[type], Treatment]] = {}
_listeners: list[Callable[[type], None]] = []
_defaults: dict[str, Reducer] = {}


def register(handler: Handler) -> None:
    """Take in what is known of how objects of some types are walked and rebuilt."""
    _handlers.update(dict.fromkeys(handler.types, handler))
    _decided.clear()


def handles(
    *names: str, subclasses: bool = False, sharing_is_state: bool = True, fill: Filler | None = None
) -> Callable[[Reducer], Reducer]:
    """Register a function as the reducer for types named ``module.qualname``."""

    def take(reduce: Reducer) -> Reducer:
        register(Handler(names, reduce, subclasses, sharing_is_state, fill))
        return reduce

    return take


def are_values(*names: str, subclasses: bool = False) -> None:
    """Say that sharing objects of these types is no state; their own reduce serves."""
    register(Handler(names, subclasses=subclasses, sharing=False))


def by_default(what: str) -> Callable[[Reducer], Reducer]:
    """Register the reducer for what no handler names.

    Args:
        what: ``instance``, for those that are their attributes alone, or ``hidden``, for those that
            keep something where only their library sees it.
    """

    def take(reduce: Reducer) -> Reducer:
        _defaults[what] = reduce
        return reduce

    return take


def before_deciding(listener: Callable[[type], None]) -> Callable[[type], None]:
    """Have a function called with each class that is met for the first time; it may `register`."""
    _listeners.append(listener)
    return listener


def treatment(cls: type) -> Treatment:
    """Return how objects of that very type are walked."""
    found = _decided.get(id(cls))
    if found is not None and found[0]() is cls:
        return found[1]
    for listener in _listeners:
        listener(cls)
    decided = _decide(cls)
    _decided[id(cls)] = (weakref.ref(cls), decided)
    return decided


def _decide(cls: type) -> Treatment:
    for base in cls.__mro__:
        handler = _handlers.get(type_name(base))
        if handler is not None and (base is cls or handler.subclasses):
            return Treatment(handler.encode, handler.sharing, fill=handler.fill)
    sharing_is_state = not is_value(cls)
    by_attributes = not has_own_reduce(cls) or (is_transparent(cls) and not importable(cls))
    if by_attributes and not (importable(cls) or tells_arguments(cls)) and hides_memory(cls):
        # What its ``__new__`` alone makes is no object of its library's, and may end the process.
        return Treatment(_defaults["hidden"], sharing_is_state)
    opaque = not by_attributes and not is_faithful(cls)
    plain = by_attributes and cls.__module__ != "builtins"
    reduce = None
    if plain and (not importable(cls) or cached_names(cls)):
        reduce = _defaults["instance"]
    compiled = not by_attributes and is_compiled(cls)
    return Treatment(reduce, sharing_is_state, opaque, plain, compiled)
