"""How each type of object is walked: what handlers offer, found by type and remembered.

A handler names its types by text, so that no library is imported that the user's session has not
imported itself.
"""

from __future__ import annotations

import copyreg
import enum
import sys
import types
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from kishu.history.reasons import UnstorableKind
from kishu.history.records import CodePlace

Reduced = Any
"""What a reducer gives: pickle's reduce tuple, or NotImplemented for the object's own reduce."""


class Walk(Protocol):
    """What a reducer may ask of the walk that called it."""

    user_globals: dict[str, Any]

    def memory(self, view: memoryview, own: bool) -> int:
        """Take contiguous memory out of the stream; gives its position among the buffers.

        Args:
            view: the bytes.
            own: whether they are the live object's memory, and no other value's: a restore may
                then write the bytes that differ there.
        """

    def content(self, make: Callable[[], memoryview], digests: bytes, size: int) -> int:
        """Take bytes that stand for content out of the stream; gives their position.

        Args:
            make: makes the bytes, when they are needed.
            digests: their digests if known, else empty.
            size: how many bytes they are.
        """

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What a handler needs to know of all variables: made once a look. It keeps none alive."""

    def opaque(self, what: str) -> None:
        """Say that something of the value is not checked further."""

    def track_content_sharing(self, holder: object) -> None:
        """Say that sharing what it holds is state, though sharing itself may not be."""

    def live_segments(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Take plain objects out of the stream, a thousand to a chunk.

        Args:
            items: the objects.
            holder: what holds them.
            extra: by how many references each is held more than the elements of a list.

        Gives their position and size in bytes; None if they must stay, or some are not built-in
        containers and atoms alone.
        """

    def digests(self, index: int) -> bytes:
        """The digests of the buffer at that position."""

    def definition(self, obj: object) -> str:
        """Note that the value refers to a function or class of the notebook; gives its number."""

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Reduced:
        """Leave the object out; ``content`` tells when it has changed."""

    def renew_id(self, obj: object) -> None:
        """Say that it is no longer what was left out under its number."""

    def place(self, code: types.CodeType | int) -> int:
        """Note where code, or the class on that line, came from; gives the note's position."""

    def track_sharing(self, obj: object) -> None:
        """Say that sharing this object is state, though its type does not tell."""

    def ignore_sharing(self, obj: object) -> None:
        """Say that sharing this object is not state: whoever holds it holds its value."""

    def ignores_sharing(self, obj: object) -> bool:
        """Whether `ignore_sharing` was said of it."""

    def is_scanned(self, obj: object) -> bool:
        """Whether it is what is walked, and not only held by that."""

    def replace(self, obj: object, attributes: dict[str, Any]) -> None:
        """Say what attributes of an object are taken to be, which only what holds it knows."""

    def replaced(self, obj: object) -> dict[str, Any]:
        """What was said of its attributes."""

    def defines(self, function: object) -> bool:
        """Whether this is the walk of that very definition."""

    def defer(self, cell: object) -> None:
        """Write a closure's cell without its content, which comes later."""

    def is_deferred(self, cell: object) -> bool:
        """Whether `defer` was said of it."""

    def is_component(self, obj: object) -> bool:
        """Whether it is a part of its own, to which this walk only refers."""


class Loading(Protocol):
    """What a builder may ask of the loading that called it."""

    user_globals: dict[str, Any]

    def memory(self, index: int, target: memoryview) -> None:
        """Fill ``target`` with the buffer at that position."""

    def definition(self, number: str) -> Any:
        """The function or class of that number, live or built."""

    def members(self, cls: type) -> Mapping[str, Any]:
        """What a class will have of its own when the restore is done."""

    def begin(self, made: object) -> None:
        """Say that what the part is of was made: what it holds may refer to it from now on."""

    def place(self, index: int) -> CodePlace:
        """Give the note at that position: where code stood."""

    def text(self, name: str) -> str:
        """Give the text of that name; empty where it is lost."""

    def note(self, text: str) -> None:
        """Have the report say something of the variable that is built."""

    def unstorable(self, number: str, index: int) -> Any:
        """What stands where something could not be stored."""


Reducer = Callable[[Walk, Any], Reduced]
Filler = Callable[[Any, Any], Callable[[], None]]
"""Gives a live object the content of a new one; gives the function that takes it back. Raises
nothing: what could not be filled is found when it is looked at."""


class Treatment(NamedTuple):
    """How a type is walked.

    Attributes:
        reduce: the handler's reducer, None for the object's own reduce.
        links: whether two variables that share such an object are tied by it.
        opaque: whether only the type's own reduce describes it.
        plain: whether an instance is its attributes, and a container's content, alone.
        compiled: whether it is a compiled type with a reduce of its own, which may make objects
            in passing.
        fill: gives one object the content of another, where that takes more than attributes.
    """

    reduce: Reducer | None
    sharing_is_state: bool
    opaque: bool = False
    plain: bool = False
    compiled: bool = False
    fill: Filler | None = None


class _Entry(NamedTuple):
    reduce: Reducer | None
    sharing_is_state: bool
    subclasses: bool
    fill: Filler | None


_entries: dict[str, _Entry] = {}
_overrides: weakref.WeakKeyDictionary[type, Reducer] = weakref.WeakKeyDictionary()
_cache: dict[int, tuple[weakref.ref[type], Treatment]] = {}

ATOMS: frozenset[type] = frozenset(
    {int, float, bool, complex, str, bytes, type(None), type(...), type(NotImplemented), range}
)
PASSING = (tuple, frozenset)
"""Containers whose sharing is no state, but that may hold what it is of."""

