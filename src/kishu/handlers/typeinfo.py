"""Facts about types: what their instances consist of, and what libraries say of theirs."""

from __future__ import annotations

import copyreg
import enum
import functools
import sys
import types
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

ATOMS: frozenset[type] = frozenset(
    {int, float, bool, complex, str, bytes, type(None), type(...), type(NotImplemented), range}
)
"""Types whose instances never change and hold nothing."""

PASSING = (tuple, frozenset)
"""Containers that never change, but may hold what does."""

_VALUES: frozenset[type] = ATOMS | {
    tuple,
    frozenset,
    types.ModuleType,
    types.BuiltinFunctionType,
    types.FunctionType,
    types.CodeType,
    types.MethodType,
    types.GenericAlias,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    slice,
    property,
    staticmethod,
    classmethod,
}
"""Built-in types of which nobody can tell whether two names have one instance or two."""

PICKLING = (
    "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__",
    "__getnewargs_ex__",
)  # fmt: skip
"""The methods by which a class says how its instances are pickled."""

_ANSWERS = ("__getattr__", "__getattribute__", "__setattr__", "__setitem__", "append", "extend")
"""Methods that unpickling calls before an instance is whole."""

_SEEN = frozenset((object, list, dict, OrderedDict, defaultdict))
"""Compiled bases whose instances are their attributes and their content alone."""

_HEAP_TYPE = 1 << 9
"""The type flag of classes made by a class statement, and of many made in C."""
_IMMUTABLE_TYPE = 1 << 8
"""The type flag that those made in C have beside it."""
_MANAGED_DICT = 1 << 4
"""The type flag that says that an instance's dict is not among its own bytes."""


class Library(NamedTuple):
    """Describe a library as a whole.

    Attributes:
        packages: its packages, or single modules of it, by name.
        faithful: whether every type's own reduce tells all there is.
        values: whether its objects never change, so that sharing them is no state.
        cached_properties: names of its descriptor classes that keep what they computed in one dict
            of the instance, ``_cache``.
        leaves: attributes that its classes set when they are asked for something, by the class's
            qualified name.
        loads_quietly: whether loading an instance leaves no trace in the process.
        weakly_referenced: whether weak references to its objects change nothing for the user.
        made_in_passing: names, in its first package, of types whose instances other types' reduces
            make anew at each call.
    """

    packages: tuple[str, ...]
    faithful: bool = False
    values: bool = False
    cached_properties: frozenset[str] = frozenset()
    leaves: Mapping[str, tuple[str, ...]] = {}
    loads_quietly: bool = True
    weakly_referenced: bool = True
    made_in_passing: tuple[str, ...] = ()


_libraries: dict[str, list[Library]] = {}
_made_in_passing: list[tuple[str, str]] = []


def know(library: Library) -> None:
    """Register what is known of a library."""
    for package in library.packages:
        _libraries.setdefault(package, []).append(library)
    _made_in_passing.extend((library.packages[0], name) for name in library.made_in_passing)


def libraries_of(module: str) -> Iterator[Library]:
    """Give what is known of the library that a module belongs to, the innermost package first."""
    while module:
        yield from _libraries.get(module, ())
        module = module.rpartition(".")[0]


know(
    Library(
        (
            "builtins", "collections", "functools", "itertools", "datetime", "decimal", "fractions",
            "uuid", "pathlib", "re", "random",
        ),
        faithful=True,
    )
)  # fmt: skip
know(Library(("typing", "datetime", "zoneinfo", "decimal", "pathlib"), values=True))


def type_name(cls: type) -> str:
    """Return a type's name as ``module.qualname``."""
    return f"{cls.__module__}.{cls.__qualname__}"


def importable(obj: Any) -> bool:
    """Tell whether a function or class is found by its name in a module that can be imported."""
    module = getattr(obj, "__module__", None)
    if module is None or module == "__main__":
        return False
    found: Any = sys.modules.get(module)
    for step in obj.__qualname__.split("."):
        found = getattr(found, step, None)
    return found is obj


def is_compiled(cls: type) -> bool:
    """Tell whether a class's flags are those of one made in C."""
    return cls.__flags__ & (_HEAP_TYPE | _IMMUTABLE_TYPE) != _HEAP_TYPE


def is_value(cls: type) -> bool:
    """Tell whether sharing an instance is no state: it never changes, and equals compare equal."""
    if cls in _VALUES or issubclass(cls, (type, enum.Enum)):
        return True
    if any(library.values for library in libraries_of(cls.__module__)):
        return True
    by_identity = cls.__hash__ is None or cls.__hash__ is object.__hash__
    return not by_identity and cls.__dictoffset__ == 0


def is_faithful(cls: type) -> bool:
    """Tell whether the type's own reduce is known to tell all there is."""
    return any(library.faithful for library in libraries_of(cls.__module__))


