"""The catalog of histories: which directory belongs to which notebook."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from kishu.store import system
from kishu.store.key import Key
from kishu.store.store import UNREADABLE, Store, write_file

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


def open_history(root: Path, key: Key, notebook: Path | None, marked: str | None = None) -> Store:
    """The notebook's history; a new one when it has none.

    A notebook is known by the id in its metadata, else by its path. A history whose notebook is no
    longer where it was follows a notebook of the same name (it was moved, or both were copied
    here); while it still is there, another notebook of that name gets ``name-2``.

    Args:
        notebook: its absolute path; None for a session without one, which gets a new history.
        marked: the id in its metadata, empty for none, as told by a front end that will write
            there the one that `read_notebook` then gives; None: the file's counts.

    Raises:
        StoreError: the directory cannot be used.
    """
    if marked is None:
        wanted = Notebook(str(notebook or ""), _uuid_in(notebook) if notebook else "")
    else:
        wanted = Notebook(str(notebook or ""), marked)
    with _one_at_a_time(root):
        path = _find(root, wanted) if notebook else None
        if path is not None:
            store = Store.open(path, key)
        else:
            stem = _stem(notebook) if notebook else f"ipython-{uuid.uuid4().hex[:8]}"
            path = _free(root, stem)
            store = Store.create(path, key, str(uuid.uuid4()))
            if marked:
                # A copy has the original's id until the front end writes its own.
                wanted.uuid = ""
        if marked is not None:
            wanted.uuid = wanted.uuid or read_notebook(path).uuid or str(uuid.uuid4())
    note(store, wanted)
    return store


def note(store: Store, wanted: Notebook) -> None:
    """Write down which notebook a history belongs to."""
    if store.read_only_because is None and read_notebook(store.path) != wanted:
        try:
            write_file(store.path / "notebook.json", msgspec.json.encode(wanted))
        except OSError:
            # A read-only home: the history can still be looked at.
            pass


def read_notebook(path: Path) -> Notebook:
    """What a history's directory says of its notebook; empty if it says nothing readable."""
    try:
        return msgspec.json.decode((path / "notebook.json").read_bytes(), type=Notebook)
    except (OSError, *UNREADABLE):
        return Notebook()


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Kernels that start together agree on one history; where locks fail, each takes its own."""
    try:
        fd = os.open(root, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            system.lock(fd, exclusive=True, wait=True)
        yield
    finally:
        os.close(fd)


def _stem(notebook: Path) -> str:
    """The notebook's name as a directory's: nothing hidden, nothing that leads elsewhere."""
    name = _UNSAFE.sub("_", notebook.stem)
    return name if name.strip(".") else "_"


def _find(root: Path, wanted: Notebook) -> Path | None:
    """The history of that notebook: by the id in its metadata, else by its path and name."""
    found = {path.parent: read_notebook(path.parent) for path in root.glob("*/format.json")}
    for path, known in found.items():
        # While another notebook with that id is where this history's was, this one is its copy.
        if (
            wanted.uuid
            and known.uuid == wanted.uuid
            and (_moved(known, wanted) or _uuid_in(Path(known.path)) != known.uuid)
        ):
            return path
    named = re.compile(re.escape(_stem(Path(wanted.path))) + r"(-\d+)?")
    candidates = [
        path
        for path in sorted(found, key=lambda path: (len(path.name), path.name))
        if named.fullmatch(path.name) and not (found[path].uuid and wanted.uuid)
    ]
    here = [path for path in candidates if found[path].path == wanted.path]
    moved = [path for path in candidates if _moved(found[path], wanted)]
    return next(iter(here + moved), None)


def _free(root: Path, stem: str) -> Path:
    """The first name that no history and no file of ours has."""
    number = 1
    while True:
        path = root / (stem if number == 1 else f"{stem}-{number}")
        if not (path / "format.json").exists() and (path.is_dir() or not path.exists()):
            return path
        number += 1


def _moved(known: Notebook, wanted: Notebook) -> bool:
    """Whether a history's notebook can be this one: it is here, or no longer where it was."""
    return known.path == wanted.path or not known.path or not Path(known.path).exists()


def _uuid_in(notebook: Path) -> str:
    try:
        found = json.loads(notebook.read_bytes())["metadata"]["kishu"]["uuid"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
