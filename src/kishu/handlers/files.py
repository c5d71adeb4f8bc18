"""Reduce and rebuild open files, by path, mode and position; what is in them is not stored."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from kishu.format1 import builder
from kishu.handlers import loading
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


@handles("_io.FileIO", "_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom",
         "_io.TextIOWrapper")  # fmt: skip
def reduce_file(walk: Walk, file: Any) -> Reduced:
    """Reduce a file to its path, mode and position.

    The process's own standard streams are reduced to their names. A file without a path (a pipe)
    and one whose lines are being iterated over are unstorable.
    """
    for stream in ("__stdin__", "__stdout__", "__stderr__"):
        if file is getattr(sys, stream):
            return getattr, (sys, stream)
    try:
        name, mode = file.name, file.mode
    except (AttributeError, ValueError):
        return _reduce_text_wrapper(walk, file)
    if not isinstance(name, (str, bytes)) or not isinstance(mode, str):
        return walk.unstorable(file, "live", "it is an open file without a path", _offset(file))
    form = _form(file)
    if file.closed:
        return open_closed_file, (os.path.abspath(name), name, mode, *form)
    try:
        position = file.tell()
    except OSError:
        # A text file that is being iterated over does not tell its position.
        return walk.unstorable(
            file, "live", "it is a file whose lines are being read", _offset(file)
        )
    return open_file, (_path_of(file, name), name, mode, *form), position, None, None, seek_file


def _path_of(file: Any, name: str | bytes) -> str | bytes:
    """Return the absolute path of an open file.

    The system is asked where it says: a relative name may be of an earlier working directory.

    Args:
        file: the file.
        name: the name that it was opened by.
    """
    path = os.path.abspath(name)
    try:
        opened = os.readlink(f"/proc/self/fd/{file.fileno()}")
    except OSError:
        return path
    return opened if os.path.isfile(opened) else path


def _reduce_text_wrapper(walk: Walk, file: Any) -> Reduced:
    """Reduce text over a binary stream that is no file, such as `io.BytesIO`, to that stream.

    Anything else is unstorable, and so is text that is closed or whose lines are being iterated
    over.
    """
    if not isinstance(file, io.TextIOWrapper) or file.closed:
        return walk.unstorable(file, "live", "it is an open file without a path")
    try:
        position = file.tell()
    except OSError:
        return walk.unstorable(file, "live", "it is a stream whose lines are being read")
    return make_text_wrapper, (file.buffer, *_form(file)[1:]), position, None, None, seek_file


def _form(file: Any) -> tuple[Any, ...]:
    """Return ``text`` with the options of a text file, or the type's name of a binary file."""
    if isinstance(file, io.TextIOWrapper):
        # A text file does not show its ``newline`` option: it is rebuilt with the default.
        return "text", file.encoding, file.errors, file.line_buffering, file.write_through
    return (type(file).__name__,)


def _offset(file: Any) -> object:
    """Return the system's offset in a file; it tells two states of an unstorable file apart.

    It is ``closed`` for a closed file, and ``open`` for one that has no offset (a pipe).
    """
    if file.closed:
        return "closed"
    raw = file
    while not isinstance(raw, io.FileIO):
        raw = getattr(raw, "buffer", None) or getattr(raw, "raw", None)
        if raw is None:
            return "open"
    try:
        return os.lseek(raw.fileno(), 0, os.SEEK_CUR)
    except OSError:
        return "open"


@builder
def open_file(path: str, name: str | bytes, mode: str, kind: str, *form: Any) -> Any:
    """Open a file again in its mode, without emptying or making it.

    Where the file could be written to, has the report say that its content is not restored.

    Args:
        path: the absolute path.
        name: the name that it was opened by, which is the file object's ``name``.
        mode: the file object's ``mode``.
        kind: ``text``, or the name of the type of a binary file.
        form: the encoding, the error handler, ``line_buffering`` and ``write_through`` of a text
            file; empty for a binary one.

    Raises:
        OSError: the file cannot be opened; `FileNotFoundError` if it does not exist.
    """

    def opener(_: Any, flags: int) -> int:
        return os.open(path, flags & ~(os.O_TRUNC | os.O_EXCL | os.O_CREAT))

    if any(letter in mode for letter in "wax+"):
        loading.now().note(f"what was written to {path} since stays there")
    if kind == "text":
        encoding, errors, line_buffering, write_through = form
        file: Any = open(  # noqa: SIM115
            name, mode.replace("b", ""), encoding=encoding, errors=errors, opener=opener
        )
        file.reconfigure(line_buffering=line_buffering, write_through=write_through)
        return file
    binary = mode if "b" in mode else mode + "b"
    return open(name, binary, buffering=0 if kind == "FileIO" else -1, opener=opener)


@builder
def open_closed_file(path: str, name: str | bytes, mode: str, kind: str, *form: Any) -> Any:
    """Make a closed file object; over the null device if the file cannot be opened.

    The arguments are those of `open_file`.
    """
    try:
        file = open_file(path, name, mode.replace("x", "w"), kind, *form)
    except OSError:
        file = open(os.devnull, mode.replace("x", "w"))  # noqa: SIM115
    file.close()
    return file


@builder
def make_text_wrapper(
    buffer: Any, encoding: str, errors: str, line_buffering: bool, write_through: bool
) -> io.TextIOWrapper:
    """Make a text stream over a binary one."""
    return io.TextIOWrapper(
        buffer, encoding, errors, line_buffering=line_buffering, write_through=write_through
    )


@builder
def seek_file(file: Any, position: int) -> None:
    """Set a file's position."""
    file.seek(position)
