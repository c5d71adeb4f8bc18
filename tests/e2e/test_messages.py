"""What front ends ask of a kernel, and what they are answered and told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.asking import RECORDING
from tests.e2e.conftest import Start, make_notebook
from tests.kernel import Kernel


def cell(id: str, source: str, outputs: list[Any] | None = None) -> dict[str, Any]:
    """A code cell as a front end tells it."""
    content = {"id": id, "cell_type": "code", "source": source, "metadata": {}}
    return {"id": id, "cell": {**content, "outputs": outputs or [], "execution_count": None}}


def texts(reply: dict[str, Any]) -> list[str | None]:
    """The cells that a checkout brings: their text; None for those that are there already."""
    cells = reply["result"]["cells"]["cells"]
    return [told["cell"]["source"] if "cell" in told else None for told in cells]


def ok(reply: dict[str, Any]) -> Any:
    """The result of a reply that must not be an error."""
    assert reply["status"] == "ok", reply
    return reply["result"]


@pytest.fixture
def page(start: Start, notebook: Path) -> Kernel:
    """A kernel whose front end has attached it."""
    kernel = start(notebook)
    where = {"path": notebook.name, "root": str(notebook.parent)}
    ok(kernel.ask("init", client="page", notebook=where, cells=[]))
    return kernel


def test_the_handshake_says_who_answers(start: Start, notebook: Path) -> None:
    kernel = start(notebook)
    welcome = ok(kernel.ask("hello"))
    assert welcome["protocol"] == 1
    assert welcome["attached"] is False
    assert {"undo", "redo", "commit", "checkout", "restore", "log"} <= set(welcome["features"])
    assert kernel.value("[n for n in dir() if 'kishu' in n]") == []


def test_another_protocol_is_told_to_upgrade(start: Start) -> None:
    reply = start().ask("hello", protocol=99)
    assert (reply["status"], reply["kind"]) == ("error", "unsupported")
    assert "same version" in reply["remedy"]


def test_init_attaches_and_gives_the_notebook_its_id(page: Kernel, notebook: Path) -> None:
    again = page.ask("init", notebook={"path": notebook.name, "root": str(notebook.parent)})
    attached = ok(again)
    assert attached["uuid"]
    assert attached["ours"] is True
    assert again["session"]["notebook"] == str(notebook)
    assert again["session"]["recording"] is True


def test_undo_and_redo(page: Kernel) -> None:
    page.ok("x = [1]")
    page.ok("x.append(2)")
    report = ok(page.ask("undo", client="page"))
    assert (report["verb"], report["patched"]) == ("undo", ["x"])
    assert "x.append(2)" in report["label"]
    assert page.value("x") == [1]
    ok(page.ask("redo", client="page"))
    assert page.value("x") == [1, 2]


def test_errors_are_replies_with_a_remedy(page: Kernel) -> None:
    for verb, fields, kind in (
        ("undo", {}, "nothing-to-do"),
        ("checkout", {"ref": "nowhere"}, "unknown-ref"),
        ("checkout", {}, "usage"),
        ("fly", {}, "usage"),
        ("undo", {"n": "many"}, "usage"),
        ("undo", {"n": 0}, "usage"),
    ):
        reply = page.ask(verb, **fields)
        assert (reply["status"], reply["kind"]) == ("error", kind), (verb, reply)
        assert reply["remedy"]
    assert ok(page.ask("log"))


def test_what_needs_a_session_says_so(start: Start) -> None:
    kernel = start()
    for verb in ("undo", "log", "status", "commit", "detach"):
        assert kernel.ask(verb)["kind"] == "not-attached", verb


def test_a_request_waits_for_the_cells_before_it_and_is_not_aborted_with_them(
    page: Kernel,
) -> None:
    page.ok("x = 1")
    page.client.execute("import time; time.sleep(0.3); x = 2")
    page.client.execute("1 / 0", stop_on_error=True)
    sent = page.send_request("undo", n=2)
    assert ok(page.replied(sent))["patched"] == ["x"] or page.value("x") == 1
    assert page.value("x") == 1


def test_a_commit_has_the_cells_and_a_checkout_brings_them_back(page: Kernel) -> None:
    page.ok("x = 1")
    first = ok(page.ask("commit", client="page", message="one", cells=[cell("a", "x = 1")]))
    assert first["message"] == "one"
    page.ok("x = 2")
    now = [cell("a", "x = 2"), cell("b", "print(x)")]
    reply = page.ask("checkout", client="page", ref=first["id"], cells=now)
    report = ok(reply)
    assert texts(reply) == ["x = 1"]
    assert page.value("x") == 1
    assert reply["session"]["code"] == reply["session"]["head"] == first["id"]
    # What was overwritten is in the history, the unsaved edits included.
    back = page.ask("checkout", client="page", ref=report["before"], cells=[{"id": "a"}])
    assert texts(back) == ["x = 2", "print(x)"]
    assert page.value("x") == 2


def test_a_checkout_brings_only_the_cells_that_differ(page: Kernel) -> None:
    page.ok("x = 1")
    first = [cell("a", "x = 1", [{"output_type": "stream", "name": "stdout", "text": "hi"}])]
    same, moved = cell("b", "same"), cell("c", "moved")
    commit = ok(page.ask("commit", client="page", message="m", cells=[*first, same, moved]))
    changed = [{"id": "c"}, {"id": "b"}, cell("a", "x = 0")]
    reply = page.ask("checkout", client="page", ref=commit["id"], cells=changed)
    cells = ok(reply)["cells"]["cells"]
    assert [told["id"] for told in cells] == ["a", "b", "c"]
    assert cells[0]["cell"] == first[0]["cell"]
    assert texts(reply) == ["x = 1", None, None]


def test_undo_leaves_the_cells_and_checkout_can_leave_either(page: Kernel) -> None:
    page.ok("x = 1")
    one = ok(page.ask("commit", client="page", message="one", cells=[cell("a", "one")]))["id"]
    page.ok("x = 2")
    assert ok(page.ask("undo", client="page", cells=[cell("a", "two")]))["cells"] is None
    page.ok("x = 3")
    reply = page.ask("checkout", client="page", ref=one, code=False, cells=[{"id": "a"}])
    assert ok(reply)["cells"] is None
    assert page.value("x") == 1
    page.ok("x = 4")
    reply = page.ask("checkout", client="page", ref=one, variables=False, cells=[{"id": "a"}])
    assert texts(reply) == ["one"]
    assert page.value("x") == 4
    assert reply["session"]["code"] == one != reply["session"]["head"]
    # It was no step: the next undo is the cell's.
    ok(page.ask("undo", client="page"))
    assert page.value("x") == 1


def test_each_run_knows_the_cells_as_they_were(page: Kernel) -> None:
    """The front end tells them when the cell has ended, by way of the control channel."""
    for number, source in enumerate(("x = 1", "x = 2", "x = 3"), start=1):
        page.ok(source)
        cells = [cell("a", source), cell("b", "unchanged") if number == 1 else {"id": "b"}]
        ok(page.ask("cells", "control", client="page", number=number, cells=cells))
    log = ok(page.ask("log", client="page"))
    runs = [entry["id"] for entry in log if entry["kind"] == "run"][::-1]
    reply = page.ask("checkout", client="page", ref=runs[0], cells=[{"id": "a"}, {"id": "b"}])
    assert texts(reply) == ["x = 1", None]
    reply = page.ask("checkout", client="page", ref=runs[1], cells=[{"id": "a"}, {"id": "b"}])
    assert texts(reply) == ["x = 2", None]


def test_cells_are_told_while_cells_run(page: Kernel) -> None:
    """Of Run All: the first cell's are told when the second runs already."""
    page.ok("x = 1")
    running = page.send("import time; time.sleep(0.5); x = 2")
    ok(page.ask("cells", "control", client="page", number=1, cells=[cell("a", "first")]))
    page.wait(running)
    ok(page.ask("cells", "control", client="page", number=2, cells=[cell("a", "second")]))
    reply = page.ask("checkout", client="page", ref="HEAD~1", cells=[{"id": "a"}])
    assert texts(reply) == ["first"]


