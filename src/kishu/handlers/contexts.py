"""Context variables: with the value they have where cells run."""

from __future__ import annotations

import contextvars
from typing import Any

from kishu.format1 import builder
from kishu.handlers.annotations import importable_constant
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles

Variable = contextvars.ContextVar[Any]
_NOTHING = object()


@handles("_contextvars.ContextVar")
def reduce_variable(walk: Walk, variable: Variable) -> Reduced:
    """A library's by itself; the notebook's by its name, default and present value."""
    default: tuple[Any, ...] = ()
    try:
        default = (contextvars.Context().run(variable.get),)
    except LookupError:
        pass
    value = variable.get(_NOTHING)
    state = () if value is _NOTHING or (default and value is default[0]) else (value,)
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
    """A context variable without a value."""
    if default:
        return contextvars.ContextVar(name, default=default[0])
    return contextvars.ContextVar(name)


@builder
def fill_context_variable(variable: Variable, state: tuple[tuple[Any, ...]]) -> None:
    """Set its value, if it has one."""
    (value,) = state
    if value:
        variable.set(value[0])


@handles("_contextvars.Context")
def reduce_context(walk: Walk, context: contextvars.Context) -> Reduced:
    """By its variables and their values; those that libraries keep for themselves are theirs."""
    pairs = [(variable, value) for variable, value in context.items() if _is_ours(variable)]
    walk.ignore_sharing(pairs)
    return contextvars.Context, (), pairs, None, None, fill_context


def _is_ours(variable: Variable) -> bool:
    return not importable_constant(variable)


@builder
def fill_context(context: contextvars.Context, pairs: list[tuple[Variable, Any]]) -> None:
    """Set its variables."""
    for variable, value in pairs:
        context.run(variable.set, value)
