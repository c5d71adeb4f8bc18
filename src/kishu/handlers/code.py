"""Functions and what they are made of: code by value, the notebook's namespace as globals."""

from __future__ import annotations

import functools
import importlib
import marshal
import sys
import types
from collections.abc import Callable
from typing import Any

from kishu.errors import NotRecoverable
from kishu.format1 import builder
from kishu.handlers import entry_points, loading, sources
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import are_values, handles
from kishu.handlers.typeinfo import importable

# Version 2 has no back-references, whose flags depend on reference counts: the same code always
# gives the same bytes. It cannot hold slice constants (3.14 and later).
_STABLE_MARSHAL = 2 if sys.version_info < (3, 14) else 5

Skeleton = tuple[Any, ...]
Content = dict[str, Any]


def is_of_notebook(function: types.FunctionType, user_globals: dict[str, Any]) -> bool:
    """Whether a function has an identity of its own: defined at the top level of a cell."""
    if function.__globals__ is not user_globals:
        return False
    name = function.__qualname__
    return name == "<lambda>" or name.isidentifier()


@handles("builtins.function", sharing_is_state=False)
def reduce_function(walk: Walk, function: types.FunctionType) -> Reduced:
    """By number if the notebook's, by name if a library's, else by value."""
    if is_of_notebook(function, walk.user_globals):
        return loading.definition, (walk.definition(function),)
    place = entry_points.place_of_builder(function)
    if place is not None:
        return entry_points.of_entry_point, place
    if importable(function):
        return NotImplemented
    walk.track_sharing(function)
    skeleton, content = parts_of_function(walk, function)
    return make_function, skeleton, content, None, None, fill_function


def parts_of_function(walk: Walk, function: types.FunctionType) -> tuple[Skeleton, Content]:
    """How to make a function, and what to fill it with."""
    namespace: str | dict[str, Any] = function.__globals__
    if namespace is walk.user_globals:
        namespace = ""
    elif isinstance(function.__module__, str) and (
        getattr(sys.modules.get(function.__module__), "__dict__", None) is namespace
    ):
        namespace = function.__module__
    cells = _cells_of(walk, function)
    code = function.__code__
    place = walk.place(code)
    skeleton: Skeleton = (
        namespace,
        dump_code(code),
        place,
        function.__name__,
        function.__closure__,
    )
    if walk.defines(function):
        skeleton = (*skeleton, True)
    content = {
        "__defaults__": function.__defaults__,
        "__kwdefaults__": function.__kwdefaults__,
        "__qualname__": function.__qualname__,
        "__module__": function.__module__,
        "__doc__": function.__doc__,
        "__annotations__": function.__annotations__,
        "__dict__": function.__dict__,
    }
    if cells:
        content[CELLS] = cells
    if getattr(function, "__type_params__", ()):
        content["__type_params__"] = function.__type_params__  # type: ignore[attr-defined]
    return skeleton, content


CELLS = "\0cells"
"""Among a definition's content: what is in the cells of its closure, which may be itself."""


def _cells_of(walk: Walk, function: types.FunctionType) -> tuple[Any, ...]:
    """The cells of a definition's closure, each with its content; they are made empty."""
    if not walk.defines(function):
        return ()
    cells = [cell for cell in function.__closure__ or () if not walk.is_component(cell)]
    found = []
    for cell in cells:
        walk.defer(cell)
        try:
            found.append((cell, (cell.cell_contents,)))
        except ValueError:
            continue
    return tuple(found)


@builder
def make_function(
    namespace: str | dict[str, Any],
    code: bytes,
    place: int,
    name: str,
    closure: tuple[types.CellType, ...] | None,
    on_its_own: bool = False,
) -> types.FunctionType:
    """A function without its defaults and attributes.

    Args:
        on_its_own: whether it is what is being built, and what it holds may refer to it.
    """
    if isinstance(namespace, dict):
        found = namespace
    elif namespace:
        found = importlib.import_module(namespace).__dict__
    else:
        found = loading.now().user_globals
    made = types.FunctionType(load_code(code, place), found, name, None, closure)
    if on_its_own:
        loading.now().begin(made)
    return made


@builder
def fill_function(function: types.FunctionType, content: Content) -> None:
    """Give a function its defaults and attributes, dropping those it has."""
    for name, value in content.items():
        if name == CELLS:
            for cell, filling in value:
                fill_cell(cell, filling)
        elif name == "__dict__":
            function.__dict__.clear()
            function.__dict__.update(value)
        else:
            setattr(function, name, value)


def dump_code(code: types.CodeType) -> bytes:
    """The code without the file and the line where it stood."""
    return marshal.dumps(_placed(code, "", code.co_firstlineno - 1), _STABLE_MARSHAL)


