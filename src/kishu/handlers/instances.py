"""Instances of the notebook's classes: what `object.__reduce_ex__` gives, leaving no trace.

The default reduce writes ``__slotnames__`` into the class, which the user's code could see. What
unpickling would ask of the object, and call on it before it is whole, is not asked and called where
the class has its own answers.
"""

from __future__ import annotations

import copyreg
import types
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import by_default, handles
from kishu.handlers.typeinfo import (
    Kind,
    cached_names,
    is_compiled,
    is_transparent,
    kind_of,
    type_name,
)

Whole = tuple[dict[str, Any] | None, dict[str, Any], tuple[Any, ...], tuple[tuple[Any, Any], ...]]
"""An instance's attributes, slots, and what it holds as a list and as a dict."""

Content = tuple[
    dict[str, Any] | None, dict[str, Any], Iterator[Any] | None, Iterator[tuple[Any, Any]] | None
]
"""The same, not yet taken out of the containers."""


def without_caches(walk: Walk, obj: Any, reduced: Reduced) -> Reduced:
    """What the object's own reduce gives, without what reading leaves in its attributes."""
    caches = cached_names(type(obj))
    if not caches or type(reduced) is not tuple or len(reduced) < 3:
        return reduced
    make, arguments, state, *rest = reduced
    return make, arguments, _without(walk, state, caches), *rest


def _without(walk: Walk, state: Any, names: frozenset[str]) -> Any:
    if type(state) is tuple:
        return tuple(_without(walk, each, names) for each in state)
    if type(state) is not dict or names.isdisjoint(state):
        return state
    kept = {name: value for name, value in state.items() if name not in names}
    walk.ignore_sharing(kept)
    return kept


@by_default("hidden")
def reduce_hidden(walk: Walk, obj: Any) -> Reduced:
    """Leave out an instance of a class that hides memory and does not say how to pickle it."""
    detail = f"{type_name(type(obj))} keeps it where only its library sees it"
    return walk.unstorable(obj, "unreadable", detail)


@by_default("instance")
def reduce_instance(walk: Walk, obj: Any) -> Reduced:
    """By class, attributes, slots and, in a container's subclass, content."""
    cls = type(obj)
    kind = kind_of(cls)
    arguments: tuple[Any, ...] = ()
    if not (kind.careful and is_transparent(cls)):
        if hasattr(cls, "__getnewargs_ex__"):
            return NotImplemented
        if hasattr(cls, "__getnewargs__"):
            arguments = obj.__getnewargs__()
    state, slots, items, pairs = content = _content(walk, obj, kind)
    if walk.is_component(state) and not hasattr(cls, "__setstate__"):
        # ``vars(obj)`` is held by something else: the very dict, not a copy of what is in it.
        made_with = (cls, state, *arguments)
        return make_with_dict, made_with, (None, slots) if slots else None, items, pairs
    if kind.careful:
        return make_instance, (cls, *arguments), _whole(content), None, None, fill_instance
    return (
        copyreg.__newobj__,  # type: ignore[attr-defined]
        (cls, *arguments),
        (state, slots) if slots else state,
        items,
        pairs,
    )


def whole(walk: Walk, obj: Any) -> Whole:
    """What `fill_instance` gives an instance."""
    return _whole(_content(walk, obj, kind_of(type(obj))))


def _content(walk: Walk, obj: Any, kind: Kind) -> Content:
    cls = type(obj)
    state = _attributes(obj)
    if state is not None and not kind.caches.isdisjoint(state):
        state = {name: value for name, value in state.items() if name not in kind.caches}
        walk.ignore_sharing(state)
    slots = {name: value for name in kind.slots if (value := _slot(obj, name)) is not _EMPTY}
    items = list.__iter__(obj) if issubclass(cls, list) else None
    pairs = iter(dict.items(obj)) if issubclass(cls, dict) else None
    return state, slots, items, pairs


def _whole(content: Content) -> Whole:
    state, slots, items, pairs = content
    return state, slots, tuple(items or ()), tuple(pairs or ())


_EMPTY = object()


def _attributes(obj: Any) -> dict[str, Any] | None:
    """``obj.__dict__``, whatever the class answers."""
    try:
        found: dict[str, Any] = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return found


def _slot(obj: Any, name: str) -> Any:
    try:
        return object.__getattribute__(obj, name)
    except AttributeError:
        return _EMPTY


@handles("collections.defaultdict")
def reduce_defaultdict(walk: Walk, table: defaultdict[Any, Any]) -> Reduced:
    """One whose factory is its own method cannot be made with that factory."""
    if getattr(table.default_factory, "__self__", None) is not table:
        return NotImplemented
    whole = (None, {"default_factory": table.default_factory}, (), tuple(table.items()))
    return make_instance, (defaultdict,), whole, None, None, fill_instance


@builder
def make_with_dict(cls: type, attributes: dict[str, Any], *arguments: Any) -> Any:
    """An instance whose attributes are that very dict."""
    obj = cls.__new__(cls, *arguments)
    object.__setattr__(obj, "__dict__", attributes)
    return obj


@builder
def make_instance(cls: type, *arguments: Any) -> Any:
    """An instance that the class itself has no part in making."""
    base: Any = next(base for base in cls.__mro__ if is_compiled(base))
    return base.__new__(cls, *arguments)


@builder
def fill_instance(obj: Any, whole: Whole) -> None:
    """Give an instance its attributes, slots and content without asking its class."""
    state, slots, items, pairs = whole
    if state:
        object.__getattribute__(obj, "__dict__").update(state)
    for name, value in slots.items():
        _set_slot(obj, name, value)
    if items:
        list.extend(obj, items)
    table: Any = OrderedDict if isinstance(obj, OrderedDict) else dict
    for key, value in pairs:
        table.__setitem__(obj, key, value)


def _set_slot(obj: Any, name: str, value: Any) -> None:
    for base in type(obj).__mro__:
        member = base.__dict__.get(name)
        if isinstance(member, types.MemberDescriptorType):
            member.__set__(obj, value)
            return
    object.__setattr__(obj, name, value)
