"""Reduce and rebuild functions, methods and their like, and the code and cells they consist of."""

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
"""The arguments that make a function or class without what it contains."""

Content = dict[str, Any]
"""What a function or class is filled with after it was made, by attribute name."""


def is_of_notebook(function: types.FunctionType, user_globals: dict[str, Any]) -> bool:
    """Return True if a function is a definition: a top-level function or lambda of the notebook.

    A function that another function or a class contains is none.
    """
    if function.__globals__ is not user_globals:
        return False
    name = function.__qualname__
    return name == "<lambda>" or name.isidentifier()


@handles("builtins.function", sharing_is_state=False)
def reduce_function(walk: Walk, function: types.FunctionType) -> Reduced:
    """Reduce a function to its object id if it is a definition, else to its name or its code.

    A handler's builder from another distribution is reduced to its entry point; a function that a
    library's module has by its name gives NotImplemented, so that pickle refers to that one; any
    other function is reduced to its code, cells and attributes.
    """
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
    """Return the arguments with which `make_function` makes a function, and its content.

    Notes in the walk where the function's code stood.
    """
    namespace: str | dict[str, Any] = function.__globals__
    if namespace is walk.user_globals:
        namespace = ""
    elif isinstance(function.__module__, str) and (
        getattr(sys.modules.get(function.__module__), "__dict__", None) is namespace
    ):
        namespace = function.__module__
    cells = _cells_of(walk, function)
    code = function.__code__
    place = walk.note_code(code)
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
"""The key, in a definition's content, of the cells of its closure, each with what is in it.

A cell may contain the function itself; so it is filled when the function has been made.
"""


def _cells_of(walk: Walk, function: types.FunctionType) -> tuple[Any, ...]:
    """Return the cells of a definition's closure, each with its content in a tuple.

    Has the walk write these cells empty. Cells without content, and cells that are components, are
    left out. The result is empty if the walk only refers to the function.
    """
    if not walk.defines(function):
        return ()
    cells = [cell for cell in function.__closure__ or () if not walk.is_component(cell)]
    filled = []
    for cell in cells:
        walk.defer(cell)
        try:
            filled.append((cell, (cell.cell_contents,)))
        except ValueError:
            # The cell is empty: its variable is not assigned yet, or was deleted.
            continue
    return tuple(filled)


@builder
def make_function(
    namespace: str | dict[str, Any],
    code: bytes,
    place: int,
    name: str,
    closure: tuple[types.CellType, ...] | None,
    on_its_own: bool = False,
) -> types.FunctionType:
    """Make a function without its defaults and attributes.

    Args:
        namespace: the function's globals: the dict itself, the name of a module that has it, or
            empty for the notebook's.
        code: what `dump_code` returned for the function's code.
        place: the position, in the loading's notes, of where the code stood.
        name: the function's ``__name__``.
        closure: the cells of its closure, None if it has none.
        on_its_own: True if the function is itself the component that is being built, so that its
            cells and attributes may refer to it.

    Raises:
        NotRecoverable: another Python compiled the code, and its text is not known.
        ImportError: the module that has the globals cannot be imported.
    """
    if isinstance(namespace, dict):
        function_globals = namespace
    elif namespace:
        function_globals = importlib.import_module(namespace).__dict__
    else:
        function_globals = loading.now().user_globals
    function = types.FunctionType(load_code(code, place), function_globals, name, None, closure)
    if on_its_own:
        loading.now().use_as_shell(function)
    return function


@builder
def fill_function(function: types.FunctionType, content: Content) -> None:
    """Give a function its defaults and attributes, and the cells of its closure their content.

    Attributes of its ``__dict__`` that are not in the content are removed.
    """
    for name, value in content.items():
        if name == CELLS:
            for cell, cell_content in value:
                fill_cell(cell, cell_content)
        elif name == "__dict__":
            function.__dict__.clear()
            function.__dict__.update(value)
        else:
            setattr(function, name, value)


def dump_code(code: types.CodeType) -> bytes:
    """Return code as bytes, without its file name, and with line numbers that begin at 1."""
    return marshal.dumps(_moved(code, "", code.co_firstlineno - 1), _STABLE_MARSHAL)