@builder
def load_code(data: bytes, place: int) -> types.CodeType:
    """Give the code, back at the file and line that the note tells.

    Raises:
        NotRecoverable: another Python wrote it, and its text is not known.
    """
    noted = loading.now().place(place)
    if noted.magic == sources.MAGIC:
        code: types.CodeType = marshal.loads(data)
        return _placed(code, noted.file, 1 - noted.line)
    text = loading.now().text(noted.text) if noted.text else ""
    found = sources.find(text, noted) if text else None
    if found is None:
        raise NotRecoverable(
            "A function or class was compiled by another version of Python, and its text is not"
            " known.",
            "Restore it with the Python that it was made with, or run its cell again.",
        )
    return _placed(found, noted.file, 0)


def _placed(code: types.CodeType, filename: str, up: int) -> types.CodeType:
    """The code, inner code too, as if written in ``filename``, moved up by ``up`` lines."""
    return code.replace(
        co_filename=filename,
        co_firstlineno=code.co_firstlineno - up,
        co_consts=tuple(
            _placed(const, filename, up) if isinstance(const, types.CodeType) else const
            for const in code.co_consts
        ),
    )


@handles("builtins.code", sharing_is_state=False)
def reduce_code(walk: Walk, code: types.CodeType) -> Reduced:
    """Code objects that are values in themselves."""
    return load_code, (dump_code(code), walk.place(code))


@handles("builtins.cell")
def reduce_cell(walk: Walk, cell: types.CellType) -> Reduced:
    """A closure's cell: closures that share one share it after a restore."""
    if walk.is_deferred(cell):
        return make_cell, ()
    try:
        content = (cell.cell_contents,)
    except ValueError:
        return make_cell, ()
    return make_cell, (), content, None, None, fill_cell


@builder
def make_cell() -> types.CellType:
    """An empty cell."""
    return types.CellType()


@builder
def fill_cell(cell: types.CellType, content: tuple[Any]) -> None:
    """Put a cell's content in."""
    (cell.cell_contents,) = content


@handles("builtins.method", sharing_is_state=False)
def reduce_method(walk: Walk, method: types.MethodType) -> Reduced:
    """By the object it is bound to and its name, where that gives the method back."""
    name = method.__name__
    if isinstance(name, str) and getattr(method.__self__, name, None) == method:
        return find_method, (method.__self__, name)
    return bind_method, (method.__func__, method.__self__)


@builder
def find_method(owner: Any, name: str) -> Any:
    """The method of that name, as the owner's class will have it when the restore is done."""
    cls = owner if isinstance(owner, type) else type(owner)
    for base in cls.__mro__:
        members = loading.now().members(base)
        if name in members:
            bound = members[name].__get__(None if owner is cls else owner, cls)
            return bound if isinstance(bound, types.MethodType) else getattr(owner, name)
    return getattr(owner, name)


@builder
def bind_method(function: Callable[..., Any], owner: object) -> types.MethodType:
    """A function bound to an object."""
    return types.MethodType(function, owner)


@handles("builtins.property", sharing_is_state=False)
def reduce_property(walk: Walk, prop: property) -> Reduced:
    """A property by its functions."""
    return property, (prop.fget, prop.fset, prop.fdel, prop.__doc__)


@handles("builtins.staticmethod", "builtins.classmethod", sharing_is_state=False)
def reduce_wrapper(
    walk: Walk, wrapper: staticmethod[Any, Any] | classmethod[Any, Any, Any]
) -> Reduced:
    """A static or class method by its function."""
    return type(wrapper), (wrapper.__func__,), wrapper.__dict__, None, None, fill_attributes


@handles("functools.partialmethod")
def reduce_partial_method(walk: Walk, method: functools.partialmethod[Any]) -> Reduced:
    """Reduce a partial method to its attributes; Python 3.14 makes none without arguments."""
    attributes = dict(vars(method))
    walk.ignore_sharing(attributes)
    return make_partial_method, (type(method),), attributes, None, None, fill_attributes


@builder
def make_partial_method(cls: type) -> Any:
    """Make a partial method that is not yet one of any function."""
    return object.__new__(cls)


@builder
def fill_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    """Set an object's attributes, dropping those that its making gave it."""
    obj.__dict__.clear()
    obj.__dict__.update(attributes)


@handles("builtins.object")
def reduce_bare(walk: Walk, obj: object) -> Reduced:
    """A bare ``object()`` is nothing but its identity."""
    return loading.definition, (walk.definition(obj),)


are_values("builtins.builtin_function_or_method")
