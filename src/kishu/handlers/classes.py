"""Reduce and rebuild classes: a library's by name, the notebook's by their members."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
import abc
import builtins
import enum
import types
from typing import Any

from kishu.handlers import loading
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.code import Content, Skeleton
from kishu.handlers.treatments import handles
from kishu.handlers.typeinfo import importable

_MADE_BY_TYPE = frozenset(
    {"__dict__", "__weakref__", "__slots__", "_abc_impl", "__abstractmethods__", "__firstlineno__",
     "__static_attributes__", "__slotnames__"}
)  # fmt: skip
"""The names in a class's ``__dict__`` that making a class, or pickling an instance, puts there."""

_SET_WITH_CARE = ("__doc__", "__module__")
"""The members that are set only where they differ, because setting them has further effects.

A class that had no ``__doc__`` of its own gets one; setting ``__module__`` removes the number of
the class's first line.
"""

_MADE_BY_ENUM = frozenset(
    {"_member_names_", "_member_map_", "_value2member_map_", "_unhashable_values_",
     "_hashable_values_", "_unhashable_values_map_", "_member_type_", "_value_repr_",
     "_use_args_", "_new_member_", "__new__", "_generate_next_value_", "_boundary_", "_flag_mask_",
     "_all_bits_", "_singles_mask_", "_inverted_", "_ignore_", "_sort_order_"}
)  # fmt: skip
"""The names in an enum's ``__dict__`` that making an enum puts there."""


@handles("builtins.type", subclasses=True, sharing_is_state=False)
def reduce_class(walk: Walk, cls: type) -> Reduced:
    """Reduce a class to its name if a library has it, to its object id if the notebook has it."""
    if cls.__module__ == "builtins":
        return NotImplemented if cls is builtin_type(cls.__name__) else _by_alias(walk, cls)
    if importable(cls):
        return NotImplemented
    return loading.definition, (walk.definition(cls),)


def _by_alias(walk: Walk, cls: type) -> Reduced:
    """Reduce a built-in type that `builtins` has no name for to the name that `types` has for it.

    It is unstorable if `types` has none either.
    """
    for name in types.__all__:
        if getattr(types, name) is cls:
            return getattr, (types, name)
    return walk.unstorable(cls, "live", "it is a built-in type without a name")


def builtin_type(name: str) -> Any:
    """Return the built-in of that name; None if there is none."""
    return getattr(builtins, name, None)


def parts_of_class(walk: Walk, cls: type) -> tuple[Skeleton, Content]:
    """Return the arguments with which `make_class` makes a class, and its members.

    Notes in the walk where the class stood.
    """
    members = own_members(cls)
    slots = cls.__dict__.get("__slots__")
    first = cls.__dict__.get("__firstlineno__")
    line = -1 if first is None else walk.note_code(first)
    if issubclass(cls, enum.Enum):
        values = {name: member._value_ for name, member in cls.__members__.items()}
        kind: str = "enum"
        extra: Any = values
    else:
        kind, extra = "class", slots
    names = (cls.__name__, cls.__qualname__, cls.__module__)
    return (kind, type(cls), cls.__bases__, *names, line, extra), members


def own_members(cls: type) -> Content:
    """Return the members that a class statement, or an assignment since, gave to the class.

    Those that Python itself makes, and an enum's constants, are left out. `ATTRIBUTES` and
    `REGISTERED` are among the names where they apply.
    """
    slots = cls.__dict__.get("__slots__", ())
    names = {slots} if isinstance(slots, str) else set(slots)
    skipped = _MADE_BY_TYPE | {_mangled(cls, name) for name in names}
    if issubclass(cls, enum.Enum):
        skipped |= _MADE_BY_ENUM | set(cls.__members__)
    members = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in skipped and not isinstance(value, types.GetSetDescriptorType)
    }
    if issubclass(cls, enum.Enum):
        members[ATTRIBUTES] = {
            name: vars(member).copy() for name, member in cls.__members__.items()
        }
    if isinstance(cls, abc.ABCMeta) and (registered := registered_with(cls)):
        members[REGISTERED] = registered
    return members


ATTRIBUTES = "\0attributes"
"""The key, in what `own_members` returns for an enum, of the attributes of each constant."""
REGISTERED = "\0registered"
"""The key, in what `own_members` returns for an abstract class, of the classes registered to it."""


def registered_with(cls: type) -> tuple[type, ...]:
    """Return the classes that were registered to an abstract class, sorted by module and name."""
    references = _abc._get_dump(cls)[0]
    alive = [other for reference in references if (other := reference()) is not None]
    return tuple(sorted(alive, key=lambda other: (other.__module__, other.__qualname__)))


