"""SIGKILL at any moment: what was said to be done stays done, and nothing is ever half there."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kishu.history.ledger import load
from kishu.store.key import Key
from kishu.store.store import Store
from tests.crash.cells import cell
from tests.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kishu.history.history import History

KILLS = 200
KERNEL_EVERY = 20
KILLS_OF_A_RESTORE = 30
READ_EVERY = 10
SEED = int(os.environ.get("KISHU_SEED") or random.SystemRandom().randrange(10**6))
ROOT = Path(__file__).parents[2]


class Worker:
    """A process that does one task and says what it does."""

    def __init__(self, nursery: subprocess.Popen[str], task: str, *arguments: object) -> None:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        self._lines = nursery.stdout
        self._ended = False
        nursery.stdin.write(json.dumps([task, arguments]) + "\n")
        nursery.stdin.flush()
        ((_, self.pid),) = self.hear("started")

    def hear(self, last: str = "", count: int = 1) -> list[list[Any]]:
        """What it says up to the ``count``-th line of one kind, or to its end."""
        said: list[list[Any]] = []
        while count and not self._ended:
            said.append(json.loads(self._lines.readline()))
            assert said[-1][0] not in ("failed", "refused"), said[-1][1]
            count -= said[-1][0] == last
            self._ended = said[-1] == ["ended"]
        return said

    def kill(self) -> list[list[Any]]:
        """Kill it; gives what it still had said."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.hear()


@contextlib.contextmanager
def nursery_of(module: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything and forks for each task."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True,
    ) as started:  # fmt: skip
        yield started
        os.killpg(started.pid, signal.SIGKILL)


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen[str]]:
    with nursery_of("tests.crash.worker") as started:
        yield started


class Survivor:
    """One history that outlives all the processes writing it.

    Attributes:
        done: the commit of each cell that was said to be done, by its n.
        least: the n of the last cell that is sure to be done.
        most: the n of the last cell that may be done.
    """

    def __init__(self, home: Path, notebook: Path, nursery: subprocess.Popen[str]) -> None:
        self.home, self.notebook = home, notebook
        self.done: dict[int, str] = {}
        self.least, self.most = -1, -1
        self._nursery = nursery
        self._whole: set[str] = set()
        self._copies = 0

    def start(self, task: str, *arguments: object) -> Worker:
        """A new process at work on the history."""
        return Worker(self._nursery, task, str(self.home), str(self.notebook), *arguments)

    def note(self, said: list[list[Any]]) -> None:
        """Take note of what a process said; it may have done one cell more without saying so."""
        for kind, *words in said:
            if kind not in ("resumed", "done"):
                continue
            n = words[0]
            assert self.least <= n <= self.most
            if kind == "done":
                assert n not in self.done
                self.done[n] = words[1]
            self.least, self.most = n, n + 1

    def check(self) -> History:
        """Open the history anew: nothing is damaged, and all that was done is there."""
        store = Store.open(self.home / self.notebook.stem, Key.load(self.home))
        history = load(store)
        assert store.damaged == []
        for name in set(store.chunk_names()) - self._whole:
            store.get(name)
            self._whole.add(name)
        store.close()
        assert [id for id in self.done.values() if id not in history.commits] == []
        return history

    def read_back(self, commits: dict[str, int]) -> None:
        """Compare the variables at some commits with what they must be, in a copy."""
        self._copies += 1
        copy = self.home.with_name(f"copy {self._copies}")
        copy.mkdir()
        shutil.copy(self.home / "key", copy)
        name = self.notebook.stem
        shutil.copytree(self.home / name, copy / name, copy_function=os.link)
        said = Worker(self._nursery, "read_back", str(copy), str(self.notebook), commits).hear()
        assert [words for words in said if words[0] == "damaged"] == [["damaged", []]]
        read = [words for words in said if words[0] == "read"]
        assert read == [["read", n, []] for n in sorted(commits.values())]
        self.note(said)
        assert said[-2] == ["live", self.least, []]
        shutil.rmtree(copy)


@pytest.fixture
def survivor(tmp_path: Path, nursery: subprocess.Popen[str]) -> Survivor:
    (tmp_path / "home").mkdir()
    notebook = tmp_path / "n.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}}')
    return Survivor(tmp_path / "home", notebook, nursery)


