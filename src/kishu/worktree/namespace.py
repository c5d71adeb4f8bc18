"""Which names of the namespace are the user's variables."""

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
    """The user's variables in ``namespace``, underscore names included.

    Args:
        namespace: the globals of the notebook's cells.
        hidden: what IPython itself put there, by name; a name that the user has bound to
            something else since is the user's.
        ignored: names that the user told Kishu to leave alone.
    """
    return {
        name: value
        for name, value in namespace.copy().items()  # type: ignore[attr-defined]
        if isinstance(name, str)
        and name not in _IPYTHON
        and name not in ignored
        and hidden.get(name, _NOTHING) is not value
        and not (name[0:1] == "_" and _is_history(name, value, namespace))
        # They are the names of what is no variable (`records.is_variable`); no cell can write them.
        and name[0:1] not in ("#", "!")
        and not _is_ours(value)
    }


def _is_history(name: str, value: object, namespace: Mapping[str, Any]) -> bool:
    """Whether it is what IPython calls a cell's input or result: ``_i7``, ``_7``."""
    found = _HISTORY.fullmatch(name)
    if found is None:
        return False
    number = int(found[2])
    if found[1]:
        inputs = namespace.get("_ih", ())
        return number < len(inputs) and inputs[number] == value
    return namespace.get("_oh", {}).get(number, _NOTHING) is value


def _is_ours(value: object) -> bool:
    """Kishu's own objects (a report, the session, the package) are not state of the user's."""
    cls = type(value)
    if cls is ModuleType:
        return value.__dict__.get("__name__") == "kishu"
    module = _module_of(cls)
    return isinstance(module, str) and module.startswith("kishu.")
