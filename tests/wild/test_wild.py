"""The net holds: a whole play says that all is right, and a state that is not right is caught."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.wild import baseline, table
from tests.wild.journey import Journey, Lengths
from tests.wild.notebook import find
from tests.wild.play import Play
from tests.wild.record import Record

CELLS = [
    "import collections, random\nrandom.seed(1)",
    "def square(x):\n    return x * x",
    "numbers = [square(n) for n in range(5)]\nboth = {'numbers': numbers}",
    "numbers.append(random.random())\nnumbers",
    "numbers.append(1 / 0)",
    "counts = collections.Counter('a text of letters')\ncounts.most_common(2)",
    "print(sum(numbers))",
    "del both\ncounts.update('more')",
]


def test_a_play_finds_all_right_and_a_wrong_state_wrong(tmp_path: Path) -> None:
    content = {
        "cells": [{"cell_type": "code", "source": source} for source in CELLS],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "small.ipynb").write_text(json.dumps(content))
    [notebook] = find(tmp_path)
    play = Play(notebook, tmp_path / "play", time.monotonic() + 200)
    try:
        play.run_alone()
        kernel = play.run_attached()
        Journey(play, kernel, Lengths(undone=4, checkouts=3, cold=1, at=6)).travel()
        whole = table.row(play.record)
        assert (whole.cells, whole.silent, whole.said, whole.unclear) == (len(CELLS), 0, 0, 0)
        assert whole.right == len(play.record.facts["journey"]) == 4 + 4 + 2 + 6 + 1 + 1 + 6
        assert (whole.missed, whole.false, whole.stray, whole.ended) == (0, 0, 0, "")
        assert not whole.failed
        cells = play.record.facts["cells"]
        assert [cell["outcome"] for cell in cells] == [""] * 4 + ["ZeroDivisionError"] + [""] * 3
        assert cells[3]["log"] == ["both", "numbers"] == cells[3]["changed"]
        play.record.save(tmp_path / "kept")
        assert baseline.changes(Record.load(tmp_path / "kept", "small"), [tmp_path / "kept"]) == []

        cell, truth = 3, play.truth[3]
        play.truth[cell] = truth._replace(names=truth.names | {"numbers": "another"})
        step = next(step for step in play.steps if step.cell == cell)
        Journey(play, play.start_attached()).go(f"checkout {step.commit}", cell)
    finally:
        play.stop()
    assert play.record.facts["journey"][-1]["silent"] == ["numbers"]
    caught = table.row(play.record)
    assert (caught.silent, caught.failed) == (1, True)
    assert baseline.changes(play.record, [tmp_path / "kept"])


def test_what_earlier_runs_disagree_on_is_no_difference(tmp_path: Path) -> None:
    runs = []
    for number, false in enumerate((["a"], ["b"])):
        run = Record("small")
        run.facts["cells"] = [{"false": false, "log": ["x"]}]
        run.save(tmp_path / str(number))
        runs.append(tmp_path / str(number))
    now = Record("small")
    now.facts["cells"] = [{"false": [], "log": ["x"]}]
    assert baseline.changes(now, runs) == []
    assert baseline.changes(now, runs[:1]) == ["small.cells[0].false: ['a'] -> []"]
    now.facts["cells"][0]["log"] = []
    assert baseline.changes(now, runs) == ["small.cells[0].log: ['x'] -> []"]
