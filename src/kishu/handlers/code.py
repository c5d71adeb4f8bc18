"""Functions and what they are made of: code by value, the notebook's namespace as globals."""

from __future__ import annotations

import functools
import marshal
import sys
import types
from collections.abc import Callable
from typing import Any

from kishu.handlers import building
from kishu.handlers.registry import Reduced, Walk, declare, handles, importable

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


@handles("builtins.function", links=False)
def reduce_function(walk: Walk, function: types.FunctionType) -> Reduced:
    """By number if the notebook's, by name if a library's, else by value."""
    if is_of_notebook(function, walk.user_globals):
        return building.definition, (walk.definition(function),)
    if importable(function):
        return NotImplemented
    walk.link(function)
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
    code = function.__code__
    line = walk.line(code.co_filename, code.co_firstlineno)
    skeleton = (namespace, dump_code(code), line, function.__name__, function.__closure__)
    content = {
        "__defaults__": function.__defaults__,
        "__kwdefaults__": function.__kwdefaults__,
        "__qualname__": function.__qualname__,
        "__module__": function.__module__,
        "__doc__": function.__doc__,
        "__annotations__": function.__annotations__,
        "__dict__": function.__dict__,
    }
    if getattr(function, "__type_params__", ()):
        content["__type_params__"] = function.__type_params__  # type: ignore[attr-defined]
    return skeleton, content


def make_function(
    namespace: str | dict[str, Any],
    code: bytes,
    line: int,
    name: str,
    closure: tuple[types.CellType, ...] | None,
) -> types.FunctionType:
    """A function without its defaults and attributes."""
    if isinstance(namespace, dict):
        found = namespace
    elif namespace:
        found = sys.modules[namespace].__dict__
    else:
        found = building.now().user_globals
    return types.FunctionType(load_code(code, line), found, name, None, closure)


def fill_function(function: types.FunctionType, content: Content) -> None:
    """Give a function its defaults and attributes, dropping those it has."""
    for name, value in content.items():
        if name == "__dict__":
            function.__dict__.clear()
            function.__dict__.update(value)
        else:
            setattr(function, name, value)


def dump_code(code: types.CodeType) -> bytes:
    """The code without the file and the line where it stood."""
    return marshal.dumps(_placed(code, "", code.co_firstlineno - 1), _STABLE_MARSHAL)


def load_code(data: bytes, line: int) -> types.CodeType:
    """The code, back at the file and line that the note tells."""
    filename, first = building.now().line(line)
    code: types.CodeType = marshal.loads(data)
    return _placed(code, filename, 1 - first)


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


@handles("builtins.code", links=False)
def reduce_code(walk: Walk, code: types.CodeType) -> Reduced:
    """Code objects that are values in themselves."""
    return load_code, (dump_code(code), walk.line(code.co_filename, code.co_firstlineno))


@handles("builtins.cell")
def reduce_cell(walk: Walk, cell: types.CellType) -> Reduced:
    """A closure's cell: closures that share one share it after a restore."""
    try:
        content = (cell.cell_contents,)
    except ValueError:
        return make_cell, ()
    return make_cell, (), content, None, None, fill_cell


def make_cell() -> types.CellType:
    """An empty cell."""
    return types.CellType()


def fill_cell(cell: types.CellType, content: tuple[Any]) -> None:
    """Put a cell's content in."""
    (cell.cell_contents,) = content


@handles("builtins.method", links=False)
def reduce_method(walk: Walk, method: types.MethodType) -> Reduced:
    """By the object it is bound to and its name, where that gives the method back."""
    name = method.__name__
    if isinstance(name, str) and getattr(method.__self__, name, None) == method:
        return find_method, (method.__self__, name)
    return bind_method, (method.__func__, method.__self__)


