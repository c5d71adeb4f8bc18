"""Every golden history is read whole by the Python that runs the tests."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.golden.cells import GENERATED, STEPS
from tests.golden.histories import NAME, ROOT, all_histories
from tests.kernel import Kernel


def test_they_are_small_and_one_of_each_python_that_we_support() -> None:
    made = {path.name for path in all_histories()}
    assert made == {"cpython-311", "cpython-312", "cpython-313", "cpython-314"}
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) < 300_000


@pytest.mark.parametrize("history", all_histories(), ids=lambda path: path.name)
def test_every_state_gives_what_it_gave(history: Path, tmp_path: Path) -> None:
    shutil.copytree(history, tmp_path / NAME)
    with Kernel(tmp_path, tmp_path / f"{NAME}.ipynb") as kernel:
        kernel.ok("%load_ext kishu\n%kishu trust")
        report = kernel.kishu("restore")
        assert "missing" in report, report
        last = len(STEPS) - 1
        for visit, number in enumerate([*range(last, -1, -1), *range(1, last + 1)]):
            if visit:
                report = kernel.kishu(f"checkout step-{number}")
            elsewhere = GENERATED if history.name != sys.implementation.cache_tag else frozenset()
            lost = report["missing"].keys() | report["recomputed"]
            assert lost <= elsewhere, (number, report)
            for expression, expected in STEPS[number].gives.items():
                if not elsewhere.isdisjoint(re.findall(r"\w+", expression)):
                    continue
                given = kernel.value(f"repr(({expression}))")
                assert given == expected, f"step {number}, {expression}: {given}"
