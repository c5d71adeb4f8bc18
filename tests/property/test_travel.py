"""The law of laws: wherever a session goes, its variables are as if the cells of that path had run.

Random programs run in a real kernel with Kishu attached, with undo, redo, checkout, branch and
restart in between. After each journey the namespace is described by the oracle, which knows nothing
of Kishu, and compared with what a fresh interpreter has after the cells on the path.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.kernel import Kernel
from tests.oracle import programs
from tests.oracle.reference import Reference

ROOT = Path(__file__).parents[2]
# `make test` takes the same journeys every time; `make fuzz` (KISHU_EXAMPLES) takes new ones.
EXAMPLES = int(os.environ.get("KISHU_EXAMPLES", "0"))
DESCRIBE = "__import__('tests.oracle.describe', fromlist=['describe']).describe(globals())"

Path_ = tuple[str, ...]


class Step(NamedTuple):
    """A step as the test knows it: the cells on the path before it and after it."""

    before: Path_
    after: Path_


class Bench:
    """What all examples share: a kernel, restarted only where an example kills it.

    Args:
        long: how many elements make a container long, as far as Kishu goes.
    """

    def __init__(self, home: Path, long: int) -> None:
        self.home = home
        self.long = long
        self.notebooks = itertools.count()
        self.reference = Reference().__enter__()
        self.kernel = self.new_kernel()

    def new_kernel(self) -> Kernel:
        kernel = Kernel(self.home, environment={"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"})
        if self.long:
            piece = self.long // 2 + 1
            for module, sizes in (
                (
                    "walking.segmented",
                    {"SEGMENTED": self.long, "_ELEMENTS": piece, "_MIN_ELEMENTS": 1},
                ),
                ("walking.walk", {"_ELEMENTS_PER_CHUNK": piece}),
                ("handlers.numpy", {"_MANY": self.long}),
            ):
                names = f"vars(__import__('kishu.{module}', fromlist=['_']))"
                # A name that is not there any more is a KeyError, not a test of something else.
                kernel.value(f"[{names}[size] for size in {list(sizes)}]")
                kernel.value(f"{names}.update({sizes})")
        return kernel

    def close(self) -> None:
        self.kernel.stop()
        self.reference.__exit__()


class Travel(RuleBasedStateMachine):
    """A session, the cells on the path to where it is, and where undo and redo should lead."""

    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        self.path: Path_ = ()
        self.steps: list[Step] = []
        self.redo: list[tuple[Path_, list[Step]]] = []
        self.commits: dict[str, Path_] = {}
        self.notebook = self.bench.home / f"n{next(self.bench.notebooks)}.ipynb"

    @initialize(opened=st.booleans())
    def begin(self, *, opened: bool) -> None:
        kernel = self.bench.kernel
        kernel.ok("import kishu; kishu.detach()")
        kernel.ok("%reset -f")
        kernel.ok(f"__import__('kishu').attach({str(self.notebook)!r}) and None")
        self._note()
        for cell in programs.OPENING if opened else ():
            self.run_cell(cell)

    @rule(cell=programs.cells())
    def run_cell(self, cell: str) -> None:
        self.bench.kernel.run(cell)
        before, self.path = self.path, (*self.path, cell)
        self.steps.append(Step(before, self.path))
        entry = self.bench.kernel.kishu("log -n 1")[0]
        assert entry["cell"]["source"] == cell, self._status()
        if entry["changed"] or entry["deleted"] or self._touched_definitions():
            self.redo = []
        self._note()

    def _touched_definitions(self) -> bool:
        code = (
            "(lambda r: bool((lambda c: c.set or c.gone)(r.history.commits[r.head])))"
            "(__import__('kishu.kernel.attached').kernel.attached.current().recording)"
        )
        return bool(self.bench.kernel.value(code))

    @precondition(lambda self: self.steps)
    @rule(count=st.integers(1, 3))
    def undo(self, count: int) -> None:
        count = min(count, len(self.steps))
        report = self.bench.kernel.kishu(f"undo {count}")
        at = self.path
        for _ in range(count):
            snapshot = list(self.steps)
            self.redo.append((at, snapshot))
            at = self.steps.pop().before
        self._arrived(at, report)

    @precondition(lambda self: self.redo)
    @rule()
    def redo_one(self) -> None:
        report = self.bench.kernel.kishu("redo")
        at, self.steps = self.redo.pop()
        self._arrived(at, report)

    @rule(choice=st.integers(0, 10**6))
    def checkout(self, choice: int) -> None:
        commit, at = list(self.commits.items())[choice % len(self.commits)]
        report = self.bench.kernel.kishu(f"checkout {commit}")
        self.steps.append(Step(self.path, at))
        self.redo = []
        self._arrived(at, report)

    @rule(name=st.sampled_from(["one", "two"]))
    def branch(self, name: str) -> None:
        self.bench.kernel.kishu(f"branch {name}")
        assert self.bench.kernel.kishu("status")["branch"] == name

    @precondition(lambda self: len(self.path) > 2)
    @rule()
    def crash_and_restore(self) -> None:
        if not self.bench.kernel.kishu("status")["variables"]:
            return  # nothing to restore, which a verb's own test is about
        self.bench.kernel.kill()
        self.bench.kernel = self.bench.new_kernel()
        self.bench.kernel.ok(f"__import__('kishu').attach({str(self.notebook)!r}) and None")
        report = self.bench.kernel.kishu("restore")
        self.steps += [Step(self.path, ()), Step((), self.path)]
        self.redo = []
        self._arrived(self.path, report)

    def _arrived(self, path: Path_, report: dict[str, Any]) -> None:
        self.path = path
        skip = set(report["missing"])
        if not skip:
            wanted = self.bench.reference.run(path)
            found = self.bench.kernel.value(DESCRIBE)
            assert found == wanted, f"{report}\n" + "\n---\n".join(path)
        else:
            # What a report says did not come back is no wrong state; the path ends here.
            self.path, self.commits = (), {}
            self.steps, self.redo = [], []
            self.begin(opened=False)
            return
        self._note()

    def _note(self) -> None:
        self.commits[self._status()["head"]] = self.path

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.bench.kernel.kishu("status")
        assert status["recording"], status
        return status


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("long", "examples"), [(0, 25), (3, 15)], ids=["as it is", "all containers long"]
)
def test_every_journey_ends_where_the_cells_on_its_path_lead(long: int, examples: int) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        bench = Bench(Path(home), long)

        class Machine(Travel):
            pass

        Machine.bench = bench
        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=EXAMPLES or examples,
                    derandomize=not EXAMPLES,
                    stateful_step_count=12,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    print_blob=True,
                ),
            )
        finally:
            bench.close()
