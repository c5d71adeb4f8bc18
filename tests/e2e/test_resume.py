"""Kernels end in every way, notebooks move; their histories go on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.asking import log, names, runs, wait_for_print
from tests.e2e.conftest import Start, make_notebook
from tests.kernel import Kernel

MAKE = "x = [1, 2]; y = x\ndef f(): return len(x)"


def attached(start: Start, notebook: Path, home: Path | None = None) -> Kernel:
    """A new kernel on a notebook, attached."""
    kernel = start(notebook, home)
    kernel.ok("%load_ext kishu")
    return kernel


def end(kernel: Kernel) -> None:
    """Kill a kernel once the last cell's commit is made."""
    kernel.value("1")
    kernel.kill()


def test_restore_after_a_kill_gives_the_last_finished_cell(start: Start, notebook: Path) -> None:
    first = attached(start, notebook)
    first.ok(MAKE)
    first.ok("x.append(3)")
    first.send("x.append('unfinished'); print('now', flush=True)\nwhile True: pass")
    wait_for_print(first)
    first.kill()
    second = start(notebook)
    greeting = second.ok("%load_ext kishu")
    assert "3 variables" in greeting
    assert "%kishu restore" in greeting
    assert names(second, "x", "y", "f") == []
    report = second.kishu("restore")
    assert report["loaded"] == ["f", "x", "y"]
    assert second.value("[x, f(), x is y, f.__globals__ is globals()]") == [
        [1, 2, 3], 3, True, True,
    ]  # fmt: skip
    second.kishu("undo 2")
    second.kishu("undo")
    assert second.value("x") == [1, 2]


def test_restoring_a_session_that_left_no_variables_says_so(start: Start, notebook: Path) -> None:
    first = attached(start, notebook)
    assert first.run("f()").error == "NameError"
    end(first)
    second = attached(start, notebook)
    assert second.kishu("restore")["error"] == "nothing-to-do"
    assert "left no variables" in second.ok("%kishu restore")


def test_a_large_variable_survives_a_kill(start: Start, notebook: Path) -> None:
    first = attached(start, notebook)
    first.ok("x = list(range(100_000))")
    end(first)
    second = attached(start, notebook)
    second.kishu("restore")
    assert second.value("len(x)") == 100_000


def test_undo_right_after_a_restart_restores_and_redo_empties(start: Start, notebook: Path) -> None:
    first = attached(start, notebook)
    first.ok(MAKE)
    end(first)
    second = attached(start, notebook)
    second.kishu("undo")
    assert second.value("[x, f(), x is y]") == [[1, 2], 2, True]
    second.kishu("redo")
    assert names(second, "x", "y", "f") == []


def test_the_history_goes_on_over_sessions(start: Start, notebook: Path) -> None:
    first = attached(start, notebook)
    first.ok("x = 1")
    end(first)
    second = attached(start, notebook)
    second.ok("x = 2")
    assert runs(second) == ["x = 1", "x = 2"]
    assert [entry["kind"] for entry in log(second)] == ["attach", "run", "restart", "run"]
    second.kishu("undo")
    assert names(second, "x") == []
    report = second.kishu("undo")
    assert "restart" in report["label"]
    assert second.value("x") == 1
    second.kishu("undo")
    assert names(second, "x") == []
    second.kishu("redo 3")
    assert second.value("x") == 2


def test_two_living_kernels_on_one_notebook_record_side_by_side(
    start: Start, notebook: Path
) -> None:
    one, two = attached(start, notebook), attached(start, notebook)
    for i in range(5):
        sent = one.send(f"x = 'one {i}'"), two.send(f"x = 'two {i}'")
        one.wait(sent[0])
        two.wait(sent[1])
    one.kishu("undo 2")
    two.kishu("undo")
    assert one.value("x") == "one 2"
    assert two.value("x") == "two 3"
    assert "not 9" in two.ok("%kishu undo 9")
    end(one)
    end(two)
    third = attached(start, notebook)
    assert sorted(runs(third)) == sorted(f"x = '{n} {i}'" for n in ("one", "two") for i in range(5))
    assert third.kishu("status")["damaged"] == []


def test_a_history_copied_to_another_home_is_restored_after_trust(
    start: Start, notebook: Path, tmp_path: Path
) -> None:
    first = attached(start, notebook)
    first.ok(MAKE)
    end(first)
    there = tmp_path / "there"
    there.mkdir()
    moved = there / notebook.name
    shutil.move(notebook, moved)
    shutil.copytree(tmp_path / "home" / "work", there / "work")
    second = attached(start, moved, there)
    assert runs(second) == [MAKE]
    assert second.kishu("show @2")["variables"]["x"]["type"] == "builtins.list"
    for verb in ("restore", "undo", "checkout @2", "checkout @2 --only x"):
        assert "%kishu trust" in second.ok(f"%kishu {verb}")
    assert second.run("kishu.session().at('@2')['x']").error == "NameError"
    assert second.run("import kishu\nkishu.session().at('@2')['x']").error == "Untrusted"
    assert names(second, "x", "y", "f") == []
    second.ok("%kishu trust")
    second.kishu("restore")
    assert second.value("[x, f()]") == [[1, 2], 2]


