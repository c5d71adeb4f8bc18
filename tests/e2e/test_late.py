"""Commits that may not take long: what they leave for later is named, and found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.asking import RECORDING
from tests.kernel import Kernel

Start = Callable[..., Kernel]
MAKE = (
    "lists = []\n"
    "for i in range(6):\n"
    "    globals()[f'v{i}'] = [{'n': [n]} for n in range(5_000)]; lists.append(f'v{i}')\n"
    "def change(i, to):\n    globals()[lists[i]][7]['n'].append(to)"
)


@pytest.fixture
def hurried(start: Start, notebook: Path, tmp_path: Path) -> Kernel:
    """A kernel whose commits may take no time at all."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.ini").write_text("[commit]\nmax_delay = 0\n")
    kernel = start(notebook, home)
    kernel.ok("%load_ext kishu")
    kernel.ok(MAKE)
    return kernel


def caught_up(kernel: Kernel) -> list[dict[str, Any]]:
    """The log once nothing is left for later."""
    for _ in range(200):
        if not kernel.value(f"{RECORDING}.is_behind"):
            break
    else:
        raise AssertionError("it never catches up")
    log: list[dict[str, Any]] = kernel.kishu("log")
    return log


def test_what_a_commit_leaves_for_later_is_named_and_found(hurried: Kernel) -> None:
    hurried.ok("change(3, 'x')")
    log = caught_up(hurried)
    run = next(entry for entry in log if entry["cell"] and "change(3" in entry["cell"]["source"])
    if "v3" not in run["changed"]:
        assert "v3" in run["unverified"]
        later = log[: log.index(run)]
        assert any("v3" in entry["late"] for entry in later)
    assert any("v3" in entry["changed"] for entry in log[: log.index(run) + 1])


def test_what_a_cell_names_is_looked_at_at_once(hurried: Kernel) -> None:
    hurried.ok("v0")
    hurried.ok("v3[7]['n'].append('x')")
    run = next(e for e in caught_up(hurried) if e["cell"] and "v3[7]" in e["cell"]["source"])
    assert "v3" not in run["unverified"] or "v3" in run["changed"]


def test_nothing_is_lost_by_going_back_before_it_is_found(hurried: Kernel) -> None:
    state = "[globals()[name][7]['n'] for name in lists]"
    before = hurried.value(state)
    for i in (5, 0, 3):
        hurried.ok(f"change({i}, 'x'); w = {i}")
    after = hurried.value(state)
    hurried.ok("%kishu undo 3")
    assert hurried.value(state) == before
    hurried.ok("%kishu redo 3")
    assert hurried.value(state) == after


def test_under_run_all_every_change_is_found_in_the_end(hurried: Kernel) -> None:
    sent = [hurried.send(f"change({i % 6}, {i})") for i in range(24)]
    for cell in sent:
        hurried.wait(cell)
    caught_up(hurried)
    state = "[globals()[name][7]['n'] for name in lists]"
    there = hurried.value(state)
    head = hurried.kishu("status")["head"]
    hurried.ok("for name in lists: del globals()[name]")
    hurried.kishu(f"checkout {head}")
    assert hurried.value(state) == there
