"""Which notebook does this kernel run?"""

from __future__ import annotations

import os
from collections.abc import Mapping
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
