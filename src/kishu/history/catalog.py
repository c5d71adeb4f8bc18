"""The catalog of histories: which directory belongs to which notebook."""

from __future__ import annotations

import json
import os
import re
import uuid
from pathlib import Path

import msgspec

from kishu.store.key import Key
from kishu.store.store import Store, write_file

_UNSAFE = re.compile(r"[^\w.+ -]+")


class Notebook(msgspec.Struct, omit_defaults=True):
    """``notebook.json``: the notebook a history belongs to.

    Attributes:
        path: the absolute path it had when a session last attached; empty where there is none.
        uuid: the id in its metadata (``metadata.kishu.uuid``), where a front end wrote one.
    """

    path: str = ""
    uuid: str = ""


def home() -> Path:
    """Where histories live: ``KISHU_HOME``, or ``~/.kishu``."""
    return Path(os.environ.get("KISHU_HOME") or Path.home() / ".kishu").expanduser()


def open_history(root: Path, key: Key, notebook: Path | None) -> Store:
    """The notebook's history; a new one when it has none.

    A notebook is known by the id in its metadata, else by its path. A history whose notebook is no
    longer where it was follows a notebook of the same name (it was moved, or both were copied
    here); while it still is there, another notebook of that name gets ``name-2``.

    Args:
        notebook: its absolute path; None for a session without one, which gets a new history.

    Raises:
        StoreError: the directory cannot be used.
    """
    stem = _UNSAFE.sub("_", notebook.stem) if notebook else f"ipython-{uuid.uuid4().hex[:8]}"
    wanted = Notebook(str(notebook or ""), _uuid_in(notebook) if notebook else "")
    number = 1
    known = _by_uuid(root, wanted.uuid)
    while True:
        path = known or root / (stem if number == 1 else f"{stem}-{number}")
        if not (path / "format.json").exists():
            store = Store.create(path, key, str(uuid.uuid4()))
            break
        store = Store.open(path, key)
        if notebook is not None and _is_same(read_notebook(path), wanted):
            break
        number += 1
    if store.read_only_because is None and read_notebook(path) != wanted:
        try:
            write_file(path / "notebook.json", msgspec.json.encode(wanted))
        except OSError:
            # A read-only home: the history can still be looked at.
            pass
    return store


def read_notebook(path: Path) -> Notebook:
    """What a history's directory says of its notebook; empty if it says nothing readable."""
    try:
        return msgspec.json.decode((path / "notebook.json").read_bytes(), type=Notebook)
    except (OSError, msgspec.MsgspecError):
        return Notebook()


def _by_uuid(root: Path, uuid: str) -> Path | None:
    """The history of the notebook with that id in its metadata, whatever it is called now."""
    if not uuid:
        return None
    found = [path.parent for path in root.glob("*/notebook.json")]
    return next((path for path in found if read_notebook(path).uuid == uuid), None)


def _is_same(known: Notebook, wanted: Notebook) -> bool:
    if known.uuid and wanted.uuid:
        return known.uuid == wanted.uuid
    return known.path == wanted.path or not known.path or not Path(known.path).exists()


def _uuid_in(notebook: Path) -> str:
    try:
        found = json.loads(notebook.read_bytes())["metadata"]["kishu"]["uuid"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