_UNLINKED_BUILTINS: frozenset[type] = ATOMS | {
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
_HEAP_TYPE = 1 << 9
"""Set for classes made by a class statement, and from Python 3.12 on for many made in C."""
_IMMUTABLE_TYPE = 1 << 8
"""Set for these."""

_FAITHFUL_MODULES = (
    "builtins", "collections", "functools", "itertools", "datetime", "decimal", "fractions",
    "uuid", "pathlib", "re", "random", "numpy", "pandas", "scipy", "sklearn", "pyarrow",
    "polars", "plotly", "_plotly_utils",
)  # fmt: skip
"""Where every type's own reduce is known to be complete: not reported as unchecked."""

_UNLINKED_MODULES = ("pyarrow.lib", "typing", "datetime", "zoneinfo", "decimal", "pathlib")


def handles(
    *names: str, subclasses: bool = False, sharing_is_state: bool = True, fill: Filler | None = None
) -> Callable[[Reducer], Reducer]:
    """Register a reducer for types named ``module.qualname``."""

    def register(reduce: Reducer) -> Reducer:
        declare(
            *names,
            reduce=reduce,
            subclasses=subclasses,
            sharing_is_state=sharing_is_state,
            fill=fill,
        )
        return reduce

    return register


def declare(
    *names: str,
    reduce: Reducer | None = None,
    subclasses: bool = False,
    sharing_is_state: bool = True,
    fill: Filler | None = None,
) -> None:
    """Say how types are walked; without a reducer, only whether sharing them is state."""
    for name in names:
        _entries[name] = _Entry(reduce, sharing_is_state, subclasses, fill)
    _cache.clear()


def override(cls: type, reduce: Reducer | None) -> None:
    """Walk objects of that very type by a reducer, whatever is declared; None: as declared."""
    if reduce is None:
        _overrides.pop(cls, None)
    else:
        _overrides[cls] = reduce
    _cache.pop(id(cls), None)


_listeners: list[Callable[[type], None]] = []


def before_deciding(listener: Callable[[type], None]) -> Callable[[type], None]:
    """Have a function called with each class that is met for the first time; it may `declare`."""
    _listeners.append(listener)
    return listener


def treatment(cls: type) -> Treatment:
    """How objects of that very type are walked."""
    found = _cache.get(id(cls))
    if found is not None and found[0]() is cls:
        return found[1]
    for listener in _listeners:
        listener(cls)
    decided = _decide(cls)
    _cache[id(cls)] = (weakref.ref(cls), decided)
    return decided


def _decide(cls: type) -> Treatment:
    override = _overrides.get(cls)
    if override is not None:
        return Treatment(override, _sharing_is_state(cls))
    for base in cls.__mro__:
        entry = _entries.get(type_name(base))
        if entry is not None and (base is cls or entry.subclasses):
            return Treatment(entry.reduce, entry.sharing_is_state, fill=entry.fill)
    from kishu.handlers.instances import (
        cached_names,
        hides_memory,
        is_transparent,
        reduce_hidden,
        reduce_instance,
    )

    by_default = not _own_reduce(cls) or (is_transparent(cls) and not importable(cls))
    if by_default and not importable(cls) and not _tells_arguments(cls) and hides_memory(cls):
        # What its ``__new__`` alone makes is no object of its library's, and may end the process.
        return Treatment(reduce_hidden, _sharing_is_state(cls))
    opaque = not by_default and not _is_of(cls, _FAITHFUL_MODULES)
    plain = by_default and cls.__module__ != "builtins"
    reduce = None
    if plain and (not importable(cls) or cached_names(cls)):
        reduce = reduce_instance
    compiled = not by_default and is_compiled(cls)
    return Treatment(reduce, _sharing_is_state(cls), opaque, plain, compiled)


def is_compiled(cls: type) -> bool:
    """Whether a class is made in C, and not by a class statement."""
    return cls.__flags__ & (_HEAP_TYPE | _IMMUTABLE_TYPE) != _HEAP_TYPE


def type_name(cls: type) -> str:
    """``module.qualname``."""
    return f"{cls.__module__}.{cls.__qualname__}"


def importable(obj: Any) -> bool:
    """Whether a function or class is found by its name in a module that is not the notebook."""
    module = getattr(obj, "__module__", None)
    if module is None or module == "__main__":
        return False
    found: Any = sys.modules.get(module)
    for step in obj.__qualname__.split("."):
        found = getattr(found, step, None)
    return found is obj


def _sharing_is_state(cls: type) -> bool:
    """Whether sharing is state: mutable things and things compared by identity, not values."""
    if cls in _UNLINKED_BUILTINS or issubclass(cls, (type, enum.Enum)):
        return False
    if _is_of(cls, _UNLINKED_MODULES):
        return False
    by_identity = cls.__hash__ is None or cls.__hash__ is object.__hash__
    return by_identity or cls.__dictoffset__ != 0


def _is_of(cls: type, modules: tuple[str, ...]) -> bool:
    """Whether a class is of one of these modules or packages."""
    return f"{cls.__module__}.".startswith(tuple(f"{module}." for module in modules))


def _tells_arguments(cls: type) -> bool:
    """Tell whether instances know what to give ``__new__``, as those of `int` and `str` do."""
    return hasattr(cls, "__getnewargs__") or hasattr(cls, "__getnewargs_ex__")


def _own_reduce(cls: type) -> bool:
    """Whether the type says itself how it is pickled."""
    default: Any = object
    return (
        cls.__reduce_ex__ is not default.__reduce_ex__
        or cls.__reduce__ is not default.__reduce__
        or cls in copyreg.dispatch_table
        or getattr(cls, "__getstate__", None) is not getattr(object, "__getstate__", None)
    )
