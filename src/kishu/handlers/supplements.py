"""Supplements: attributes that a class's own pickling leaves out are stored beside it.

Which ones, is found by trying (`travel/trial.py`), or learned from what was stored before.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator
from typing import Any

from kishu.handlers.instances import cached_names, slot_names
from kishu.handlers.registry import Reduced, Walk

_lost: weakref.WeakKeyDictionary[type, frozenset[str]] = weakref.WeakKeyDictionary()


def lost_names(cls: type) -> frozenset[str]:
    """The attributes that instances of the class are known to lose."""
    return _lost.get(cls, frozenset())


def learn(cls: type, names: Collection[str]) -> bool:
    """Take note of attributes that instances of the class lose; whether that is news."""
    known = lost_names(cls)
    if known.issuperset(names):
        return False
    _lost[cls] = known.union(names)
    return True


def attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds by name, but for what reading fills."""
    cls = type(obj)
    caches = cached_names(cls)
    for name, value in list(getattr(obj, "__dict__", {}).items()):
        if name not in caches:
            yield name, value
    for name in slot_names(cls):
        if hasattr(obj, name):
            yield name, getattr(obj, name)


def unsaid(obj: Any, reduced: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The attributes that the state in a reduce does not have by their names."""
    state = reduced[2] if len(reduced) > 2 else None
    said = [each for each in (state if type(state) is tuple else (state,)) if type(each) is dict]
    for name, value in attributes(obj):
        if not any(name in each and each[name] is value for each in said):
            yield name, value


def supplemented(walk: Walk, obj: Any, reduced: Reduced) -> Reduced:
    """What the object's own reduce gives, and what is known to be lost by it."""
    names = lost_names(type(obj))
    if not names or type(reduced) is not tuple or len(reduced) > 5:
        return reduced
    lost = {name: value for name, value in attributes(obj) if name in names}
    if not lost:
        return reduced
    walk.by_value(lost)
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    return make, arguments, (state, lost), items, pairs, fill_supplemented


def fill_supplemented(obj: Any, both: tuple[Any, dict[str, Any]]) -> None:
    """Give an object its state in its own way, and then what that leaves out."""
    state, lost = both
    if state is not None:
        _set_state(obj, state)
    held = getattr(obj, "__dict__", {})
    slots = set(slot_names(type(obj)))
    for name, value in lost.items():
        if name in slots:
            object.__setattr__(obj, name, value)
        else:
            # Not by way of a descriptor, which may make something else of it.
            held[name] = value
    learn(type(obj), lost)


def _set_state(obj: Any, state: Any) -> None:
    """As unpickling does."""
    set_state = getattr(obj, "__setstate__", None)
    if set_state is not None:
        set_state(state)
        return
    attributes, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    if attributes:
        obj.__dict__.update(attributes)
    for name, value in (slots or {}).items():
        setattr(obj, name, value)
