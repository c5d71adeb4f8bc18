"""What goes wrong around a kernel: a cell always runs, and Kishu says what it cannot do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import make_notebook
from tests.kernel import Kernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    (tmp_path / "home").mkdir()
    with Kernel(tmp_path / "home", make_notebook(tmp_path / "n.ipynb")) as kernel:
        kernel.ok("%load_ext kishu")
        yield kernel


FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, _limits[1]))
"""
FREE = "resource.setrlimit(resource.RLIMIT_FSIZE, _limits)"


def test_a_full_disk_stops_no_cell_and_is_told_until_it_is_not_full(kernel: Kernel) -> None:
    kernel.ok("x = [1]")
    kernel.ok(FULL)
    for i in range(3):
        ran = kernel.run(f"x.append({i})")
        assert (ran.error, ran.stdout, ran.stderr) == ("", "", "")
    status = kernel.kishu("status")
    assert not status["recording"]
    assert "not written" in status["why"]
    kernel.ok(FREE)
    kernel.ok("y = 1")
    assert kernel.kishu("status")["recording"]
    kernel.kishu("undo")
    assert kernel.value("x") == [1, 0, 1, 2]


def test_an_undo_that_would_lose_unrecorded_work_refuses_unless_told_to(kernel: Kernel) -> None:
    kernel.ok("x = [1]; z = 1")
    kernel.ok("x.append(2); z = 2")
    kernel.ok(FULL)
    kernel.ok("x.append(3); z = 3; new = 1")
    refusal = kernel.kishu("undo")
    assert refusal["error"] == "not-recording"
    assert "lost" in refusal["message"]
    assert "--force" in refusal["remedy"]
    assert kernel.value("[x, z, new]") == [[1, 2, 3], 3, 1]
    report = kernel.kishu("undo --force")
    assert report["notes"]
    assert kernel.value("[x, z]") == [[1], 1]
    kernel.ok(FREE)
    kernel.ok("w = 1")
    assert kernel.kishu("status")["recording"]