def test_the_cells_survive_a_restart(page: Kernel, start: Start, notebook: Path) -> None:
    page.ok("x = 1")
    one = ok(page.ask("commit", client="page", message="one", cells=[cell("a", "one")]))["id"]
    page.kill()
    again = start(notebook)
    where = {"path": notebook.name, "root": str(notebook.parent)}
    attached = ok(again.ask("init", client="new", notebook=where, cells=[cell("a", "now")]))
    assert attached["variables"] == 1
    assert ok(again.ask("restore", client="new"))["loaded"] == ["x"]
    assert texts(again.ask("checkout", client="new", ref=one, cells=[{"id": "a"}])) == ["one"]


def test_cells_that_were_never_told_are_asked_for(page: Kernel) -> None:
    page.ok("x = 1")
    reply = page.ask("commit", client="page", message="m", cells=[{"id": "never"}])
    assert (reply["status"], reply["kind"]) == ("error", "unknown-cells")
    ok(page.ask("cells", "control", client="page", number=1, cells=[{"id": "never"}]))
    event = page.event(lambda event: "unknown-cells" in event["operations"])
    assert event["client"] == "page"
    assert ok(page.ask("log"))[0]["kind"] == "run"


def test_two_pages_tell_their_own_cells(page: Kernel) -> None:
    page.ok("x = 1")
    here = ok(page.ask("commit", client="page", message="here", cells=[cell("a", "here")]))
    there = ok(page.ask("commit", client="other", message="there", cells=[cell("a", "there")]))
    assert texts(page.ask("checkout", client="page", ref=there["id"], cells=[{"id": "a"}])) == [
        "there"
    ]
    reply = page.ask("checkout", client="other", ref=here["id"], cells=[{"id": "a"}])
    assert texts(reply) == ["here"]