def types_made_in_passing() -> frozenset[type]:
    """Return the types, of the libraries that are loaded, whose instances reduces make anew."""
    return frozenset(
        made
        for module, name in _made_in_passing
        if (made := getattr(sys.modules.get(module), name, None)) is not None
    )


def loads_quietly(name: str) -> bool:
    """Tell whether loading an instance of the type of that name leaves no trace in the process."""
    return all(library.loads_quietly for library in libraries_of(name))


def has_own_reduce(cls: type) -> bool:
    """Tell whether the type says itself how its instances are pickled."""
    default: Any = object
    return (
        cls.__reduce_ex__ is not default.__reduce_ex__
        or cls.__reduce__ is not default.__reduce__
        or cls in copyreg.dispatch_table
        or getattr(cls, "__getstate__", None) is not getattr(object, "__getstate__", None)
    )


def tells_arguments(cls: type) -> bool:
    """Tell whether instances know what to give ``__new__``, as those of `int` and `str` do."""
    return hasattr(cls, "__getnewargs__") or hasattr(cls, "__getnewargs_ex__")


class Kind(NamedTuple):
    """Describe what instances of a class need.

    Attributes:
        slots: the names of their slots.
        caches: names that reading fills: no state.
        careful: whether they must be made and filled without asking the class.
    """

    slots: tuple[str, ...]
    caches: frozenset[str]
    careful: bool


_kinds: weakref.WeakKeyDictionary[type, tuple[tuple[int, ...], Kind]] = weakref.WeakKeyDictionary()


def kind_of(cls: type) -> Kind:
    """Return what instances of a class need."""
    # A class that was changed since has other members, or more.
    sign = tuple(len(base.__dict__) for base in cls.__mro__)
    found = _kinds.get(cls)
    if found is not None and found[0] == sign:
        return found[1]
    kind = Kind(tuple(_slot_names(cls)), _cached_names(cls), _is_careful(cls))
    _kinds[cls] = sign, kind
    return kind


def has_caches(cls: type) -> bool:
    """Tell whether reading attributes leaves something in instances."""
    return bool(kind_of(cls).caches)


def is_careful(cls: type) -> bool:
    """Tell whether instances are made and filled without asking their class."""
    return kind_of(cls).careful


def slot_names(cls: type) -> tuple[str, ...]:
    """Return the names of all slots that instances have, as attributes are set."""
    return kind_of(cls).slots


def cached_names(cls: type) -> frozenset[str]:
    """Return the names under which reading an attribute leaves what it computed."""
    return kind_of(cls).caches


def _slot_names(cls: type) -> list[str]:
    names = ["default_factory"] if issubclass(cls, defaultdict) else []
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot in ("__dict__", "__weakref__"):
                continue
            private = slot.startswith("__") and not slot.endswith("__")
            stripped = base.__name__.lstrip("_")
            names.append(f"_{stripped}{slot}" if private and stripped else slot)
    return names


def _cached_names(cls: type) -> frozenset[str]:
    members = [item for base in cls.__mro__ for item in base.__dict__.items()]
    cached = {name for name, member in members if type(member) is functools.cached_property}
    if any(_keeps_in_one_dict(type(member)) for _, member in members):
        cached.add("_cache")
    for base in cls.__mro__:
        for library in libraries_of(base.__module__):
            cached.update(library.leaves.get(type_name(base), ()))
    return frozenset(cached)


def _keeps_in_one_dict(descriptor: type) -> bool:
    return any(
        base.__name__ in library.cached_properties
        for base in descriptor.__mro__
        for library in libraries_of(base.__module__)
    )


def _is_careful(cls: type) -> bool:
    own = {name for base in cls.__mro__ if not is_compiled(base) for name in base.__dict__}
    if is_transparent(cls) and not importable(cls):
        return not own.isdisjoint((*_ANSWERS, *PICKLING, "__new__"))
    if hasattr(cls, "__setstate__"):
        return False
    return not own.isdisjoint(_ANSWERS) or ("__new__" in own and "__getnewargs__" not in own)


def is_transparent(cls: type) -> bool:
    """Tell whether an instance is its attributes, slots and a list's or dict's content alone.

    What such a class of the notebook says to pickle may leave something out, and is not asked.
    """
    return is_seen_whole(cls) and not any(
        # A library's own way, which may be the only one that knows.
        not base.__dict__.keys().isdisjoint(PICKLING) and importable(base)
        for base in cls.__mro__
        if not is_compiled(base)
    )


def is_seen_whole(cls: type) -> bool:
    """Tell whether nothing of an instance is hidden in memory that Python does not see."""
    compiled = all(base in _SEEN for base in cls.__mro__ if is_compiled(base))
    return compiled and not hides_memory(cls)


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
