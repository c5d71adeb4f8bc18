"""What the verbs print, as text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kishu.history.garbage import Garbage
from kishu.history.log import Entry, Shown, StateDifference
from kishu.history.status import Status
from kishu.recording import Recording


def text(verb: str, result: Any) -> str:
    """A verb's result for a reader."""
    show = _BY_VERB.get(verb) or _BY_TYPE.get(type(result), repr)
    return show(result)


def _committed(entry: Entry) -> str:
    on = f" on {', '.join(entry.branches)}" if entry.branches else ""
    return f"Committed {entry.id[:8]}{on}: {entry.label}"


def _refs(verb: str, refs: dict[str, list[str]]) -> str:
    lines = [f"{name:<20} {' and '.join(to[:8] for to in at)}" for name, at in refs.items()]
    return "\n".join(lines) or f"No {verb}."


def _status(status: Status) -> str:
    lines = [
        f"{'recording' if status.recording else 'not recording: ' + status.why}",
        f"history    {status.history} ({size(status.nbytes)}, {status.commits} commits)",
        f"head       {status.head[:8]} on {status.branch or 'no branch'}",
        f"variables  {status.variables}",
        f"undo       {status.undo or 'nothing'}",
    ]
    if status.last is not None:
        lines.append(f"last cell  {status.last.ms:.1f} ms, {size(status.last.nbytes)} stored")
    if status.ignored:
        lines.append(f"left out   {', '.join(status.ignored)}")
    lines += [f"damaged    {place}" for place in status.damaged]
    if status.warning:
        lines.append(f"settings   {status.warning}")
    return "\n".join(lines)


def _entry(line: Entry) -> str:
    number = f"[{line.cell.number}]" if line.cell is not None and line.cell.number else ""
    names = [f"+{name}" for name in line.changed] + [f"-{name}" for name in line.deleted]
    shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    marks = "".join(f" ({name})" for name in (*line.branches, *line.tags))
    marks += " (data let go)" if line.forgotten else ""
    failed = f" !{line.cell.outcome}" if line.cell is not None and line.cell.outcome != "ok" else ""
    return (
        f"{'*' if line.current else ' '} {line.id[:8]} {clock(line.time)} {number:>5} "
        f"{line.label}{failed}{marks}   {shown}"
    ).rstrip()


def _shown(shown: Shown) -> str:
    line = shown.entry
    lines = [_entry(line)]
    if line.unverified:
        lines.append(f"  not looked at in time: {', '.join(line.unverified)}")
    if line.late:
        lines.append(f"  may have changed before: {', '.join(line.late)}")
    if line.cell is not None:
        lines += ["", *("    " + row for row in line.cell.source.splitlines()), ""]
    for name, variable in shown.variables.items():
        tied = f", shares with {', '.join(variable.shares_with)}" if variable.shares_with else ""
        lines.append(
            f"  {name:<16} {variable.type:<36} {size(variable.nbytes):>9}  {variable.status}{tied}"
        )
        if variable.reason:
            lines.append(f"  {'':<16} {variable.reason}")
    return "\n".join(lines)


def _difference(difference: StateDifference) -> str:
    lines = [
        *(f"+ {name}" for name in difference.added),
        *(f"- {name}" for name in difference.removed),
        *(f"~ {name}" for name in difference.changed),
    ]
    return "\n".join(lines) or "The variables are the same."


def _garbage(garbage: Garbage) -> str:
    would = "would " if garbage.dry_run else ""
    lines = [
        f"{size(garbage.nbytes)} {would}go, in {garbage.chunks} chunks.",
        f"{garbage.kept} commits keep their data, {len(garbage.commits)} {would}lose theirs.",
    ]
    if garbage.dry_run and garbage.chunks:
        lines.append("`%kishu gc` lets go of them.")
    return "\n".join(lines)


def greeting(recording: Recording) -> str:
    """Say that a session was attached, and what can be brought back."""
    status = recording.status()
    name = Path(status.notebook).name if status.notebook else "this session"
    lines = [f"Kishu records {name} in {status.history}."]
    if recording.resumed:
        count, nbytes = recording.earlier
        lines.append(
            f"The last kernel here left {count} variables ({size(nbytes)}):"
            " `%kishu restore` brings them back."
        )
    if status.warning:
        lines.append(f"Settings: {status.warning}")
    return "\n".join(lines)


@contextmanager
def progress(recording: Recording) -> Iterator[None]:
    """Show how far a verb is, once it has taken a second; the line goes when it is done."""
    stream, start = sys.stdout, time.monotonic()
    shown = start

    def tell(what: str, done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - start > _PATIENCE and now - shown > _PAUSE:
            shown = now
            stream.write(f"\r{size(done)} of {size(total)} {what} …")
            stream.flush()

    recording.progress = tell
    try:
        yield
    finally:
        recording.progress = lambda what, done, total: None
        if shown != start:
            stream.write("\r" + " " * 40 + "\r")


_PATIENCE = 1.0
_PAUSE = 0.2


def size(nbytes: int) -> str:
    """Bytes for a reader."""
    for unit in ("B", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000  # type: ignore[assignment]
    return f"{nbytes:.2f} GB"


def clock(seconds: float) -> str:
    """A time of day today, else a date."""
    then = time.localtime(seconds)
    same_day = time.strftime("%Y%m%d", then) == time.strftime("%Y%m%d")
    return time.strftime("%H:%M:%S" if same_day else "%Y-%m-%d", then)


_BY_VERB: dict[str, Callable[[Any], str]] = {
    "log": lambda entries: "\n".join(map(_entry, entries)) or "No commit.",
    "find": lambda entries: "\n".join(map(_entry, entries)) or "No commit.",
    "branch": lambda refs: _refs("branch", refs),
    "tag": lambda refs: _refs("tag", refs),
    "trust": lambda _: "The history is trusted here now.",
    "ignore": lambda names: f"Left out: {', '.join(names) or 'nothing'}.",
    "unignore": lambda names: f"Left out: {', '.join(names) or 'nothing'}.",
    "check": lambda damaged: "\n".join(damaged) or "Every record and chunk is whole.",
}
_BY_TYPE: dict[type, Callable[[Any], str]] = {
    Status: _status,
    Shown: _shown,
    StateDifference: _difference,
    Garbage: _garbage,
    Entry: _committed,
}
