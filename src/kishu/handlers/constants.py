"""Sentinels of libraries: objects that are nothing but themselves, known by their names."""

from __future__ import annotations

import sys
from typing import Any

from kishu.format1 import builder
from kishu.handlers.registry import Reduced, Walk, handles


@handles(
    "dataclasses._MISSING_TYPE", "dataclasses._FIELD_BASE", "dataclasses._KW_ONLY_TYPE",
    "dataclasses._HAS_DEFAULT_FACTORY_CLASS", "inspect._empty",
    sharing_is_state=False,
)  # fmt: skip
def reduce_constant(walk: Walk, constant: Any) -> Reduced:
    """By the name it has in the module of its class."""
    module = type(constant).__module__
    for name, value in vars(sys.modules[module]).items():
        if value is constant:
            return find_constant, (module, name)
    return NotImplemented


@builder
def find_constant(module: str, name: str) -> Any:
    """The object of that name in a module."""
    import importlib

    return getattr(importlib.import_module(module), name)