def find_method(owner: Any, name: str) -> Any:
    """The method of that name, as the owner's class will have it when the restore is done."""
    cls = owner if isinstance(owner, type) else type(owner)
    for base in cls.__mro__:
        members = building.now().members(base)
        if name in members:
            bound = members[name].__get__(None if owner is cls else owner, cls)
            return bound if isinstance(bound, types.MethodType) else getattr(owner, name)
    return getattr(owner, name)


def bind_method(function: Callable[..., Any], owner: object) -> types.MethodType:
    """A function bound to an object."""
    return types.MethodType(function, owner)


@handles("builtins.module", links=False)
def reduce_module(walk: Walk, module: types.ModuleType) -> Reduced:
    """By name; a module made by hand is left out."""
    if sys.modules.get(module.__name__) is not module:
        if module.__dict__ is walk.user_globals:
            return import_module, ("__main__",)
        return walk.hole(module, "it is a module that cannot be imported by its name")
    return import_module, (module.__name__,)


def import_module(name: str) -> types.ModuleType:
    """The module, imported if need be."""
    import importlib

    return importlib.import_module(name)


@handles("builtins.property", links=False)
def reduce_property(walk: Walk, prop: property) -> Reduced:
    """A property by its functions."""
    return property, (prop.fget, prop.fset, prop.fdel, prop.__doc__)


@handles("builtins.staticmethod", "builtins.classmethod", links=False)
def reduce_wrapper(
    walk: Walk, wrapper: staticmethod[Any, Any] | classmethod[Any, Any, Any]
) -> Reduced:
    """A static or class method by its function."""
    return type(wrapper), (wrapper.__func__,), wrapper.__dict__, None, None, fill_attributes


@handles("functools._lru_cache_wrapper")
def reduce_lru_cache(walk: Walk, wrapper: Any) -> Reduced:
    """A cached function by the function it caches; what it has cached is not kept."""
    if importable(wrapper):
        return NotImplemented
    parameters = wrapper.cache_parameters()
    attributes = {k: v for k, v in wrapper.__dict__.items() if k != "cache_parameters"}
    arguments = (wrapper.__wrapped__, parameters["maxsize"], parameters["typed"])
    return make_lru_cache, arguments, attributes, None, None, add_attributes


def make_lru_cache(function: Callable[..., Any], maxsize: int | None, typed: bool) -> Any:
    """The function, cached anew."""
    return functools.lru_cache(maxsize, typed)(function)


def fill_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    """Set an object's attributes, dropping those that its making gave it."""
    obj.__dict__.clear()
    obj.__dict__.update(attributes)


def add_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    """Set some of an object's attributes."""
    obj.__dict__.update(attributes)


@handles("builtins.generator", "builtins.coroutine", "builtins.async_generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """Half-run code cannot be stored; where it stands and what it holds tell when it moved."""
    prefix = {"generator": "gi", "coroutine": "cr", "async_generator": "ag"}[
        type(generator).__name__
    ]
    frame = getattr(generator, f"{prefix}_frame")
    reason = f"a {type(generator).__name__} is running code, which cannot be stored"
    if frame is None:
        return walk.hole(generator, reason, "finished")
    return walk.hole(generator, reason, frame.f_lasti, dict(frame.f_locals))


@handles(
    "builtins.dict_keyiterator", "builtins.dict_valueiterator", "builtins.dict_itemiterator",
    "builtins.dict_reversekeyiterator", "builtins.dict_reversevalueiterator",
    "builtins.dict_reverseitemiterator", "builtins.set_iterator",
)  # fmt: skip
def reduce_table_iterator(walk: Walk, iterator: Any) -> Reduced:
    """An iterator over a dict or set pickles as one over a list; what is left tells it moved."""
    _, (left, *_) = iterator.__reduce__()
    return walk.hole(iterator, f"a place within a dict or set, {building.MOVES}", left)


@handles("builtins.object")
def reduce_bare(walk: Walk, obj: object) -> Reduced:
    """A bare ``object()`` is nothing but its identity."""
    return building.definition, (walk.definition(obj),)


declare("builtins.builtin_function_or_method", links=False)
