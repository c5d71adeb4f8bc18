"""Plays scenarios in real kernels: one in which they happen, and one that knows nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from tests.e2e.conftest import make_notebook
from tests.fidelity.scenario import Outcome, Scenario, Score
from tests.kernel import Kernel, unquoted

_WIPE = (
    "import kishu; kishu.detach(); Out.clear()\n"
    "[globals().pop(n) for n in globals().keys() - get_ipython().user_ns_hidden.keys()];"
)
_BYSTANDER = "bystander = [[1], {'a': {2}}, bytearray(b'3')]"
_UNTOUCHED = "[id(bystander), *map(id, bystander)]"


class Playing(Protocol):
    """What can be played on a stage."""

    def warm(self, kernel: Kernel) -> None:
        """The session in which it happens."""

    def cold(self, kernel: Kernel) -> None:
        """A kernel that has seen nothing of it."""


class Stage:
    """Two kernels in which scenarios are played one after the other, each in its own history.

    Args:
        home: a new directory.
        environment: variables to set in both.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environment = dict(environment or {})
        self._kernels: dict[str, Kernel] = {}
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for kernel in self._kernels.values():
            kernel.stop()

    def play(self, scenario: Scenario, before: str = "", column: str = "") -> Score:
        """Play one scenario and score it.

        Args:
            before: a cell run in both kernels before Kishu attaches.
            column: play what this column of the score takes, and no more; empty for all of it.
        """
        play = _Play(scenario, column)
        self.run(play, before, cold=column in ("", "cold"))
        return play.score()

    def run(self, play: Playing, before: str = "", *, cold: bool = True) -> None:
        """Play something in both kernels, or in the first alone, in a history of its own."""
        self._count += 1
        notebook = make_notebook(self._home / f"{self._count}.ipynb")
        try:
            play.warm(self._attached("warm", notebook, before))
            self._detach("warm")
            if cold:
                play.cold(self._attached("cold", notebook, before))
                self._detach("cold")
        except BaseException:
            # What it did to its kernel must not reach the next one.
            for name in list(self._kernels):
                self._kernels.pop(name).stop()
            raise

    def _attached(self, name: str, notebook: Path, before: str) -> Kernel:
        kernel = self._kernels.get(name)
        if kernel is None:
            kernel = self._kernels[name] = Kernel(self._home, environment=self._environment)
        kernel.ok(before)
        kernel.ok(f"import kishu; kishu.attach({str(notebook)!r});")
        return kernel

    def _detach(self, name: str) -> None:
        kernel = self._kernels[name]
        kernel.ok(_WIPE)


class _Play:
    """One scenario under way, or what one column of its score takes."""

    def __init__(self, scenario: Scenario, column: str = "") -> None:
        self.scenario = scenario
        self.column = column
        self.outcomes: dict[str, Outcome] = {}
        self.problems: list[str] = []
        self.told: dict[str, str] = {}

    def score(self) -> Score:
        return Score(**self.outcomes, problems=tuple(self.problems))

    def warm(self, kernel: Kernel) -> None:
        """The session in which it happens."""
        scenario = self.scenario
        kernel.ok(_BYSTANDER)
        for cell in scenario.setup:
            kernel.ok(cell)
        self.first = kernel.kishu("status")["head"]
        self.before = shown(kernel, scenario.check)
        kernel.run(scenario.change)
        self.second = kernel.kishu("status")["head"]
        self.after = shown(kernel, scenario.check)
        made = kernel.kishu("log")[0]
        if scenario.reading:
            assert self.before == self.after, "what only looks has changed what is checked"
            self._note_reading(made)
            return
        assert self.before != self.after, f"the check shows {self.after} both times"
        named = [*made["changed"], *made["deleted"], *made.get("settings", ())]
        if self.column in ("", "change"):
            self.outcomes["change"] = "restored" if named else "wrong"
        if self.column == "cold":
            kernel.kishu("undo")
        elif self.column != "change":
            self._travel(kernel)

    def _travel(self, kernel: Kernel) -> None:
        """There and back in the session, as far as the column needs it."""
        scenario = self.scenario
        untouched = kernel.value(_UNTOUCHED)
        self._see(kernel, "undo", "undo", self.before)
        if self.column == "undo" and not scenario.rerun:
            return
        self._see(kernel, "redo", "redo", self.after)
        if self.column == "redo":
            return
        report = kernel.kishu("undo")
        if scenario.rerun:
            kernel.ok(scenario.rerun)
            self._judge(kernel, "undo", report, self.after)
            if self.column == "undo":
                return
            kernel.kishu("undo")
        kernel.ok(scenario.later)
        self._see(kernel, "branch", f"checkout {self.second}", self.after)
        self._see(kernel, "branch", f"checkout {self.first}", self.before)
        if kernel.value(_UNTOUCHED) != untouched:
            self.problems.append("a variable that had nothing to do with it was replaced")
            self.outcomes["branch"] = "wrong"

    def _note_reading(self, made: dict[str, Any]) -> None:
        named = [*made["changed"], *made["deleted"], *made.get("settings", ())]
        if named:
            self.problems.append(f"looking made a new version of {', '.join(named)}")
        self.outcomes["change"] = "wrong" if named else "restored"

    def cold(self, kernel: Kernel) -> None:
        """A kernel that has seen nothing of it."""
        self.told = {}
        # What did not come back is no part of the last state, and is not said twice.
        whole = self.outcomes.get("branch", "restored") == "restored"
        self._see(kernel, "cold", "restore" if whole else f"checkout {self.first}", self.before)
        if not self.scenario.reading:
            self._see(kernel, "cold", f"checkout {self.second}", self.after)

    def _see(self, kernel: Kernel, column: str, verb: str, wanted: str) -> None:
        ran = kernel.run(f"%kishu {verb} --json")
        if ran.error or not ran.stdout.startswith("{"):
            self.problems.append(f"{verb}: {ran.stdout}{ran.error}")
            self.outcomes[column] = "wrong"
            return
        import json

        self._judge(kernel, column, json.loads(ran.stdout), wanted)

    def _judge(self, kernel: Kernel, column: str, report: Any, wanted: str) -> None:
        found = shown(kernel, self.scenario.check)
        outcome: Outcome = "restored"
        # What was said of a variable holds for as long as it is kept.
        kept = {name: self.told[name] for name in report["kept"] if name in self.told}
        self.told = kept | report["missing"] | report["unchecked"]
        if found != wanted:
            outcome = "said" if self.told else "wrong"
            self.problems.append(f"{column}: {found} instead of {wanted}; it says {self.told}")
        worst = self.outcomes.get(column, "restored")
        order = ["restored", "said", "wrong"]
        self.outcomes[column] = max(worst, outcome, key=order.index)


def shown(kernel: Kernel, expression: str) -> str:
    """The repr of an expression in a kernel, or the name of what it raises."""
    sent = kernel.client.execute("", silent=True, user_expressions={"it": f"repr({expression})"})
    answer = kernel.replied(sent)["user_expressions"]["it"]
    if answer["status"] != "ok":
        return f"{answer['ename']}: {answer['evalue']}"
    return unquoted(answer["data"]["text/plain"])
