"""Damage on the disk: named, never restored from, and it costs no more than it must."""

from __future__ import annotations

import contextlib
import random
import shutil
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kishu.errors import Damaged, KishuError, NothingToDo
from kishu.history.records import is_variable
from kishu.kernel.host import IPythonHost
from kishu.session import Session
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
    assert sum(map(is_variable, session.observer.state)) == variables
    assert notebook.run("after = 1")


def test_a_damaged_chunk_costs_its_variable_and_no_other(notebook: Notebook) -> None:
    notebook.run("import numpy as np; big = np.arange(100_000); small = [1]; both = (small, 2)")
    commit = notebook.session.status().head
    pack = notebook.session.store.path / "packs" / f"{notebook.session.id}-1.pack"
    # What came last is the array; where torch is loaded, its generator's state came first.
    flip(pack, pack.stat().st_size - 1000)
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


CELLS = (
    "import numpy as np; a = np.arange(60_000)",
    "a[7] = 0; words = ['one', 'two']",
    "rows = [{'n': i} for i in range(5_000)]",
    "rows[77]['n'] = -1; both = [words, words]",
    "def double(x): return 2 * x",
    "class Point:\n    def __init__(self, x): self.x = x",
    "point = Point(3); made = double",
)
FLIPS = 120
"""In each file."""


def test_a_byte_flipped_anywhere_never_gives_a_wrong_state(
    notebook: Notebook, tmp_path: Path
) -> None:
    """What the damage does not touch comes back; what it does is refused, and named by `check`."""
    expected = {}
    for cell in CELLS:
        commit = notebook.run(cell)
        expected[commit] = read_out(notebook)
    notebook.session.tag("end")
    notebook.session.detach()
    whole = notebook.session.store.path
    chance = random.Random(4)
    right = refused = shut = 0
    for file in sorted(path for path in whole.rglob("*") if path.is_file()):
        size = file.stat().st_size
        for at in sorted(chance.sample(range(size), min(FLIPS, size))):
            home = tmp_path / "damaged"
            shutil.copytree(notebook.home, home)
            flip(home / file.relative_to(notebook.home), at, 1 << chance.randrange(8))
            try:
                session = Session(IPythonHost(notebook.shell), home, notebook.path, notebook.config)
            except KishuError:
                shut += 1
                assert file.name == "format.json"
                shutil.rmtree(home)
                continue
            if session.store.path.name == whole.name:
                lost = 0
                for commit, values in expected.items():
                    try:
                        state = session.at(commit)
                        found = {name: plain(state[name]) for name in state}
                    except KishuError:
                        lost += 1
                    else:
                        assert found == values, f"{file.name} byte {at}"
                        right += 1
                refused += lost
                damage = session.check() or session.history.untrusted
                assert damage or not lost, f"{file.name} byte {at}"
            session.detach()
            shutil.rmtree(home)
    assert right > 10 * FLIPS
    assert refused > FLIPS
    assert shut


def read_out(notebook: Notebook) -> dict[str, Any]:
    """The variables as `plain` has them."""
    names = notebook.session.at("HEAD")
    return {name: plain(notebook[name]) for name in names}


def plain(value: Any) -> Any:
    """Something to compare a variable by."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, type):
        return sorted(value.__dict__)
    if isinstance(value, FunctionType):
        return value(21)
    if isinstance(value, ModuleType):
        return value.__name__
    return vars(value) if type(value).__name__ == "Point" else repr(value)
