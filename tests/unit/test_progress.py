"""Long commits and restores say how far they are."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kishu.kernel import show
from tests.unit.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator


class Heard:
    """What a session told of its progress."""

    def __init__(self, notebook: Notebook) -> None:
        self.told: list[tuple[str, int, int]] = []
        notebook.recording.progress = lambda *told: self.told.append(told)

    def check(self, what: str, nbytes: int) -> None:
        """It began, went on, and came to its end; at least so many bytes."""
        assert {word for word, _, _ in self.told} == {what}
        assert len({total for _, _, total in self.told}) == 1
        assert all(a <= b for (_, a, _), (_, b, _) in pairwise(self.told))
        assert len(self.told) > 10
        _, done, total = self.told[-1]
        assert done == total >= nbytes


@pytest.fixture
def large(notebook: Notebook) -> Iterator[Notebook]:
    """A notebook with eight megabytes in an array, and text in a list."""
    notebook.run(
        "import numpy as np; a = np.arange(1_000_000); words = [str(i) for i in range(99)]"
    )
    yield notebook


def test_a_commit_tells_how_many_bytes_are_recorded(large: Notebook) -> None:
    heard = Heard(large)
    large.run("a += 1; words.append(1)")
    heard.check("recorded", 8_000_000)


def test_a_restore_tells_how_many_bytes_are_read(large: Notebook) -> None:
    large.run("del a")
    heard = Heard(large)
    large.session.undo()
    heard.check("read", 8_000_000)


def test_a_restore_in_place_tells_how_many_bytes_are_read(large: Notebook) -> None:
    """And it can be stopped there: nothing was changed."""
    large.run("a += 1")
    heard = Heard(large)
    large.session.undo()
    assert len(heard.told) > 10
    assert heard.told[-1][0] == "read"
    assert heard.told[-1][1] >= 8_000_000
    large.session.redo()

    def stop(what: str, done: int, total: int) -> None:
        if done > 4_000_000:
            raise KeyboardInterrupt

    large.recording.progress = stop
    with pytest.raises(KeyboardInterrupt):
        large.session.undo()
    large.recording.progress = lambda what, done, total: None
    assert list(large["a"][:2]) == [1, 2]
    large.session.undo()
    assert list(large["a"][:2]) == [0, 1]


def test_a_verb_shows_its_progress_after_a_second_and_takes_the_line_away(
    large: Notebook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with show.progress(large.recording):
        large.recording.progress("recorded", 1_000_000, 4_000_000)
        assert capsys.readouterr().out == ""
        now[0] = 1.5
        large.recording.progress("recorded", 2_000_000, 4_000_000)
        assert capsys.readouterr().out == "\r2.0 MB of 4.0 MB recorded …"
    assert capsys.readouterr().out.strip() == ""
    large.recording.progress("read", 3, 4)
    assert capsys.readouterr().out == ""
