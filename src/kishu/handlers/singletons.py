"""Objects of which a process has one, known by where they are found, whoever holds them."""

from __future__ import annotations

import ast
import decimal
import functools
import importlib
import sys
from typing import Any

from kishu.format1 import builder
from kishu.guard import Silenced
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles
from kishu.handlers.typeinfo import type_name

_PLACES = {
    "os._Environ": (("os", "environ"), ("os", "environb")),
    "random.Random": (("random", "_inst"),),
    "numpy.random.mtrand.RandomState": (("numpy.random.mtrand", "_rand"),),
    "numpy.random._mt19937.MT19937": (("numpy.random.mtrand", "_rand._bit_generator"),),
    "matplotlib.RcParams": (("matplotlib", "rcParams"), ("matplotlib", "rcParamsDefault")),
    "torch._C.Generator": (("torch", "default_generator"),),
    "builtins.mappingproxy": (("dataclasses", "_EMPTY_METADATA"),),
}
"""Where the one object of a type is found; others of the type are values."""

_SEARCHED = {
    "dataclasses._MISSING_TYPE": "dataclasses",
    "dataclasses._FIELD_BASE": "dataclasses",
    "dataclasses._KW_ONLY_TYPE": "dataclasses",
    "dataclasses._HAS_DEFAULT_FACTORY_CLASS": "dataclasses",
    "inspect._empty": "inspect",
    "_sitebuiltins._Printer": "builtins",
    "_sitebuiltins._Helper": "builtins",
    "_sitebuiltins.Quitter": "builtins",
}
"""The module among whose names the objects of a type are looked for, by identity."""


def place_of(obj: Any) -> tuple[str, str] | None:
    """Return the module and the path in it where an object is the one there is; None if nowhere."""
    name = type_name(type(obj))
    for module, path in _PLACES.get(name, ()):
        if _look(sys.modules.get(module), path) is obj:
            return module, path
    searched = _SEARCHED.get(name)
    for path, value in list(vars(sys.modules[searched]).items()) if searched else ():
        if value is obj:
            return str(searched), path
    return None


_ELSEWHERE = ("torch._C.Generator", "builtins.mappingproxy")
"""Types whose own handlers ask `place_of`."""


@handles(
    *(name for name in (*_PLACES, *_SEARCHED) if name not in _ELSEWHERE), sharing_is_state=False
)
def reduce_singleton(walk: Walk, obj: Any) -> Reduced:
    """Reduce an object that exists once to its place; its content is state of its own."""
    place = place_of(obj)
    if place is None:
        walk.track_sharing(obj)
        return NotImplemented
    return find_singleton, place


@builder
def find_singleton(module: str, path: str) -> Any:
    """What is at that place in a module."""
    return _look(importlib.import_module(module), path)


def _look(module: Any, path: str) -> Any:
    return functools.reduce(lambda obj, step: getattr(obj, step, None), path.split("."), module)


@handles("decimal.Context", sharing_is_state=False)
def reduce_context(walk: Walk, context: decimal.Context) -> Reduced:
    """The context in force by that; others by their fields."""
    if context is decimal.getcontext():
        return decimal.getcontext, ()
    walk.track_sharing(context)
    return NotImplemented


@handles(
    "ast.expr_context", "ast.boolop", "ast.operator", "ast.unaryop", "ast.cmpop",
    subclasses=True, sharing_is_state=False,
)  # fmt: skip
def reduce_operator(walk: Walk, node: ast.AST) -> Reduced:
    """What the parser puts into all syntax trees; a tree that a tool hung onto it is not theirs."""
    name = type(node).__name__
    if find_syntax_operator(name) is not node:
        walk.track_sharing(node)
        return NotImplemented
    return find_syntax_operator, (name,)


_ALL_OPERATORS = """
of = +a + b - c * d @ e / f % g ** h // i << j >> k | l & m ^ ~n, -o, not p, q and r or s
a == b != c < d <= e > f >= g is h is not i in j not in k
del of
"""


@builder
def find_syntax_operator(name: str) -> ast.AST | None:
    """The parser's own object for an operator, or for what is done with a name."""
    return _operators().get(name)


@functools.cache
def _operators() -> dict[str, ast.AST]:
    kinds = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    nodes = ast.walk(ast.parse(_ALL_OPERATORS))
    return {type(node).__name__: node for node in nodes if isinstance(node, kinds)}


@handles("ipykernel.iostream.OutStream", sharing_is_state=False)
def reduce_stream(walk: Walk, stream: Any) -> Reduced:
    """The kernel's own output streams by their names."""
    if stream is not find_stream(stream.name):
        return walk.unstorable(stream, "live", "it is a live connection of this kernel")
    return find_stream, (stream.name,)


@builder
def find_stream(name: str) -> Any:
    """``sys.stdout`` or ``sys.stderr``, also while what we run is silenced."""
    stream = getattr(sys, name, None)
    return stream.stream if isinstance(stream, Silenced) else stream
