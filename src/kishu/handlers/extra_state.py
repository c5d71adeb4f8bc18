"""Supplements: what is stored beside a class's own pickling, or in its place, where that lies.

Which ones, is found by trying (`travel/trial.py`), or learned from what was stored before.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from typing import Any

from kishu.format1 import builder
from kishu.handlers import loading
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.instances import Whole, fill_instance, make_instance, whole
from kishu.handlers.typeinfo import cached_names, is_seen_whole, slot_names, type_name


def can_be_passed_over(cls: type, reduced: tuple[Any, ...]) -> bool:
    """Whether unpickling an instance makes a new one in any case, and all of it can be seen.

    What a class looks up where it keeps its instances would come back as another beside it.
    """
    makes_anew = reduced[0] in (copyreg.__newobj__, copyreg.__newobj_ex__)  # type: ignore[attr-defined]
    return makes_anew and is_seen_whole(cls) and cls.__new__ in _ALLOCATING


_ALLOCATING = (object.__new__, dict.__new__, list.__new__)


def reduce_by_attributes(walk: Walk, obj: Any) -> Reduced:
    """An instance whose class is passed over."""
    if not walk.learned.is_proven(type(obj)):
        walk.opaque(type_name(type(obj)))
    return make_instance, (type(obj),), whole(walk, obj), None, None, fill_by_attributes


@builder
def fill_by_attributes(obj: Any, content: Whole) -> None:
    """Give an instance its content; its class is passed over from now on."""
    fill_instance(obj, content)
    loading.now().learned.pass_over([type(obj)])


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


def with_extra_state(walk: Walk, obj: Any, reduced: Reduced) -> Reduced:
    """What the object's own reduce gives, and what is known to be lost by it."""
    names = walk.learned.lost_names(type(obj))
    if not names or type(reduced) is not tuple or len(reduced) > 5:
        return reduced
    lost = {name: value for name, value in attributes(obj) if name in names}
    if not lost:
        return reduced
    walk.ignore_sharing(lost)
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    return make, arguments, (state, lost), items, pairs, fill_with_extra_state


@builder
def fill_with_extra_state(obj: Any, both: tuple[Any, dict[str, Any]]) -> None:
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
    loading.now().learned.lose(type(obj), lost)


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
