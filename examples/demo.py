"""Kishu on a real analysis: undo, commit, check out, branch, and survive a killed kernel.

Runs `churn.ipynb` in a real Jupyter kernel and checks each state that Kishu brings back, variable
by variable, against measures that were taken without Kishu (`measure.py`). Ends with an error if
anything is not what it was::

    pip install "kishu[demo]"
    python examples/demo.py
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kernel import Kernel, KernelTrouble
from screen import Screen, Step, by_fate, duration, names, size, waiting

NOTEBOOK = Path(__file__).with_name("churn.ipynb")

DROP_A_COLUMN = 'del customers["charge"]'
LOSE_THE_MODEL = """\
model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-6))
model.fit(train[["months", "dear"]], train["left"])
del raw
"""
WIDE_MODEL = """\
from sklearn.ensemble import RandomForestClassifier

model = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["plan", "region"]), remainder="passthrough"),
    RandomForestClassifier(40, min_samples_leaf=20, random_state=0),
).fit(train.drop(columns="left"), train["left"])
scores["forest"] = roc_auc_score(test["left"], model.predict_proba(test)[:, 1])
"""
CHOOSE = "count = campaign.choose(model)"
CHOOSE_ANEW = f"campaign.chosen.clear()\n{CHOOSE}"
RAISE_CHARGES = """\
import time

for month in range(10_000):
    customers["charge"] *= 1.01
    campaign.chosen.pop()
    print(f"mean charge {customers['charge'].mean():.2f}", flush=True)
    time.sleep(0.05)
"""

Worth = dict[str, str]
"""What each variable is worth, by name (see `measure.py`)."""


class Analyst:
    """Runs cells and verbs in a kernel, and checks what Kishu says of them.

    Attributes:
        costs: milliseconds that Kishu took for each cell.
        pickled: bytes that a pickle of all variables after each cell would have taken.
    """

    def __init__(self, kernel: Kernel, screen: Screen) -> None:
        self._kernel = kernel
        self._screen = screen
        self.costs: list[float] = []
        self.pickled = 0

    def attach(self) -> None:
        """Let Kishu record the notebook; that changes no variable."""
        before = self._worth()
        with self._screen.wait("%load_ext kishu"):
            greeting = self._kernel.run("%load_ext kishu").strip().splitlines()
        status = self._kernel.verb("status")
        wrong = unlike(before, self._worth())
        if not status["recording"]:
            wrong.append(f"expected Kishu to record; found: {status['why']}")
        # The second line tells of an earlier kernel's state, and of the verb that brings it back.
        said = greeting[1].split(":")[0] if len(greeting) > 1 else "every cell is a commit now"
        self._screen.add(Step("%load_ext kishu", said, wrong=wrong))

    def cell(self, heading: str, source: str, id: str = "") -> Worth:
        """Run a cell; Kishu must see just what it changed. Gives what the variables are worth."""
        before = self._worth()
        with self._screen.wait(heading):
            self._kernel.run(source, id)
        after = self._worth()
        entry = self._kernel.verb("log -n 1")[0]
        last = self._kernel.verb("status")["last"]
        deleted = set(entry["deleted"])
        seen = deleted.union(entry["changed"])
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        tied = (seen - changed) & self._tied_to(changed)
        wrong = []
        cell = entry["cell"] or {}
        if (cell.get("source"), cell.get("id", "")) != (source, id):
            wrong.append(f"expected a commit of this cell; found {entry['kind']} {entry['id']}")
        if seen - tied != changed:
            expected, found = names(changed) or "nothing", names(seen - tied) or "nothing"
            wrong.append(f"expected a change of {expected}; found one of {found}")
        said = by_fate({"": seen - tied - deleted, "tied": tied, "removed": deleted})
        self._screen.add(Step(heading, said, last["ms"], last["nbytes"], wrong))
        self.costs.append(last["ms"])
        self.pickled += self._measure("pickled")
        return after

    def travel(self, line: str, expected: Worth) -> None:
        """Go to another state with a verb; every variable must be what it was there."""
        addresses = self._measure("addresses")
        with self._screen.wait(f"%kishu {line}"):
            report = self._kernel.verb(line, counted=True)
        now = self._measure("addresses")
        wrong = unlike(expected, self._worth())
        wrong += [
            f"{name}: expected the same live object; found another"
            for name in [*report["kept"], *report["patched"]]
            if now.get(name) != addresses.get(name)
        ]
        wrong += [
            f"{name}: expected all of it back; found: {why}"
            for name, why in report["missing"].items()
        ]
        fates = ("patched", "loaded", "recomputed", "removed")
        said = by_fate({fate: report[fate] for fate in fates})
        self._screen.add(Step(f"%kishu {line}", said, report["ms"], wrong=wrong))

    def name(self, line: str, said: str) -> Any:
        """Name the state, or a line of work; that changes no variable."""
        before = self._worth()
        named = self._kernel.verb(line, counted=True)
        wrong = unlike(before, self._worth())
        self._screen.add(Step(f"%kishu {line}", said, named.get("cost"), wrong=wrong))
        return named

    def kill_in(self, heading: str, source: str, *, after: int) -> None:
        """Start a cell, and kill the kernel when the cell has printed ``after`` lines."""
        heard: list[str] = []
        with self._screen.wait(heading) as status:

            def listen(text: str) -> bool:
                heard.extend(text.splitlines())
                status.update(waiting(f"{heading}: {heard[-1]}"))
                return len(heard) >= after

            self._kernel.run_until(source, listen)
            self._kernel.kill()
        self._screen.add(Step(heading, f"killed (SIGKILL) at {heard[-1]}"))

    def _worth(self) -> Worth:
        measured: Worth = self._measure("worth")
        return measured

    def _measure(self, what: str) -> Any:
        return self._kernel.read(f"__import__('measure').{what}()")

    def _tied_to(self, changed: set[str]) -> set[str]:
        """The variables that share objects with a changed one, or did before this cell."""
        states = [self._kernel.verb(f"show {ref}")["variables"] for ref in ("HEAD~1", "HEAD")]
        return {
            name
            for state in states
            for name, variable in state.items()
            if changed.intersection(variable["shares_with"])
        }


def unlike(expected: Worth, found: Worth) -> list[str]:
    """A line for each variable that is not what it has to be."""
    return [
        f"{name}: expected {expected.get(name, 'no such variable')};"
        f" found {found.get(name, 'no such variable')}"
        for name in sorted(expected | found)
        if expected.get(name) != found.get(name)
    ]


def code_cells(notebook: Path) -> list[tuple[str, str, str]]:
    """The notebook's code cells, in order: the heading above each, its source and its id."""
    cells = []
    heading = "Import"
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cells.append((heading, source, cell["id"]))
        elif source.startswith("## "):
            heading = source.splitlines()[0].removeprefix("## ")
    return cells


