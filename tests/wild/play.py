"""One notebook under way: in a kernel without Kishu, then in one with it."""

from __future__ import annotations

import difflib
import random
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.kernel import Ran
from tests.wild.kernels import KernelDied, OutOfTime, PlayedKernel
from tests.wild.notebook import Notebook
from tests.wild.record import Record
from tests.wild.state import NOTHING, State, Texts, difference

_CLOCK = "__import__('time').process_time()"
# How long Kishu may look at what changed decides which commit names it: here, as long as it takes.
_CONFIG = "[commit]\nmax_delay = 600\n"


class Step(NamedTuple):
    """A cell that was run and committed."""

    cell: int
    commit: str


class Play:
    """A notebook that is being played.

    Args:
        place: an empty folder for all that the play writes.
        deadline: when to give up, by `time.monotonic`.

    Attributes:
        steps: the cells that were committed, in order.
        truth: the state after each cell, as it was in the running session; -1 is before the first.
        texts: the descriptions of the variables.
        unstable: variables whose description is another each time, though nothing happens.
    """

    def __init__(self, notebook: Notebook, place: Path, deadline: float) -> None:
        self.notebook = notebook
        self.record = Record(notebook.name)
        self.record.call(str(place.resolve()), "<place>")
        self.record.call(str(place), "<place>")
        self.deadline = deadline
        self.random = random.Random(notebook.name)
        self.place = place
        self.steps: list[Step] = []
        self.truth: dict[int, State] = {-1: NOTHING}
        self.texts = Texts()
        self.unstable: set[str] = set()
        self._alone: list[Ran] = []
        self._kernel: PlayedKernel | None = None

    def start(self, which: str = "with") -> PlayedKernel:
        """Start a kernel in the place of the play; the one before, if any, is ended."""
        self.stop()
        folder = self.place / which
        if not folder.exists():
            self.notebook.copy_to(folder)
        home = self.place / f"home-{which}"
        self._kernel = PlayedKernel(folder / self.notebook.path.name, home, self.deadline)
        return self._kernel

    def start_attached(self) -> PlayedKernel:
        """Start a kernel and have Kishu attach to it."""
        kernel = self.start()
        greeting = kernel.run("%load_ext kishu")
        said = greeting.stdout + greeting.stderr + greeting.error
        self.record.facts["printed"].append(self.record.plain(said))
        return kernel

    def stop(self) -> None:
        """End the kernel, if one runs."""
        if self._kernel is not None:
            self._kernel.stop()
            self._kernel = None

    def run_alone(self) -> None:
        """Run all cells in a kernel without Kishu; what it cannot run is not played."""
        kernel = self.start("without")
        clock = kernel.value(_CLOCK)
        for number, source in enumerate(self.notebook.cells):
            began = time.perf_counter()
            try:
                ran = kernel.run(source)
                now = kernel.value(_CLOCK)
            except (KernelDied, OutOfTime) as error:
                self.record.facts["ended"] = f"without Kishu: {type(error).__name__} at {number}"
                break
            self._alone.append(ran)
            self.record.figures["cells"].append(
                {"cpu_without": now - clock, "seconds_without": time.perf_counter() - began}
            )
            clock = now
        self.stop()
        # Files that the cells left are no concern of the other kernel.
        shutil.rmtree(self.place / "without", ignore_errors=True)

    def run_attached(self) -> PlayedKernel:
        """Run the same cells with Kishu attached; each state becomes the truth for its commit."""
        home = self.place / "home-with"
        home.mkdir(parents=True)
        (home / "config.ini").write_text(_CONFIG, encoding="utf-8")
        kernel = self.start_attached()
        after: dict[str, Any] = kernel.inside("after_cell()")
        self.truth[-1] = self.state(kernel)
        for number in range(len(self._alone)):
            after = self._run_cell(kernel, number, after)
        return kernel

    def state(self, kernel: PlayedKernel) -> State:
        """Describe the variables as they are."""
        told = kernel.written("write_state")
        self.texts.add(told["texts"])
        return State(told["names"], told["ties"], told["together"], told["definitions"])

    def note_unstable(self, kernel: PlayedKernel, names: list[str], state: State) -> None:
        """See which of some variables are told otherwise when they are told again."""
        if names:
            again = self.state(kernel)
            self.unstable |= {n for n in names if state.names.get(n) != again.names.get(n)}

    def cannot_compare(self, name: str, one: State, other: State) -> bool:
        """Whether a variable's descriptions may differ though nothing else does."""
        if name in self.unstable or (name == "*" and self.unstable):
            return True
        first, second = one.names.get(name, ""), other.names.get(name, "")
        return first != second and self.texts.differ_by_addresses(first, second)

    def _run_cell(
        self, kernel: PlayedKernel, number: int, before: dict[str, Any]
    ) -> dict[str, Any]:
        source = self.notebook.cells[number]
        clock, began = kernel.value(_CLOCK), time.perf_counter()
        ran = kernel.run(source)
        seconds = time.perf_counter() - began
        after: dict[str, Any] = kernel.inside("after_cell()")
        state, was = self.state(kernel), self.truth[number - 1]
        self.truth[number] = state
        newest = after["newest"]
        made = after["commits"] > before["commits"]
        if made:
            self.steps.append(Step(number, newest["id"]))
            self.record.call(newest["id"], f"<after cell {number}>")
        self._judge_log(kernel, newest if made else None, was, state, number, ran)
        self.record.facts["cells"][-1]["commits"] = after["commits"] - before["commits"]
        self.record.figures["cells"][number] |= {
            "cpu_with": after["cpu"][0] - clock,
            "cpu_idle": after["cpu"][1] - after["cpu"][0],
            "seconds_with": seconds,
            "cost_ms": newest["cost"] if made else 0,
        }
        return after

    def _judge_log(
        self,
        kernel: PlayedKernel,
        entry: dict[str, Any] | None,
        was: State,
        state: State,
        number: int,
        ran: Ran,
    ) -> None:
        """Compare the log with what changed, and the outputs with those without Kishu."""
        differs = difference(was, state)
        entry = entry or {"changed": [], "deleted": [], "settings": []}
        named = {*entry["changed"], *entry["deleted"]}
        changed = {*differs.changed, *differs.gone}
        self.note_unstable(kernel, sorted(changed - named), state)
        linked = {name for each in changed for name in state.ties.get(each, was.ties.get(each, []))}
        linked |= set(differs.tied)
        for name in differs.tied:
            linked |= {*state.ties[name], *was.ties[name]}
        new = named - changed
        alone = self._alone[number]
        self.record.facts["cells"].append(
            {
                "outcome": ran.error,
                "outcome_differs": ran.error != alone.error,
                "output_differs": self._printed(alone, ran),
                "changed": differs.changed,
                "gone": differs.gone,
                "log": sorted(entry["changed"]),
                "log_deleted": sorted(entry["deleted"]),
                "settings": sorted(entry["settings"]),
                "missed": sorted(changed - named - self.unstable),
                "not_comparable": sorted(changed & self.unstable),
                "linked": sorted(new & linked),
                "defined_again": sorted((new - linked) & set(differs.defined)),
                "false": sorted(new - linked - set(differs.defined)),
            }
        )

    def _printed(self, alone: Ran, ran: Ran) -> list[str]:
        """List the lines of a cell's output that differ from those without Kishu."""
        one, other = (
            self.record.plain("\n".join([r.stdout, r.stderr, *r.displayed])).splitlines()
            for r in (alone, ran)
        )
        lines = difflib.unified_diff(one, other, lineterm="", n=0)
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]
