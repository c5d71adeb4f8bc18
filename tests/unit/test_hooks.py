"""The hooks: whatever becomes of one cell, the next ones are recorded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
from traitlets.config import Config

from kishu.kernel import extension

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("KISHU_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    extension.attach_to(shell, tmp_path / "n.ipynb")
    yield shell
    extension.detach()


def recorded() -> list[str]:
    """The cells in the log, oldest first."""
    entries = reversed(extension.session().log())
    return [entry.cell.source for entry in entries if entry.cell is not None]


def test_a_cell_whose_end_is_never_heard_costs_no_other_its_commit(shell: Any) -> None:
    """An interrupt between two of IPython's callbacks is enough for that."""
    shell.run_cell("x = 1", store_history=True)
    shell.events.trigger("pre_run_cell", ExecutionInfo("lost", True, False, True, None))
    for number in (2, 3, 4):
        shell.run_cell(f"x = {number}", store_history=True)
    assert [source for source in recorded() if source != "lost"][-2:] == ["x = 3", "x = 4"]
    extension.session().undo()
    assert shell.user_ns["x"] == 3
