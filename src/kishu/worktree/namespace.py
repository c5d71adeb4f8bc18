"""Tell the user's variables from what else is in the namespace."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any

_IPYTHON = frozenset(
    {
        "In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "_exit_code",
        "__builtin__", "__builtins__", "__name__", "__doc__", "__package__", "__loader__",
        "__spec__", "__session__", "__warningregistry__", "__vsc_ipynb_file__", "get_ipython",
    }
)  # fmt: skip
_HISTORY = re.compile(r"_(i?)(\d+)")
_NOTHING = object()
# A class's module as the class has it: a metaclass of the user's may answer otherwise, or raise.
_module_of = type.__dict__["__module__"].__get__


def variables(
    namespace: Mapping[str, Any], hidden: Mapping[str, Any], ignored: Collection[str]
) -> dict[str, Any]:
    """Return the user's variables by name, underscore names included.

    Args:
        namespace: the globals of the notebook's cells.
        hidden: what IPython itself put there, by name; where the user bound the name to something
            else since, it is a variable.
        ignored: names of variables that the user asked to ignore.
    """
    return {
        name: value
        for name, value in namespace.copy().items()  # type: ignore[attr-defined]
        if isinstance(name, str)
        and name not in _IPYTHON
        and name not in ignored
        and hidden.get(name, _NOTHING) is not value
        and not (name[0:1] == "_" and _is_history(name, value, namespace))
        # Names of other entities begin like this (`records.is_variable`). No cell can write such a
        # name, but one can put it into globals().
        and name[0:1] not in ("#", "!")
        and not _belongs_to_kishu(value)
    }


def _is_history(name: str, value: object, namespace: Mapping[str, Any]) -> bool:
    """Return True for a cell's input or result under IPython's name for it: ``_i7``, ``_7``."""
    match = _HISTORY.fullmatch(name)
    if match is None:
        return False
    number = int(match[2])
    if match[1]:
        inputs = namespace.get("_ih", ())
        return number < len(inputs) and inputs[number] == value
    return namespace.get("_oh", {}).get(number, _NOTHING) is value


def _belongs_to_kishu(value: object) -> bool:
    """Return True for the package, and for an instance of one of its classes, such as a report.

    They are no state of the user's.
    """
    cls = type(value)
    if cls is ModuleType:
        return value.__dict__.get("__name__") == "kishu"
    module = _module_of(cls)
    return isinstance(module, str) and module.startswith("kishu.")
