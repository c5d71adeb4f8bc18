"""The notebook's cells in the history: told in differences, read back whole, kept, trusted."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kishu.config import Config
from kishu.errors import Damaged, NotRecoverable, UnknownCells, Untrusted, UsageError
from kishu.history import documents
from kishu.history.documents import Cells, ToldCell
from kishu.history.history import History
from kishu.history.records import Blob, Commit, Document, Operation, StoredCell
from kishu.notebook.path import locate
from tests.unit.notebook import Notebook

Told = list[ToldCell]


def cell(id: str, source: str, *outputs: Any) -> ToldCell:
    """A code cell told in full."""
    content = {"id": id, "cell_type": "code", "source": source, "metadata": {}}
    return ToldCell(id, {**content, "outputs": list(outputs), "execution_count": None})


def run(notebook: Notebook, source: str, cells: Told, page: str = "page") -> str:
    """Run a cell and tell what the notebook looked like."""
    commit = notebook.run(source)
    notebook.recording.notebook.record_cells(page, commit, cells)
    return commit


def sources_at(notebook: Notebook, commit: str) -> list[str]:
    """The cells' texts as a checkout of the cells alone would bring them."""
    history, store = notebook.recording.history, notebook.recording.store
    cells = documents.cells_at(history, commit)
    if cells is None:
        return []
    return [documents.read_cell(id, cell, store)["source"] for id, cell in cells.cells.items()]


def test_each_commit_has_its_cells(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "x = 1"), cell("b", "y")])
    two = run(notebook, "x = 2", [ToldCell("b"), cell("a", "x = 2")])
    three = run(notebook, "x = 3", [ToldCell("a")])
    assert [sources_at(notebook, c) for c in (one, two, three)] == [
        ["x = 1", "y"],
        ["y", "x = 2"],
        ["x = 2"],
    ]


def test_they_are_there_in_another_session(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "x = 1", {"text": "out"})])
    two = run(notebook, "x = 2", [cell("a", "x = 2"), cell("b", "")])
    notebook.restart()
    assert [sources_at(notebook, c) for c in (one, two)] == [["x = 1"], ["x = 2", ""]]
    with notebook.recording.notebook.showing("new", [cell("a", "x = 2"), cell("b", "edited")]):
        report = notebook.session.checkout(one)
    assert report.cells is not None
    assert report.cells.cells == [cell("a", "x = 1", {"text": "out"})]
    before = notebook.session.log()[0]
    assert before.id == report.before
    assert before.label == "(cells edited)"
    assert sources_at(notebook, report.before) == ["x = 2", "edited"]


def test_a_commit_of_which_nobody_told_has_its_ancestor_s(notebook: Notebook) -> None:
    before = notebook.run("x = 0")
    run(notebook, "x = 1", [cell("a", "x = 1")])
    later = notebook.run("x = 2")
    assert sources_at(notebook, later) == ["x = 1"]
    assert sources_at(notebook, before) == []
    with notebook.recording.notebook.showing("page", [ToldCell("a")]):
        report = notebook.session.checkout(before)
    assert report.cells is None
    assert "nobody told" in report.notes[0]


def test_what_is_told_first_counts(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "first")])
    notebook.recording.notebook.record_cells("page", one, [cell("a", "second")])
    assert sources_at(notebook, one) == ["first"]


def test_without_a_front_end_only_the_variables_travel(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "x = 1")])
    notebook.run("x = 2")
    report = notebook.session.checkout(one)
    assert notebook["x"] == 1
    assert report.cells is None
    assert "no front end" in report.notes[0]
    with pytest.raises(UsageError, match="no front end"):
        notebook.session.checkout(one, variables=False)


def test_a_front_end_that_is_not_asking_is_asked(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "x = 1")])
    notebook.run("x = 2")
    wanted: list[str] = []
    front_ends = notebook.recording.notebook
    front_ends.can_bring = True
    notebook.recording.listeners.append(lambda what: wanted.append(front_ends.wanted))
    assert notebook.session.checkout(one).notes == ["the notebook's cells follow"]
    notebook.session.checkout(one, variables=False)
    assert [each for each in wanted if each] == [one, one]


