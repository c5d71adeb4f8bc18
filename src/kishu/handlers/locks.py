"""Locks: a new one in the state of the old."""

from __future__ import annotations

import _thread
from typing import Any

from kishu.handlers.registry import Reduced, Walk, handles


@handles("_thread.lock")
def reduce_lock(walk: Walk, lock: Any) -> Reduced:
    """A lock by whether it is held."""
    return make_lock, (lock.locked(),)


def make_lock(locked: bool) -> Any:
    """A lock, held or not."""
    lock = _thread.allocate_lock()
    if locked:
        lock.acquire()
    return lock


@handles("_thread.RLock")
def reduce_rlock(walk: Walk, lock: Any) -> Reduced:
    """A re-entrant lock; one that is held belongs to a running thread and is left out."""
    if "owner=0" not in repr(lock):
        return walk.hole(lock, "it is held by a thread")
    return _thread.RLock, ()
