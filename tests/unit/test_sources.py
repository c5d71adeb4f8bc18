"""The text of a cell gives back each function in it, whatever stands beside it."""

from __future__ import annotations

import linecache
import types
from typing import TYPE_CHECKING, Any

import pytest

from kishu.handlers import sources
from kishu.history.records import CodePlace

if TYPE_CHECKING:
    from collections.abc import Iterator

CELL = """
def plain(a, b=2):
    "Say what it does."
    return a + b

lambdas = [lambda x: x + 1, lambda x: x + 2, (lambda: lambda: 3)]; other = lambda x: x + 1

@staticmethod
def decorated(): return 4

async def waits():
    return [each async for each in ()]

class Own:
    def method(self): return super().__repr__()
    @property
    def size(self): return 5
    class Inner:
        def method(self): return 6

made = [lambda: n for n in range(2)]
def outer():
    def inner(): return made
    return inner
def empty(): pass
def documented(): "nothing else"
"""


def codes(namespace: dict[str, Any]) -> dict[str, types.CodeType]:
    """All functions that the cell made, by how they are reached."""
    found = {
        "plain": namespace["plain"],
        **{f"lambdas[{n}]": each for n, each in enumerate(namespace["lambdas"])},
        "a lambda in a lambda": namespace["lambdas"][2](),
        "other": namespace["other"],
        "decorated": namespace["decorated"].__func__,
        "waits": namespace["waits"],
        "method": namespace["Own"].method,
        "property": namespace["Own"].size.fget,
        "of an inner class": namespace["Own"].Inner.method,
        "in a comprehension": namespace["made"][0],
        "inner": namespace["outer"](),
        "empty": namespace["empty"],
        "documented": namespace["documented"],
    }
    return {name: function.__code__ for name, function in found.items()}


@pytest.fixture
def cell() -> Iterator[dict[str, types.CodeType]]:
    """The functions of the cell, compiled as IPython does: its text is kept."""
    name = "<cell of a test>"
    linecache.cache[name] = (len(CELL), None, CELL.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {}
    exec(compile(CELL, name, "exec"), namespace)
    yield codes(namespace)
    del linecache.cache[name]


def test_each_function_is_found_again_in_the_text(cell: dict[str, types.CodeType]) -> None:
    for reached, code in cell.items():
        place, text = sources.place_of(code)
        assert text == CELL.rstrip("\n"), reached
        assert sources.find(text, place) == code, reached


def test_code_that_its_text_does_not_give_has_none(cell: dict[str, types.CodeType]) -> None:
    changed = cell["plain"].replace(co_consts=("another", *cell["plain"].co_consts[1:]))
    place, text = sources.place_of(changed)
    assert (text, place.name) == ("", "")


def test_two_of_one_look_at_one_place_are_not_guessed() -> None:
    # Of names, not of a constant: of two that return one, Python 3.12 makes one and the same code.
    (code,) = sources._compiled("a = [lambda: b]", 0)
    twice = CodePlace("f", 1, 0, name=sources._name_of(code), at=(1, 99))
    assert sources.find("a = lambda: b, lambda: b", twice) is None


def test_what_was_switched_on_in_an_earlier_cell_is_switched_on_again() -> None:
    text = "def f(a: Undefined): pass"
    name = "<cell with a future>"
    linecache.cache[name] = (len(text), None, [text], name)
    namespace: dict[str, Any] = {}
    import __future__

    exec(compile(text, name, "exec", __future__.annotations.compiler_flag), namespace)
    place, kept = sources.place_of(namespace["f"].__code__)
    assert place.flags == __future__.annotations.compiler_flag
    assert sources.find(kept, place) == namespace["f"].__code__
    del linecache.cache[name]
