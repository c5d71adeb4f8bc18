"""The catalog: each notebook finds its own history again, and none finds another's."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from kishu.errors import StoreError
from kishu.history.catalog import home, open_history, read_notebook
from kishu.store.key import Key
from kishu.store.writer import Writer
from tests.unit.builders import mode

KEY = Key(bytes(32))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home"


def notebook(path: Path, uuid: str = "") -> Path:
    """A notebook file, its history's id in its metadata where it has one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"kishu": {"uuid": uuid}} if uuid else {}
    path.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4}))
    return path


def history(root: Path, path: Path | None) -> str:
    """The name of the notebook's history, which must be its own from now on."""
    opened = open_history(root, KEY, path)
    opened.close()
    return opened.path.name


def test_a_notebook_finds_its_history_again(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "Untitled.ipynb")
    uuid = open_history(root, KEY, path).format.history
    assert open_history(root, KEY, path).format.history == uuid
    assert history(root, path) == "Untitled"
    assert read_notebook(root / "Untitled").path == str(path)
    assert mode(root / "Untitled" / "notebook.json") == 0o600


def test_another_notebook_of_that_name_has_its_own(tmp_path: Path, root: Path) -> None:
    paths = [notebook(tmp_path / folder / "Untitled.ipynb") for folder in "abc"]
    names = ["Untitled", "Untitled-2", "Untitled-3"]
    assert [history(root, path) for path in paths] == names
    assert [history(root, path) for path in reversed(paths)] == names[::-1]


def test_a_history_follows_its_notebook_to_another_directory(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "a" / "n.ipynb")
    assert history(root, path) == "n"
    moved = tmp_path / "b" / "n.ipynb"
    moved.parent.mkdir()
    path.rename(moved)
    assert history(root, moved) == "n"
    assert read_notebook(root / "n").path == str(moved)
    assert history(root, notebook(path)) == "n-2"


def test_a_copied_history_and_notebook_belong_together_in_another_home(
    tmp_path: Path, root: Path
) -> None:
    store = open_history(root, KEY, notebook(tmp_path / "a" / "n.ipynb"))
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(root / "n", elsewhere / "n")
    shutil.rmtree(tmp_path / "a")
    found = open_history(elsewhere, KEY, notebook(tmp_path / "b" / "n.ipynb"))
    assert found.path == elsewhere / "n"
    assert found.format.history == store.format.history


def test_the_id_in_the_notebook_goes_before_its_path(tmp_path: Path, root: Path) -> None:
    first = notebook(tmp_path / "a" / "n.ipynb", "one")
    second = notebook(tmp_path / "b" / "n.ipynb", "two")
    assert [history(root, first), history(root, second)] == ["n", "n-2"]
    notebook(first, "two")
    notebook(second, "one")
    assert [history(root, first), history(root, second)] == ["n-2", "n"]


