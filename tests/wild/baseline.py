"""Compares the facts of a play with those of earlier plays of the same notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.wild.record import Record, path_of

_MOST = 40
_WIDEST = 300


def changes(record: Record, folders: Sequence[Path]) -> list[str]:
    """List what differs from what was kept of the notebook before; at most forty lines.

    Args:
        folders: the records of earlier runs. What is not the same in all of them says nothing
            (some of what Kishu names depends on where objects happen to lie) and is passed over.
    """
    known = [folder for folder in folders if path_of(folder, record.name).exists()]
    if not known:
        return [f"{record.name}: is not in {', '.join(map(str, folders))}"]
    before = [Record.load(folder, record.name).facts for folder in known]
    lines = [f"{record.name}{line}" for line in _changes(before, record.facts, "")]
    more = [f"{record.name}: and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return lines[:_MOST] + more


def _changes(before: list[Any], after: Any, at: str) -> Iterator[str]:
    kinds = {type(each) for each in (*before, after)}
    if kinds == {dict}:
        for key in sorted(after.keys() | set().union(*before)):
            yield from _changes([each.get(key) for each in before], after.get(key), f"{at}.{key}")
    elif kinds == {list} and len({len(each) for each in (*before, after)}) == 1:
        for number, values in enumerate(zip(after, *before, strict=True)):
            yield from _changes(list(values[1:]), values[0], f"{at}[{number}]")
    elif after != before[0] and all(each == before[0] for each in before):
        yield f"{at}: {_short(before[0])} -> {_short(after)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
