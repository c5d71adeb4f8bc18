"""Damage on the disk: named, never restored from, and it costs no more than it must."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kishu.errors import Damaged, NothingToDo
from tests.unit.builders import flip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.notebook import Notebook


def journal(notebook: Notebook) -> Path:
    """The journal of the session that runs now."""
    return notebook.session.store.path / "journal" / f"{notebook.session.id}.jsonl"


@pytest.mark.parametrize("record", range(6))
def test_a_damaged_record_stops_neither_attaching_nor_restoring(
    notebook: Notebook, record: int
) -> None:
    """The record of the state found, or of one of five cells, each with a variable of its own."""
    commits = [notebook.run(f"v{number} = [{number}]") for number in range(5)]
    path = journal(notebook)
    lines = path.read_bytes().splitlines(keepends=True)
    flip(path, sum(map(len, lines[:record])) + len(lines[record]) // 2)
    notebook.restart()
    session = notebook.session
    assert len(session.status().damaged) == len(session.check()) == 1
    for number, commit in enumerate(commits[: record - 1] if record else []):
        assert session.at(commit)[f"v{number}"] == [number]
    variables, _ = session.earlier
    assert variables >= record - 1, "the last state before the damage, at least"
    with pytest.raises(NothingToDo) if not variables else contextlib.nullcontext():
        session.restore()
    assert len(session.observer.state) == variables
    assert notebook.run("after = 1")


def test_a_damaged_chunk_costs_its_variable_and_no_other(notebook: Notebook) -> None:
    notebook.run("import numpy as np; big = np.arange(100_000); small = [1]; both = (small, 2)")
    commit = notebook.session.status().head
    flip(notebook.session.store.path / "packs" / f"{notebook.session.id}-1.pack", 1000)
    notebook.restart()
    notebook.run("small = 'mine'; other = 1")
    session = notebook.session
    (damaged,) = session.check()
    with pytest.raises(Damaged) as failure:
        session.at(commit)["big"]
    assert failure.value.message == damaged
    assert session.at(commit)["small"] == [1]
    report = session.checkout(commit)
    assert list(report.missing) == ["big"]
    assert damaged in report.missing["big"]
    assert "big" not in notebook
    assert notebook["both"][0] is notebook["small"]
    session.undo()
    assert (notebook["small"], notebook["other"]) == ("mine", 1)
    with pytest.raises(Damaged):
        session.checkout(commit, only=["big"])
    assert notebook["small"] == "mine"


def test_a_value_whose_chunk_was_damaged_is_stored_again(notebook: Notebook) -> None:
    """Once the damage is known, the chunk must not pass for one that is stored."""
    notebook.run("import numpy as np; big = np.arange(100_000)")
    flip(notebook.session.store.path / "packs" / f"{notebook.session.id}-1.pack", 1000)
    notebook.restart()
    assert notebook.session.check()
    commit = notebook.run("import numpy as np; big = np.arange(100_000)")
    notebook.restart()
    assert np.array_equal(notebook.session.at(commit)["big"], np.arange(100_000))