def test_a_notebook_that_is_given_an_id_keeps_its_history(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    assert history(root, path) == "n"
    assert history(root, notebook(path, "one")) == "n"
    assert read_notebook(root / "n").uuid == "one"


def test_a_renamed_notebook_with_an_id_keeps_its_history(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "Untitled.ipynb", "one")
    uuid = open_history(root, KEY, path).format.history
    renamed = path.rename(tmp_path / "analysis.ipynb")
    assert open_history(root, KEY, renamed).format.history == uuid


def test_a_copied_notebook_forks(tmp_path: Path, root: Path) -> None:
    """Both have the id; the original still lies where it lay."""
    path = notebook(tmp_path / "a" / "n.ipynb", "one")
    copy = notebook(tmp_path / "b" / "n.ipynb", "one")
    assert history(root, path) == "n"
    assert history(root, copy) != "n"


@pytest.mark.parametrize("uuids", [("", ""), ("one", "two")])
def test_a_deleted_notebook_s_history_goes_to_no_notebook_that_has_its_own(
    tmp_path: Path, root: Path, uuids: tuple[str, str]
) -> None:
    gone, stays = (
        notebook(tmp_path / u / "n.ipynb", id) for u, id in zip("ab", uuids, strict=True)
    )
    assert [history(root, gone), history(root, stays)] == ["n", "n-2"]
    gone.unlink()
    assert history(root, stays) == "n-2"


def test_a_deleted_notebook_s_history_goes_to_no_notebook_with_another_id(
    tmp_path: Path, root: Path
) -> None:
    gone = notebook(tmp_path / "a" / "n.ipynb", "one")
    assert history(root, gone) == "n"
    gone.unlink()
    assert history(root, notebook(tmp_path / "b" / "n.ipynb", "two")) == "n-2"


def test_a_history_is_found_though_one_before_it_is_gone(tmp_path: Path, root: Path) -> None:
    for folder in "ab":
        path = notebook(tmp_path / folder / "n.ipynb")
        history(root, path)
    shutil.rmtree(root / "n")
    assert history(root, path) == "n-2"


@pytest.mark.parametrize("found", [b"", b"[]", b"\xff", b'{"metadata": 1}', b'{"metadata":null}'])
def test_a_notebook_that_cannot_be_read_goes_by_its_path(
    tmp_path: Path, root: Path, found: bytes
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(found)
    assert history(root, path) == history(root, path) == "n"


@pytest.mark.parametrize("found", [b"", b"[]", b"\xff", b'{"path":"\xff"}'])
def test_a_spoilt_note_of_the_notebook_stops_nothing(
    tmp_path: Path, root: Path, found: bytes
) -> None:
    path = notebook(tmp_path / "n.ipynb")
    history(root, path)
    (root / "n" / "notebook.json").write_bytes(found)
    assert history(root, path) == "n"
    assert read_notebook(root / "n").path == str(path)


def test_a_session_without_a_notebook_has_a_history_of_its_own(root: Path) -> None:
    names = {history(root, None) for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("ipython-") for name in names)


@pytest.mark.parametrize("stem", ["a b", "a:b*?", "..", "ä", "-x", "x" * 200])
def test_any_name_of_a_notebook_makes_one_directory(tmp_path: Path, root: Path, stem: str) -> None:
    path = notebook(tmp_path / f"{stem}.ipynb")
    name = history(root, path)
    assert (root / name / "format.json").exists()
    assert [each.name for each in root.iterdir()] == [name]
    assert history(root, path) == name


@pytest.mark.parametrize("stem", ["key", "config.ini"])
def test_a_notebook_named_like_a_file_of_ours_has_a_history(
    tmp_path: Path, root: Path, stem: str
) -> None:
    Key.load(root)
    (root / "config.ini").touch()
    path = notebook(tmp_path / f"{stem}.ipynb")
    assert history(root, path) == history(root, path)


def test_kernels_that_open_a_notebook_at_once_share_its_history(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    Key.load(root)  # as every kernel does first: it makes the home
    together, found, failures = threading.Barrier(8), [], []

    def start() -> None:
        together.wait()
        try:
            found.append(open_history(root, KEY, path).format.history)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(found)) == 1


@pytest.mark.parametrize("made", [[], ["journal"], ["journal", "packs"]])
def test_a_history_whose_making_was_killed_is_usable(
    tmp_path: Path, root: Path, made: list[str]
) -> None:
    for folder in ("", *made):
        (root / "n" / folder).mkdir(parents=not folder)
    store = open_history(root, KEY, notebook(tmp_path / "n.ipynb"))
    Writer(store, "s", 0, 0).close()


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/users/me")
    monkeypatch.setenv("KISHU_HOME", "~/elsewhere")
    assert home() == Path("/users/me/elsewhere")
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("KISHU_HOME")
        else:
            monkeypatch.setenv("KISHU_HOME", unset)
        assert home() == Path("/users/me/.kishu")


# The id that a front end writes into the notebook


def attached(root: Path, path: Path, marked: str) -> tuple[str, str]:
    """The history and the id that a front end is given for a notebook that has this id."""
    opened = open_history(root, KEY, path, marked)
    opened.close()
    return opened.path.name, read_notebook(opened.path).uuid


def test_a_notebook_without_an_id_is_given_one_and_keeps_it(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    name, uuid = attached(root, path, "")
    assert uuid
    # Whether it was saved or not.
    assert attached(root, path, "") == (name, uuid)
    assert attached(root, path, uuid) == (name, uuid)
    notebook(path, uuid)
    assert history(root, path) == name


def test_a_copy_is_given_an_id_of_its_own(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    name, uuid = attached(root, path, "")
    notebook(path, uuid)
    copy = notebook(tmp_path / "n-Copy1.ipynb", uuid)
    copied, its = attached(root, copy, uuid)
    assert copied != name
    assert its not in ("", uuid)
    assert attached(root, path, uuid) == (name, uuid)
    notebook(copy, its)
    assert attached(root, copy, its) == (copied, its)


def test_a_renamed_notebook_is_known_by_its_id(tmp_path: Path, root: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    name, uuid = attached(root, path, "")
    renamed = notebook(path, uuid).rename(tmp_path / "other.ipynb")
    assert attached(root, renamed, uuid) == (name, uuid)
    assert read_notebook(root / name).path == str(renamed)
