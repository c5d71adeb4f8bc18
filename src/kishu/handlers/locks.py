"""Locks: a new one in the state of the old."""

from __future__ import annotations

import _thread
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.instances import make_instance
from kishu.handlers.treatments import handles


@handles("_thread.lock")
def reduce_lock(walk: Walk, lock: Any) -> Reduced:
    """A lock by whether it is held."""
    return make_lock, (lock.locked(),)


@builder
def make_lock(locked: bool) -> Any:
    """A lock, held or not."""
    lock = _thread.allocate_lock()
    if locked:
        lock.acquire()
    return lock


@handles("_thread.RLock")
def reduce_rlock(walk: Walk, lock: Any) -> Reduced:
    """A re-entrant lock, and how often this thread holds it."""
    if "owner=0" in repr(lock):
        return _thread.RLock, ()
    if not lock._is_owned():
        return walk.unstorable(lock, "live", "it is held by a thread")
    return make_rlock, (int(repr(lock).partition("count=")[2].partition(" ")[0]),)


@builder
def make_rlock(count: int) -> Any:
    """A re-entrant lock that this thread has taken so often."""
    lock = _thread.RLock()
    for _ in range(count):
        lock.acquire()
    return lock


@handles("_thread._local", subclasses=True)
def reduce_local(walk: Walk, local: Any) -> Reduced:
    """What this thread sees in it."""
    cls = type(local)
    attributes = dict(_thread._local.__getattribute__(local, "__dict__"))
    walk.ignore_sharing(attributes)
    if cls is _thread._local:
        return _thread._local, (), attributes, None, None, fill_local
    return make_instance, (cls,), attributes, None, None, fill_local


@builder
def fill_local(local: Any, attributes: dict[str, Any]) -> None:
    """Set what this thread sees in it."""
    _thread._local.__getattribute__(local, "__dict__").update(attributes)


@handles("_struct.Struct", sharing_is_state=False)
def reduce_struct(walk: Walk, layout: Any) -> Reduced:
    """A struct's layout by its format."""
    return make_struct_layout, (layout.format,)


@builder
def make_struct_layout(format: str) -> Any:
    """A compiled layout."""
    import struct

    return struct.Struct(format)