def test_trust_outlives_the_session(start: Start, notebook: Path, tmp_path: Path) -> None:
    first = attached(start, notebook)
    first.ok(MAKE)
    end(first)
    (tmp_path / "home" / "key").unlink()
    second = attached(start, notebook)
    assert "%kishu trust" in second.ok("%kishu restore")
    second.ok("%kishu trust")
    end(second)
    third = attached(start, notebook)
    third.kishu("undo 2")
    assert third.value("[x, f()]") == [[1, 2], 2]


def test_a_moved_notebook_finds_its_history(start: Start, notebook: Path, tmp_path: Path) -> None:
    first = attached(start, notebook)
    first.ok("x = 1")
    end(first)
    (tmp_path / "elsewhere").mkdir()
    second = attached(start, notebook.rename(tmp_path / "elsewhere" / notebook.name))
    assert runs(second) == ["x = 1"]


def test_a_renamed_notebook_with_an_id_finds_its_history(start: Start, tmp_path: Path) -> None:
    notebook = make_notebook(tmp_path / "draft.ipynb", uuid="5b0e0000-0000-4000-8000-000000000000")
    first = attached(start, notebook)
    first.ok("x = 1")
    end(first)
    second = attached(start, notebook.rename(tmp_path / "final.ipynb"))
    assert runs(second) == ["x = 1"]


def test_another_notebook_of_the_same_name_gets_a_history_of_its_own(
    start: Start, notebook: Path, tmp_path: Path
) -> None:
    first = attached(start, notebook)
    first.ok("x = 1")
    end(first)
    (tmp_path / "other").mkdir()
    second = attached(start, make_notebook(tmp_path / "other" / notebook.name))
    assert runs(second) == []
    assert second.kishu("status")["history"].endswith("work-2")


def test_a_kernel_without_a_notebook_gets_a_history_of_its_own(start: Start) -> None:
    histories = []
    for _ in range(2):
        kernel = start()
        assert "restore" not in kernel.ok("%load_ext kishu")
        kernel.ok("x = 1")
        kernel.kishu("undo")
        assert names(kernel, "x") == []
        histories.append(kernel.kishu("status")["history"])
        end(kernel)
    assert len(set(histories)) == 2


def test_an_excluded_class_is_never_stored_and_always_recomputed(
    start: Start, notebook: Path, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.ini").write_text("[store]\nexclude = fractions.Fraction\n")
    kernel = attached(start, notebook)
    kernel.ok("import fractions; ran = []; other = 'a needle in no other file' * 1000")
    kernel.ok("x = fractions.Fraction(7, 12345678901); ran.append(1)")
    kernel.ok("x = None")
    assert kernel.kishu("show HEAD~1")["variables"]["x"]["status"] == "recomputable"
    report = kernel.kishu("undo")
    assert report["recomputed"] == ["x"]
    assert kernel.value("[x.numerator, x.denominator, ran]") == [7, 12345678901, [1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not an ini file", "config.ini cannot be read"),
        ("[store]\ncolour = red\n", "colour"),
        ("[store]\nfloor = plenty\n", "plenty"),
        (b"\xff\xfe\x00".decode("latin-1"), "config.ini"),
    ],
)
def test_an_unreadable_config_is_named_and_the_defaults_serve(
    start: Start, notebook: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.ini").write_text(text, encoding="latin-1")
    kernel = start(notebook)
    greeting = kernel.ok("%load_ext kishu")
    assert said in greeting
    assert "defaults serve" in greeting
    kernel.ok("x = 1")
    kernel.kishu("undo")
    assert names(kernel, "x") == []
    assert said in kernel.ok("%kishu status")


@pytest.mark.parametrize("place", ["a file", "below a file", "read-only"])
def test_a_home_that_cannot_be_written_costs_the_user_one_line(
    start: Start, notebook: Path, tmp_path: Path, place: str
) -> None:
    if place == "read-only" and os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    home = tmp_path / "no-home"
    if place == "read-only":
        home.mkdir(mode=0o500)
    else:
        home.write_text("")
    told = home / "kishu" if place == "below a file" else home
    kernel = start(notebook, KISHU_HOME=str(told))
    said = kernel.run("%load_ext kishu")
    assert (said.error, said.stderr) == ("", "")
    assert "not recording" in said.stdout
    assert str(told) in said.stdout
    assert len(said.stdout.splitlines()) <= 2
    ran = kernel.run("x = 1; print(x)")
    assert (ran.stdout, ran.stderr, ran.error) == ("1\n", "", "")
    assert "not attached" in kernel.ok("%kishu undo")
    kernel.ok(f"import os; os.environ['KISHU_HOME'] = {str(tmp_path / 'good')!r}")
    assert "Kishu records" in kernel.ok("%kishu init")


def test_the_history_is_for_its_owner_alone(start: Start, notebook: Path, tmp_path: Path) -> None:
    attached(start, notebook).ok("x = list(range(10_000))")
    home = tmp_path / "home"
    assert (home / "key").stat().st_mode & 0o777 == 0o600
    assert (home / "work").stat().st_mode & 0o777 == 0o700
    open_to_others = [p for p in (home / "work").rglob("*") if p.stat().st_mode & 0o077]
    assert open_to_others == []
