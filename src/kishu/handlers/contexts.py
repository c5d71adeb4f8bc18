"""Reduce and rebuild context variables, with the values that they have where cells run."""

from __future__ import annotations

import contextvars
from typing import Any

from kishu.format1 import builder
from kishu.handlers.annotations import importable_constant
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles

Variable = contextvars.ContextVar[Any]
_NO_VALUE = object()


@handles("_contextvars.ContextVar")
def reduce_variable(walk: Walk, variable: Variable) -> Reduced:
    """Reduce a context variable to its name, its default and its value in the present context.

    A value that is the default itself is left out.
    """
    default: tuple[Any, ...] = ()
    try:
        default = (contextvars.Context().run(variable.get),)
    except LookupError:
        pass
    value = variable.get(_NO_VALUE)
    state = () if value is _NO_VALUE or (default and value is default[0]) else (value,)
    return (
        make_context_variable,
        (variable.name, default),
        (state,),
        None,
        None,
        fill_context_variable,
    )


@builder
def make_context_variable(name: str, default: tuple[Any, ...]) -> Variable:
    """Make a context variable without a value.

    Args:
        name: the context variable's name.
        default: a tuple of its default; empty if it has none.
    """
    if default:
        return contextvars.ContextVar(name, default=default[0])
    return contextvars.ContextVar(name)


@builder
def fill_context_variable(variable: Variable, state: tuple[tuple[Any, ...]]) -> None:
    """Set a context variable in the present context, if it had a value.

    Args:
        variable: the context variable.
        state: a tuple of one item: a tuple of the value, or an empty one if there was none.
    """
    (value,) = state
    if value:
        variable.set(value[0])


@handles("_contextvars.Context")
def reduce_context(walk: Walk, context: contextvars.Context) -> Reduced:
    """Reduce a context to its context variables and their values."""
    pairs = [(variable, value) for variable, value in context.items() if _is_of_notebook(variable)]
    walk.ignore_sharing(pairs)
    return contextvars.Context, (), pairs, None, None, fill_context


def _is_of_notebook(variable: Variable) -> bool:
    """Return True unless a library's module has the context variable by its name.

    CPython's context variables have neither ``__module__`` nor ``__name__``: all count as the
    notebook's.
    """
    return not importable_constant(variable)


@builder
def fill_context(context: contextvars.Context, pairs: list[tuple[Variable, Any]]) -> None:
    """Set context variables in a context.

    Args:
        context: the context.
        pairs: each context variable with its value.
    """
    for variable, value in pairs:
        context.run(variable.set, value)