@builder
def load_code(data: bytes, place: int) -> types.CodeType:
    """Rebuild code from `dump_code`'s bytes, with the file name and lines that it had.

    Code from another version of Python is compiled again from its text.

    Args:
        data: what `dump_code` returned.
        place: the position, in the loading's notes, of where the code stood.

    Raises:
        NotRecoverable: another version of Python compiled the code, and its text is not known or
            does not contain it.
    """
    noted = loading.now().code_place(place)
    if noted.magic == sources.MAGIC:
        code: types.CodeType = marshal.loads(data)
        return _moved(code, noted.file, 1 - noted.line)
    text = loading.now().text(noted.text) if noted.text else ""
    found = sources.find(text, noted) if text else None
    if found is None:
        raise NotRecoverable(
            "A function or class was compiled by another version of Python, and its text is not"
            " known.",
            "Restore it with the Python that it was made with, or run its cell again.",
        )
    return _moved(found, noted.file, 0)


def _moved(code: types.CodeType, filename: str, up: int) -> types.CodeType:
    """Return a copy of code, inner code included, with another file name and other lines.

    Args:
        code: the code object.
        filename: the file name of the copy.
        up: by how many lines the copy begins earlier.
    """
    return code.replace(
        co_filename=filename,
        co_firstlineno=code.co_firstlineno - up,
        co_consts=tuple(
            _moved(const, filename, up) if isinstance(const, types.CodeType) else const
            for const in code.co_consts
        ),
    )


@handles("builtins.code", sharing_is_state=False)
def reduce_code(walk: Walk, code: types.CodeType) -> Reduced:
    """Reduce a code object that a value holds to its bytes and the note of where it stood."""
    return load_code, (dump_code(code), walk.note_code(code))


@handles("builtins.cell")
def reduce_cell(walk: Walk, cell: types.CellType) -> Reduced:
    """Reduce a closure's cell to its content; to an empty cell if the content comes later.

    Sharing a cell is state: closures that share one share it after a restore.
    """
    if walk.is_deferred(cell):
        return make_cell, ()
    try:
        content = (cell.cell_contents,)
    except ValueError:
        # The cell is empty: its variable is not assigned yet, or was deleted.
        return make_cell, ()
    return make_cell, (), content, None, None, fill_cell


@builder
def make_cell() -> types.CellType:
    """Make an empty cell."""
    return types.CellType()


@builder
def fill_cell(cell: types.CellType, content: tuple[Any]) -> None:
    """Put content into a cell.

    Args:
        cell: the cell.
        content: a tuple of the one object that the cell is to contain.
    """
    (cell.cell_contents,) = content


@handles("builtins.method", sharing_is_state=False)
def reduce_method(walk: Walk, method: types.MethodType) -> Reduced:
    """Reduce a method to its object and its name, or else to its function and its object.

    The name is used if looking it up on the object gives an equal method.
    """
    name = method.__name__
    if isinstance(name, str) and getattr(method.__self__, name, None) == method:
        return find_method, (method.__self__, name)
    return bind_method, (method.__func__, method.__self__)


@builder
def find_method(owner: Any, name: str) -> Any:
    """Return an object's method of that name, as it will be when the restore is done.

    Args:
        owner: the object, or the class, that the method is bound to.
        name: the method's name.

    Raises:
        AttributeError: there is no such attribute.
    """
    cls = owner if isinstance(owner, type) else type(owner)
    for base in cls.__mro__:
        members = loading.now().members(base)
        if name in members:
            bound = members[name].__get__(None if owner is cls else owner, cls)
            return bound if isinstance(bound, types.MethodType) else getattr(owner, name)
    return getattr(owner, name)


@builder
def bind_method(function: Callable[..., Any], owner: object) -> types.MethodType:
    """Bind a function to an object."""
    return types.MethodType(function, owner)


@handles("builtins.property", sharing_is_state=False)
def reduce_property(walk: Walk, prop: property) -> Reduced:
    """Reduce a property to its functions and its docstring."""
    return property, (prop.fget, prop.fset, prop.fdel, prop.__doc__)


@handles("builtins.staticmethod", "builtins.classmethod", sharing_is_state=False)
def reduce_wrapper(
    walk: Walk, wrapper: staticmethod[Any, Any] | classmethod[Any, Any, Any]
) -> Reduced:
    """Reduce a static or class method to its function and its attributes."""
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
    """Give an object these attributes in place of those that making the object gave to it."""
    obj.__dict__.clear()
    obj.__dict__.update(attributes)


@handles("builtins.object")
def reduce_bare(walk: Walk, obj: object) -> Reduced:
    """Reduce a bare ``object()`` to its object id: it has an identity and no content."""
    return loading.definition, (walk.definition(obj),)


are_values("builtins.builtin_function_or_method")
