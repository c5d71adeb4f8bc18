"""Instances of the notebook's classes: what `object.__reduce_ex__` gives, leaving no trace.

The default reduce writes ``__slotnames__`` into the class, which the user's code could see. What
unpickling would ask of the object, and call on it before it is whole, is not asked and called where
the class has its own answers.
"""

from __future__ import annotations

import copyreg
import functools
import types
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from kishu.format1 import builder
from kishu.handlers.registry import (
    Reduced,
    Walk,
    handles,
    importable,
    is_compiled,
    type_name,
)

_SKIPPED = frozenset({"__dict__", "__weakref__"})
PICKLING = (
    "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__",
    "__getnewargs_ex__",
)  # fmt: skip
_ANSWERS = ("__getattr__", "__getattribute__", "__setattr__", "__setitem__", "append", "extend")


Whole = tuple[dict[str, Any] | None, dict[str, Any], tuple[Any, ...], tuple[tuple[Any, Any], ...]]
"""An instance's attributes, slots, and what it holds as a list and as a dict."""

Content = tuple[
    dict[str, Any] | None, dict[str, Any], Iterator[Any] | None, Iterator[tuple[Any, Any]] | None
]
"""The same, not yet taken out of the containers."""


class _Kind(NamedTuple):
    """What instances of a class need.

    Attributes:
        slots: the names of their slots.
        caches: names that reading fills: no state.
        careful: whether they must be made and filled without asking the class.
    """

    slots: tuple[str, ...]
    caches: frozenset[str]
    careful: bool


_kinds: weakref.WeakKeyDictionary[type, tuple[tuple[int, ...], _Kind]] = weakref.WeakKeyDictionary()


def has_caches(cls: type) -> bool:
    """Whether reading attributes leaves something in instances."""
    return bool(_kind_of(cls).caches)


def _kind_of(cls: type) -> _Kind:
    # A class that was changed since has other members, or more.
    sign = tuple(len(base.__dict__) for base in cls.__mro__)
    found = _kinds.get(cls)
    if found is not None and found[0] == sign:
        return found[1]
    kind = _Kind(tuple(_slot_names(cls)), _cached_names(cls), _is_careful(cls))
    _kinds[cls] = sign, kind
    return kind


def is_careful(cls: type) -> bool:
    """Whether instances are made and filled without asking their class."""
    return _kind_of(cls).careful


def slot_names(cls: type) -> tuple[str, ...]:
    """The names of all slots that instances have, as attributes are set."""
    return _kind_of(cls).slots


def cached_names(cls: type) -> frozenset[str]:
    """The names under which reading an attribute leaves what it computed."""
    return _kind_of(cls).caches


def _slot_names(cls: type) -> list[str]:
    names = ["default_factory"] if issubclass(cls, defaultdict) else []
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot in _SKIPPED:
                continue
            private = slot.startswith("__") and not slot.endswith("__")
            stripped = base.__name__.lstrip("_")
            names.append(f"_{stripped}{slot}" if private and stripped else slot)
    return names


def _cached_names(cls: type) -> frozenset[str]:
    members = [item for base in cls.__mro__ for item in base.__dict__.items()]
    cached = {name for name, member in members if type(member) is functools.cached_property}
    if any(not _IN_ONE_DICT.isdisjoint(_bases(member)) for _, member in members):
        # What all of them have computed is in one dict.
        cached.add("_cache")
    return frozenset(cached).union(*(_FILLED.get(type_name(base), ()) for base in cls.__mro__))


_IN_ONE_DICT = {
    (library, name)
    for library in ("pandas", "statsmodels")
    for name in ("CachedProperty", "CachedAttribute", "cache_readonly")
}
"""The cached properties of pandas and of statsmodels, whose modules have moved."""

_FILLED = {
    "statsmodels.base.model.Results": (
        "diagn",
        "_nobs_int",
        "_summary_cache",
        "_summary_statistics_cache",
    ),
}
"""Attributes that libraries set when they are asked for something, by class."""


def _bases(member: object) -> Iterator[tuple[str, str]]:
    return ((type_name(base).partition(".")[0], base.__name__) for base in type(member).__mro__)


def without_caches(walk: Walk, obj: Any, reduced: Reduced) -> Reduced:
    """What the object's own reduce gives, without what reading leaves in its attributes."""
    caches = _kind_of(type(obj)).caches
    if not caches or type(reduced) is not tuple or len(reduced) < 3:
        return reduced
    make, arguments, state, *rest = reduced
    return make, arguments, _without(walk, state, caches), *rest


def _without(walk: Walk, state: Any, names: frozenset[str]) -> Any:
    if type(state) is tuple:
        return tuple(_without(walk, each, names) for each in state)
    if type(state) is not dict or names.isdisjoint(state):
        return state
    kept = {name: value for name, value in state.items() if name not in names}
    walk.ignore_sharing(kept)
    return kept


