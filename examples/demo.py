"""Kishu on a real analysis: undo, commit, check out, branch, and survive a killed kernel.

Runs `churn.ipynb` in a real Jupyter kernel and checks every state it comes back to, variable by
variable, against measures that were taken without Kishu (`measure.py`). Ends with an error if any
of them is not what it was.

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
from typing import Any, NamedTuple

from rich.console import Console
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

from kernel import Kernel, KernelTrouble

NOTEBOOK = Path(__file__).with_name("churn.ipynb")
WIDTH = 100

DROP_A_COLUMN = 'customers.drop(columns="charge", inplace=True)'
LOSE_THE_MODEL = """\
model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-6))
model.fit(train[["months", "dear"]], train["left"])
del raw, fig
"""
WIDE_MODEL = """\
from sklearn.ensemble import RandomForestClassifier

model = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["plan", "region"]), remainder="passthrough"),
    RandomForestClassifier(40, min_samples_leaf=20, random_state=0),
).fit(train.drop(columns="left"), train["left"])
scores["forest"] = roc_auc_score(test["left"], model.predict_proba(test)[:, 1])
"""
CHOOSE_AGAIN = "count = campaign.choose(model)"
RAISE_PRICES = """\
import time

for month in range(10_000):
    customers["charge"] *= 1.01
    campaign.chosen.pop()
    print(f"prices raised for the {month + 1}. time", flush=True)
    time.sleep(0.05)
"""

Worth = dict[str, str]
"""What each variable is worth, by name (see `measure.py`)."""


class Step(NamedTuple):
    """A line of the table: what was done, what Kishu says of it, and what is wrong with that."""

    done: str
    said: str
    ms: float | None
    nbytes: int | None
    wrong: list[str]


class Screen:
    """The table, a line at a time, so that it grows as the demo goes on."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        # Where there is no terminal there is no width either.
        width = self._console.width if self._console.is_terminal else WIDTH
        self._console.width = min(width, WIDTH)
        self.steps: list[Step] = []

    def title(self) -> None:
        """Say what this is, and name the columns."""
        self._console.print(
            "\n[bold]Kishu[/] keeps a history of a notebook's variables, as git does of files.\n"
            f"[dim]{NOTEBOOK.name} runs in a real kernel. ✓ means: every variable was measured"
            " without Kishu's help\nand is what it has to be.[/]\n"
        )
        heads = (Text(head, "bold") for head in ("step", "what changed", "took", "stored", ""))
        self._line(*heads)

    def part(self, name: str) -> None:
        """Begin a part of the story."""
        self._console.print(Rule(Text(name, "bold magenta"), align="left", style="dim"))

    def wait(self, text: str) -> Status:
        """Show that something is going on, where there is a terminal to show it."""
        return self._console.status(Text(text, "dim"), spinner="dots")

    def add(self, step: Step) -> None:
        """Print a step's line and, below it, all that is wrong."""
        self.steps.append(step)
        self._line(
            Text(step.done, "cyan" if step.done.startswith("%") else ""),
            Text(step.said),
            Text("" if step.ms is None else f"{step.ms:.0f} ms", "dim"),
            Text("" if step.nbytes is None else _size(step.nbytes), "dim"),
            Text("✗", "bold red") if step.wrong else Text("✓", "bold green"),
        )
        for fault in step.wrong:
            self._console.print(Text(f"  ✗ {fault}", "red"), soft_wrap=True)

    def say(self, text: str) -> None:
        """Print a line of the summary."""
        self._console.print(text)

    def _line(self, *cells: Text) -> None:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(ratio=40)
        table.add_column(ratio=36)
        table.add_column(justify="right", width=7)
        table.add_column(justify="right", width=7)
        table.add_column(width=1)
        table.add_row(*cells)
        self._console.print(table)


