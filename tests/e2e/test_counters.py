"""What a cell costs, in counts: what it changed decides, not how long the history is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.costs import CELLS, LARGE, MANY

ROOT = Path(__file__).parents[2]
CELLS_BEFORE = 5_000
CHUNK = 256 * 1024
RECORD = 4_096


class Cost(NamedTuple):
    """What one cell's commit did."""

    values: int
    nodes: int
    bytes_hashed: int
    bytes_written: int
    chunks_written: int
    files_opened: int


class Costs(NamedTuple):
    """The cost of each kind of cell, early and late in a history."""

    early: dict[str, Cost]
    late: dict[str, Cost]


def measured(home: Path, cells_before: int) -> dict[str, Cost]:
    """The cost of each kind of cell in a session that has run so many cells before."""
    command = [sys.executable, "-m", "tests.e2e.costs", str(home), str(cells_before)]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return {name: Cost(*counts) for name, counts in json.loads(ran.stdout).items()}


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
