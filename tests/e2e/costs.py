"""Run cells in a real shell without a kernel around it, and count what the commits of some do.

A process of its own, ``python -m tests.e2e.costs HOME CELLS_BEFORE``: prints the counts as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from kishu.kernel.attached import attach

MANY = 2_000
LARGE = 200_000_000
CELLS = {
    "nothing": "pass",
    "one of many": "v7.append(n)",
    "one element": "large[n] = n; n += 100_000",
}


class Counting:
    """A shell with a session, and how many files the process has opened."""

    def __init__(self, home: str) -> None:
        os.environ["KISHU_HOME"] = home
        self.opened = 0
        sys.addaudithook(self._hear)
        self.shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        self.recording = attach(self.shell, Path(home) / "long.ipynb").recording

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        self.opened += event == "open"

    def run(self, cell: str) -> None:
        """Run a cell; its commit is made when it has ended."""
        self.shell.run_cell(cell, store_history=True).raise_error()

    def counts(self) -> list[int]:
        """What was done so far."""
        writer, counters = self.recording.writer, self.recording.worktree.observer.counters
        # What a thread still writes would count for the next cell.
        writer.flush()
        walked = [counters.values, counters.nodes, counters.bytes_hashed]
        return [*walked, writer.bytes_written, writer.chunks_written, self.opened]

    def cost(self, cell: str) -> list[int]:
        """Run a cell and count what its commit did."""
        before = self.counts()
        self.run(cell)
        return [b - a for a, b in zip(before, self.counts(), strict=True)]


def main(home: str, cells_before: int) -> None:
    """Run so many cells, then those to be counted."""
    counting = Counting(home)
    for i in range(cells_before):
        counting.run(f"w = [{i}, 0]; u{i % 50} = {i}")
    counting.run(f"import numpy as np; large = np.arange({LARGE // 8}); n = 12_345")
    counting.run(f"globals().update({{f'v{{i}}': [i, i + 1] for i in range({MANY})}})")
    counting.run("v7.append(0)")
    costs = {name: counting.cost(cell) for name, cell in CELLS.items()}
    status = counting.recording.status()
    assert status.recording, status.why
    assert status.commits > cells_before
    print(json.dumps(costs))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