def test_a_history_that_is_deleted_is_missed(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    (history,) = [path for path in kernel.home.iterdir() if (path / "format.json").exists()]
    shutil.rmtree(history)
    assert kernel.run("x = 2").error == ""
    status = kernel.kishu("status")
    assert not status["recording"]
    assert "deleted" in status["why"]
    kernel.ok("kishu = __import__('kishu'); kishu.detach()")
    kernel.ok("%kishu init")
    kernel.ok("x = 3")
    kernel.kishu("undo")
    assert kernel.value("x") == 2


def test_a_clock_that_jumps_back_changes_no_order(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.ok("import time; _now = time.time; time.time = lambda: _now() - 86_400")
    kernel.ok("x = 2")
    kernel.ok("time.time = _now; x = 3")
    sources = [entry["cell"]["source"] for entry in kernel.kishu("log") if entry["cell"]]
    assert sources[0].endswith("x = 3")
    assert sources[1:] == ["x = 2", sources[2], "x = 1"]
    kernel.kishu("undo")
    assert kernel.value("x") == 2


@pytest.mark.parametrize("length", [10, 20_000])
def test_a_thread_that_changes_a_dict_during_commits_costs_none(
    kernel: Kernel, length: int
) -> None:
    kernel.ok(
        f"import threading\nd = {{i: [i] for i in range({length})}}; stop = threading.Event()\n"
        "def work():\n    n = 0\n    while not stop.is_set():\n        n += 1\n"
        f"        d[n % ({length} + 50)] = [n]; d.pop((n + 25) % ({length} + 50), None)\n"
        "threading.Thread(target=work, daemon=True).start()"
    )
    for i in range(15):
        ran = kernel.run(f"x{i} = {i}")
        assert (ran.error, ran.stdout, ran.stderr) == ("", "", "")
        status = kernel.kishu("status")
        assert status["recording"], status["why"]
    kernel.ok("stop.set()")
    kernel.ok("last = dict(d)")
    kernel.ok("d.clear()")
    kernel.kishu("undo")
    assert kernel.value("d == last")
    changed = kernel.kishu("log")
    assert all(f"x{i}" in changed[-2 - i - 1]["changed"] for i in range(15))


def test_a_tag_that_another_process_writes_is_there(kernel: Kernel, tmp_path: Path) -> None:
    kernel.ok("x = 1")
    with Kernel(kernel.home, tmp_path / "n.ipynb") as other:
        other.ok("%load_ext kishu")
        other.kishu("tag theirs")
    kernel.ok("x = 2")
    kernel.kishu("tag ours")
    kernel.kill()
    with Kernel(kernel.home, tmp_path / "n.ipynb") as third:
        third.ok("%load_ext kishu")
        assert sorted(third.kishu("tag")) == ["ours", "theirs"]


NOT_ROOT = "import os; _user = os.geteuid(); _user or os.seteuid(65_534)"
ROOT_AGAIN = "os.seteuid(_user)"
"""What root may, the disk does not refuse."""


def test_a_home_that_becomes_read_only_is_told_and_made_up_for(kernel: Kernel) -> None:
    kernel.ok("import numpy as np; small = [1]")
    folders = [path for path in kernel.home.rglob("*") if path.is_dir()]
    for folder in folders:
        folder.chmod(0o500)
    kernel.ok(NOT_ROOT)
    for n in range(2):
        ran = kernel.run(f"large = np.full(1_000_000, {n}.5)")
        assert (ran.error, ran.stdout, ran.stderr) == ("", "", "")
    status = kernel.kishu("status")
    assert not status["recording"]
    assert "Permission denied" in status["why"]
    refusal = kernel.kishu("undo")
    assert refusal["error"] == "not-recording"
    kernel.ok(ROOT_AGAIN)
    for folder in folders:
        folder.chmod(0o700)
    kernel.ok("small.append(2)")
    assert kernel.kishu("status")["recording"]
    kernel.ok("del large, small")
    kernel.kishu("undo")
    assert kernel.value("[float(large[0]), small]") == [1.5, [1, 2]]
    assert kernel.kishu("check") == []


def test_a_cell_in_a_subshell_during_a_cell_belongs_to_the_commit_that_finds_it(
    kernel: Kernel,
) -> None:
    kernel.ok("import threading; began, met = threading.Event(), threading.Event()")
    kernel.ok("shared = []; lone = 0")
    client = kernel.client
    created = client.session.msg("create_subshell_request", {})
    client.control_channel.send(created)
    reply = client.control_channel.get_msg(timeout=60)
    assert reply["msg_type"] == "create_subshell_reply", reply
    main = kernel.send("shared.append('main'); began.set(); met.wait(60); shared.append('end')")
    inner = client.session.msg(
        "execute_request",
        {"code": "began.wait(60); shared.append('inner'); lone = 1; met.set()", "silent": False,
         "store_history": True, "user_expressions": {}, "allow_stdin": False},
    )  # fmt: skip
    inner["header"]["subshell_id"] = reply["content"]["subshell_id"]
    client.shell_channel.send(inner)
    assert kernel.wait(main).error == ""
    assert kernel.value("shared") == ["main", "inner", "end"]
    assert kernel.kishu("status")["recording"]
    last = kernel.kishu("log -n 1")[0]
    assert last["changed"] == ["began", "lone", "met", "shared"]
    kernel.kishu("undo")
    assert kernel.value("[shared, lone]") == [[], 0]
    kernel.kishu("redo")
    assert kernel.value("[shared, lone]") == [["main", "inner", "end"], 1]


LARGE = "big = [{'n': [i], 's': str(i)} for i in range(300_000)]"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_commit_that_is_interrupted_loses_nothing(kernel: Kernel, times: int) -> None:
    kernel.ok("x = 1")
    sent = kernel.send(LARGE)
    while kernel.client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != sent:
        pass
    for _ in range(times):
        kernel.interrupt()
    kernel.wait(sent)
    ran = kernel.run("y = 2")
    assert ran.error in ("", "KeyboardInterrupt")
    kernel.ok("y = 3")
    assert kernel.kishu("status")["recording"]
    kernel.ok("big = None")
    kernel.kishu("undo")
    assert kernel.value("[len(big), big[299_999], y]") == [
        300_000, {"n": [299_999], "s": "299999"}, 3,
    ]  # fmt: skip


def test_a_restore_that_is_interrupted_changes_nothing_or_all(kernel: Kernel) -> None:
    kernel.ok(LARGE + "; small = [1]")
    kernel.ok("big = 'none'; small.append(2)")
    sent = kernel.send("print('now', flush=True); __import__('kishu').session().undo()")
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "stream":
            break
    kernel.interrupt()
    ran = kernel.wait(sent)
    state = kernel.value("[len(big), small]")
    assert state in ([4, [1, 2]], [300_000, [1]]), (state, ran)
    kernel.ok("after = 1")
    assert kernel.kishu("status")["recording"]
    kernel.ok("del after, big, small")
    kernel.kishu("undo")
    assert kernel.value("[len(big), small]") == state


@pytest.mark.parametrize("end", ["shutdown", "exit", "detach"])
def test_a_kernel_that_ends_right_after_a_large_cell_has_recorded_it(
    kernel: Kernel, tmp_path: Path, end: str
) -> None:
    kernel.ok("import numpy as np")
    kernel.ok("a = np.arange(20_000_000); x = 1")
    if end == "shutdown":
        kernel.manager.shutdown_kernel()
    elif end == "exit":
        kernel.send("exit()")
        kernel.manager.provisioner.process.wait()
    else:
        kernel.ok("%kishu detach")
        kernel.kill()
    with Kernel(kernel.home, tmp_path / "n.ipynb") as other:
        other.ok("%load_ext kishu")
        other.ok("%kishu restore")
        assert other.value("[int(a[-1]), x]") == [19_999_999, 1]


def test_what_a_large_cell_stored_can_be_undone_and_redone_at_once(kernel: Kernel) -> None:
    kernel.ok("import numpy as np; a = np.arange(20_000_000)")
    kernel.ok("a += 1")
    kernel.ok("__import__('kishu').session().undo()")
    assert kernel.value("int(a.sum()) == sum(range(20_000_000))")
    kernel.kishu("redo")
    assert kernel.value("int(a[-1])") == 20_000_000
    assert kernel.kishu("check") == []