def test_cells_that_were_never_told_are_asked_for_with_all_others(notebook: Notebook) -> None:
    run(notebook, "x = 1", [cell("a", "x = 1")])
    two = notebook.run("x = 2")
    for told in ([ToldCell("a"), ToldCell("never")], [ToldCell("a")]):
        with pytest.raises(UnknownCells):
            notebook.recording.notebook.record_cells("page", two, told)
    notebook.recording.notebook.record_cells("page", two, [cell("a", "x = 2")])
    assert sources_at(notebook, two) == ["x = 2"]


def test_a_ninth_front_end_takes_the_place_of_the_first(notebook: Notebook) -> None:
    for number in range(9):
        run(notebook, f"x = {number}", [cell("a", "")], page=f"page {number}")
    with pytest.raises(UnknownCells):
        run(notebook, "x = 9", [ToldCell("a")], page="page 0")


def test_two_cells_of_one_id_are_both_kept(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "first"), cell("a", "second")])
    assert sources_at(notebook, one) == ["first", "second"]


def test_an_empty_notebook_is_one_too(notebook: Notebook) -> None:
    run(notebook, "x = 1", [cell("a", "first")])
    two = run(notebook, "x = 2", [])
    assert sources_at(notebook, two) == []


def test_large_outputs_are_stored_once(notebook: Notebook) -> None:
    picture = {"data": os.urandom(150_000).hex()}
    run(notebook, "x = 1", [cell("a", "draw()", picture)])
    before = notebook.session.status().nbytes
    run(notebook, "x = 2", [cell("a", "draw(2)", picture), cell("b", "new")])
    assert notebook.session.status().nbytes - before < 4096


def test_a_damaged_cell_stops_a_checkout_before_anything_is_changed(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "x = 1", {"data": os.urandom(5_000).hex()})])
    two = run(notebook, "x = 2", [cell("a", "x = 2")])
    document = notebook.recording.history.documents[one]
    outputs = document.cells["a"].outputs
    assert outputs is not None
    for pack in (notebook.recording.store.path / "packs").iterdir():
        data = bytearray(pack.read_bytes())
        data[:] = bytes(len(data))
        pack.write_bytes(data)
    with (
        pytest.raises(NotRecoverable, match="Cell a"),
        notebook.recording.notebook.showing("page", [ToldCell("a")]),
    ):
        notebook.session.checkout(one)
    assert notebook["x"] == 2
    assert notebook.recording.head == two


def test_cells_from_elsewhere_want_trust(notebook: Notebook) -> None:
    one = run(notebook, "x = 1", [cell("a", "<script>")])
    notebook.recording.history.untrusted_documents.add(one)
    two = run(notebook, "x = 2", [cell("a", "x = 2")])
    for target in (one, two):
        with (
            pytest.raises(Untrusted),
            notebook.recording.notebook.showing("page", [ToldCell("a")]),
        ):
            notebook.session.checkout(target)
    notebook.session.trust()
    with notebook.recording.notebook.showing("page", [ToldCell("a")]):
        assert notebook.session.checkout(one).cells is not None


def test_gc_keeps_the_cells_of_what_it_keeps(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "home", tmp_path / "n.ipynb", Config(floor=0, keep_commits=1))
    big = [{"data": os.urandom(20_000).hex()} for _ in range(3)]
    run(notebook, "x = [0]", [cell("a", "lost", big[0])])
    run(notebook, "x = [1]", [cell("a", "between")])
    with notebook.recording.notebook.showing(
        "page", [cell("a", "named", big[1]), cell("b", "same")]
    ):
        named = notebook.session.commit("keep me").id
    last = run(notebook, "x = [2]", [cell("a", "last", big[2]), ToldCell("b")])
    notebook.session.detach()
    notebook.restart()
    notebook.run("y = 1")
    size = notebook.session.status().nbytes
    notebook.session.gc()
    assert notebook.session.status().nbytes < size - 30_000
    assert sources_at(notebook, named) == ["named", "same"]
    assert sources_at(notebook, last) == ["last", "same"]
    notebook.session.detach()


