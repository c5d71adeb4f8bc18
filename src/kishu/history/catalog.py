"""Find the directory with a notebook's history, or make a new one."""

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
"""Characters of a notebook's name that the name of its history's directory does not take over."""


class Notebook(msgspec.Struct, omit_defaults=True):
    """Hold the content of ``notebook.json``: which notebook a history belongs to.

    Attributes:
        path: the absolute path that the notebook had when a session last attached; empty for a
            session without a notebook.
        uuid: the id that a front end wrote into the notebook's metadata
            (``metadata.kishu.uuid``), or is about to; empty if there is none.
    """

    path: str = ""
    uuid: str = ""


def home() -> Path:
    """Return the directory that holds all histories: ``KISHU_HOME``, or ``~/.kishu``."""
    return Path(os.environ.get("KISHU_HOME") or Path.home() / ".kishu").expanduser()


def open_history(root: Path, key: Key, notebook: Path | None, marked: str | None = None) -> Store:
    """Open a notebook's history, or make one if it has none, and note the notebook in it.

    A history belongs to the notebook with the same id in its metadata, else to the one at the same
    path. If there is no notebook any more at the path that a history names, the history goes to
    one of the same file name (which was moved, or copied here together with the history). Where
    the history of that name belongs to another notebook, the new one is called ``name-2``.

    Args:
        root: the directory that holds all histories.
        key: the key that signs what is written, and by which it is told what to trust.
        notebook: the notebook's absolute path; None for a session without one, which always gets
            a new history.
        marked: the id in the notebook's metadata as a front end tells it, empty for none; the
            front end then writes there the id that `read_notebook` gives. None if no front end
            told one: the id is read from the file.

    Raises:
        StoreError: the history cannot be opened, made or written.
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
                # The notebook is a copy: it has the original's id until the front end writes one
                # of its own, which is made below.
                wanted.uuid = ""
        if marked is not None:
            wanted.uuid = wanted.uuid or read_notebook(path).uuid or str(uuid.uuid4())
    note(store, wanted)
    return store


def note(store: Store, wanted: Notebook) -> None:
    """Write into a history which notebook it belongs to, unless it says so already.

    Nothing is written, and nothing raised, where the history cannot be written.
    """
    if store.read_only_because is None and read_notebook(store.path) != wanted:
        try:
            write_file(store.path / "notebook.json", msgspec.json.encode(wanted))
        except OSError:
            # A read-only home: the history can still be looked at.
            pass


def read_notebook(path: Path) -> Notebook:
    """Return what a history's directory says of its notebook; empty fields if it says nothing."""
    try:
        return msgspec.json.decode((path / "notebook.json").read_bytes(), type=Notebook)
    except (OSError, *UNREADABLE):
        return Notebook()


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Lock a directory within a ``with`` block, so that kernels find or make histories in turn.

    Kernels that start together thus agree on one history. Where the file system has no locks,
    the block runs all the same.
    """
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
    """Return the name of the directory for a notebook's history, made from the file's name.

    It has no characters that a directory's name should not have, and is neither ``.`` nor ``..``.
    """
    name = _UNSAFE.sub("_", notebook.stem)
    return name if name.strip(".") else "_"


def _find(root: Path, wanted: Notebook) -> Path | None:
    """Return the directory of the notebook's history; None if there is none.

    The rules are those of `open_history`.

    Args:
        root: the directory that holds all histories.
        wanted: the notebook's path and id.
    """
    notebooks = {path.parent: read_notebook(path.parent) for path in root.glob("*/format.json")}
    for path, known in notebooks.items():
        # If a notebook with that id still is where this history's was, the wanted one is its copy.
        if (
            wanted.uuid
            and known.uuid == wanted.uuid
            and (_can_be(known, wanted) or _uuid_in(Path(known.path)) != known.uuid)
        ):
            return path
    named = re.compile(re.escape(_stem(Path(wanted.path))) + r"(-\d+)?")
    candidates = [
        path
        for path in sorted(notebooks, key=lambda path: (len(path.name), path.name))
        if named.fullmatch(path.name) and not (notebooks[path].uuid and wanted.uuid)
    ]
    here = [path for path in candidates if notebooks[path].path == wanted.path]
    moved = [path for path in candidates if _can_be(notebooks[path], wanted)]
    return next(iter(here + moved), None)


def _free(root: Path, stem: str) -> Path:
    """Return a directory for a new history: ``stem``, ``stem-2`` …, the first that is free.

    An existing directory without a history in it is free, an existing file is not.
    """
    number = 1
    while True:
        path = root / (stem if number == 1 else f"{stem}-{number}")
        if not (path / "format.json").exists() and (path.is_dir() or not path.exists()):
            return path
        number += 1


def _can_be(known: Notebook, wanted: Notebook) -> bool:
    """Return True if a history's notebook may be the wanted one, at the same path or moved.

    It was not moved if there still is a file at the path that the history names.
    """
    return known.path == wanted.path or not known.path or not Path(known.path).exists()


def _uuid_in(notebook: Path) -> str:
    """Return the id in a notebook file's metadata; empty if it has none or cannot be read."""
    try:
        marked = json.loads(notebook.read_bytes())["metadata"]["kishu"]["uuid"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return marked if isinstance(marked, str) else ""