def test_an_edit_stores_the_edit_and_not_the_outputs_again(page: Kernel) -> None:
    page.ok("x = 1")
    picture = [{"output_type": "display_data", "data": {"image/png": "A" * 300_000}}]
    ok(page.ask("commit", client="page", message="m", cells=[cell("a", "draw()", picture)]))
    before = page.ask("status")["session"]["nbytes"]
    ok(page.ask("commit", client="page", message="n", cells=[cell("a", "draw(2)", picture)]))
    assert page.ask("status")["session"]["nbytes"] - before < 4096


def test_front_ends_are_told_what_happens(page: Kernel) -> None:
    page.ok("x = 1")
    event = page.event(lambda event: "run" in event["operations"])
    assert event["client"] == ""
    assert event["session"]["last"]["ms"] >= 0
    page.ask("undo", client="page")
    event = page.event(lambda event: "undo" in event["operations"])
    assert event["client"] == "page"
    page.ok("%kishu pause")
    event = page.event(lambda event: "pause" in event["operations"])
    assert event["session"]["recording"] is False
    page.ask("detach")
    assert page.event(lambda event: "detach" in event["operations"])["session"] is None


def test_a_cell_that_attaches_is_told(start: Start, notebook: Path) -> None:
    kernel = start(notebook)
    kernel.send("%load_ext kishu")
    event = kernel.event(lambda event: "attach" in event["operations"])
    assert event["session"]["notebook"] == str(notebook)


def test_status_and_progress_are_answered_while_a_cell_runs(page: Kernel) -> None:
    running = page.send("import time; time.sleep(1); x = 1")
    reply = page.ask("status", "control")
    assert reply["session"]["recording"] is True
    assert ok(page.ask("progress", "control"))["request"] == ""
    assert page.ask("undo", "control")["kind"] == "usage"
    page.wait(running)


def test_a_request_is_cancelled_before_it_begins(page: Kernel) -> None:
    page.ok("x = 1")
    running = page.send("import time; time.sleep(0.5); x = 2")
    sent = page.send_request("undo", client="page")
    assert ok(page.ask("cancel", "control", request=sent)) is False
    assert page.replied(sent)["kind"] == "cancelled"
    page.wait(running)
    assert page.value("x") == 2


