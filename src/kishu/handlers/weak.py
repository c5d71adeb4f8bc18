"""Weak references: to what they refer to where that lives, else dead as they are."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles

Ref = weakref.ref[Any]


@handles("weakref.ReferenceType", "builtins.weakref", "builtins.ReferenceType")
def reduce_ref(walk: Walk, ref: Ref) -> Reduced:
    """By the object and the callback; where nothing else holds the object, it dies again."""
    obj = ref()
    if obj is None:
        return dead_ref, ()
    return make_ref, (obj, ref.__callback__)


@builder
def make_ref(obj: Any, callback: Callable[[Ref], Any] | None) -> Ref:
    """A reference to a live object."""
    return weakref.ref(obj, callback) if callback is not None else weakref.ref(obj)


class _Gone:
    """What a dead reference referred to."""


@builder
def dead_ref() -> Ref:
    """A reference to what is no more."""
    return weakref.ref(_Gone())


@handles("weakref.ProxyType", "weakref.CallableProxyType", "builtins.weakproxy",
         "builtins.weakcallableproxy")  # fmt: skip
def reduce_proxy(walk: Walk, proxy: Any) -> Reduced:
    """By the object."""
    try:
        obj = proxy.__reduce_ex__.__self__
    except ReferenceError:
        return dead_proxy, ()
    return weakref.proxy, (obj,)


@builder
def dead_proxy() -> Any:
    """A proxy of what is no more."""
    return weakref.proxy(_Gone())


@handles("weakref.WeakValueDictionary", "weakref.WeakKeyDictionary", "weakref.WeakSet")
def reduce_table(walk: Walk, table: Any) -> Reduced:
    """By the entries that are alive."""
    entries = list(table) if isinstance(table, weakref.WeakSet) else list(table.items())
    walk.ignore_sharing(entries)
    for entry in entries:
        walk.ignore_sharing(entry)
    return type(table), (), entries, None, None, fill_weak_table


@builder
def fill_weak_table(table: Any, entries: list[Any]) -> None:
    """Put the entries in."""
    if isinstance(table, weakref.WeakSet):
        table.update(entries)
    else:
        for key, value in entries:
            table[key] = value
