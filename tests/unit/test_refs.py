"""Refs: what names a commit, what names too much, what names nothing, and what may be a name."""

from __future__ import annotations

import pytest

from kishu.errors import AmbiguousRef, Damaged, KishuError, UnknownRef, UsageError
from kishu.history.history import History
from kishu.history.records import Cell, RefMove
from kishu.history.refs import check_name, resolve
from tests.unit.builders import commit, operation
from tests.unit.notebook import Notebook

A, B, C, D, E = "aaaa1111", "aaaa2222", "bbbb3333", "cccc4444", "dddd5555"


@pytest.fixture
def history() -> History:
    """A, B, C in a line (main), D beside C (side), E from nothing; cell 2 ran as B and as D."""
    cells = {id: Cell("x", number=number) for id, number in ((A, 1), (B, 2), (C, 3), (D, 2))}
    parents = {A: "", B: A, C: B, D: B, E: ""}
    commits = [commit(id, parent, cell=cells.get(id)) for id, parent in parents.items()]
    moves = [
        RefMove("branch", "main", C),
        RefMove("branch", "side", D),
        RefMove("tag", "v1.0", A),
        RefMove("tag", "aaaa", E),
    ]
    return History.fold([(operation("1", commits=commits, moves=moves), True)])


@pytest.mark.parametrize(
    ("ref", "id"),
    [
        (A, A),
        ("aaaa1", A),
        ("b", C),
        (" b ", C),
        ("main", C),
        ("side", D),
        ("v1.0", A),
        ("aaaa", E),  # a tag goes before a prefix
        ("HEAD", C),
        ("HEAD~0", C),
        ("HEAD~", B),
        ("HEAD~1", B),
        ("HEAD~2", A),
        ("HEAD~1~1", A),
        ("side~2", A),
        ("bbbb~1", B),
        ("@1", A),
        ("@2", B),  # on the way to the head, though D is newer
        ("@3~1", B),
    ],
)
def test_a_ref_names_one_commit(history: History, ref: str, id: str) -> None:
    assert resolve(history, ref, C) == id


def test_a_run_off_the_way_to_the_head_is_the_newest_anywhere(history: History) -> None:
    assert resolve(history, "@2", E) == D
    assert resolve(history, "@3", D) == C


def test_an_ambiguous_prefix_shows_the_commits(history: History) -> None:
    with pytest.raises(AmbiguousRef) as failure:
        resolve(history, "aaa", C)
    assert A in failure.value.message
    assert B in failure.value.message
    assert C not in failure.value.message


@pytest.mark.parametrize(
    ("ref", "near"), [("mian", "main"), ("sid", "side"), ("HAED", "HEAD"), ("aaaa1112", A)]
)
def test_an_unknown_name_is_told_with_the_nearest(history: History, ref: str, near: str) -> None:
    with pytest.raises(UnknownRef, match=ref) as failure:
        resolve(history, ref, C)
    assert near in failure.value.remedy


@pytest.mark.parametrize(
    "ref", ["", " ", "~", "~1", "zzz", "@9", "@", "@x", "HEAD~3", "HEAD~9999", "E~1", "HEAD~x"]
)
def test_what_names_nothing_is_said_to(history: History, ref: str) -> None:
    with pytest.raises(UnknownRef) as failure:
        resolve(history, ref, C)
    assert failure.value.remedy


@pytest.mark.parametrize("ref", ["@" + "9" * 5000, "HEAD~" + "9" * 5000, "@²", "HEAD~²"])
def test_an_absurd_number_names_nothing(history: History, ref: str) -> None:
    with pytest.raises(UnknownRef):
        resolve(history, ref, C)


def test_going_back_through_a_lost_commit_is_damage() -> None:
    history = History.fold([(operation("1", commits=[commit(B, A)]), True)])
    assert resolve(history, "HEAD", B) == B
    with pytest.raises(Damaged, match=A):
        resolve(history, "HEAD~1", B)


@pytest.mark.parametrize(
    "name", ["main", "a", "v1.0", "feature/x", "try_2", "ä", "été", "c++", "zz-"]
)
def test_a_good_name_may_be_given(history: History, name: str) -> None:
    check_name(history, name)


@pytest.mark.parametrize(
    "name",
    ["", " ", "HEAD", "a b", "@7", "x~1", "-x", ".x", "/x", "a\n", "a:b", "aaaa1", A, "bbbb"],
)
def test_a_name_that_could_be_something_else_is_refused(history: History, name: str) -> None:
    with pytest.raises(UsageError):
        check_name(history, name)


def test_a_name_like_an_id_that_no_commit_has_may_be_given(history: History) -> None:
    check_name(history, "beef")


@pytest.mark.parametrize("choice", [0, 1])
@pytest.mark.parametrize("kind", ["branch", "tag"])
def test_a_ref_in_conflict_is_ambiguous_until_it_is_settled(
    notebook: Notebook, kind: str, choice: int
) -> None:
    """The message says how: by setting it to one of the two."""
    other = Notebook(notebook.home, notebook.path)
    both = [each.run(f"x = '{each.recording.id}'") for each in (notebook, other)]
    for each in (notebook, other):
        getattr(each.session, kind)("here")
    other.recording.abandon()
    notebook.restart()
    with pytest.raises(AmbiguousRef) as failure:
        notebook.session.show("here")
    assert all(id in failure.value.message for id in both)
    history = notebook.recording.history
    chosen = {"branch": history.branches, "tag": history.tags}[kind]["here"][choice]
    getattr(notebook.session, kind)("here", chosen)
    assert notebook.session.show("here").entry.id == chosen
    notebook.restart()
    assert notebook.session.show("here").entry.id == chosen


def test_every_refusal_is_an_error_of_ours(history: History) -> None:
    for ref in ("aaa", "nothing", "@9", "HEAD~9"):
        with pytest.raises(KishuError):
            resolve(history, ref, C)