def test_a_request_is_cancelled_while_it_runs(page: Kernel) -> None:
    """A restore of 400 MB is stopped as soon as it says that it has begun; nothing is changed."""
    page.ok("import numpy as np; a = [np.random.rand(25, 250_000) for _ in range(8)]")
    page.ok("keep, a = a[0][0, 0], None")
    sent = page.send_request("undo", client="page")
    for _ in range(10_000):
        if ok(page.ask("progress", "control"))["done"]:
            break
    assert ok(page.ask("cancel", "control", request=sent)) is True
    reply = page.replied(sent)
    assert reply["kind"] == "cancelled"
    assert page.value("a") is None
    ok(page.ask("undo", client="page"))
    assert page.ok("print(a[0][0, 0] == keep if 'keep' in dir() else len(a))") in ("8\n", "True\n")


def test_a_subshell_is_sent_to_the_main_shell(page: Kernel) -> None:
    sent = page.client.session.msg("create_subshell_request", {})
    page.client.control_channel.send(sent)
    created = page.client.control_channel.get_msg(timeout=30)["content"]
    message = page.client.session.msg("kishu_request", {"verb": "undo"})
    message["header"]["subshell_id"] = created["subshell_id"]
    page.client.shell_channel.send(message)
    reply = page.replied(message["header"]["msg_id"])
    assert (reply["kind"], "main shell" in reply["message"]) == ("usage", True)


def test_a_rename_is_followed_and_a_copy_has_its_own(start: Start, notebook: Path) -> None:
    kernel = start(notebook)
    root = str(notebook.parent)
    init = kernel.ask("init", notebook={"path": notebook.name, "root": root})
    uuid = ok(init)["uuid"]
    make_notebook(notebook, uuid)
    kernel.ok("x = 1")
    renamed = notebook.rename(notebook.with_name("renamed.ipynb"))
    where = {"path": renamed.name, "root": root, "uuid": uuid}
    assert kernel.ask("undo", notebook=where)["session"]["notebook"] == str(renamed)
    history = kernel.ask("status")["session"]["history"]
    assert json.loads((Path(history) / "notebook.json").read_bytes())["path"] == str(renamed)

    copy = Path(shutil.copy(renamed, renamed.with_name("copy.ipynb")))
    other = start(copy)
    reply = other.ask("init", notebook={"path": copy.name, "root": root, "uuid": uuid})
    assert ok(reply)["uuid"] not in ("", uuid)
    assert reply["session"]["history"] != history
    # The copy's cells are no cells of the first notebook, on whose kernel they may be run.
    shown = kernel.ask(
        "commit", message="m", notebook={**where, "path": copy.name}, cells=[cell("z", "copy")]
    )
    assert (
        ok(kernel.ask("checkout", ref=ok(shown)["id"], cells=[cell("a", "mine")]))["cells"] is None
    )


def test_a_second_notebook_on_the_kernel_changes_nothing_of_the_first_s_cells(
    page: Kernel, notebook: Path
) -> None:
    other = make_notebook(notebook.with_name("other.ipynb"))
    where = {"path": other.name, "root": str(other.parent)}
    ours = {"path": notebook.name, "root": str(notebook.parent)}
    assert ok(page.ask("init", client="other", notebook=where, cells=[]))["ours"] is False
    page.ok("x = 1")
    mine = page.ask("commit", client="page", notebook=ours, message="m", cells=[cell("a", "A")])
    page.ok("x = 2")
    ok(page.ask("cells", "control", client="other", notebook=where, number=2,
                cells=[cell("a", "B")]))  # fmt: skip
    reply = page.ask("checkout", client="page", notebook=ours, ref="HEAD", cells=[{"id": "a"}])
    assert texts(reply) == [None]
    # It is not asked for cells that it does not show: it would ask for them for ever.
    reply = page.ask(
        "checkout", client="other", notebook=where, ref=ok(mine)["id"], cells=[{"id": "a"}]
    )
    assert ok(reply)["cells"] is None
    event = page.event(lambda event: "checkout" in event["operations"])
    assert event["wanted"] == ""


