"""Reduce objects of which a process has only one to the place where they are found.

A restore then finds the process's own object, and makes no second one.
"""

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
"""Where the singletons of a type are found: a module, and a dotted path in it.

Other objects of the type are stored as usual.
"""

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
"""The module all of whose names are searched for an object of a type, by identity."""


def place_of(obj: Any) -> tuple[str, str] | None:
    """Return the module and the dotted path in it where a singleton is found; None for others."""
    name = type_name(type(obj))
    for module, path in _PLACES.get(name, ()):
        if _attribute_at(sys.modules.get(module), path) is obj:
            return module, path
    searched = _SEARCHED.get(name)
    for path, value in list(vars(sys.modules[searched]).items()) if searched else ():
        if value is obj:
            return str(searched), path
    return None


_WITH_OWN_HANDLERS = ("torch._C.Generator", "builtins.mappingproxy")
"""Types that have handlers of their own, which call `place_of`."""


@handles(
    *(name for name in (*_PLACES, *_SEARCHED) if name not in _WITH_OWN_HANDLERS),
    sharing_is_state=False,
)
def reduce_singleton(walk: Walk, obj: Any) -> Reduced:
    """Reduce a singleton to the place where it is found, without its content.

    Content that cells can change, as that of `os.environ`, is a setting, which is recorded apart.
    """
    place = place_of(obj)
    if place is None:
        walk.track_sharing(obj)
        return NotImplemented
    return find_singleton, place


@builder
def find_singleton(module: str, path: str) -> Any:
    """Return the object at a dotted path in a module; None if there is none.

    Raises:
        ImportError: the module cannot be imported.
    """
    return _attribute_at(importlib.import_module(module), path)


def _attribute_at(module: Any, path: str) -> Any:
    """Follow a dotted path of attributes; return None if one is missing."""
    return functools.reduce(lambda obj, step: getattr(obj, step, None), path.split("."), module)


@handles("decimal.Context", sharing_is_state=False)
def reduce_context(walk: Walk, context: decimal.Context) -> Reduced:
    """Reduce the decimal context in force to `decimal.getcontext`, others to their fields."""
    if context is decimal.getcontext():
        return decimal.getcontext, ()
    walk.track_sharing(context)
    return NotImplemented


@handles(
    "ast.expr_context", "ast.boolop", "ast.operator", "ast.unaryop", "ast.cmpop",
    subclasses=True, sharing_is_state=False,
)  # fmt: skip
def reduce_operator(walk: Walk, node: ast.AST) -> Reduced:
    """Reduce a node for an operator, which the parser puts into all syntax trees, to its name.

    Attributes that a tool set on that node are not stored.
    """
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
"""Python code with every operator, from which the parser's own nodes are taken."""


@builder
def find_syntax_operator(name: str) -> ast.AST | None:
    """Return the parser's own syntax node for an operator or a context, as ``Add`` or ``Load``.

    None if this Python has none of that name.
    """
    return _operators().get(name)


@functools.cache
def _operators() -> dict[str, ast.AST]:
    """Return the parser's own nodes for operators and contexts, by their class's name."""
    kinds = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    nodes = ast.walk(ast.parse(_ALL_OPERATORS))
    return {type(node).__name__: node for node in nodes if isinstance(node, kinds)}


@handles("ipykernel.iostream.OutStream", sharing_is_state=False)
def reduce_stream(walk: Walk, stream: Any) -> Reduced:
    """Reduce the kernel's standard output or error stream to its name; leave other streams out."""
    if stream is not find_stream(stream.name):
        return walk.unstorable(stream, "live", "it is a live connection of this kernel")
    return find_stream, (stream.name,)


@builder
def find_stream(name: str) -> Any:
    """Return ``sys.stdout`` or ``sys.stderr``, without the stand-in that silences it for a time."""
    stream = getattr(sys, name, None)
    return stream.stream if isinstance(stream, Silenced) else stream
