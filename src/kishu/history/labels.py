"""Name steps for people, who thereby know what an undo takes back."""

from __future__ import annotations

from collections.abc import Iterable

from kishu.history import log
from kishu.history.records import Operation


def of_steps(steps: Iterable[Operation]) -> str:
    """Return the labels of some steps, separated by commas."""
    return ", ".join(map(_of_step, steps))


def _of_step(step: Operation) -> str:
    """Return a step's label: of a cell its number and first line, else the kind of step."""
    if step.kind == "run":
        cell = step.commits[-1].cell
        if cell is not None:
            number = f"[{cell.number}] " if cell.number else ""
            return f"{number}{log.first_line(cell.source)}"
    return {"checkout": "a checkout", "restart": "the kernel's restart"}.get(step.kind, "a run")
