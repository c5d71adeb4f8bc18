"""Open files: by path, mode and position; what is in them is the disk's."""

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
    """A file that was opened by its path; others (pipes, temporary ones) are left out."""
    for stream in ("__stdin__", "__stdout__", "__stderr__"):
        if file is getattr(sys, stream):
            return getattr, (sys, stream)
    try:
        name, mode = file.name, file.mode
    except (AttributeError, ValueError):
        return _reduce_wrapper(walk, file)
    if not isinstance(name, (str, bytes)) or not isinstance(mode, str):
        return walk.unstorable(file, "live", "it is an open file without a path", _standing(file))
    form = _form(file)
    if file.closed:
        return open_closed_file, (os.path.abspath(name), name, mode, *form)
    try:
        position = file.tell()
    except OSError:
        # Its lines are being iterated over: only the buffer beneath knows how far they are read.
        return walk.unstorable(
            file, "live", "it is a file whose lines are being read", _standing(file)
        )
    return open_file, (_path_of(file, name), name, mode, *form), position, None, None, seek_file


def _path_of(file: Any, name: str | bytes) -> str | bytes:
    """Where the file is, even if it was opened from another directory."""
    path = os.path.abspath(name)
    try:
        there = os.readlink(f"/proc/self/fd/{file.fileno()}")
    except OSError:
        return path
    return there if os.path.isfile(there) else path


def _reduce_wrapper(walk: Walk, file: Any) -> Reduced:
    """Text over something else that is no file of the system."""
    if not isinstance(file, io.TextIOWrapper) or file.closed:
        return walk.unstorable(file, "live", "it is an open file without a path")
    try:
        position = file.tell()
    except OSError:
        return walk.unstorable(file, "live", "it is a stream whose lines are being read")
    return make_text_wrapper, (file.buffer, *_form(file)[1:]), position, None, None, seek_file


def _form(file: Any) -> tuple[Any, ...]:
    if isinstance(file, io.TextIOWrapper):
        # How it translates line ends is not told: the common way is taken.
        return "text", file.encoding, file.errors, file.line_buffering, file.write_through
    return (type(file).__name__,)


def _standing(file: Any) -> object:
    """Where the system's file stands: tells that it was read from, or closed."""
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
    """The file, opened again as it was, without emptying or making it.

    Raises:
        FileNotFoundError: it is no more.
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
    """A closed file; where it is no more, one that never was open on it."""
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
    """Text over a binary stream."""
    return io.TextIOWrapper(
        buffer, encoding, errors, line_buffering=line_buffering, write_through=write_through
    )


@builder
def seek_file(file: Any, position: int) -> None:
    """Go to a position."""
    file.seek(position)
