"""What lives is never taken away because its other version could not be built."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.notebook import Notebook

LIBRARY = """
def fail():
    raise OSError("the licence server does not answer")

class Model:
    def __init__(self, n):
        self.n = n

    def __reduce__(self):
        return fail, (), {"n": self.n}
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A library whose objects can be taken down, and never loaded again."""
    (tmp_path / "licensed.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("licensed", None)


def make(notebook: Notebook, source: str) -> None:
    """Run a cell that is not run again by itself."""
    notebook.run(source, effects=["file"])


@pytest.mark.usefixtures("library")
def test_a_changed_object_that_cannot_be_built_stays_and_is_named(notebook: Notebook) -> None:
    make(notebook, "import licensed\nnotes = []\nm = licensed.Model(1)")
    model = notebook["m"]
    notebook.run("m.n = 2; notes.append(1)")
    report = notebook.session.undo()
    assert notebook["m"] is model and notebook["notes"] == []
    assert "is as it is now" in report.missing["m"]
    assert "m" not in report.removed
    notebook.run("m.n = 5; notes.append(2)")
    report = notebook.session.undo()
    assert notebook["m"] is model and notebook["notes"] == []
    assert "m" not in report.removed


@pytest.mark.usefixtures("library")
def test_another_object_under_the_name_stays_and_the_history_says_so(notebook: Notebook) -> None:
    make(notebook, "import licensed\nm = licensed.Model(1)")
    made = notebook.recording.head
    notebook.run("m = [1, 2]")
    there = notebook["m"]
    report = notebook.session.checkout(made)
    assert notebook["m"] is there
    assert "m" in report.missing and "m" not in report.removed
    assert notebook.session.show().variables["m"].type == "builtins.list"
    assert notebook.recording.head == notebook.session.log()[0].id
    notebook.run("x = 1")
    assert notebook.session.log()[0].changed == ["x"]
    notebook.session.checkout("HEAD~1")
    assert notebook["m"] is there and "x" not in notebook


@pytest.mark.usefixtures("library")
def test_what_is_gone_and_cannot_be_built_is_absent_and_named(notebook: Notebook) -> None:
    make(notebook, "import licensed\nm = licensed.Model(1); n = [1]")
    notebook.run("del m; n.append(2)")
    report = notebook.session.undo()
    assert "m" not in notebook and notebook["n"] == [1]
    assert "m" in report.missing
    assert "m" not in notebook.session.show().variables


@pytest.mark.usefixtures("library")
def test_one_that_shared_stays_with_what_it_shares(notebook: Notebook) -> None:
    make(notebook, "import licensed\nm = licensed.Model(1); both = [m, [1]]; rest = both[1]")
    notebook.run("m.n = 2; rest.append(2)")
    notebook.session.undo()
    assert notebook["both"][0] is notebook["m"]
    assert notebook["both"][1] is notebook["rest"]
