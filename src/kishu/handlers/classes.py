"""Classes of the notebook: by value, their methods with the notebook as their globals."""

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
_SET_WITH_CARE = ("__doc__", "__module__")
"""Setting them has effects: a first ``__doc__`` appears, ``__module__`` drops the line number."""

_MADE_BY_ENUM = frozenset(
    {"_member_names_", "_member_map_", "_value2member_map_", "_unhashable_values_",
     "_hashable_values_", "_unhashable_values_map_", "_member_type_", "_value_repr_",
     "_use_args_", "_new_member_", "__new__", "_generate_next_value_", "_boundary_", "_flag_mask_",
     "_all_bits_", "_singles_mask_", "_inverted_", "_ignore_", "_sort_order_"}
)  # fmt: skip


@handles("builtins.type", subclasses=True, sharing_is_state=False)
def reduce_class(walk: Walk, cls: type) -> Reduced:
    """By name if a library's, by number if the notebook's."""
    if cls.__module__ == "builtins":
        return NotImplemented if cls is builtin_type(cls.__name__) else _by_alias(walk, cls)
    if importable(cls):
        return NotImplemented
    return loading.definition, (walk.definition(cls),)


def _by_alias(walk: Walk, cls: type) -> Reduced:
    """A built-in type that the builtins do not name, by the name that `types` has for it."""
    for name in types.__all__:
        if getattr(types, name) is cls:
            return getattr, (types, name)
    return walk.unstorable(cls, "live", "it is a built-in type without a name")


def builtin_type(name: str) -> Any:
    """What the builtins call by that name, None if nothing."""
    return getattr(builtins, name, None)


def parts_of_class(walk: Walk, cls: type) -> tuple[Skeleton, Content]:
    """How to make a class, and what to fill it with."""
    members = own_members(cls)
    slots = cls.__dict__.get("__slots__")
    first = cls.__dict__.get("__firstlineno__")
    line = -1 if first is None else walk.place(first)
    if issubclass(cls, enum.Enum):
        values = {name: member._value_ for name, member in cls.__members__.items()}
        kind: str = "enum"
        extra: Any = values
    else:
        kind, extra = "class", slots
    names = (cls.__name__, cls.__qualname__, cls.__module__)
    return (kind, type(cls), cls.__bases__, *names, line, extra), members


def own_members(cls: type) -> Content:
    """What a class statement, or an assignment since, put into the class."""
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
"""Among an enum's content: the attributes of its members."""
REGISTERED = "\0registered"
"""Among an abstract class's content: the classes registered with it."""


def registered_with(cls: type) -> tuple[type, ...]:
    """The classes that were registered with an abstract class."""
    references = _abc._get_dump(cls)[0]
    found = [ref() for ref in references]
    alive = [other for other in found if other is not None]
    return tuple(sorted(alive, key=lambda other: (other.__module__, other.__qualname__)))


def _register(cls: Any, others: tuple[type, ...]) -> None:
    if registered_with(cls) != others:
        _abc._reset_registry(cls)
        _abc._reset_caches(cls)
        for other in others:
            cls.register(other)


def _mangled(cls: type, name: str) -> str:
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
    """A class without its members; no hook of the user's runs.

    Args:
        line: the note of the line where it was defined, -1 before Python 3.13.
        extra: an enum's values by name; any other class's ``__slots__``, None without.
    """
    namespace: dict[str, Any] = {"__qualname__": qualname, "__module__": module}
    if any(base.__module__ == "typing" for base in bases):
        # Else it would be refused; it gets its own with its members.
        namespace["__orig_bases__"] = ()
    if line >= 0:
        namespace["__firstlineno__"] = loading.now().place(line).line
    if kind == "enum":
        return _make_enum(meta, name, bases, namespace, extra)
    if extra is not None:
        namespace["__slots__"] = extra
    hooks = _silence_subclass_hooks(bases)
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


def _silence_subclass_hooks(bases: tuple[type, ...]) -> list[tuple[type, Any]]:
    """Take ``__init_subclass__`` of the notebook's bases away; gives what to put back.

    The hook ran when the class was first made; its effects are state and are restored as such.
    """
    taken = []
    for base in {ancestor for parent in bases for ancestor in parent.__mro__}:
        hook = base.__dict__.get("__init_subclass__")
        if hook is not None and not importable(base) and base.__module__ != "builtins":
            taken.append((base, hook))
            delattr(base, "__init_subclass__")
    return taken


def _make_enum(
    meta: type, name: str, bases: tuple[type, ...], own: dict[str, Any], values: Content
) -> type:
    namespace: Any = meta.__prepare__(name, bases)
    for member, value in {**own, **values}.items():
        namespace[member] = value
    made: type = meta(name, bases, namespace)
    return made


def fill_class(cls: type, members: Content) -> None:
    """Give a class its members, dropping those it has and should not have."""
    for name in own_members(cls).keys() - members.keys():
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
