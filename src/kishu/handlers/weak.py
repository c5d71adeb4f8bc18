"""Reduce and rebuild weak references, weak proxies and the containers made of them.

One whose object is alive is rebuilt around that object; one whose object is gone is rebuilt dead.
"""

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
    """Reduce a weak reference to its object and its callback, or to a dead one.

    After a restore, an object that nothing else holds dies again at once.
    """
    obj = ref()
    if obj is None:
        return dead_ref, ()
    return make_ref, (obj, ref.__callback__)


@builder
def make_ref(obj: Any, callback: Callable[[Ref], Any] | None) -> Ref:
    """Return a weak reference to an object, with a callback or without (None)."""
    return weakref.ref(obj, callback) if callback is not None else weakref.ref(obj)


class _Gone:
    """Serve as the object of a reference that shall be dead: no instance lives on."""


@builder
def dead_ref() -> Ref:
    """Return a weak reference whose object is gone."""
    return weakref.ref(_Gone())


@handles("weakref.ProxyType", "weakref.CallableProxyType", "builtins.weakproxy",
         "builtins.weakcallableproxy")  # fmt: skip
def reduce_proxy(walk: Walk, proxy: Any) -> Reduced:
    """Reduce a weak proxy to its object, or to a dead proxy."""
    try:
        # A proxy passes the look-up on: the bound method that it gives is the object's.
        obj = proxy.__reduce_ex__.__self__
    except ReferenceError:
        return dead_proxy, ()
    return weakref.proxy, (obj,)


@builder
def dead_proxy() -> Any:
    """Return a weak proxy whose object is gone."""
    return weakref.proxy(_Gone())


@handles("weakref.WeakValueDictionary", "weakref.WeakKeyDictionary", "weakref.WeakSet")
def reduce_table(walk: Walk, table: Any) -> Reduced:
    """Reduce a weak dictionary or set to those of its entries that are alive."""
    entries = list(table) if isinstance(table, weakref.WeakSet) else list(table.items())
    walk.ignore_sharing(entries)
    for entry in entries:
        walk.ignore_sharing(entry)
    return type(table), (), entries, None, None, fill_weak_table


@builder
def fill_weak_table(table: Any, entries: list[Any]) -> None:
    """Put entries into a weak set, or pairs of key and value into a weak dictionary."""
    if isinstance(table, weakref.WeakSet):
        table.update(entries)
    else:
        for key, value in entries:
            table[key] = value
