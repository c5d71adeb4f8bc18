"""Reduce modules to their names, or to their content where they were made by hand.

With the name of a local module goes the digest of its file, so that a restore can tell whether the
file was edited since.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import os
import sys
import sysconfig
import types
from typing import Any

from blake3 import blake3

from kishu.format1 import builder
from kishu.handlers import loading
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles

_MADE_BY_IMPORT = frozenset({"__spec__", "__loader__", "__cached__"})
"""Attributes that the import system sets on a module."""

_BUILTINS = "__builtins__"


@handles("builtins.module", sharing_is_state=False)
def reduce_module(walk: Walk, module: types.ModuleType) -> Reduced:
    """Reduce a module to its name, with its file's digest if it belongs to no installed library.

    A module made by hand is reduced to its content. One that was imported, and that its name does
    not lead to any more, cannot be stored.
    """
    if sys.modules.get(module.__name__) is module:
        digest = _digest_when_loaded(module)
        return import_module, (module.__name__, digest) if digest else (module.__name__,)
    if module.__dict__ is walk.user_globals:
        return import_module, ("__main__",)
    if module.__dict__.get("__spec__") is not None:
        return walk.unstorable(module, "live", "it is a module that cannot be imported by its name")
    walk.track_sharing(module)
    # `fill_module` puts the built-in names back, which belong to Python.
    content = {
        name: value if name != _BUILTINS else None
        for name, value in module.__dict__.items()
        if name not in _MADE_BY_IMPORT or value is None
    }
    walk.ignore_sharing(content)
    return make_module, (module.__name__,), content, None, None, fill_module


@builder
def import_module(name: str, digest: str = "") -> types.ModuleType:
    """Return a module, imported if need be; have the report say if its file was edited since.

    Args:
        name: the module's name.
        digest: the digest that its file had when it was stored; empty for libraries.

    Raises:
        ImportError: the module cannot be imported.
    """
    module = importlib.import_module(name)
    if digest and _digest_when_loaded(module) != digest:
        path = module.__file__
        loading.now().note(f"{path} was edited since: the module is what it is now")
    return module


@builder
def make_module(name: str) -> types.ModuleType:
    """Return a new, empty module that is not in `sys.modules`."""
    return types.ModuleType(name)


@builder
def fill_module(module: types.ModuleType, content: dict[str, Any]) -> None:
    """Replace all names in a module."""
    module.__dict__.clear()
    module.__dict__.update(content)
    if _BUILTINS in content:
        # The dict, not the module: that is what `exec` puts there.
        module.__dict__[_BUILTINS] = builtins.__dict__


_digests: dict[int, tuple[object, str]] = {}
"""Specs of modules, each with the digest of the file that it was loaded from; by its address."""


def _digest_when_loaded(module: types.ModuleType) -> str:
    """Return the digest that a local module's file had when the module was first seen.

    Empty for installed libraries, and where there is no file that can be read. A module that is
    reloaded gets a new spec, and its file is read again.
    """
    spec = module.__dict__.get("__spec__")
    known = _digests.get(id(spec))
    if known is not None and known[0] is spec:
        return known[1]
    digest = ""
    path = module.__dict__.get("__file__")
    if isinstance(path, str) and not path.startswith(_libraries()):
        try:
            with open(path, "rb") as file:
                digest = blake3(file.read()).hexdigest(length=20)
        except OSError:
            digest = ""
    _digests[id(spec)] = spec, digest
    return digest


@functools.cache
def _libraries() -> tuple[str, ...]:
    """Return the directories where libraries are installed, each with a separator at its end."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    directories = {os.path.join(sysconfig.get_path(kind), "") for kind in kinds}
    directories |= {os.path.join(path, "") for path in sys.path if path.endswith("-packages")}
    return tuple(directories)