def test_a_notebook_is_the_same_by_another_path(start: Start, notebook: Path) -> None:
    link = notebook.parent.with_name("link")
    link.symlink_to(notebook.parent)
    kernel = start(notebook)
    kernel.ok("%load_ext kishu")
    reply = kernel.ask("init", notebook={"path": notebook.name, "root": str(link)}, cells=[])
    assert ok(reply)["ours"] is True
    assert ok(reply)["uuid"]


def test_a_cell_that_checks_out_asks_the_page_that_showed_the_cells(page: Kernel) -> None:
    page.ok("x = 1")
    one = ok(page.ask("commit", client="page", message="one", cells=[cell("a", "one")]))["id"]
    page.ok("x = 2")
    assert "follow" in page.ok(f"%kishu checkout {one}")
    event = page.event(lambda event: event["wanted"])
    assert (event["wanted"], event["wanted_of"]) == (one, "page")


def test_a_session_detached_by_a_cell_can_be_attached_again(page: Kernel, notebook: Path) -> None:
    page.ok("x = 1")
    page.ok("%kishu detach")
    assert page.ask("undo")["kind"] == "not-attached"
    assert ok(page.ask("hello"))["attached"] is False
    where = {"path": notebook.name, "root": str(notebook.parent)}
    assert ok(page.ask("init", client="page", notebook=where, cells=[]))["ours"] is True
    page.ok("x = 2")
    ok(page.ask("undo"))
    assert page.value("x") == 1


def test_a_cell_of_verbs_gives_no_old_commit_new_cells(page: Kernel) -> None:
    """Only commits that were made while it ran have the cells as they are then."""
    page.ok("x = 1")
    page.ok("x = 2")
    page.ok("%kishu undo")
    ok(page.ask("cells", "control", client="page", number=3, cells=[cell("a", "%kishu undo")]))
    reply = page.ask("checkout", client="page", ref="HEAD", cells=[{"id": "a"}])
    assert texts(reply) == []  # Those of the commit that attached.
    page.ok("%kishu commit -m named")
    ok(page.ask("cells", "control", client="page", number=4, cells=[cell("a", "%kishu commit")]))
    reply = page.ask("checkout", client="page", ref="HEAD", cells=[cell("a", "now")])
    assert texts(reply) == ["%kishu commit"]


def test_cells_that_nobody_tells_are_not_none(page: Kernel) -> None:
    page.ok("x = 1")
    ok(page.ask("cells", "control", client="page", number=1))
    ok(page.ask("cells", "control", client="page", number=1, cells=[cell("a", "told later")]))
    reply = page.ask("checkout", client="page", ref="HEAD", cells=[cell("a", "here")])
    assert texts(reply) == ["told later"]


def test_half_an_emoji_stops_nothing(page: Kernel) -> None:
    page.ok("x = 1")
    # As a browser writes it.
    page.client.session.pack = lambda content: json.dumps(content, default=str).encode()
    odd = cell("a", "print('\ud83d')")
    commit = ok(page.ask("commit", client="page", message="odd", cells=[odd]))["id"]
    reply = page.ask("checkout", client="page", ref=commit, cells=[cell("a", "other")])
    assert texts(reply) == ["print('?')"]


def test_what_could_not_be_recorded_is_told_anew(page: Kernel) -> None:
    page.ok("x = 1")
    ok(page.ask("commit", client="page", message="m", cells=[cell("a", "old")]))
    page.ok("x = 2")
    page.ok(f"w = {RECORDING}.writer; floor, w._floor = w._floor, 1 << 62")
    ok(page.ask("cells", "control", client="page", number=2, cells=[cell("a", "new")]))
    page.event(lambda event: "unknown-cells" in event["operations"])
    page.ok("w._floor = floor")
    reply = page.ask("commit", client="page", message="n", cells=[{"id": "a"}])
    assert reply["kind"] == "unknown-cells"
