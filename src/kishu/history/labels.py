"""What steps are called: the text by which a person knows what an undo takes back."""

from __future__ import annotations

from collections.abc import Iterable

from kishu.history import log
from kishu.history.records import Operation


def of_steps(undo_stack: Iterable[Operation]) -> str:
    """Name steps in one line."""
    return ", ".join(map(_of_step, undo_stack))


def _of_step(step: Operation) -> str:
    if step.kind == "run":
        cell = step.commits[-1].cell
        if cell is not None:
            number = f"[{cell.number}] " if cell.number else ""
            return f"{number}{log.first_line(cell.source)}"
    return {"checkout": "a checkout", "restart": "the kernel's restart"}.get(step.kind, "a run")