class Analyst:
    """Runs cells and verbs in a kernel, and checks what Kishu says of them."""

    def __init__(self, kernel: Kernel, screen: Screen) -> None:
        self._kernel = kernel
        self._screen = screen
        self.cell_costs: list[float] = []
        self.stored = 0
        self.pickled = 0

    def worth(self) -> Worth:
        """What the variables are worth now."""
        measured: Worth = self._kernel.read("__import__('measure').worth()")
        return measured

    def attach(self) -> None:
        """Let Kishu record the notebook."""
        before = self.worth()
        with self._screen.wait("Attaching"):
            said = self._kernel.run("%load_ext kishu").strip().splitlines()
        status = self._kernel.verb("status")
        wrong = [] if status["recording"] else [f"expected a recording, found: {status['why']}"]
        line = said[-1].split(":")[0] if len(said) > 1 else "from now on, every cell is a commit"
        self._screen.add(
            Step("%load_ext kishu", line, None, None, wrong + unlike(before, self.worth()))
        )

    def cell(self, title: str, source: str, id: str = "") -> Worth:
        """Run a cell; Kishu must have seen exactly what it changed. Gives what there is now."""
        before = self.worth()
        with self._screen.wait(title):
            self._kernel.run(source, id)
        after = self.worth()
        entry = self._kernel.verb("log -n 1")[0]
        last = self._kernel.verb("status")["last"]
        seen = {*entry["changed"], *entry["deleted"]}
        changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
        wrong = []
        if (entry["cell"] or {}).get("source") != source:
            wrong.append(f"expected a commit of this cell, found {entry['kind']} {entry['id'][:8]}")
        if seen != changed:
            wrong.append(f"expected changes of {_names(changed)}, found {_names(seen)}")
        gone = f" · gone: {_names(entry['deleted'])}" if entry["deleted"] else ""
        said = (_names(entry["changed"]) or "nothing") + gone
        self._screen.add(Step(title, said, last["ms"], last["nbytes"], wrong))
        self.cell_costs.append(last["ms"])
        self.stored += last["nbytes"]
        self.pickled += self._kernel.read("__import__('measure').pickled()")
        return after

    def travel(self, line: str, expected: Worth) -> None:
        """Go to another state with a verb; every variable must be what it was there."""
        addresses = "__import__('measure').addresses()"
        before = self._kernel.read(addresses)
        with self._screen.wait(f"%kishu {line}"):
            report = self._kernel.verb(line, counted=True)
        after = self._kernel.read(addresses)
        wrong = unlike(expected, self.worth())
        same = [*report["kept"], *report["patched"]]
        wrong += [
            f"{name}: expected the same live object, found another one"
            for name in same
            if before.get(name) != after.get(name)
        ]
        wrong += [
            f"{name}: expected it back in full, found: {why}"
            for name, why in (report["missing"] | report["unchecked"]).items()
        ]
        said = [
            f"{what} {_names(report[what])}"
            for what in ("patched", "loaded", "recomputed", "removed")
            if report[what]
        ]
        if report["kept"]:
            said.append(f"{len(report['kept'])} kept")
        self._screen.add(Step(f"%kishu {line}", "\n".join(said), report["ms"], None, wrong))

    def name(self, line: str, said: str) -> Any:
        """Give the state, or the line of work, a name; that changes no variable."""
        before = self.worth()
        named = self._kernel.verb(line, counted=True)
        self._screen.add(Step(f"%kishu {line}", said, None, None, unlike(before, self.worth())))
        return named

    def kill_in(self, title: str, source: str, *, after_lines: int) -> None:
        """Start a cell and kill the kernel in the middle of it."""
        lines = 0
        before = self.worth()
        with self._screen.wait(title) as status:

            def heard(text: str) -> bool:
                nonlocal lines
                lines += text.count("\n")
                status.update(Text(f"{title}: {text.strip().splitlines()[-1]}", "dim"))
                return lines >= after_lines

            self._kernel.run_until(source, heard)
            self._kernel.kill()
        self._screen.add(Step(title, f"SIGKILL after {lines} changes to {len(before)} variables", None, None, []))


def unlike(expected: Worth, found: Worth) -> list[str]:
    """A line for each variable that is not what it has to be."""
    return [
        f"{name}: expected {expected.get(name, 'no such variable')},"
        f" found {found.get(name, 'no such variable')}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def notebook_cells(path: Path) -> list[tuple[str, str, str]]:
    """The notebook's code cells: the heading above each, its source, its id."""
    cells = []
    heading = "Import"
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cells.append((heading, source, cell["id"]))
        elif source.startswith("## "):
            heading = source.splitlines()[0].removeprefix("## ")
    return cells


def first_kernel(notebook: Path, home: Path, screen: Screen) -> tuple[Worth, Analyst]:
    """All that happens before the kernel is killed; gives what there was at the end."""
    with screen.wait("Starting a kernel"):
        kernel = Kernel(notebook, home)
    with kernel:
        analyst = Analyst(kernel, screen)
        screen.part("An analysis, cell by cell")
        analyst.attach()
        ready: Worth = {}
        for heading, source, id in notebook_cells(notebook):
            ready = analyst.cell(heading, source, id)

        screen.part("A slip, and back")
        dropped = analyst.cell("Drop a column in place", DROP_A_COLUMN)
        analyst.travel("undo", ready)
        analyst.travel("redo", dropped)
        analyst.travel("undo", ready)

        screen.part("A state worth a name")
        commit = analyst.name('commit -m "features ready"', "a name for the state")
        tip = analyst.cell("Lose the model and the raw data", LOSE_THE_MODEL)
        analyst.travel(f"checkout {commit['id'][:8]}", ready)

        screen.part("Two lines of work")
        analyst.name("branch wide-model", "a second line of work begins here")
        analyst.cell("Fit a forest instead", WIDE_MODEL)
        wide = analyst.cell("Choose again", CHOOSE_AGAIN)
        analyst.travel("checkout main", tip)
        analyst.travel("checkout wide-model", wide)

        screen.part("The kernel dies")
        analyst.kill_in("Raise prices, for hours", RAISE_PRICES, after_lines=20)
        return wide, analyst


def second_kernel(notebook: Path, home: Path, screen: Screen, expected: Worth) -> None:
    """A new kernel brings everything back and goes on with it."""
    with screen.wait("Starting a new kernel"):
        kernel = Kernel(notebook, home)
    with kernel:
        analyst = Analyst(kernel, screen)
        analyst.attach()
        analyst.travel("restore", expected)
        # A function, a class, an instance and a model of the dead kernel work together in this one.
        analyst.cell("Choose once more", "campaign.chosen.clear()\n" + CHOOSE_AGAIN)
