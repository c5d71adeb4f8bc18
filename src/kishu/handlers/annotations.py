"""What annotations are made of: type variables, new types, aliases."""

from __future__ import annotations

import sys
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


@handles("typing.TypeVar", "typing.ParamSpec", "typing.TypeVarTuple")
def reduce_type_variable(walk: Walk, variable: Any) -> Reduced:
    """A type variable of the notebook by what it was made with; it is nobody else's."""
    if importable_constant(variable):
        return NotImplemented
    kind = type(variable).__name__
    options: dict[str, Any] = {}
    for option in ("covariant", "contravariant", "infer_variance"):
        if getattr(variable, f"__{option}__", False):
            options[option] = True
    if getattr(variable, "__bound__", None) is not None:
        options["bound"] = variable.__bound__
    if kind != "TypeVarTuple" and getattr(variable, "has_default", lambda: False)():
        options["default"] = variable.__default__
    constraints = getattr(variable, "__constraints__", ())
    return (
        make_type_variable, (kind, variable.__name__, variable.__module__, constraints, options)
    )  # fmt: skip


@builder
def make_type_variable(
    kind: str, name: str, module: str, constraints: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """A type variable of that kind."""
    import typing

    made: Any = getattr(typing, kind)(name, *constraints, **options)
    made.__module__ = module
    return made


@handles("typing.NewType")
def reduce_new_type(walk: Walk, made: Any) -> Reduced:
    """A new type of the notebook by its name and what it is of."""
    if importable_constant(made):
        return NotImplemented
    return make_new_type, (made.__name__, made.__module__, made.__supertype__)


@builder
def make_new_type(name: str, module: str, of: Any) -> Any:
    """A new type."""
    import typing

    new_type: Any = typing.NewType
    made = new_type(name, of)
    made.__module__ = module
    return made


@handles("typing.TypeAliasType")
def reduce_alias(walk: Walk, alias: Any) -> Reduced:
    """A ``type`` statement's alias by what it stands for."""
    if importable_constant(alias):
        return NotImplemented
    return make_alias, (alias.__name__, alias.__value__, alias.__type_params__)


@builder
def make_alias(name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
    """An alias as a ``type`` statement makes it."""
    import typing

    return typing.TypeAliasType(name, value, type_params=parameters)  # type: ignore[attr-defined]


def importable_constant(obj: Any) -> bool:
    """Whether an object is found by its name in a module that is not the notebook."""
    module = getattr(obj, "__module__", None)
    if module in (None, "__main__") or not isinstance(obj.__name__, str):
        return False
    return getattr(sys.modules.get(module), obj.__name__, None) is obj
