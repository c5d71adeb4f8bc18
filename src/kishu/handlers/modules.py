"""Modules: by name; a user's own with what its file was, one made by hand by its content."""

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
_BUILTINS = "__builtins__"


@handles("builtins.module", sharing_is_state=False)
def reduce_module(walk: Walk, module: types.ModuleType) -> Reduced:
    """By name; where its file is the user's own, with the file's digest."""
    if sys.modules.get(module.__name__) is module:
        digest = _digest_when_loaded(module)
        return import_module, (module.__name__, digest) if digest else (module.__name__,)
    if module.__dict__ is walk.user_globals:
        return import_module, ("__main__",)
    if module.__dict__.get("__spec__") is not None:
        return walk.unstorable(module, "live", "it is a module that cannot be imported by its name")
    walk.track_sharing(module)
    content = {
        name: value if name != _BUILTINS else None
        for name, value in module.__dict__.items()
        if name not in _MADE_BY_IMPORT or value is None
    }
    walk.ignore_sharing(content)
    return make_module, (module.__name__,), content, None, None, fill_module


@builder
def import_module(name: str, digest: str = "") -> types.ModuleType:
    """The module, imported if need be; that its file is another now is said."""
    module = importlib.import_module(name)
    if digest and _digest_when_loaded(module) != digest:
        path = module.__file__
        loading.now().note(f"{path} was edited since: the module is what it is now")
    return module


@builder
def make_module(name: str) -> types.ModuleType:
    """A module that nobody can import."""
    return types.ModuleType(name)


@builder
def fill_module(module: types.ModuleType, content: dict[str, Any]) -> None:
    """Give it its content."""
    module.__dict__.clear()
    module.__dict__.update(content)
    if _BUILTINS in content:
        # As `exec` puts it there.
        module.__dict__[_BUILTINS] = builtins.__dict__


_digests: dict[int, tuple[object, str]] = {}


def _digest_when_loaded(module: types.ModuleType) -> str:
    """The digest of a local module's file, as it was when we first saw it loaded; else empty.

    Loading it again gives it a new spec.
    """
    spec = module.__dict__.get("__spec__")
    found = _digests.get(id(spec))
    if found is not None and found[0] is spec:
        return found[1]
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
    """Where libraries are installed."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    places = {os.path.join(sysconfig.get_path(kind), "") for kind in kinds}
    places |= {os.path.join(path, "") for path in sys.path if path.endswith("-packages")}
    return tuple(places)
