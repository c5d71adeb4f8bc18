"""Exceptions: with their cause, context and notes, made without running their ``__init__``."""

from __future__ import annotations

import types
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles
from kishu.handlers.typeinfo import is_compiled

_LINKS = ("__cause__", "__context__", "__suppress_context__", "__traceback__")


@handles("builtins.BaseException", subclasses=True)
def reduce_exception(walk: Walk, error: BaseException) -> Reduced:
    """By its class, arguments, attributes and what it came from."""
    cls = type(error)
    base = _compiled(cls)
    if cls.__reduce__ is not base.__reduce__ or cls.__reduce_ex__ is not object.__reduce_ex__:
        return NotImplemented
    own = base.__reduce__(error)
    state = {name: getattr(error, name) for name in _LINKS if getattr(error, name)}
    arguments = own[1]
    return make_exception, (cls, *arguments), (error.__dict__, state), None, None, fill_exception


def _compiled(cls: type) -> Any:
    """The first of its bases that is not made by a class statement."""
    return next(base for base in cls.__mro__ if is_compiled(base))


@builder
def make_exception(cls: Any, *arguments: Any) -> BaseException:
    """An exception with these arguments, as its built-in base makes it."""
    base = _compiled(cls)
    made: BaseException = base.__new__(cls, *arguments)
    base.__init__(made, *arguments)
    return made


@builder
def fill_exception(error: BaseException, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Give it its attributes and what it came from."""
    attributes, sharing_is_state = state
    error.__dict__.update(attributes)
    for name, value in sharing_is_state.items():
        setattr(error, name, value)
    if "__suppress_context__" not in sharing_is_state:
        error.__suppress_context__ = False


@handles("builtins.traceback")
def reduce_traceback(walk: Walk, traceback: types.TracebackType) -> Reduced:
    """By its lines; the frames' variables are not kept."""
    places = []
    step: types.TracebackType | None = traceback
    while step is not None:
        code = step.tb_frame.f_code
        places.append((code.co_filename, code.co_name, step.tb_lineno))
        step = step.tb_next
    walk.opaque("traceback without its frames' variables")
    return make_traceback, tuple(places)


@builder
def make_traceback(*places: tuple[str, str, int]) -> types.TracebackType | None:
    """A traceback that reads like the one at these places (file, function, line)."""
    made: types.TracebackType | None = None
    for filename, name, line in reversed(places):
        frame = _frame(filename, name, line)
        made = types.TracebackType(made, frame, 0, line)
    return made


def _frame(filename: str, name: str, line: int) -> types.FrameType:
    """A frame of a function that does nothing but fail."""
    stub = compile("raise ZeroDivisionError", filename, "exec")
    stub = stub.replace(co_name=name, co_firstlineno=max(line, 1))
    try:
        exec(stub, {"__name__": "__main__", "__file__": filename})  # noqa: S102 - it only fails
    except ZeroDivisionError as error:
        traceback: Any = error.__traceback__
    frame: types.FrameType = traceback.tb_next.tb_frame
    return frame
