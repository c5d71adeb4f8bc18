"""Tries a kind of the library table in two kernels: is it seen, left alone, and brought back?"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.fidelity.libraries import Kind
from tests.fidelity.play import shown
from tests.kernel import Kernel

_ALIAS = "also['it'] is x"


class Tried(NamedTuple):
    """How a kind came out, column by column; a column without a problem is as it should be.

    Attributes:
        change: a change is seen.
        reads: looking is taken for no change.
        undo: the value before the change is back.
        redo: the value after it is back.
        cold: both are, in another kernel.
        aliases: what was the same object is the same object, each time.
        nbytes: what the change stored.
        size: it stored no more than what changed.
        problems: what was found where something is wrong, for people.
    """

    change: bool = True
    reads: bool = True
    undo: bool = True
    redo: bool = True
    cold: bool = True
    aliases: bool = True
    size: bool = True
    nbytes: int = 0
    problems: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, bool]:
        """What is as it should be, by column."""
        return {name: value for name, value in self._asdict().items() if type(value) is bool}

    @property
    def whole(self) -> bool:
        """Whether all of it is."""
        return all(self.columns.values())


class Trying:
    """One kind under way.

    Args:
        column: ``reads`` for no more than that column takes; empty for all.
    """

    def __init__(self, kind: Kind, column: str = "") -> None:
        self.kind = kind
        self._column = column
        self._wrong: dict[str, bool] = {}
        self._problems: list[str] = []
        self._nbytes = 0

    @property
    def tried(self) -> Tried:
        """How it came out."""
        return Tried(**self._wrong, nbytes=self._nbytes, problems=tuple(self._problems))

    def warm(self, kernel: Kernel) -> None:
        """The session in which it happens."""
        kind = self.kind
        kernel.ok(kind.make)
        kernel.ok("also = {'it': x}")
        self.first, self.before = self._state(kernel)
        kernel.ok(kind.read)
        made = kernel.kishu("log")[0]
        seen = [*made["changed"], *made["deleted"]]
        self._note("reads", not seen, f"looking made new versions of {', '.join(seen)}")
        if self._column == "reads":
            return
        kernel.ok(kind.change)
        made = kernel.kishu("log")[0]
        self._note("change", "x" in made["changed"], f"the log names {made['changed']}")
        self._nbytes = made["nbytes"]
        self._note("size", self._nbytes <= kind.most, f"the change stored {self._nbytes} bytes")
        self.second, self.after = self._state(kernel)
        assert self.before[0] != self.after[0], f"the check shows {self.after[0]} both times"
        self._go(kernel, "undo", "undo", self.before)
        self._go(kernel, "redo", "redo", self.after)

    def cold(self, kernel: Kernel) -> None:
        """A kernel that has seen nothing of it."""
        self._go(kernel, "cold", f"checkout {self.second}", self.after)
        self._go(kernel, "cold", f"checkout {self.first}", self.before)

    def _state(self, kernel: Kernel) -> tuple[str, tuple[str, str]]:
        return kernel.kishu("status")["head"], self._shown(kernel)

    def _shown(self, kernel: Kernel) -> tuple[str, str]:
        return shown(kernel, self.kind.check), shown(kernel, _ALIAS)

    def _go(self, kernel: Kernel, column: str, verb: str, wanted: tuple[str, str]) -> None:
        ran = kernel.run(f"%kishu {verb} --json")
        report: dict[str, Any] = {}
        if not ran.error and ran.stdout.startswith("{"):
            report = json.loads(ran.stdout)
        found, alias = self._shown(kernel)
        said = report.get("missing", ran.stdout + ran.error)
        self._note(column, found == wanted[0], f"{found} instead of {wanted[0]}; it says {said}")
        same = alias == wanted[1] or self.kind.value
        self._note("aliases", same, f"{_ALIAS} is {alias} after {verb}")

    def _note(self, column: str, right: bool, problem: str) -> None:
        if not right:
            self._wrong[column] = False
            self._problems.append(f"{column}: {problem}")
