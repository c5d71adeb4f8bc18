"""Read and set the process's working directory, environment variables and ``sys.path``."""

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
"""What the names of environment variables contain that look like secrets."""


class Directory(Setting):
    """Read and set the working directory."""

    name = "directory"
    local = True

    def read(self) -> Reading | None:
        """Return the directory's path; None if it has been deleted."""
        try:
            return {"path": os.getcwd()}
        except FileNotFoundError:
            return None

    def write(self, changes: Mapping[str, Any]) -> None:
        """Make a directory the working directory.

        Raises:
            OSError: it cannot be entered.
        """
        os.chdir(changes["path"])

    def why_not(self, value: Value) -> str:
        """Say that the directory does not exist; empty if it does."""
        path = dict(value)["path"]
        return "" if os.path.isdir(path) else f"there is no directory {path}"


@builder
class Hidden(NamedTuple):
    """Stand for the value of an environment variable that looks like a secret.

    Only the process that made it knows the value.

    Attributes:
        sign: a hash of the variable's name and value, in hex, with a key that is never stored:
            equal for equal values, and of no use to guess them.
    """

    sign: str


_key = os.urandom(32)
"""The key of the hashes in `Hidden`, new in each process."""
_hidden: dict[str, str] = {}
"""The secret values that this process has seen, by their `Hidden.sign`."""


def _hide(name: str, value: str) -> Hidden:
    """Keep a secret value in this process's memory, and return what stands for it."""
    sign = blake3(f"{name}={value}".encode("utf-8", "surrogateescape"), key=_key).hexdigest(
        length=16
    )
    _hidden[sign] = value
    return Hidden(sign)


class Environment(Setting):
    """Read and set the environment variables."""

    name = "environ"
    local = True

    def __init__(self) -> None:
        self._last: dict[bytes, bytes] = {}
        self._reading: Reading = {}

    def read(self) -> Reading:
        """Return the variables by name, those that look like secrets as `Hidden`."""
        # Comparing the encoded mapping costs a fraction of decoding every variable.
        now: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        if now != self._last:
            self._last = dict(now)
            self._reading = {
                name: _hide(name, value) if _SECRET.search(name) else value
                for name, value in os.environ.items()
            }
        return self._reading

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set or delete variables; a secret that this process does not know stays as it is."""
        for name, value in changes.items():
            if value is ABSENT:
                os.environ.pop(name, None)
            elif not isinstance(value, Hidden):
                os.environ[name] = value
            elif value.sign in _hidden:
                os.environ[name] = _hidden[value.sign]

    def lost(self, value: Value) -> str:
        """Name the secrets that this process does not know; empty if there are none."""
        unknown = [n for n, v in value if isinstance(v, Hidden) and v.sign not in _hidden]
        return (
            f"{', '.join(unknown)}: looks like a secret, which is never stored" if unknown else ""
        )


class Path(Setting):
    """Read and set ``sys.path``."""

    name = "path"
    local = True

    def read(self) -> Reading:
        """Return the list's entries."""
        return {"entries": tuple(sys.path)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Replace the list's entries in place: other modules may hold the list."""
        sys.path[:] = changes["entries"]
