"""Which notebook does this kernel run?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def notebook_path(namespace: Mapping[str, Any]) -> Path | None:
    """The notebook's absolute path as the front end told the kernel; None where none did.

    Jupyter's servers set ``JPY_SESSION_NAME`` when they start the kernel; VS Code sets a variable.
    """
    told = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    if not isinstance(told, str) or not told:
        return None
    return Path(told).absolute()


def locate(path: str, root: str) -> Path | None:
    """Where the notebook lies that a server's front end shows; None where it cannot be told.

    The kernel was told at its start, which is out of date after a rename; the front end knows the
    path below the server's root, and perhaps the root, which may be another machine's.

    Args:
        path: as the front end has it, below the server's root, with slashes.
        root: the server's root directory, perhaps with ``~``; empty where it is not known.
    """
    told = os.environ.get("JPY_SESSION_NAME") or ""
    candidates = list(_candidates(path, root, told))
    there = (candidate for candidate in candidates if candidate.is_file())
    return next(there, next(iter(candidates), None))


def _candidates(below: str, root: str, told: str) -> Iterator[Path]:
    """Where it may lie, the likeliest first."""
    if root:
        yield Path(root).expanduser().joinpath(below).absolute()
    if told and told.endswith("/" + below):
        yield Path(told)
    elif told:
        yield Path(told).with_name(Path(below).name)
    if below:
        yield Path.cwd() / Path(below).name
