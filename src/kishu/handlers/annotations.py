"""Reduce and rebuild what annotations are made of: type variables, new types and type aliases."""

from __future__ import annotations

import sys
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


@handles("typing.TypeVar", "typing.ParamSpec", "typing.TypeVarTuple")
def reduce_type_variable(walk: Walk, variable: Any) -> Reduced:
    """Reduce a type variable to its name, module, constraints and options.

    NotImplemented for one that a library's module has by its name: pickle refers to that one.
    """
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
    """Make a new type variable.

    Args:
        kind: the name of its type in `typing`, such as ``TypeVar``.
        name: the type variable's name.
        module: the name of the module that it says it is defined in.
        constraints: the types that it may stand for; empty if any.
        options: the keyword arguments of its type, such as ``bound``.
    """
    import typing

    variable: Any = getattr(typing, kind)(name, *constraints, **options)
    variable.__module__ = module
    return variable


@handles("typing.NewType")
def reduce_new_type(walk: Walk, new_type: Any) -> Reduced:
    """Reduce a `typing.NewType` to its name, its module and the type that it is made from.

    NotImplemented for one that a library's module has by its name: pickle refers to that one.
    """
    if importable_constant(new_type):
        return NotImplemented
    return make_new_type, (new_type.__name__, new_type.__module__, new_type.__supertype__)


@builder
def make_new_type(name: str, module: str, of: Any) -> Any:
    """Make a `typing.NewType` from the type ``of``."""
    import typing

    make: Any = typing.NewType
    new_type = make(name, of)
    new_type.__module__ = module
    return new_type


@handles("typing.TypeAliasType")
def reduce_alias(walk: Walk, alias: Any) -> Reduced:
    """Reduce the alias of a ``type`` statement to its name, its value and its type parameters.

    NotImplemented for one that a library's module has by its name: pickle refers to that one.
    """
    if importable_constant(alias):
        return NotImplemented
    return make_alias, (alias.__name__, alias.__value__, alias.__type_params__)


@builder
def make_alias(name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
    """Make an alias as a ``type`` statement makes it."""
    import typing

    return typing.TypeAliasType(name, value, type_params=parameters)  # type: ignore[attr-defined]


def importable_constant(obj: Any) -> bool:
    """Return True if an imported module other than the notebook has the object by its name."""
    module = getattr(obj, "__module__", None)
    if module in (None, "__main__") or not isinstance(obj.__name__, str):
        return False
    return getattr(sys.modules.get(module), obj.__name__, None) is obj