def kill_a_process(survivor: Survivor, chance: random.Random) -> int:
    """Kill a process some cells or milliseconds into its life; gives how many cells at least."""
    worker = survivor.start("work")
    cells = chance.choice([0, 0, 1, 2, 4])
    said = worker.hear("done", cells) if cells else worker.hear("attaching")
    time.sleep(chance.uniform(0, 0.05))
    survivor.note(said + worker.kill())
    return cells


def kill_a_kernel(survivor: Survivor, chance: random.Random) -> int:
    """Kill a real kernel with a few cells on their way to it; gives how many it surely ran."""
    kernel = Kernel(survivor.home, survivor.notebook)
    kernel.ok("%load_ext kishu")
    kernel.ok("%kishu restore")
    while (n := kernel.value("globals().get('n', -1)")) < 0:
        kernel.ok("%kishu undo")
    survivor.note([["resumed", n]])
    cells = chance.randrange(4)
    for number in range(n + 1, n + 1 + cells):
        kernel.ok(cell(number))
        n = number
        survivor.note([["done", n, kernel.kishu("status")["head"]]])
    for number in range(n + 1, n + 4):
        kernel.send(cell(number))
    survivor.most = n + 3
    time.sleep(chance.uniform(0, 0.05))
    kernel.kill()
    return cells


@pytest.mark.timeout(600)
def test_no_kill_takes_a_finished_cell_or_leaves_half_of_one(survivor: Survivor) -> None:
    chance = random.Random(SEED)
    print("KISHU_SEED", SEED)
    worker = survivor.start("work")
    survivor.note(worker.hear("done") + worker.kill())
    finished = 1
    for kill in range(1, KILLS + 1):
        strike = kill_a_process if kill % KERNEL_EVERY else kill_a_kernel
        finished += strike(survivor, chance)
        survivor.check()
        if kill % READ_EVERY == 0 or kill == KILLS:
            ids = {id: n for n, id in survivor.done.items()}
            sample = chance.sample(sorted(ids), min(len(ids), 8 if kill < KILLS else 60))
            survivor.read_back({id: ids[id] for id in sample})
    assert survivor.least + 1 >= finished
    shutil.rmtree(survivor.home)


def test_a_kill_during_a_restore_leaves_the_history_as_it_was(survivor: Survivor) -> None:
    """The process is killed at one of its calls of a function, all over a restore."""
    worker = survivor.start("work")
    survivor.note(worker.hear("done", 12) + worker.kill())
    before = survivor.check().commits
    state = survivor.done[max(survivor.done)]
    ((_, calls),) = [w for w in survivor.start("restore", state).hear() if w[0] == "restored"]
    for number in range(1, KILLS_OF_A_RESTORE + 1):
        at = calls * number // (KILLS_OF_A_RESTORE + 1)
        said = survivor.start("restore", state, at).hear()
        assert [word for word, *_ in said][-2:] == ["restoring", "ended"]
        after = survivor.check().commits
        assert {id: after[id] for id in before} == before
    survivor.read_back({id: n for n, id in survivor.done.items()})
    worker = survivor.start("work")
    survivor.note(worker.hear("resumed") + worker.kill())


def test_a_kill_during_the_first_attach_leaves_a_usable_home(
    tmp_path: Path, nursery: subprocess.Popen[str]
) -> None:
    chance = random.Random(SEED)
    print("KISHU_SEED", SEED)
    seconds = 0.0
    for number in range(80):
        survivor = Survivor(tmp_path / str(number), tmp_path / "n.ipynb", nursery)
        worker = survivor.start("work")
        worker.hear("attaching")
        start = time.perf_counter()
        if number == 0:
            worker.hear("attached")
            seconds = time.perf_counter() - start
        time.sleep(chance.uniform(0, seconds))
        survivor.note(worker.kill())
        worker = survivor.start("work")
        survivor.note(worker.hear("done", 2) + worker.kill())
        survivor.check()


def test_a_kernel_killed_before_it_restored_hides_no_state(survivor: Survivor) -> None:
    """`restore` brings back the last state that was worked on, not the dead kernel's empty one."""
    worker = survivor.start("work")
    survivor.note(worker.hear("done", 3) + worker.kill())
    worker = survivor.start("work")
    worker.hear("attached")
    worker.kill()
    with Kernel(survivor.home, survivor.notebook) as kernel:
        kernel.ok("%load_ext kishu")
        kernel.ok("%kishu restore")
        assert kernel.value("globals().get('n', -1)") >= survivor.least
