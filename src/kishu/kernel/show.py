"""Write the results of the verbs as text for people, and show how far a verb is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kishu import limits
from kishu.history.garbage import Garbage
from kishu.history.log import Entry, Shown, StateDifference
from kishu.history.status import Status
from kishu.recording import Recording


def text(verb: str, result: Any) -> str:
    """Return a verb's result as text.

    Args:
        verb: the verb's name, as in ``%kishu log``.
        result: what the verb has returned.
    """
    show = _BY_VERB.get(verb) or _BY_TYPE.get(type(result), repr)
    return show(result)


def _committed(entry: Entry) -> str:
    """Say which commit was made, and on which branches."""
    on = f" on {', '.join(entry.branches)}" if entry.branches else ""
    return f"Committed {entry.id[:8]}{on}: {entry.label}"


def _refs(verb: str, refs: dict[str, list[str]]) -> str:
    """List branches or tags with the commits where they stand, a line each."""
    lines = [f"{name:<20} {' and '.join(to[:8] for to in at)}" for name, at in refs.items()]
    return "\n".join(lines) or f"No {verb}."


def _status(status: Status) -> str:
    """Describe where a session is and whether it records, a line for each fact."""
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


def _entry(entry: Entry) -> str:
    """Describe a commit in one line: id, time, cell, label, refs, and what changed."""
    cell = entry.cell
    number = f"[{cell.number}]" if cell is not None and cell.number else ""
    names = [f"+{name}" for name in entry.changed] + [f"-{name}" for name in entry.deleted]
    shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    refs = "".join(f" ({name})" for name in (*entry.branches, *entry.tags))
    let_go = " (data let go)" if entry.forgotten else ""
    failed = f" !{cell.outcome}" if cell is not None and cell.outcome != "ok" else ""
    return (
        f"{'*' if entry.current else ' '} {entry.id[:8]} {clock(entry.time)} {number:>5} "
        f"{entry.label}{failed}{refs}{let_go}   {shown}"
    ).rstrip()


def _shown(shown: Shown) -> str:
    """Describe a commit in full: its line in the log, its cell, and each variable."""
    entry = shown.entry
    lines = [_entry(entry)]
    if entry.unverified:
        lines.append(f"  not looked at in time: {', '.join(entry.unverified)}")
    if entry.late:
        lines.append(f"  may have changed before: {', '.join(entry.late)}")
    if entry.cell is not None:
        lines += ["", *("    " + row for row in entry.cell.source.splitlines()), ""]
    for name, variable in shown.variables.items():
        others = variable.shares_with
        shares = f", shares with {', '.join(others)}" if others else ""
        lines.append(
            f"  {name:<16} {variable.type:<36} {size(variable.nbytes):>9}"
            f"  {variable.status}{shares}"
        )
        if variable.reason:
            lines.append(f"  {'':<16} {variable.reason}")
    return "\n".join(lines)


def _difference(difference: StateDifference) -> str:
    """List the variables that were added, removed and changed, a line each."""
    lines = [
        *(f"+ {name}" for name in difference.added),
        *(f"- {name}" for name in difference.removed),
        *(f"~ {name}" for name in difference.changed),
    ]
    return "\n".join(lines) or "The variables are the same."


def _garbage(garbage: Garbage) -> str:
    """Say what garbage collection has dropped, or would drop."""
    would = "would " if garbage.dry_run else ""
    lines = [
        f"{size(garbage.nbytes)} {would}go, in {garbage.chunks} chunks.",
        f"{garbage.kept} commits keep their data, {len(garbage.commits)} {would}lose theirs.",
    ]
    if garbage.dry_run and garbage.chunks:
        lines.append("`%kishu gc` lets go of them.")
    return "\n".join(lines)


def greeting(recording: Recording) -> str:
    """Return the text that tells the user that a session was attached, and what can be restored."""
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
    """Print how far a verb is, once it has taken a second, and erase that when it has ended."""
    stream, start = sys.stdout, time.monotonic()
    shown = start

    def tell(what: str, done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if (
            now - start > limits.PROGRESS_LINE_PATIENCE_SECONDS
            and now - shown > limits.PROGRESS_PAUSE_SECONDS
        ):
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


def size(nbytes: int) -> str:
    """Return a number of bytes as text with a unit: ``949.0 kB``."""
    for unit in ("B", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000  # type: ignore[assignment]
    return f"{nbytes:.2f} GB"


def clock(seconds: float) -> str:
    """Return a point in time as text: the time of day if it is today, else the date.

    Args:
        seconds: the time in seconds since the epoch.
    """
    then = time.localtime(seconds)
    same_day = time.strftime("%Y%m%d", then) == time.strftime("%Y%m%d")
    return time.strftime("%H:%M:%S" if same_day else "%Y-%m-%d", then)


# A verb's entry comes first: several verbs return lists or dicts that mean different things.
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
