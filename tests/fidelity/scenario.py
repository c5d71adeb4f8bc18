"""A scenario: what is set up, what is changed, and what shows which of the two is there."""

from __future__ import annotations

from typing import Literal, NamedTuple

Outcome = Literal["restored", "said", "wrong", "-"]
"""``restored``: it is as it was. ``said``: it is not, and the report names it and says why.
``wrong``: it is not, and nobody says so. ``-``: nobody looked."""

Promise = Literal["restored", "said"]


class Scenario(NamedTuple):
    """One thing that people do in notebooks, as data.

    Attributes:
        name: unique among the scenarios of its family.
        why: the reason it is there: what would be wrong otherwise.
        setup: cells run first.
        change: the cell that is undone, redone, checked out and restored.
        check: an expression whose repr differs before and after the change; looking at it changes
            nothing. It may see ids: of objects that exist before the change and must be the same
            after an undo, compared with each other (``a is b``).
        later: a cell run after the undo, so that the change is on another branch.
        reading: the change only looks: it must make no new version.
        rerun: a cell run after the undo; `check` must then show what it did after the change.
        undo: what is promised within the session; ``said`` where it cannot be restored.
        cold: what is promised in another kernel.
        needs: a library that must be there.
    """

    name: str
    why: str
    setup: tuple[str, ...]
    change: str
    check: str
    later: str = "on_another_branch = 1"
    reading: bool = False
    rerun: str = ""
    undo: Promise = "restored"
    cold: Promise = "restored"
    needs: str = ""


class Score(NamedTuple):
    """How a scenario came out, column by column.

    Attributes:
        change: the log names the change (or, of a scenario that reads, names none).
        undo: the state before, after an undo.
        redo: the state after, after a redo.
        branch: both states, checked out from a branch that has neither.
        cold: both states, brought back in another kernel.
        problems: what was found where something is wrong, for people.
    """

    change: Outcome = "-"
    undo: Outcome = "-"
    redo: Outcome = "-"
    branch: Outcome = "-"
    cold: Outcome = "-"
    problems: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Outcome]:
        """The outcomes by column."""
        found: dict[str, Outcome] = self._asdict()
        del found["problems"]
        return found

    def keeps(self, scenario: Scenario) -> bool:
        """Whether each column is what the scenario promises, or better."""
        promised = dict.fromkeys(self.columns, scenario.undo) | {"cold": scenario.cold}
        return all(
            outcome in ("restored", "-", promised[column])
            for column, outcome in self.columns.items()
        )