def first_kernel(
    kernel: Kernel, screen: Screen, notebook: Path
) -> tuple[Analyst, dict[str, Worth]]:
    """Everything up to the kill; gives what the variables were worth at each branch's tip."""
    analyst = Analyst(kernel, screen)
    screen.part("An analysis, cell by cell")
    analyst.attach()
    ready: Worth = {}
    for heading, source, id in code_cells(notebook):
        ready = analyst.cell(heading, source, id)

    screen.part("A slip, and back")
    dropped = analyst.cell("Drop a column, in place", DROP_A_COLUMN)
    analyst.travel("undo", ready)
    analyst.travel("redo", dropped)
    analyst.travel("undo", ready)

    screen.part("A state worth a name")
    # Without this the next commit would begin a branch beside the slip, which main still names.
    analyst.name("branch main", "main goes on from here, not from the slip")
    commit = analyst.name('commit -m "features ready"', "the state has a name")
    tip = analyst.cell("Spoil the model, delete raw", LOSE_THE_MODEL)
    analyst.travel(f"checkout {commit['id'][:8]}", ready)

    screen.part("Two lines of work")
    analyst.name("branch wide-model", "another line of work begins here")
    analyst.cell("Fit a forest instead", WIDE_MODEL)
    wide = analyst.cell("Choose again", CHOOSE)
    analyst.travel("checkout main", tip)
    analyst.travel("checkout wide-model", wide)

    screen.part("The kernel dies")
    analyst.kill_in("Raise charges, month by month", RAISE_CHARGES, after=20)
    return analyst, {"main": tip, "wide-model": wide}


def second_kernel(kernel: Kernel, screen: Screen, tips: dict[str, Worth]) -> None:
    """A new kernel brings back the last state, goes on with it, and goes to another."""
    analyst = Analyst(kernel, screen)
    analyst.attach()
    analyst.travel("restore", tips["wide-model"])
    # The dead kernel's class, instance, model and frame work together in this one.
    analyst.cell("Choose once more", CHOOSE_ANEW)
    analyst.travel("checkout main", tips["main"])


def summary(screen: Screen, analyst: Analyst, histories: Path, seconds: float) -> None:
    """What it all cost, and whether all was well."""
    costs = analyst.costs
    kept = sum(path.stat().st_size for path in histories.rglob("*") if path.is_file())
    screen.part("In all")
    screen.say(
        f"Kishu took {duration(statistics.median(costs))} for a cell (median; at most"
        f" {duration(max(costs))}).\n"
        f"{size(kept)} on disk hold the states after {len(costs)} cells;"
        f" pickles of them would be {size(analyst.pickled)}."
    )
    checked = [step for step in screen.steps if step.wrong is not None]
    wrong = [step for step in checked if step.wrong]
    if wrong:
        screen.say(f"{len(wrong)} of {len(checked)} steps went wrong.", "bold red")
    else:
        screen.say(f"All {len(checked)} steps checked are right ({seconds:.0f} s).", "bold green")


def main() -> int:
    """Run the demo; 0 if every state was what it had to be."""
    start = time.monotonic()
    screen = Screen()
    screen.title(NOTEBOOK.name)
    with tempfile.TemporaryDirectory(prefix="kishu-demo-") as directory:
        home = Path(directory)
        notebook = Path(shutil.copy(NOTEBOOK, home))
        try:
            with screen.wait("Starting a kernel"):
                kernel = Kernel(notebook, home)
            with kernel:
                analyst, tips = first_kernel(kernel, screen, notebook)
            with screen.wait("Starting another kernel on the same notebook"):
                kernel = Kernel(notebook, home)
            with kernel:
                second_kernel(kernel, screen, tips)
        except KernelTrouble as trouble:
            screen.say(f"The demo broke off. {trouble}", "bold red")
            return 1
        summary(screen, analyst, home / "kishu", time.monotonic() - start)
    return int(any(step.wrong for step in screen.steps))


if __name__ == "__main__":
    sys.exit(main())
