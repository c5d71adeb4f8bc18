"""``python -m benchmarks [--peers FOLDER] [NAME ...]``: measure and compare with the budgets."""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result, measure, missing
from benchmarks.peers import PeerResult, environment, measure_peer
from benchmarks.sessions import SESSIONS

COLUMNS = (
    "session", "slow-down", "added ms: median, p95, most", "a reading cell", "stored a cell",
    "undo ms", "checkout ms", "held, peak MB", "pickle.dump", "dill", "budget",
)  # fmt: skip
PEER_COLUMNS = (
    "session", "added ms: earlier Kishu, this one", "ratio", "stored a cell: earlier, this one",
    "undo ms: earlier, this one", "ratio",
)  # fmt: skip


def main() -> int:
    """Run the sessions; gives 1 when a budget is not met."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="sessions whose names contain one of these words")
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="FOLDER",
        help="measure the earlier Kishu, too, in an environment made there",
    )
    parser.add_argument("--markdown", type=Path, help="write the table there, too")
    arguments = parser.parse_args()
    console = Console()
    console.width = max(console.width, 190)
    rows, peers, broken = [], [], False
    python = environment(arguments.peers) if arguments.peers else ""
    for session in SESSIONS:
        if arguments.names and not any(word in session.name for word in arguments.names):
            continue
        lacking = missing(session)
        if lacking:
            console.print(f"{session.name}: left out, {', '.join(lacking)} is not installed")
            continue
        with console.status(f"{session.name} …"), tempfile.TemporaryDirectory() as home:
            result = measure(session, Path(home))
            if python and "torch" not in session.needs:
                peers.append(_peer_cells(result, measure_peer(session, Path(home), python)))
        verdict = _verdict(result)
        broken |= verdict not in ("met", "no budget")
        rows.append((*_cells(result), verdict))
        console.print(f"{session.name}: {verdict}")
    tables = [(COLUMNS, rows)] + ([(PEER_COLUMNS, peers)] if peers else [])
    for columns, cells in tables:
        table = Table(*columns, title=_machine())
        for row in cells:
            table.add_row(*row)
        console.print(table)
    if arguments.markdown:
        text = "\n".join(_markdown(columns, cells) for columns, cells in tables)
        arguments.markdown.write_text(f"{_machine()}\n\n{text}")
    return int(broken)


def _cells(result: Result) -> tuple[str, ...]:
    return (
        result.session.name,
        f"{result.slowdown:.2f} x",
        f"{result.added.median:.1f}, {result.added.p95:.1f}, {result.added.largest:.1f}",
        f"{result.reading.median:.1f}",
        _size(result.stored),
        f"{result.undo:.0f}",
        f"{result.checkout:.0f}",
        f"{result.held:.0f}, {result.peak:.0f}",
        _save(result.pickle),
        _save(result.dill),
    )


def _peer_cells(result: Result, peer: PeerResult) -> tuple[str, ...]:
    added, undo = result.added.median, result.undo
    return (
        result.session.name,
        f"{peer.added:.1f}, {added:.1f}",
        f"{peer.added / max(added, 0.1):.0f} x",
        f"{_size(peer.stored)}, {_size(result.stored)}",
        f"{peer.failed if peer.undo is None else f'{peer.undo:.0f}'}, {undo:.0f}",
        "" if peer.undo is None else f"{peer.undo / max(undo, 0.1):.0f} x",
    )


def _verdict(result: Result) -> str:
    """Which budgets are broken."""
    budget = result.session.budget
    broken = [
        f"{name} {is_:.0f} > {most:.0f}"
        for name, is_, most in (
            ("added", result.added.median, budget.added),
            ("stored", result.stored, budget.stored),
            ("undo", result.undo, budget.undo),
        )
        if most is not None and is_ > most
    ]
    return ", ".join(broken) or ("no budget" if budget == (None, None, None) else "met")


def _save(saved: tuple[float, int] | None) -> str:
    return "fails" if saved is None else f"{saved[0]:.0f} ms, {_size(saved[1])}"


def _size(nbytes: float) -> str:
    for unit in ("B", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.2f} GB"


def _machine() -> str:
    today = dt.datetime.now(dt.UTC).date()
    return f"{today}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _markdown(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
