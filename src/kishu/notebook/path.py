"""Find the path of the notebook that this kernel runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def notebook_path(namespace: Mapping[str, Any]) -> Path | None:
    """Return the notebook's absolute path as the kernel was told it; None if it was not.

    Jupyter's servers set the environment variable ``JPY_SESSION_NAME`` when they start a kernel;
    VS Code sets the variable ``__vsc_ipynb_file__``.

    Args:
        namespace: the globals of the notebook's cells.
    """
    told = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    if not isinstance(told, str) or not told:
        return None
    return Path(told).absolute()


def locate(path: str, root: str) -> Path | None:
    """Return the path of the notebook that a front end shows; None if there is no telling.

    What the kernel was told at its start is out of date once the notebook was renamed. The front
    end knows the path below the server's root directory, and perhaps the root, but the server may
    run on another machine. So the first likely path that is a file is taken, else the likeliest.

    Args:
        path: the path below the server's root, with slashes.
        root: the server's root directory, perhaps with ``~``; empty if it is not known.
    """
    told = os.environ.get("JPY_SESSION_NAME") or ""
    candidates = list(_candidates(path, root, told))
    files = (candidate for candidate in candidates if candidate.is_file())
    return next(files, next(iter(candidates), None))


def _candidates(below: str, root: str, told: str) -> Iterator[Path]:
    """Give the paths that the notebook may have, the likeliest first.

    Args:
        below: the path below the server's root.
        root: the server's root directory; empty if it is not known.
        told: the notebook's path when the kernel started; empty if it is not known.
    """
    if root:
        yield Path(root).expanduser().joinpath(below).absolute()
    if told and told.endswith("/" + below):
        yield Path(told)
    elif told:
        yield Path(told).with_name(Path(below).name)
    if below:
        yield Path.cwd() / Path(below).name
