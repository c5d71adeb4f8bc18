"""``python -m benchmarks.soak``: thousands of random steps in one history, checked all the way.

Cells, undos, redos, checkouts, branches, named commits and kills, in a real kernel; every fifty
steps the variables are compared with what the cells on the path give in a fresh interpreter that
knows nothing of Kishu. Memory, disk, and the time of a commit are plotted.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.errors import NonInteractiveExampleWarning

from tests.oracle import programs
from tests.property.test_travel import Bench, Path_, Travel

CHECK_EVERY = 50
_LONGEST = 400
"""Cells on a path after which the session goes back to an early state, for the checker's sake."""


class Sample(NamedTuple):
    """What is plotted: after so many steps, megabytes and milliseconds."""

    step: int
    commits: int
    memory: float
    disk: float
    cell: float
    attach: float


class Soak(Travel):
    """The travelling machine of the property tests, driven by a plain random generator."""

    def __init__(self) -> None:
        super().__init__()
        self.step = self.checked = self.missing = 0
        self.attach = 0.0
        self.told: list[str] = []

    def _arrived(self, path: Path_, report: dict[str, Any]) -> None:
        if not report["missing"]:
            self.path = path
            self._note()
            return
        # What a report says did not come back is no wrong state; the path ends here.
        self.missing += 1
        self.path, self.commits = (), {}
        self.steps, self.redo = [], []
        self.begin(opened=True)

    def check(self) -> None:
        """Compare with a fresh interpreter."""
        wanted = self.bench.reference.run(self.path)
        found = self.bench.kernel.value(
            "__import__('tests.oracle.describe', fromlist=['describe']).describe(globals())"
        )
        if found != wanted:
            at = next((n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), 0)
            raise AssertionError(
                f"step {self.step}\nfound  …{found[max(0, at - 300) : at + 300]}\n"
                f"wanted …{wanted[max(0, at - 300) : at + 300]}\n"
                + "\n---\n".join([*self.told, "THE PATH", *self.path])
            )
        self.checked += 1
        self.told = []

    def crash(self) -> None:
        """Kill the kernel, start another, restore."""
        self.crash_and_restore()
        start = time.perf_counter()
        self.bench.kernel.ok("__import__('kishu').detach()")
        self.bench.kernel.ok(f"__import__('kishu').attach({str(self.notebook)!r}) and None")
        self.attach = (time.perf_counter() - start) * 1e3
        self.steps, self.redo = [], []
        report = self.bench.kernel.kishu("restore")
        if "error" not in report:
            self._arrived(self.path, report)


def cells(chance: random.Random) -> Iterator[str]:
    """Random cells without end."""
    many = st.lists(programs.cells(), min_size=20, max_size=20)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NonInteractiveExampleWarning)
            batch = many.example()
        chance.shuffle(batch)
        yield from batch


def soak(steps: int, seed: int, home: Path) -> Iterator[Sample]:
    """Take the steps; gives a sample every fifty."""
    chance = random.Random(seed)
    bench = Bench(home, 0)
    Soak.bench = bench
    machine = Soak()
    source = cells(chance)
    machine.begin(opened=True)
    took: list[float] = []
    try:
        for step in range(1, steps + 1):
            machine.step = step
            _step(machine, chance, source)
            last = bench.kernel.kishu("status")["last"]
            took.append(last["ms"] if last else took[-1])
            if step % CHECK_EVERY == 0:
                machine.check()
                status = bench.kernel.kishu("status")
                memory = Path(f"/proc/{bench.kernel.pid}/status").read_text().partition("VmRSS:")[2]
                yield Sample(
                    step, status["commits"], int(memory.split()[0]) / 1e3, status["nbytes"] / 1e6,
                    sorted(took[-CHECK_EVERY:])[CHECK_EVERY // 2], machine.attach,
                )  # fmt: skip
    finally:
        print(f"seed {seed}: {machine.checked} checks, {machine.missing} reports of missing values")
        bench.close()


def _step(machine: Soak, chance: random.Random, source: Iterator[str]) -> None:
    draw = chance.random()
    before = machine.path
    _do(machine, chance, source, draw)
    said = machine.path[-1] if machine.path[:-1] == before else f"→ {len(machine.path)} cells"
    machine.told.append(f"{draw:.3f} {said}")


def _do(machine: Soak, chance: random.Random, source: Iterator[str], draw: float) -> None:
    if len(machine.path) > _LONGEST:
        machine.checkout(chance.randrange(50))
    elif draw < 0.04 and machine.steps:
        machine.undo(chance.randint(1, 3))
    elif draw < 0.06 and machine.redo:
        machine.redo_one()
    elif draw < 0.09:
        machine.checkout(chance.randrange(10**6))
    elif draw < 0.095:
        machine.crash()
    elif draw < 0.11:
        machine.bench.kernel.kishu(f"commit -m 'step {machine.step}'")
        machine._note()
    else:
        machine.run_cell(next(source))


def plot(samples: list[Sample], path: Path) -> None:
    """Memory, disk and time over the steps."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.2), constrained_layout=True)
    steps = [sample.step for sample in samples]
    for place, (title, field, unit) in zip(
        axes,
        (
            ("memory of the kernel", "memory", "MB"),
            ("history on the disk", "disk", "MB"),
            ("a commit, median of fifty", "cell", "ms"),
        ),
        strict=True,
    ):
        place.plot(steps, [getattr(sample, field) for sample in samples], color="#1f5f8b")
        place.set(title=title, xlabel="steps", ylabel=unit)
        place.set_ylim(bottom=0)
        place.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> int:
    """Soak and plot."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    samples = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for sample in soak(arguments.steps, arguments.seed, Path(home)):
            samples.append(sample)
            print(
                f"{sample.step:5} steps, {sample.commits:5} commits: {sample.memory:.0f} MB held,"
                f" {sample.disk:.2f} MB on disk, {sample.cell:.1f} ms a cell,"
                f" {sample.attach:.0f} ms to attach",
                flush=True,
            )
    if arguments.plot:
        plot(samples, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
