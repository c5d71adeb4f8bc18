"""What a cell costs, in counts: what it changed decides, not how long the history is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.asking import RECORDING
from tests.e2e.conftest import make_notebook
from tests.kernel import Kernel

MANY = 2_000
CELLS_BEFORE = 5_000
LARGE = 200_000_000
CHUNK = 256 * 1024
RECORD = 4_096
CELLS = {
    "nothing": "pass",
    "one of many": "v7.append(n)",
    "one element": "large[n] = n; n += 100_000",
}


class Cost(NamedTuple):
    """What one cell's commit did."""

    values: int
    nodes: int
    bytes_hashed: int
    bytes_written: int
    chunks_written: int
    files_opened: int


READ = (
    # What a thread still writes would count for the next cell.
    "(lambda r, c: r.writer.flush() or [c.values, c.nodes, c.bytes_hashed,"
    " r.writer.bytes_written, r.writer.chunks_written, __import__('builtins')._opened[0]])"
    f"({RECORDING}, {RECORDING}.worktree.observer.counters)"
)


def cost(kernel: Kernel, cell: str) -> Cost:
    """Run a cell and count what its commit did."""
    before = kernel.value(READ)
    kernel.ok(cell)
    return Cost(*(b - a for a, b in zip(before, kernel.value(READ), strict=True)))


class Costs(NamedTuple):
    """The cost of each kind of cell, early and late in a history."""

    early: dict[str, Cost]
    late: dict[str, Cost]


def measured(home: Path, cells_before: int) -> dict[str, Cost]:
    """The cost of each kind of cell in a kernel that has run so many cells before."""
    with Kernel(home, make_notebook(home / "long.ipynb")) as kernel:
        kernel.ok(
            "import sys, builtins; builtins._opened = [0]\n"
            "def _hear(event, arguments):\n"
            "    if event == 'open': builtins._opened[0] += 1\n"
            "sys.addaudithook(_hear)"
        )
        kernel.ok("%load_ext kishu")
        cells = [f"w = [{i}, 0]; u{i % 50} = {i}" for i in range(cells_before)]
        for at in range(0, cells_before, 200):
            for sent in [kernel.send(cell) for cell in cells[at : at + 200]]:
                kernel.wait(sent)
        kernel.ok(f"import numpy as np; large = np.arange({LARGE // 8}); n = 12_345")
        kernel.ok(f"globals().update({{f'v{{i}}': [i, i + 1] for i in range({MANY})}})")
        kernel.ok("v7.append(0)")
        costs = {name: cost(kernel, cell) for name, cell in CELLS.items()}
        assert kernel.kishu("status")["commits"] > cells_before
        return costs


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Costs:
    early, late = tmp_path_factory.mktemp("early"), tmp_path_factory.mktemp("late")
    return Costs(measured(early, 51), measured(late, CELLS_BEFORE))


@pytest.mark.parametrize("name", CELLS)
def test_a_commit_costs_after_5000_what_it_did_after_fifty(costs: Costs, name: str) -> None:
    early, late = costs.early[name], costs.late[name]
    assert late.files_opened <= early.files_opened
    assert late.values == early.values
    assert abs(late.nodes - early.nodes) <= early.nodes // 100
    assert abs(late.bytes_hashed - early.bytes_hashed) <= RECORD
    assert late.chunks_written == early.chunks_written
    assert abs(late.bytes_written - early.bytes_written) <= 256


def test_a_cell_that_changes_nothing_writes_its_record_alone(costs: Costs) -> None:
    for found in (costs.early["nothing"], costs.late["nothing"]):
        assert found.chunks_written == 0
        assert found.bytes_written < RECORD
        assert found.files_opened == 0
        assert found.nodes <= 8 * MANY
        assert LARGE <= found.bytes_hashed < LARGE + 200 * MANY


def test_one_changed_variable_of_many_writes_its_own_chunk(costs: Costs) -> None:
    for found in (costs.early["one of many"], costs.late["one of many"]):
        assert found.chunks_written == 1
        assert found.bytes_written < RECORD
        assert found.files_opened == 0
        assert found.bytes_hashed < LARGE + 200 * MANY


def test_one_changed_element_writes_two_chunks(costs: Costs) -> None:
    for found in (costs.early["one element"], costs.late["one element"]):
        assert found.bytes_written <= 2 * CHUNK + RECORD
        assert found.files_opened == 0
        assert found.bytes_hashed < 1.2 * LARGE
