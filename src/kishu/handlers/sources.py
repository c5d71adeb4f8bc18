"""Find the text that a code object was compiled from, and the code object at a place in a text.

Byte code works in one version of Python alone. The text is stored beside it, so that another Python
can compile the whole text and take the one code object that stands where the first one stood.
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
"""The number that stands for this Python's version of byte code."""

_FUTURES = functools.reduce(
    int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
"""The compiler flags of all ``from __future__ import`` statements."""

_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
"""Names of the functions that some versions of Python make of comprehensions."""


def place_of(code: types.CodeType) -> tuple[CodePlace, str]:
    """Return where a code object stands, and the text that it was compiled from.

    The text is empty, and the place only that of its file and line, where `linecache` does not hold
    the text, or compiling it does not give this very code once: a transformer may have changed it.
    """
    plain = CodePlace(code.co_filename, code.co_firstlineno, MAGIC)
    entry = linecache.cache.get(code.co_filename)
    if entry is None or len(entry) == 1:
        return plain, ""
    text = "".join(entry[2]).rstrip("\n")
    flags = code.co_flags & _FUTURES
    matching = [each for each in _compiled(text, flags) if _are_same(each, code)]
    if len(matching) != 1:
        return plain, ""
    return (
        CodePlace(
            code.co_filename, code.co_firstlineno, MAGIC, flags=flags, name=_name_of(code),
            at=_first_position(code),
        ),
        text,
    )  # fmt: skip


def find(text: str, place: CodePlace) -> types.CodeType | None:
    """Compile a text; return the code object at a place in it, or None for none or several."""
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
    """Compile a cell's text; return all code objects in it, or none if it does not compile."""
    try:
        whole = compile(
            text, "<cell>", "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_within(whole))


def _within(code: types.CodeType) -> Iterator[types.CodeType]:
    """Walk the code objects nested in a code object, at any depth."""
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _within(each)


def _are_same(one: types.CodeType, other: types.CodeType) -> bool:
    """Return True if two code objects are equal and stand at the same place."""
    return one == other and _first_position(one) == _first_position(other)


def _name_of(code: types.CodeType) -> str:
    """Return a code object's qualified name without the functions made of comprehensions."""
    names = [name for name in code.co_qualname.split(".") if name not in _INLINED]
    return ".".join(names)


def _first_position(code: types.CodeType) -> tuple[int, int]:
    """Return the line and column of a code object's first instruction in the text; else (0, 0)."""
    return min(
        (
            (line, column)
            for line, end_line, column, end in code.co_positions()
            if line is not None and column is not None and (end_line, end) != (line, column)
        ),
        default=(0, 0),
    )
