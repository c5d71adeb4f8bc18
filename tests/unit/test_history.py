"""The history: one fold whatever the order of reading, states by deltas, conflicts shown."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kishu.errors import Damaged
from kishu.history.history import History, State
from kishu.history.ledger import Ledger, load
from kishu.history.records import Blob, Cell, RefMove, source_name
from kishu.store.journal import format_line
from kishu.store.key import Key
from kishu.store.packs import chunk_name
from kishu.store.store import Envelope, Store
from kishu.store.writer import Writer
from tests.unit.builders import commit, operation, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from kishu.history.records import Commit, CommitId, Operation
    from tests.unit.notebook import Notebook

quick = settings(max_examples=60, deadline=None)
NAMES = st.sampled_from(["a", "b", "c", "#f"])


class Told(NamedTuple):
    """Some operations, parents first, and the state of each commit as a plain model has it."""

    operations: list[Operation]
    states: dict[CommitId, State]


@st.composite
def histories(draw: st.DrawFn) -> Told:
    """Lines of work that part and meet, with refs moved and variables ignored on the way."""
    ids = [f"{number:04x}" for number in draw(st.permutations(range(1, 12)))]
    operations: list[Operation] = []
    states: dict[CommitId, State] = {"": {}}
    for id in ids[: draw(st.integers(1, len(ids)))]:
        done = [operation.id for operation in operations]
        parents = draw(st.lists(st.sampled_from(done), unique=True, max_size=2)) if done else []
        commits: list[Commit] = []
        for number in range(draw(st.integers(0, 2))):
            parent = draw(st.sampled_from(list(states)))
            new = draw(st.dictionaries(NAMES, st.sampled_from("123"), max_size=2))
            gone = [name for name in states[parent] if name not in new and draw(st.booleans())]
            branch = draw(st.sampled_from(["", "main", "main-2"]))
            made = commit(f"c{id}{number}", parent, set=new, gone=gone, branch=branch)
            kept = {name: v for name, v in states[parent].items() if name not in gone}
            states[made.id] = kept | new
            commits.append(made)
        move = st.builds(
            RefMove,
            kind=st.sampled_from(["branch", "tag"]),
            name=st.sampled_from(["main", "x"]),
            to=st.sampled_from(list(states)),
            was=st.sampled_from(list(states)),
        )
        moves = draw(st.lists(move, max_size=2))
        kind = draw(st.sampled_from(["run", "ignore", "unignore"]))
        names = draw(st.lists(NAMES, max_size=2))
        made_now = operation(id, *parents, kind=kind, commits=commits, moves=moves, names=names)
        operations.append(made_now)
    return Told(operations, states)


def told(history: History) -> dict[str, object]:
    """All that a history says, in the order in which it says it."""
    return {
        name: list(value.items()) if isinstance(value, dict) else value
        for name, value in vars(history).items()
    }


def fold(*operations: Operation) -> History:
    return History.fold((operation, True) for operation in operations)


@quick
@given(made=histories(), data=st.data())
def test_the_order_of_reading_does_not_matter(made: Told, data: st.DataObject) -> None:
    trusted = {one.id: data.draw(st.booleans()) for one in made.operations}
    pairs = [(one, trusted[one.id]) for one in made.operations]
    shuffled = data.draw(st.permutations(pairs))
    assert told(History.fold(shuffled)) == told(History.fold(pairs))


@quick
@given(made=histories(), data=st.data())
def test_a_record_read_twice_counts_once(made: Told, data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(made.operations)))
    assert told(fold(*made.operations, *again)) == told(fold(*made.operations))


@quick
@given(made=histories())
def test_a_state_is_its_parent_s_with_the_commit_s_changes(made: Told) -> None:
    history = fold(*made.operations)
    assert {id: history.state(id) for id in made.states} == made.states


@quick
@given(made=histories())
def test_the_leaves_are_what_nothing_came_after(made: Told) -> None:
    parents = {parent for one in made.operations for parent in one.parents}
    leaves = {leaf.id for leaf in fold(*made.operations).leaves()}
    assert leaves == {one.id for one in made.operations} - parents


@quick
@given(made=histories(), data=st.data())
def test_a_lost_record_costs_only_what_rests_on_it(made: Told, data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from(made.operations))
    history = fold(*(one for one in made.operations if one is not lost))
    missing = {one.id for one in lost.commits}
    parent = {one.id: one.parent for whole in made.operations for one in whole.commits}
    for id in history.commits:
        line = [id]
        while line[-1] and line[-1] not in missing:
            line.append(parent[line[-1]])
        if line[-1]:
            with pytest.raises(Damaged, match=line[-1]):
                history.state(id)
        else:
            assert history.state(id) == made.states[id]


def test_names_of_a_lost_commit_or_version_say_that_it_is_lost() -> None:
    history = History()
    for missing in (history.commit, history.state, history.recipe):
        with pytest.raises(Damaged, match="abc is lost"):
            missing("abc")
    assert history.state("") == {}


def test_a_branch_that_two_sessions_moved_shows_both_targets() -> None:
    root = operation("1", commits=[commit("r", branch="main")])
    one = operation("2", "1", session="s1", commits=[commit("a", "r", branch="main")])
    two = operation("3", "1", session="s2", commits=[commit("b", "r", branch="main")])
    for order in ((root, one, two), (two, one, root)):
        history = fold(*order)
        assert sorted(history.branches["main"]) == ["a", "b"]
        assert history.names_of("a")["branches"] == history.names_of("b")["branches"] == ["main"]


def test_a_tag_that_two_sessions_set_shows_both_targets() -> None:
    root = operation("1", commits=[commit("r"), commit("q", "r")])
    one = operation("2", "1", kind="tag", moves=[RefMove("tag", "v1", "r")])
    two = operation("3", "1", kind="tag", moves=[RefMove("tag", "v1", "q")])
    assert sorted(fold(root, one, two).tags["v1"]) == ["q", "r"]


def test_a_branch_moves_goes_away_and_its_name_is_free_again() -> None:
    history = fold(operation("1", commits=[commit("r", branch="main"), commit("q", "r")]))
    assert (history.tip("main"), history.free_branch()) == ("r", "main-2")
    history.add(operation("2", "1", kind="branch", moves=[RefMove("branch", "main", "q", "r")]))
    assert (history.tip("main"), history.names_of("r")["branches"]) == ("q", [])
    history.add(operation("3", "2", kind="branch", moves=[RefMove("branch", "main", "", "q")]))
    assert (history.tip("main"), history.free_branch()) == ("", "main")
    history.add(operation("4", "3", moves=[RefMove("branch", n, "r") for n in ("main", "main-2")]))
    assert history.free_branch() == "main-3"


def test_ignoring_twice_is_ignoring_and_only_unignoring_takes_in_again() -> None:
    history = fold(operation("1", kind="ignore", names=["a", "b"]))
    history.add(operation("2", "1", kind="ignore", names=["a"]))
    assert history.ignored == {"a", "b"}
    for id, before in (("3", "2"), ("4", "3")):
        history.add(operation(id, before, kind="unignore", names=["a", "c"]))
        assert history.ignored == {"b"}


def test_two_sessions_that_ignore_one_name_do_not_cancel_each_other() -> None:
    first = operation("1", kind="ignore", names=["password"])
    second = operation("2", kind="ignore", names=["password"], session="t")
    assert fold(first, second).ignored == fold(second, first).ignored == {"password"}


# What is forged


def test_an_untrusted_record_marks_its_commits_and_no_others() -> None:
    mine = operation("1", commits=[commit("r", branch="main")])
    theirs = operation("2", "1", commits=[commit("x", "r")])
    assert History.fold([(mine, True), (theirs, False)]).untrusted == {"x"}


@pytest.mark.parametrize("id", ["0", "2"])
@pytest.mark.parametrize("parents", [[], ["1"]])
def test_an_untrusted_record_changes_no_trusted_recipe(id: str, parents: list[str]) -> None:
    """Else a trusted commit would be restored from it: it would run its code."""
    good, evil = recipe("a"), recipe("a", type="evil")
    mine = operation("1", commits=[commit("r", set={"a": "v"})], versions={"v": good})
    theirs = operation(id, *parents, session="forged", versions={"v": evil})
    history = History.fold([(mine, True), (theirs, False)])
    assert "r" not in history.untrusted
    assert history.recipe("v") == good


@pytest.mark.parametrize("id", ["0", "1", "2"])
def test_an_untrusted_record_changes_no_trusted_commit(id: str) -> None:
    mine = operation("1", commits=[commit("r", set={"a": "v"})])
    theirs = operation(id, commits=[commit("r", set={"a": "evil"})])
    for pairs in ([(mine, True), (theirs, False)], [(theirs, False), (mine, True)]):
        history = History.fold(pairs)
        assert history.state("r") == {"a": "v"}
        assert "r" not in history.untrusted


def test_commits_that_claim_to_descend_from_themselves_end() -> None:
    history = fold(operation("1", commits=[commit("a", "b"), commit("b", "a")]))
    with pytest.raises(Damaged):
        list(islice(history.ancestry("a"), 10))


def test_an_untrusted_record_runs_no_code(notebook: Notebook, tmp_path: Path) -> None:
    """It claims to say how to build a version of a trusted commit; its chunk is a trap."""
    made = notebook.run("x = [1]")
    recording, caught = notebook.recording, tmp_path / "caught"
    version = recording.history.commits[made].set["x"]
    trap = b"cos\nmkdir\n(V%s\ntR." % str(caught).encode()
    name = chunk_name(trap)
    forged = recipe("x", stream=Blob(len(trap), [name]))
    body = msgspec.json.encode(operation("f", versions={version: forged}))
    envelope = Envelope(recording.store.format.history, "f", 0, msgspec.Raw(body), {}, {name: trap})
    line = format_line(msgspec.json.encode(envelope), Key(b"x" * 32))
    (recording.store.path / "journal" / "f.jsonl").write_bytes(line)
    notebook.restart()
    with contextlib.suppress(Exception):
        notebook.session.checkout(made)
    assert not caught.exists()


# The real thing


def test_what_a_ledger_wrote_is_what_is_loaded(store: Store, key: Key) -> None:
    history, writer = load(store), Writer(store, "s1", 0, 0)
    ledger = Ledger(history, writer, None)
    for number in range(5):
        made = ledger.new_commit(kind="run", set={"a": f"v{number}"}, branch=ledger.next_branch())
        version = {f"v{number}": recipe("a")}
        ledger.write("run", head=made.id, branch=made.branch, commits=[made], versions=version)
    ledger.write("tag", moves=[RefMove("tag", "v1", ledger.head)])
    writer.close()
    assert told(load(type(store).open(store.path, key))) == told(history)


def test_a_record_that_is_no_operation_is_named_and_left_out(store: Store) -> None:
    writer = Writer(store, "s1", 0, 0)
    Ledger(load(store), writer, None).write("attach")
    writer.append(b'{"kind": "from the future"}')
    writer.close()
    history = load(store)
    assert len(history.operations) == 1
    assert [damage for damage in store.damaged if "record 1 of session s1" in damage]


def test_a_branch_that_a_session_left_behind_stays_and_another_begins(store: Store) -> None:
    writer = Writer(store, "s1", 0, 0)
    ledger = Ledger(load(store), writer, None)
    heads = []
    for _ in range(2):
        made = ledger.new_commit(kind="run", branch=ledger.next_branch())
        heads.append(ledger.write("run", head=made.id, branch=made.branch, commits=[made]).head)
    ledger.write("undo", head=heads[0], position="")
    made = ledger.new_commit(kind="run", branch=ledger.next_branch())
    ledger.write("run", head=made.id, branch=made.branch, commits=[made])
    writer.close()
    assert ledger.history.branches == {"main": [heads[1]], "main-2": [made.id]}
    assert made.parent == heads[0]


def test_a_cells_text_is_written_once_and_read_everywhere(store: Store) -> None:
    writer = Writer(store, "s", 0, 0)
    ledger = Ledger(History(), writer, None)
    for _ in range(3):
        commit = ledger.new_commit(kind="run", cell=Cell("x = 'a rather long cell'"))
        ledger.write("run", head=commit.id, commits=[commit])
    text = (store.path / "journal" / "s.jsonl").read_text()
    assert text.count("a rather long cell") == 1
    again = load(Store.open(store.path, store.key))
    assert {c.cell and c.cell.source for c in again.commits.values()} == {
        "x = 'a rather long cell'"
    }
    writer.close()


def test_a_text_that_is_not_what_its_name_says_is_no_cells_text() -> None:
    history = History()
    told = Cell(code=source_name("x = 1"))
    history.add(operation("o", commits=[commit("c", cell=told)], sources={told.code: "import os"}))
    assert history.commits["c"].cell == told
    assert told.source == ""
