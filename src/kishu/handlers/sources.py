"""The text that code was compiled from, and where in it a code object stands.

Byte code is of one Python alone. Beside it goes the text, so that another Python can compile that
text whole and take the one code object that stands where the first one stood.
"""

from __future__ import annotations
import __future__

import ast
import functools
import importlib.util
import linecache
import types
from collections.abc import Iterator

from kishu.history.records import CodePlace

MAGIC = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
"""The number of this Python's byte code."""

_FUTURES = functools.reduce(
    int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
"""Functions that some Pythons make of comprehensions, and others do not."""


def place_of(code: types.CodeType) -> tuple[CodePlace, str]:
    """Say where code stands, and give the text that it was compiled from.

    The text is empty, and the place only that of its file and line, where nobody kept the text, or
    where compiling it does not give this very code once: a transformer may have changed it.
    """
    plain = CodePlace(code.co_filename, code.co_firstlineno, MAGIC)
    entry = linecache.cache.get(code.co_filename)
    if entry is None or len(entry) == 1:
        return plain, ""
    text = "".join(entry[2]).rstrip("\n")
    flags = code.co_flags & _FUTURES
    standing = [each for each in _compiled(text, flags) if _are_same(each, code)]
    if len(standing) != 1:
        return plain, ""
    return (
        CodePlace(
            code.co_filename, code.co_firstlineno, MAGIC, flags=flags, name=_name_of(code),
            at=_first_position(code),
        ),
        text,
    )  # fmt: skip


def find(text: str, place: CodePlace) -> types.CodeType | None:
    """Compile a text and give the code that stands at a place in it; None for none, or several."""
    named = [
        code
        for code in _compiled(text, place.flags)
        if code.co_firstlineno == place.line and _name_of(code) == place.name
    ]
    if len(named) > 1:
        named = [code for code in named if _first_position(code) == place.at]
    return named[0] if len(named) == 1 else None


@functools.lru_cache(maxsize=8)
def _compiled(text: str, flags: int) -> tuple[types.CodeType, ...]:
    """Compile a cell's text and give all code in it."""
    try:
        whole = compile(
            text, "<cell>", "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_within(whole))


def _within(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _within(each)


def _are_same(one: types.CodeType, other: types.CodeType) -> bool:
    """Tell whether two pieces of code are the same, and stand at the same place."""
    return one == other and _first_position(one) == _first_position(other)


def _name_of(code: types.CodeType) -> str:
    undo_stack = [step for step in code.co_qualname.split(".") if step not in _INLINED]
    return ".".join(undo_stack)


def _first_position(code: types.CodeType) -> tuple[int, int]:
    """Give the line and column of the first thing in it; (0, 0) where none is known."""
    return min(
        (
            (line, column)
            for line, end_line, column, end in code.co_positions()
            if line is not None and column is not None and (end_line, end) != (line, column)
        ),
        default=(0, 0),
    )
