"""What several unit tests need: damage on disk, a disk that refuses, plain operations."""

from __future__ import annotations

import contextlib
import resource
from typing import TYPE_CHECKING, Any

from kishu.history.records import Blob, Commit, Component, Operation, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def flip(path: Path, at: int, bits: int = 1) -> None:
    """Change one byte of a file in place; ``at`` may count from the end."""
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(data)


@contextlib.contextmanager
def files_no_longer_than(nbytes: int) -> Iterator[None]:
    """A disk that refuses: a write up to ``nbytes`` comes out short, one beyond fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def mode(path: Path) -> int:
    """A file's permission bits."""
    return path.stat().st_mode & 0o777


def commit(id: str, parent: str = "", **fields: Any) -> Commit:
    """A commit of a run."""
    return Commit(id=id, parent=parent, **{"kind": "run", "time": 0.0, **fields})


def operation(id: str, *parents: str, kind: str = "run", **fields: Any) -> Operation:
    """An operation; ``kind`` and the rest as in the record."""
    fields = {"session": "s", "time": 0.0, **fields}
    return Operation(id=id, kind=kind, parents=list(parents), **fields)  # type: ignore[arg-type]


def recipe(*names: str, **fields: Any) -> Recipe:
    """A recipe of one part that all the named entities are."""
    part = Component(**{"type": "builtins.list", "stream": Blob(3, ["00" * 20]), **fields})
    return Recipe(dict.fromkeys(names, 0), [part], 3)
