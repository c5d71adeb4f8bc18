"""Reduce and rebuild exceptions and tracebacks, without running an exception's own ``__init__``."""

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
    """Reduce an exception to its class, arguments, attributes, cause, context and traceback.

    NotImplemented if the exception's class defines a reduce of its own.
    """
    cls = type(error)
    base = _compiled_base(cls)
    if cls.__reduce__ is not base.__reduce__ or cls.__reduce_ex__ is not object.__reduce_ex__:
        return NotImplemented
    arguments = base.__reduce__(error)[1]
    links = {name: getattr(error, name) for name in _LINKS if getattr(error, name)}
    return make_exception, (cls, *arguments), (error.__dict__, links), None, None, fill_exception


def _compiled_base(cls: type) -> Any:
    """Return the first class in a class's ``__mro__`` that no class statement made."""
    return next(base for base in cls.__mro__ if is_compiled(base))


@builder
def make_exception(cls: Any, *arguments: Any) -> BaseException:
    """Make an exception with these arguments, in the way of its built-in base."""
    base = _compiled_base(cls)
    error: BaseException = base.__new__(cls, *arguments)
    base.__init__(error, *arguments)
    return error


@builder
def fill_exception(error: BaseException, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Give an exception its attributes, cause, context and traceback.

    Args:
        error: the exception.
        state: its ``__dict__``, and the values of ``__cause__`` and the like by name.
    """
    attributes, links = state
    error.__dict__.update(attributes)
    for name, value in links.items():
        setattr(error, name, value)
    if "__suppress_context__" not in links:
        # Setting the cause has switched it on.
        error.__suppress_context__ = False


@handles("builtins.traceback")
def reduce_traceback(walk: Walk, traceback: types.TracebackType) -> Reduced:
    """Reduce a traceback to the file, function and line of each frame, without its variables.

    Notes in the walk that the frames' variables are not checked.
    """
    places = []
    link: types.TracebackType | None = traceback
    while link is not None:
        code = link.tb_frame.f_code
        places.append((code.co_filename, code.co_name, link.tb_lineno))
        link = link.tb_next
    walk.opaque("traceback without its frames' variables")
    return make_traceback, tuple(places)


@builder
def make_traceback(*places: tuple[str, str, int]) -> types.TracebackType | None:
    """Make a traceback that is printed as one through these places is; None without places.

    Args:
        places: the file name, the function's name and the line number of each frame, the outermost
            first.
    """
    traceback: types.TracebackType | None = None
    for filename, name, line in reversed(places):
        frame = _frame_at(filename, name, line)
        traceback = types.TracebackType(traceback, frame, 0, line)
    return traceback


def _frame_at(filename: str, name: str, line: int) -> types.FrameType:
    """Make a frame that names this file and function, by running code there that only fails.

    Python lets nobody make a frame in another way.
    """
    stub = compile("raise ZeroDivisionError", filename, "exec")
    stub = stub.replace(co_name=name, co_firstlineno=max(line, 1))
    try:
        exec(stub, {"__name__": "__main__", "__file__": filename})  # noqa: S102 - it only fails
    except ZeroDivisionError as error:
        traceback: Any = error.__traceback__
    frame: types.FrameType = traceback.tb_next.tb_frame
    return frame
