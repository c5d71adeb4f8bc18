"""The log: what happened, in words and lists, from plain data alone."""

from __future__ import annotations

import pytest

from kishu.errors import Damaged
from kishu.history import log
from kishu.history.history import History
from kishu.history.reasons import Unstorable
from kishu.history.records import Cell, RefMove
from tests.unit.builders import commit, operation, recipe
from tests.unit.notebook import Notebook

LOCK = Unstorable("Lock", "live", "a lock")


@pytest.fixture
def history() -> History:
    """r: a, b (tied), and a definition; s: a alone anew, c; t: c gone."""
    versions = {
        "ab1": recipe("a", "b", type="list"),
        "a2": recipe("a", type="dict"),
        "c1": recipe("c", type="Lock", unstorable=[LOCK, LOCK]),
        "f1": recipe("#f", type="function"),
    }
    commits = [
        commit("r", set={"a": "ab1", "b": "ab1", "#f": "f1"}, cell=Cell("\n# hm\n  a = b = []\n")),
        commit("s", "r", set={"a": "a2", "c": "c1"}, message="a name", kind="named", nbytes=9),
        commit("t", "s", gone=["c", "#f"], kind="found", branch="main"),
    ]
    moves = [RefMove("tag", "v1", "s"), RefMove("branch", "old", "s")]
    one = operation("1", commits=commits, versions=versions, moves=moves)
    return History.fold([(one, True)])


def test_entries_come_newest_first_with_what_they_changed(history: History) -> None:
    lines = list(log.entries(history, "s"))
    assert [line.id for line in lines] == ["t", "s", "r"]
    assert [line.current for line in lines] == [False, True, False]
    assert [line.changed for line in lines] == [[], ["a", "c"], ["a", "b"]]
    assert [line.deleted for line in lines] == [["c"], [], []]
    assert [line.branches for line in lines] == [["main"], ["old"], []]
    assert [line.tags for line in lines] == [[], ["v1"], []]
    assert (lines[1].parent, lines[1].nbytes, lines[1].kind) == ("r", 9, "named")


def test_an_entry_is_labelled_by_message_else_cell_else_kind(history: History) -> None:
    labels = [line.label for line in log.entries(history, "")]
    assert labels == ["(changed between cells)", "a name", "a = b = []"]


@pytest.mark.parametrize("kind", ["run", "named", "attach", "restart", "found"])
def test_every_kind_of_commit_has_a_label(kind: str) -> None:
    bare = commit("r", kind=kind)
    assert log.entry(History.fold([(operation("1", commits=[bare]), True)]), bare, "").label


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = 1\ny = 2", "x = 1"),
        ("\n\n# why\n  x = 1", "x = 1"),
        ("# only\n# words", "# only"),
        ("", ""),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_a_cell_is_told_by_the_first_line_that_says_something(source: str, line: str) -> None:
    assert log.first_line(source) == line


def test_a_commit_shows_each_variable_of_its_state(history: History) -> None:
    first, second = (log.show(history, id, "").variables for id in ("r", "s"))
    assert list(first) == ["a", "b"]
    assert (first["a"].shares_with, first["b"].shares_with) == (["b"], ["a"])
    assert list(second) == ["a", "b", "c"]
    assert (second["a"].type, second["a"].shares_with, second["a"].made_by) == ("dict", [], "s")
    assert (second["b"].made_by, second["b"].status, second["b"].nbytes) == ("r", "stored", 3)
    assert (second["c"].status, second["c"].reason) == ("recomputable", "a lock")


def test_a_difference_has_a_direction(history: History) -> None:
    assert log.diff(history, "r", "s") == log.StateDifference(["c"], [], ["a"])
    assert log.diff(history, "s", "r") == log.StateDifference([], ["c"], ["a"])
    assert log.diff(history, "s", "s") == log.StateDifference([], [], [])
    assert log.diff(history, "", "t") == log.StateDifference(["a", "b"], [], [])


@pytest.mark.parametrize(
    ("name", "ids"), [("a", ["s", "r"]), ("c", ["t", "s"]), ("b", ["r"]), ("z", [])]
)
def test_a_variable_is_found_where_it_was_set_or_deleted(
    history: History, name: str, ids: list[str]
) -> None:
    assert [line.id for line in log.find(history, name, "")] == ids


def test_a_version_that_several_share_is_weighed_once(history: History) -> None:
    assert log.nbytes_of(history, history.state("r")) == 6
    assert log.nbytes_of(history, {}) == 0


def test_what_is_lost_is_told_and_the_rest_is_shown(history: History) -> None:
    del history.versions["c1"]
    assert len(list(log.entries(history, ""))) == 3
    assert list(log.show(history, "r", "").variables) == ["a", "b"]
    with pytest.raises(Damaged, match="c1"):
        log.show(history, "s", "")


def test_looking_loads_nothing(notebook: Notebook) -> None:
    """A value whose loading would be seen is looked at in every way, and stays unloaded."""
    notebook.run("loaded = []")
    notebook.run(
        "class Trap:\n"
        "    def __hash__(self):\n"
        "        loaded.append(1)\n"
        "        return 1\n"
        "trap = {Trap()}; loaded.clear()"
    )
    notebook.run("z = 1")
    session = notebook.session
    assert session.log()
    assert session.show().variables["trap"].status == "stored"
    assert session.diff("HEAD~1").added == ["z"]
    assert session.find("trap")
    assert session.check() == []
    assert notebook["loaded"] == []
    assert session.at("HEAD")["trap"] is not notebook["trap"]
    assert notebook["loaded"] == [1], "the trap does not close: this test shows nothing"
