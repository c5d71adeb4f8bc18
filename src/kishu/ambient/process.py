"""The process: its directory, its environment, and where it imports from."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from blake3 import blake3

from kishu.ambient.settings import ABSENT, Reading, Setting, Value
from kishu.format1 import builder

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE|_PWD|_PAT$", re.IGNORECASE)


class Directory(Setting):
    """The working directory."""

    name = "directory"
    local = True

    def read(self) -> Reading | None:
        """Its path; None where it has been deleted."""
        try:
            return {"path": os.getcwd()}
        except FileNotFoundError:
            return None

    def write(self, changes: Mapping[str, Any]) -> None:
        """Go there."""
        os.chdir(changes["path"])

    def why_not(self, value: Value) -> str:
        """It must exist."""
        path = dict(value)["path"]
        return "" if os.path.isdir(path) else f"there is no directory {path}"


@builder
class Hidden(NamedTuple):
    """Stands for the value of an environment variable that looks like a secret.

    Only this process knows what it hides: the sign is keyed with a number that is never stored.
    """

    sign: str


_key = os.urandom(32)
_hidden: dict[str, str] = {}


def _hide(name: str, value: str) -> Hidden:
    sign = blake3(f"{name}={value}".encode("utf-8", "surrogateescape"), key=_key).hexdigest(
        length=16
    )
    _hidden[sign] = value
    return Hidden(sign)


class Environment(Setting):
    """The environment variables."""

    name = "environ"
    local = True

    def __init__(self) -> None:
        self._last: dict[bytes, bytes] = {}
        self._reading: Reading = {}

    def read(self) -> Reading:
        """The variables by name; secrets hidden."""
        now: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        if now != self._last:
            self._last = dict(now)
            self._reading = {
                name: _hide(name, value) if _SECRET.search(name) else value
                for name, value in os.environ.items()
            }
        return self._reading

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set or delete variables."""
        for name, value in changes.items():
            if value is ABSENT:
                os.environ.pop(name, None)
            elif not isinstance(value, Hidden):
                os.environ[name] = value
            elif value.sign in _hidden:
                os.environ[name] = _hidden[value.sign]

    def lost(self, value: Value) -> str:
        """Secrets that this process does not know."""
        lost = [n for n, v in value if isinstance(v, Hidden) and v.sign not in _hidden]
        return f"{', '.join(lost)}: looks like a secret, which is never stored" if lost else ""


class Path(Setting):
    """``sys.path``."""

    name = "path"
    local = True

    def read(self) -> Reading:
        """Its entries."""
        return {"entries": tuple(sys.path)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set its entries, in the list that is there."""
        sys.path[:] = changes["entries"]
