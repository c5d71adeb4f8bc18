"""Steps: undo and redo go one by one, back and forth over the same states, across a restart too."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kishu.errors import NothingToDo
from kishu.history.undo_stack import UndoStack
from tests.unit.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def five(notebook: Notebook) -> Notebook:
    """Five cells have run: x went from 1 to 5."""
    for number in range(1, 6):
        notebook.run(f"x = {number}")
    return notebook


def walk(notebook: Notebook, step: Callable[[], object], count: int) -> list[int]:
    """The values of x after each of some steps."""
    seen = []
    for _ in range(count):
        step()
        seen.append(notebook["x"])
    return seen


def test_undo_and_redo_go_one_step_at_a_time(five: Notebook) -> None:
    assert walk(five, five.session.undo, 4) == [4, 3, 2, 1]
    assert walk(five, five.session.redo, 4) == [2, 3, 4, 5]


def test_undo_of_several_is_redone_one_by_one(five: Notebook) -> None:
    five.session.undo(3)
    assert five["x"] == 2
    assert walk(five, five.session.redo, 3) == [3, 4, 5]


def test_redo_of_several_is_undone_one_by_one(five: Notebook) -> None:
    five.session.undo(4)
    five.session.redo(3)
    assert five["x"] == 4
    assert walk(five, five.session.undo, 3) == [3, 2, 1]


def test_the_first_run_is_undone_to_the_state_found(five: Notebook) -> None:
    five.session.undo(5)
    assert "x" not in five


def test_one_step_too_many_does_nothing_and_says_how_many_there_are(five: Notebook) -> None:
    with pytest.raises(NothingToDo, match="5 steps to undo, not 6"):
        five.session.undo(6)
    with pytest.raises(NothingToDo, match="nothing to redo"):
        five.session.redo()
    five.session.undo(4)
    with pytest.raises(NothingToDo, match="Only 4 .* not 5"):
        five.session.redo(5)
    with pytest.raises(NothingToDo, match="1 step to undo, not 2"):
        five.session.undo(2)
    assert five["x"] == 1
    five.session.undo()
    with pytest.raises(NothingToDo, match="nothing to undo"):
        five.session.undo()


def test_a_run_that_changed_something_clears_redo_and_the_commits_stay(five: Notebook) -> None:
    undone = five.session.status().head
    five.session.undo(2)
    five.run("x = 10")
    with pytest.raises(NothingToDo):
        five.session.redo()
    assert five.session.at(undone)["x"] == 5
    assert walk(five, five.session.undo, 3) == [3, 2, 1]


def test_a_run_that_changed_nothing_leaves_redo(five: Notebook) -> None:
    five.session.undo(2)
    five.run("len(str(x))")
    assert walk(five, five.session.redo, 2) == [4, 5]


def test_naming_is_no_step(five: Notebook) -> None:
    five.session.undo()
    five.session.commit("named")
    five.session.tag("v1")
    five.session.branch("side")
    assert walk(five, five.session.redo, 1) == [5]
    assert walk(five, five.session.undo, 2) == [4, 3]


def test_a_change_found_between_cells_is_no_step_of_its_own(five: Notebook) -> None:
    five.shell.user_ns["x"] = 50
    assert walk(five, five.session.undo, 1) == [4]
    assert walk(five, five.session.redo, 1) == [50]


def test_a_checkout_is_a_step(five: Notebook) -> None:
    first = five.session.log()[-2].id
    five.session.checkout(first)
    assert five["x"] == 1
    assert walk(five, five.session.undo, 2) == [5, 4]
    assert walk(five, five.session.redo, 2) == [5, 1]


def test_a_restart_is_a_step(five: Notebook) -> None:
    five.restart()
    assert "x" not in five
    assert walk(five, five.session.undo, 2) == [5, 4]
    five.session.redo(2)
    assert "x" not in five


def test_after_a_restart_undo_goes_on_from_where_it_left_off(five: Notebook) -> None:
    five.session.undo(3)
    five.restart()
    five.session.undo()
    assert five["x"] == 2
    assert walk(five, five.session.undo, 1) == [1]
    assert walk(five, five.session.redo, 1) == [2]


class Walks(RuleBasedStateMachine):
    """Random steps against a model: what is behind, and what was undone with what was behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        root = Path(self.home.name)
        self.notebook = Notebook(root / "home", root / "n.ipynb")
        self.x = 0
        self.values = 0
        self.behind: list[int] = []
        self.undone: list[tuple[list[int], int]] = []
        self.commits = {0: self.notebook.session.status().head}

    def _step(self, x: int) -> None:
        self.behind = [*self.behind, self.x]
        self.x = x

    @rule()
    def run_a_change(self) -> None:
        self.values += 1
        self.commits[self.values] = self.notebook.run(f"x = {self.values}")
        self._step(self.values)
        self.undone.clear()

    @rule()
    def run_without_a_change(self) -> None:
        self.notebook.run("pass")
        self._step(self.x)

    @rule(count=st.integers(1, 4))
    def undo(self, count: int) -> None:
        if count > len(self.behind):
            with pytest.raises(NothingToDo):
                self.notebook.session.undo(count)
            return
        self.notebook.session.undo(count)
        for _ in range(count):
            self.undone.append((self.behind, self.x))
            self.behind, self.x = self.behind[:-1], self.behind[-1]

    @rule(count=st.integers(1, 4))
    def redo(self, count: int) -> None:
        if count > len(self.undone):
            with pytest.raises(NothingToDo):
                self.notebook.session.redo(count)
            return
        self.notebook.session.redo(count)
        for _ in range(count):
            self.behind, self.x = self.undone.pop()

    @rule(data=st.data())
    def check_out(self, data: st.DataObject) -> None:
        x = data.draw(st.sampled_from(sorted(self.commits)))
        self.notebook.session.checkout(self.commits[x])
        self._step(x)
        self.undone.clear()

    @rule()
    def name_the_state(self) -> None:
        self.notebook.session.commit("named")

    @rule()
    def restart(self) -> None:
        self.notebook.restart()
        self._step(0)
        self.undone.clear()

    @rule()
    def reopen(self) -> None:
        """A restart undone: the same place, read off the journal."""
        self.notebook.restart()
        self.notebook.session.undo()
        self.undone = [([*self.behind, self.x], 0)]

    @invariant()
    def x_is_as_the_model_has_it(self) -> None:
        assert self.notebook.shell.user_ns.get("x", 0) == self.x
        status = self.notebook.session.status()
        assert (bool(status.undo), status.redo) == (bool(self.behind), bool(self.undone))

    @invariant()
    def the_journal_says_the_same(self) -> None:
        history = self.notebook.recording.history
        *_, last = history.operations.values()
        undo_stack = UndoStack.of(history, last)
        assert len(undo_stack.undone(len(self.behind))) == len(self.behind)
        assert len(undo_stack.redone(len(self.undone))) == len(self.undone)
        assert undo_stack.can_redo == bool(self.undone)

    def teardown(self) -> None:
        self.notebook.session.detach()
        self.home.cleanup()


TestWalks = Walks.TestCase
TestWalks.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
