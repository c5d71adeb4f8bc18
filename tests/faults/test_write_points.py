"""Each write of a session, one by one: the process dies there, or the disk refuses it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.test_sigkill import Survivor, Worker, nursery_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

ERRORS = ("ENOSPC", "EIO", "EROFS", "short")


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen[str]]:
    with nursery_of("tests.faults.script") as started:
        yield started


class Run:
    """One run of the script with one fault, in a home of its own."""

    def __init__(
        self,
        path: Path,
        nursery: subprocess.Popen[str],
        fault: str,
        at: int,
        times: int = 1,
        later: bool = False,
    ) -> None:
        self.home = path / f"{fault} {at}"
        self.notebook = path / "n.ipynb"
        self._nursery = nursery
        self.said = Worker(
            nursery, "script", str(self.home), str(self.notebook), fault, at, times, later
        ).hear()
        self._later = later

    def of(self, kind: str) -> list[list[Any]]:
        """What it said of that kind."""
        return [words for kind_, *words in self.said if kind_ == kind]

    def _sure(self) -> list[list[Any]]:
        """The cells that must be in the history: a verb waits for what the thread has."""
        if not self._later or self.of("live"):
            return self.of("ran")
        verbs = [number for number, (kind, *_) in enumerate(self.said) if kind == "verb"]
        before = self.said[: max(verbs, default=0)]
        return [words for kind, *words in before if kind == "ran"]

    def check(self) -> None:
        """All that was said to be done reads back, in another process and another copy.

        Where it never came to the first cell, another process finds the home usable.
        """
        if not self.of("ran"):
            arguments = str(self.home), str(self.notebook), "none", 0, 1, False
            assert ["live", 5] in Worker(self._nursery, "script", *arguments).hear()
            shutil.rmtree(self.home)
            return
        survivor = Survivor(self.home, self.notebook, self._nursery)
        ran = [(n, head) for n, head, recording, *_ in self._sure() if recording]
        survivor.done = dict(ran)
        survivor.least, survivor.most = -1, 99
        survivor.check()
        survivor.read_back({head: n for n, head in ran})
        shutil.rmtree(self.home)


@pytest.fixture(params=[False, True], ids=["at once", "by the thread"])
def later(request: pytest.FixtureRequest) -> bool:
    """Whether cells are written by the thread."""
    return bool(request.param)


@pytest.fixture
def points(tmp_path: Path, nursery: subprocess.Popen[str], later: bool) -> list[str]:
    """The calls with which a whole session changes files, in order."""
    run = Run(tmp_path, nursery, "none", 0, later=later)
    calls: list[str]
    ((calls,),) = run.of("points")
    assert [n for n, *_ in run.of("ran")] == [0, 1, 2, 3, 3, 4, 5]
    assert run.of("live") == [[5]]
    run.check()
    return calls


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["kill", "torn"])
def test_a_process_that_dies_at_any_write_loses_no_finished_cell(
    tmp_path: Path, nursery: subprocess.Popen[str], points: list[str], later: bool, fault: str
) -> None:
    for at in range(1, len(points) + 1):
        run = Run(tmp_path, nursery, fault, at, later=later)
        if run.of("live"):
            # Only a write can be torn; the thread's calls come in another order each time.
            ((calls,),) = run.of("points")
            assert fault == "torn"
            assert calls[at - 1 : at] != ["write"]
        run.check()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ERRORS)
def test_a_write_that_is_refused_stops_no_cell_and_is_made_up_for(
    tmp_path: Path, nursery: subprocess.Popen[str], points: list[str], later: bool, fault: str
) -> None:
    for at in range(1, len(points) + 1):
        run = Run(tmp_path, nursery, fault, at, later=later)
        assert not run.of("failed"), run.said
        if run.of("not attached"):
            assert not run.of("ran"), "attaching failed, and said so"
            continue
        ran = run.of("ran")
        assert all(printed == "" for *_, printed in ran)
        assert [recording for _, _, recording, *_ in ran].count(False) <= 1
        assert all(why for _, _, recording, why, _ in ran if not recording)
        assert ran[-1][2] or at > len(points) - 4, "it records again as soon as it can"
        run.check()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("later", [False], indirect=True, ids=["at once"])
def test_an_interrupt_after_any_write_loses_nothing_that_was_said_to_be_done(
    tmp_path: Path, nursery: subprocess.Popen[str], points: list[str], later: bool
) -> None:
    for at in range(1, len(points) + 1):
        run = Run(tmp_path, nursery, "interrupt", at, later=later)
        assert run.of("not attached") or run.of("live"), run.said
        assert all(printed == "" for *_, printed in run.of("ran"))
        assert all(recording for _, _, recording, *_ in run.of("ran")), run.said
        run.check()


class Collecting:
    """A history with garbage, and copies of it to collect with one fault each."""

    def __init__(self, path: Path, nursery: subprocess.Popen[str]) -> None:
        self._made = Run(path, nursery, "none", 0)
        (self._made.home / "config.ini").write_text("[keep]\ncommits = 1\n")
        self.ran = {head: n for n, head, *_ in self._made.of("ran")}
        self._path = path
        self._nursery = nursery

    def collect(self, fault: str, at: int) -> tuple[dict[str, list[Any]], int]:
        """Collect; gives what was said by its kind, and how many cells keep their state.

        All that is kept reads back.
        """
        home, notebook = self._path / f"gc {fault} {at}", self._made.notebook
        shutil.copytree(self._made.home, home)
        said = Worker(self._nursery, "collect", str(home), str(notebook), fault, at).hear()
        survivor = Survivor(home, notebook, self._nursery)
        survivor.least, survivor.most = -1, 99
        history = survivor.check()
        kept = {head: n for head, n in self.ran.items() if head not in history.forgotten}
        survivor.read_back(kept)
        shutil.rmtree(home)
        return {kind: words for kind, *words in said}, len(kept)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["kill", "torn", "ENOSPC", "EIO"])
def test_collecting_garbage_loses_nothing_that_is_kept_wherever_it_ends(
    tmp_path: Path, nursery: subprocess.Popen[str], fault: str
) -> None:
    history = Collecting(tmp_path, nursery)
    said, kept = history.collect("none", 0)
    assert said["collected"][0] > 0
    assert 3 <= kept < len(history.ran)
    (points,) = said["points"]
    assert {"write", "unlink"} <= set(points)
    for at in range(1, len(points) + 1):
        _, still = history.collect(fault, at)
        assert still >= kept