def _register(cls: Any, others: tuple[type, ...]) -> None:
    """Register these classes, and no others, to an abstract class."""
    if registered_with(cls) != others:
        _abc._reset_registry(cls)
        _abc._reset_caches(cls)
        for other in others:
            cls.register(other)


def _mangled(cls: type, name: str) -> str:
    """Return the name under which a class keeps an attribute that its body calls ``name``."""
    if name.startswith("__") and not name.endswith("__"):
        return f"_{cls.__name__.lstrip('_')}{name}"
    return name


def make_class(
    kind: str,
    meta: type,
    bases: tuple[type, ...],
    name: str,
    qualname: str,
    module: str,
    line: int,
    extra: Any,
) -> type:
    """Make a class without its members.

    The user's ``__init_subclass__`` and metaclass do not run, unless the class is an enum.

    Args:
        kind: ``enum``, or ``class`` for any other.
        meta: the metaclass.
        bases: the base classes.
        name: the class's ``__name__``.
        qualname: the class's ``__qualname__``.
        module: the class's ``__module__``.
        line: the position, in the loading's notes, of the line where the class was defined; -1 if
            the class does not know its line (before Python 3.13).
        extra: an enum's values by name; the ``__slots__`` of any other class, None if it has none.
    """
    namespace: dict[str, Any] = {"__qualname__": qualname, "__module__": module}
    if any(base.__module__ == "typing" for base in bases):
        # Without this, ``type.__new__`` refuses a base of `typing` that is no class. The class gets
        # its true ``__orig_bases__`` with its members.
        namespace["__orig_bases__"] = ()
    if line >= 0:
        namespace["__firstlineno__"] = loading.now().code_place(line).line
    if kind == "enum":
        return _make_enum(meta, name, bases, namespace, extra)
    if extra is not None:
        namespace["__slots__"] = extra
    hooks = _remove_subclass_hooks(bases)
    try:
        if issubclass(meta, abc.ABCMeta):
            new: Any = abc.ABCMeta.__new__
        else:
            new = type.__new__
        made: type = new(meta, name, bases, namespace)
        return made
    finally:
        for base, hook in hooks:
            setattr(base, "__init_subclass__", hook)  # noqa: B010 - read-only to the type checker


def _remove_subclass_hooks(bases: tuple[type, ...]) -> list[tuple[type, Any]]:
    """Remove ``__init_subclass__`` from the notebook's classes among the bases' ancestors.

    The hook ran when the class was first made; its effects are state and are restored as such.

    Returns:
        The classes that had the hook, each with the hook, to be put back.
    """
    removed = []
    for base in {ancestor for parent in bases for ancestor in parent.__mro__}:
        hook = base.__dict__.get("__init_subclass__")
        if hook is not None and not importable(base) and base.__module__ != "builtins":
            removed.append((base, hook))
            delattr(base, "__init_subclass__")
    return removed


def _make_enum(
    meta: type, name: str, bases: tuple[type, ...], own: dict[str, Any], values: Content
) -> type:
    """Make an enum with its constants.

    Args:
        meta: the metaclass.
        name: the enum's ``__name__``.
        bases: the base classes.
        own: the names that the class statement sets by itself, such as ``__qualname__``.
        values: the constants' values by name.
    """
    namespace: Any = meta.__prepare__(name, bases)
    for member, value in {**own, **values}.items():
        namespace[member] = value
    made: type = meta(name, bases, namespace)
    return made


def fill_class(cls: type, members: Content) -> None:
    """Give a class the members that `own_members` returned, and remove all others.

    Members that are the same objects already are not set again.
    """
    for name in own_members(cls).keys() - members.keys():
        # The keys `ATTRIBUTES` and `REGISTERED` are no attributes.
        if not name.startswith("\0"):
            type.__delattr__(cls, name)
    present = cls.__dict__
    for name, value in members.items():
        if name.startswith("\0"):
            continue
        if name not in present or present[name] is not value:
            if name in _SET_WITH_CARE and present.get(name) == value:
                continue
            type.__setattr__(cls, name, value)
    if isinstance(cls, abc.ABCMeta):
        abstract: Any = cls
        abc.update_abstractmethods(abstract)
        _register(cls, members.get(REGISTERED, ()))
    for name, attributes in members.get(ATTRIBUTES, {}).items():
        member: Any = cls.__dict__["_member_map_"][name]
        vars(member).clear()
        vars(member).update(attributes)
