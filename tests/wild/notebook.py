"""A notebook to play: its cells, and the folder that it finds itself in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

_LARGE = 20_000_000
"""Bytes above which a file beside a notebook is linked and not copied."""


class Notebook(NamedTuple):
    """A notebook on disk.

    Attributes:
        name: what it is called among the others.
        path: where it is.
        cells: the sources of its code cells that are not empty.
    """

    name: str
    path: Path
    cells: list[str]

    def copy_to(self, folder: Path) -> Path:
        """Copy the notebook and what lies beside it; gives the copy's path.

        What is large, and folders, are linked: a play must not fill the disk.
        """
        folder.mkdir(parents=True)
        for entry in self.path.parent.iterdir():
            if entry.is_file() and entry.stat().st_size <= _LARGE:
                shutil.copy2(entry, folder / entry.name)
            else:
                os.symlink(entry.absolute(), folder / entry.name)
        return folder / self.path.name


def read(path: Path, root: Path) -> Notebook:
    """Read a notebook of any version of the format since 4."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    sources = [
        "".join(cell["source"]) for cell in content.get("cells", ()) if cell["cell_type"] == "code"
    ]
    relative = path.relative_to(root).with_suffix("")
    return Notebook("__".join(relative.parts), path, [s for s in sources if s.strip()])


def find(root: Path) -> list[Notebook]:
    """Read the notebooks of a folder and its folders, or the one that is named."""
    if root.is_file():
        return [read(root, root.parent)]
    paths = sorted(
        path
        for path in root.rglob("*.ipynb")
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    )
    return [read(path, root) for path in paths]
