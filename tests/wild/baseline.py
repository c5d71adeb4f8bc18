"""Compares the facts of two plays of the same notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.wild.record import Record, path_of

_MOST = 40
_WIDEST = 300


def changes(record: Record, folder: Path) -> list[str]:
    """List what differs from what was kept of the notebook before; at most forty lines."""
    if not path_of(folder, record.name).exists():
        return [f"{record.name}: is not in {folder}"]
    before = Record.load(folder, record.name)
    lines = [f"{record.name}{line}" for line in _changes(before.facts, record.facts, "")]
    more = [f"{record.name}: and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return lines[:_MOST] + more


def _changes(before: Any, after: Any, at: str) -> Iterator[str]:
    if type(before) is type(after) is dict:
        for key in sorted(before.keys() | after.keys()):
            yield from _changes(before.get(key), after.get(key), f"{at}.{key}")
    elif type(before) is type(after) is list and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes(one, other, f"{at}[{number}]")
    elif before != after:
        yield f"{at}: {before!r:.{_WIDEST}} -> {after!r:.{_WIDEST}}"
