"""Instances of the notebook's classes: what `object.__reduce_ex__` gives, leaving no trace.

The default reduce writes ``__slotnames__`` into the class, which the user's code could see.
"""

from __future__ import annotations

import copyreg
from typing import Any

from kishu.handlers.registry import Reduced, Walk

_SKIPPED = frozenset({"__dict__", "__weakref__"})


def slot_names(cls: type) -> list[str]:
    """The names of all slots that instances have, as attributes are set."""
    names = []
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot in _SKIPPED:
                continue
            private = slot.startswith("__") and not slot.endswith("__")
            stripped = base.__name__.lstrip("_")
            names.append(f"_{stripped}{slot}" if private and stripped else slot)
    return names


def reduce_instance(walk: Walk, obj: Any) -> Reduced:
    """By class, attributes, slots and, in a container's subclass, content."""
    cls = type(obj)
    arguments: tuple[Any, ...] = ()
    if hasattr(cls, "__getnewargs_ex__"):
        return NotImplemented
    if hasattr(cls, "__getnewargs__"):
        arguments = obj.__getnewargs__()
    state = getattr(obj, "__dict__", None)
    slots = {name: getattr(obj, name) for name in slot_names(cls) if hasattr(obj, name)}
    reduced = (
        copyreg.__newobj__,  # type: ignore[attr-defined]
        (cls, *arguments),
        (state, slots) if slots else state,
        list.__iter__(obj) if issubclass(cls, list) else None,
        iter(dict.items(obj)) if issubclass(cls, dict) else None,
    )
    if walk.is_apart(state) and not hasattr(cls, "__setstate__"):
        # ``vars(obj)`` is held by something else: the very dict, not a copy of what is in it.
        made_with = (cls, state, *arguments)
        return make_around, made_with, (None, slots) if slots else None, *reduced[3:]
    return reduced


def make_around(cls: type, attributes: dict[str, Any], *arguments: Any) -> Any:
    """An instance whose attributes are that very dict."""
    obj = cls.__new__(cls, *arguments)
    object.__setattr__(obj, "__dict__", attributes)
    return obj
