"""Reduce and rebuild locks, the thread's own data (`threading.local`) and `struct.Struct`."""

from __future__ import annotations

import _thread
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.instances import make_instance
from kishu.handlers.treatments import handles


@handles("_thread.lock")
def reduce_lock(walk: Walk, lock: Any) -> Reduced:
    """Reduce a lock to whether it is held."""
    return make_lock, (lock.locked(),)


@builder
def make_lock(locked: bool) -> Any:
    """Make a lock, which is held if ``locked`` is true."""
    lock = _thread.allocate_lock()
    if locked:
        lock.acquire()
    return lock


@handles("_thread.RLock")
def reduce_rlock(walk: Walk, lock: Any) -> Reduced:
    """Reduce a re-entrant lock to how many times this thread holds it.

    It is unstorable while another thread holds it.
    """
    if "owner=0" in repr(lock):
        return _thread.RLock, ()
    if not lock._is_owned():
        return walk.unstorable(lock, "live", "it is held by a thread")
    return make_rlock, (int(repr(lock).partition("count=")[2].partition(" ")[0]),)


@builder
def make_rlock(count: int) -> Any:
    """Make a re-entrant lock that this thread holds ``count`` times."""
    lock = _thread.RLock()
    for _ in range(count):
        lock.acquire()
    return lock


@handles("_thread._local", subclasses=True)
def reduce_local(walk: Walk, local: Any) -> Reduced:
    """Reduce a `threading.local` to its class and the attributes that this thread sees in it."""
    cls = type(local)
    attributes = dict(_thread._local.__getattribute__(local, "__dict__"))
    walk.ignore_sharing(attributes)
    if cls is _thread._local:
        return _thread._local, (), attributes, None, None, fill_local
    return make_instance, (cls,), attributes, None, None, fill_local


@builder
def fill_local(local: Any, attributes: dict[str, Any]) -> None:
    """Give a `threading.local` attributes that this thread sees."""
    _thread._local.__getattribute__(local, "__dict__").update(attributes)


@handles("_struct.Struct", sharing_is_state=False)
def reduce_struct(walk: Walk, layout: Any) -> Reduced:
    """Reduce a `struct.Struct` to its format."""
    return make_struct_layout, (layout.format,)


@builder
def make_struct_layout(format: str) -> Any:
    """Make a `struct.Struct` of a format."""
    import struct

    return struct.Struct(format)
