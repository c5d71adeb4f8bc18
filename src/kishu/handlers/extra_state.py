"""Reduce and rebuild instances whose class's own pickling loses attributes.

The attributes that it loses are stored beside what it gives (extra state), or all attributes are
stored in its place. For which classes, a round-trip check finds out, or a stored version tells.
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
    """Return True if instances may be stored by their attributes instead of their own pickling.

    All of an instance must be visible to Python, and unpickling must always make a new instance.
    Where a class finds an instance that it keeps, a second one would be made beside that.

    Args:
        cls: the class of the instance.
        reduced: what the instance's own reduce gave.
    """
    makes_anew = reduced[0] in (copyreg.__newobj__, copyreg.__newobj_ex__)  # type: ignore[attr-defined]
    return makes_anew and is_seen_whole(cls) and cls.__new__ in _ALLOCATING


_ALLOCATING = (object.__new__, dict.__new__, list.__new__)
"""The ``__new__`` methods that make a new instance in any case."""


def reduce_by_attributes(walk: Walk, obj: Any) -> Reduced:
    """Reduce an instance to its attributes and content, whatever its class gives to pickle.

    Notes in the walk that the type is opaque, until a round-trip check has confirmed it.
    """
    if not walk.learned.is_proven(type(obj)):
        walk.opaque(type_name(type(obj)))
    return make_instance, (type(obj),), whole(walk, obj), None, None, fill_by_attributes


@builder
def fill_by_attributes(obj: Any, content: Whole) -> None:
    """Give an instance its attributes and content.

    Other instances of its class are stored by their attributes from now on, too.
    """
    fill_instance(obj, content)
    loading.now().learned.pass_over([type(obj)])


def attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    """Yield an object's attributes with their values, those in slots included.

    Attributes that reading the object fills in (a `functools.cached_property`) are left out.
    """
    cls = type(obj)
    caches = cached_names(cls)
    for name, value in list(getattr(obj, "__dict__", {}).items()):
        if name not in caches:
            yield name, value
    for name in slot_names(cls):
        if hasattr(obj, name):
            yield name, getattr(obj, name)


def unsaid(obj: Any, reduced: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that are not in the state that an object's own reduce gave.

    An attribute counts as being there if the state, or a dict of a state that is a tuple, has the
    very value under the attribute's name.

    Args:
        obj: the object.
        reduced: what its own reduce gave.
    """
    state = reduced[2] if len(reduced) > 2 else None
    states = state if type(state) is tuple else (state,)
    dicts = [each for each in states if type(each) is dict]
    for name, value in attributes(obj):
        if not any(name in each and each[name] is value for each in dicts):
            yield name, value


def with_extra_state(walk: Walk, obj: Any, reduced: Reduced) -> Reduced:
    """Add to an object's reduction the attributes that its class is known to lose.

    Args:
        walk: the walk that met the object.
        obj: the object.
        reduced: what its own reduce gave.

    Returns:
        The reduction with the attributes in its state; ``reduced`` itself if nothing is lost, or if
        it has a function of its own that sets the state (a sixth item).
    """
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
    """Give an object its state in its class's own way, and then the attributes that this loses.

    The attributes are stored beside the state of other instances of the class from now on, too.

    Args:
        obj: the object.
        both: its state, None if it has none, and the lost attributes by name.
    """
    state, lost = both
    if state is not None:
        _set_state(obj, state)
    own_dict = getattr(obj, "__dict__", {})
    slots = set(slot_names(type(obj)))
    for name, value in lost.items():
        if name in slots:
            object.__setattr__(obj, name, value)
        else:
            # Setting the attribute could call a property, which may make something else of it.
            own_dict[name] = value
    loading.now().learned.lose(type(obj), lost)


def _set_state(obj: Any, state: Any) -> None:
    """Set an object's state as unpickling does."""
    set_state = getattr(obj, "__setstate__", None)
    if set_state is not None:
        set_state(state)
        return
    attributes, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    if attributes:
        obj.__dict__.update(attributes)
    for name, value in (slots or {}).items():
        setattr(obj, name, value)
