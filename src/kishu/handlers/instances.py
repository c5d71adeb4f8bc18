"""Reduce and rebuild instances of the notebook's classes by their attributes and content.

`object.__reduce_ex__` would do, but writes ``__slotnames__`` into the class, where the user's code
can see it. And where a class redefines what unpickling calls on an object that is not yet complete,
such as ``__setattr__``, the instance is made and filled without calling that.
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
"""An instance's attributes, slots, and its elements as a list and its items as a dict.

The attributes are None if it has no ``__dict__``; the others are empty if it has none.
"""

Content = tuple[
    dict[str, Any] | None, dict[str, Any], Iterator[Any] | None, Iterator[tuple[Any, Any]] | None
]
"""The same with iterators over the elements and items, None if it is no list or no dict."""


def without_caches(walk: Walk, obj: Any, reduced: Reduced) -> Reduced:
    """Remove from an object's reduction the attributes that reading the object fills in.

    Args:
        walk: the walk that met the object.
        obj: the object.
        reduced: what the object's own reduce gave.
    """
    caches = cached_names(type(obj))
    if not caches or type(reduced) is not tuple or len(reduced) < 3:
        return reduced
    make, arguments, state, *rest = reduced
    return make, arguments, _without(walk, state, caches), *rest


def _without(walk: Walk, state: Any, names: frozenset[str]) -> Any:
    """Return a state without these names in its dict, or in the dicts of its tuple."""
    if type(state) is tuple:
        return tuple(_without(walk, each, names) for each in state)
    if type(state) is not dict or names.isdisjoint(state):
        return state
    remaining = {name: value for name, value in state.items() if name not in names}
    walk.ignore_sharing(remaining)
    return remaining


@by_default("hidden")
def reduce_hidden(walk: Walk, obj: Any) -> Reduced:
    """Leave out an instance of a class that hides memory and does not say how to pickle it."""
    detail = f"{type_name(type(obj))} keeps it where only its library sees it"
    return walk.unstorable(obj, "unreadable", detail)


@by_default("instance")
def reduce_instance(walk: Walk, obj: Any) -> Reduced:
    """Reduce an instance to its class, attributes, slots and, if it is a list or dict, content.

    NotImplemented if the class's ``__getnewargs_ex__`` is needed to make it.
    """
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
        # Something else holds ``vars(obj)``, too: the new object's attributes must be that dict
        # itself, and not a copy.
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
    """Return all of an instance's content, in the form that `fill_instance` takes."""
    return _whole(_content(walk, obj, kind_of(type(obj))))


def _content(walk: Walk, obj: Any, kind: Kind) -> Content:
    """Return an instance's content, without the attributes that reading the instance fills in."""
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
    """Return content with its iterators used up into tuples."""
    state, slots, items, pairs = content
    return state, slots, tuple(items or ()), tuple(pairs or ())


_EMPTY = object()


def _attributes(obj: Any) -> dict[str, Any] | None:
    """Return ``obj.__dict__`` without asking the class; None if the object has none."""
    try:
        attributes: dict[str, Any] = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return attributes


def _slot(obj: Any, name: str) -> Any:
    """Return what is in a slot without asking the class; `_EMPTY` if nothing is."""
    try:
        return object.__getattribute__(obj, name)
    except AttributeError:
        return _EMPTY


@handles("collections.defaultdict")
def reduce_defaultdict(walk: Walk, table: defaultdict[Any, Any]) -> Reduced:
    """Reduce a `defaultdict` whose factory is a method of its own; NotImplemented for any other.

    Its own reduce would make it with that factory, which cannot exist before it.
    """
    if getattr(table.default_factory, "__self__", None) is not table:
        return NotImplemented
    whole = (None, {"default_factory": table.default_factory}, (), tuple(table.items()))
    return make_instance, (defaultdict,), whole, None, None, fill_instance


@builder
def make_with_dict(cls: type, attributes: dict[str, Any], *arguments: Any) -> Any:
    """Make an instance whose ``__dict__`` is that very dict."""
    obj = cls.__new__(cls, *arguments)
    object.__setattr__(obj, "__dict__", attributes)
    return obj


@builder
def make_instance(cls: type, *arguments: Any) -> Any:
    """Make an instance with the ``__new__`` of a class's first compiled base, not its own."""
    base: Any = next(base for base in cls.__mro__ if is_compiled(base))
    return base.__new__(cls, *arguments)


@builder
def fill_instance(obj: Any, whole: Whole) -> None:
    """Give an instance its attributes, slots and content without calling what its class defines."""
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
    """Set a slot, or where the class has no such slot an attribute, without asking the class."""
    for base in type(obj).__mro__:
        member = base.__dict__.get(name)
        if isinstance(member, types.MemberDescriptorType):
            member.__set__(obj, value)
            return
    object.__setattr__(obj, name, value)