def is_transparent(cls: type) -> bool:
    """Whether an instance is its attributes, slots and a list's or dict's content, all to be seen.

    What such a class of the notebook says to pickle may leave something out, and is not asked.
    """
    return is_seen_whole(cls) and not any(
        # A library's own way, which may be the only one that knows.
        not base.__dict__.keys().isdisjoint(PICKLING) and importable(base)
        for base in cls.__mro__
        if not is_compiled(base)
    )


def is_seen_whole(cls: type) -> bool:
    """Whether nothing of an instance is hidden in memory that Python does not see."""
    compiled = all(base in _SEEN for base in cls.__mro__ if is_compiled(base))
    return compiled and not hides_memory(cls)


_SEEN = frozenset((object, list, dict, OrderedDict, defaultdict))
_MANAGED_DICT = 1 << 4
"""The type flag that says that an instance's dict is not among its own bytes."""


def hides_memory(cls: type) -> bool:
    """Tell whether instances have bytes beside attributes, slots, and a list's or dict's content.

    Read off the sizes, as `object.__reduce_ex__` does: flags do not tell a class made in C from one
    made by a class statement.
    """
    base = next(base for base in cls.__mro__ if base in _SEEN)
    known = base.__basicsize__
    pointer = object.__basicsize__ // 2
    if cls.__dictoffset__ and not base.__dictoffset__ and not cls.__flags__ & _MANAGED_DICT:
        known += pointer
    if cls.__weakrefoffset__ > 0 and not base.__weakrefoffset__ > 0:
        known += pointer
    known += pointer * sum(name != "default_factory" for name in _slot_names(cls))
    return cls.__basicsize__ > known or cls.__itemsize__ > base.__itemsize__


def reduce_hidden(walk: Walk, obj: Any) -> Reduced:
    """Leave out an instance of a class that hides memory and does not say how to pickle it."""
    detail = f"{type_name(type(obj))} keeps it where only its library sees it"
    return walk.unstorable(obj, "unreadable", detail)


def _is_careful(cls: type) -> bool:
    own = {name for base in cls.__mro__ if not is_compiled(base) for name in base.__dict__}
    if is_transparent(cls) and not importable(cls):
        return not own.isdisjoint((*_ANSWERS, *PICKLING, "__new__"))
    if hasattr(cls, "__setstate__"):
        return False
    return not own.isdisjoint(_ANSWERS) or ("__new__" in own and "__getnewargs__" not in own)


def reduce_instance(walk: Walk, obj: Any) -> Reduced:
    """By class, attributes, slots and, in a container's subclass, content."""
    cls = type(obj)
    kind = _kind_of(cls)
    arguments: tuple[Any, ...] = ()
    if not (kind.careful and is_transparent(cls)):
        if hasattr(cls, "__getnewargs_ex__"):
            return NotImplemented
        if hasattr(cls, "__getnewargs__"):
            arguments = obj.__getnewargs__()
    state, slots, items, pairs = content = _content(walk, obj, kind)
    if walk.is_component(state) and not hasattr(cls, "__setstate__"):
        # ``vars(obj)`` is held by something else: the very dict, not a copy of what is in it.
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
    """What `fill_instance` gives an instance."""
    return _whole(_content(walk, obj, _kind_of(type(obj))))


def _content(walk: Walk, obj: Any, kind: _Kind) -> Content:
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
    state, slots, items, pairs = content
    return state, slots, tuple(items or ()), tuple(pairs or ())


_EMPTY = object()


def _attributes(obj: Any) -> dict[str, Any] | None:
    """``obj.__dict__``, whatever the class answers."""
    try:
        found: dict[str, Any] = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return found


def _slot(obj: Any, name: str) -> Any:
    try:
        return object.__getattribute__(obj, name)
    except AttributeError:
        return _EMPTY


@handles("collections.defaultdict")
def reduce_defaultdict(walk: Walk, table: defaultdict[Any, Any]) -> Reduced:
    """One whose factory is its own method cannot be made with that factory."""
    if getattr(table.default_factory, "__self__", None) is not table:
        return NotImplemented
    whole = (None, {"default_factory": table.default_factory}, (), tuple(table.items()))
    return make_instance, (defaultdict,), whole, None, None, fill_instance


@builder
def make_with_dict(cls: type, attributes: dict[str, Any], *arguments: Any) -> Any:
    """An instance whose attributes are that very dict."""
    obj = cls.__new__(cls, *arguments)
    object.__setattr__(obj, "__dict__", attributes)
    return obj


@builder
def make_instance(cls: type, *arguments: Any) -> Any:
    """An instance that the class itself has no part in making."""
    base: Any = next(base for base in cls.__mro__ if is_compiled(base))
    return base.__new__(cls, *arguments)


@builder
def fill_instance(obj: Any, whole: Whole) -> None:
    """Give an instance its attributes, slots and content without asking its class."""
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
    for base in type(obj).__mro__:
        member = base.__dict__.get(name)
        if isinstance(member, types.MemberDescriptorType):
            member.__set__(obj, value)
            return
    object.__setattr__(obj, name, value)