def test_gc_keeps_the_cells_of_commits_whose_variables_are_kept_by_others(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "home", tmp_path / "n.ipynb", Config(floor=0, keep_commits=1))
    one = run(notebook, "x = 1", [cell("a", "first", {"data": os.urandom(9_000).hex()})])
    run(notebook, "pass", [cell("a", "second")])
    run(notebook, "pass", [cell("a", "third")])
    notebook.session.detach()
    notebook.restart()
    garbage = notebook.session.gc()
    assert one not in garbage.commits
    with notebook.recording.notebook.showing("page", [cell("a", "now")]):
        assert notebook.session.checkout(one).cells is not None
    notebook.session.detach()


def test_telling_costs_the_same_at_the_end_of_a_long_history(notebook: Notebook) -> None:
    """What a run adds to the history does not grow with it."""
    cells = [cell(f"id-{number}", f"cell {number}") for number in range(200)]
    run(notebook, "x = 0", cells)
    told: Told = [ToldCell(each.id) for each in cells]
    added = []
    for number in range(60):
        before = notebook.session.status().nbytes
        run(notebook, f"x = {number}", [cell("id-7", f"x = {number}"), *told[:7], *told[8:]])
        added.append(notebook.session.status().nbytes - before)
    assert max(added[-5:]) < 2_000
    assert max(added[-5:]) <= max(added[2:10]) + 32


# What puts documents together, against a list


ids = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)
contents = st.lists(st.tuples(ids, st.integers(0, 2)), min_size=1, max_size=12)


def stored(id: str, version: int) -> StoredCell:
    return StoredCell(Blob(version, [f"{id}{version}"]))


@given(contents)
@settings(deadline=None)
def test_differences_put_together_are_the_whole(states: list[tuple[list[str], int]]) -> None:
    history = History()
    base: Cells | None = None
    expected = []
    for number, (order, version) in enumerate(states):
        cells = {id: stored(id, version) for id in order}
        document = Cells("", cells).since(base)
        commit = Commit(
            id=f"c{number}", parent=f"c{number - 1}" if number else "", kind="run", time=0
        )
        history.add(
            Operation(
                id=f"o{number}", kind="run", session="s", time=time.time(), head=commit.id,
                commits=[commit], documents={commit.id: document},
            )
        )  # fmt: skip
        base = Cells(commit.id, cells)
        expected.append(list(cells.items()))
    for number, wanted in enumerate(expected):
        found = documents.cells_at(history, f"c{number}")
        assert found is not None
        assert list(found.cells.items()) == wanted


@pytest.mark.parametrize("base", ["c0", "lost"])
def test_a_document_that_rests_on_itself_or_on_nothing_is_damaged(base: str) -> None:
    history = History()
    commit = Commit(id="c0", kind="run", time=0)
    document = Document(base, ["a"], {"a": stored("a", 0)})
    history.add(
        Operation(
            id="o0", kind="run", session="s", time=0, commits=[commit], documents={"c0": document}
        )
    )
    with pytest.raises(Damaged):
        documents.cells_at(history, "c0")


# Where a front end's notebook lies


def test_a_notebook_is_located(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    path = tmp_path / "sub" / "n.ipynb"
    path.parent.mkdir()
    path.touch()
    assert locate("sub/n.ipynb", str(tmp_path)) == path
    colon = tmp_path / "12:30.ipynb"
    colon.touch()
    assert locate("12:30.ipynb", str(tmp_path)) == colon
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("sub/n.ipynb", "~") == path
    # The server does not say its root: what the kernel was told, or where it runs.
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert locate("sub/n.ipynb", "") == path
    renamed = path.rename(path.with_name("renamed.ipynb"))
    assert locate("sub/renamed.ipynb", "") == renamed
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.chdir(path.parent)
    assert locate("sub/renamed.ipynb", "/on/another/machine") == renamed
    assert locate("gone.ipynb", str(tmp_path)) == tmp_path / "gone.ipynb"
