"""Kernels that restart, die, or are busy, and notebooks that are renamed, copied, reopened."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open
from tests.browser.page import NotebookPage, write_notebook
from tests.browser.server import Server


def restart(page: NotebookPage) -> None:
    """Restart the kernel, from the menu."""
    page.menu("Kernel", "Restart Kernel…")
    page.page.locator(".jp-Dialog .jp-mod-warn").click()


def test_restart_and_restore(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.run(1)
    restart(page)
    page.wait_for_state("recording")
    expect(page.banner).to_contain_text("The last kernel left 1 variable")
    assert page.value("'x' in dir()") is False
    page.banner.get_by_text("Restore").click()
    page.notice("Restored the last state.Brought back: x.")
    expect(page.banner).to_be_hidden()
    assert page.value("x") == [1, 2]
    page.chord("z")
    page.notice("Undid a checkout")
    assert page.value("'x' in dir()") is False


def test_a_crash_and_restore(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.edit(1, "import os; os.kill(os.getpid(), 9)")
    page.start(1)
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_state("recording")
    expect(page.banner).to_contain_text("1 variable")
    page.menu("Kishu", "Restore the Last State")
    page.notice("Restored the last state")
    assert page.value("x") == [1]
    expect(page.banner).to_be_hidden()


def test_the_offer_can_be_dismissed(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    restart(page)
    expect(page.banner).to_be_visible()
    page.banner.get_by_text("Dismiss").click()
    expect(page.banner).to_be_hidden()
    page.menu("Kishu", "Restore the Last State")
    page.notice("Restored the last state")


def test_restart_and_run_all_records_every_cell(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.menu("Kernel", "Restart Kernel and Run All Cells…")
    page.page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(page.badge.locator("button")).to_have_attribute(
        "title", re.compile(r"Undo takes back \[3\] print\(x\)")
    )
    page.chord("v")
    dialog = page.page.locator(".jp-Kishu-checkout")
    dialog.locator(".jp-Kishu-automatic input").check()
    labels = dialog.locator(".jp-Kishu-commitLabel").all_inner_texts()
    assert labels[:4] == ["print(x)", "x.append(2)", "x = [1]", "(kernel restarted)"]


def test_a_busy_kernel_is_waited_for_in_order(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.edit(1, "import time; time.sleep(2); x = 'slept'")
    page.start(1)
    page.chord("z")
    page.notice("Undo Execution waits for the kernel, which is busy.")
    page.notice("Undid [2]")
    expect(page.page.locator(".Toastify__toast", has_text="waits for")).to_have_count(0)
    assert page.value("x") == [1]


def test_a_waiting_request_is_cancelled(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.edit(1, "import time; time.sleep(3); x = 'slept'")
    page.start(1)
    page.chord("z")
    page.notice("waits for the kernel").get_by_text("Cancel").click()
    page.notice("Undo Execution was cancelled; nothing was changed.")
    expect(page.badge.locator("button")).to_have_attribute("title", re.compile(r"time\.sleep"))
    assert page.value("x") == "slept"


def test_a_kernel_that_dies_during_a_request_is_an_error_and_no_spinner(
    page: NotebookPage,
) -> None:
    page.initialize()
    page.run(0)
    page.edit(1, "import os, time; time.sleep(1); os.kill(os.getpid(), 9)")
    page.start(1)
    page.chord("z")
    page.notice("The kernel was lost before it answered.")
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_state("recording")


def test_a_reopened_notebook_is_attached_still(open_page: Open, lab: Server) -> None:
    first = open_page(lab, "reopened.ipynb", "x = [1]", "x.append(2)")
    first.initialize()
    first.run(0)
    first.commit("before it was closed")
    first.page.close()
    again = open_page(lab, "reopened.ipynb")
    again.wait_for_state("recording")
    again.run(1)
    again.check_out("before it was closed")
    assert again.value("x") == [1]


def test_two_tabs_on_one_notebook(open_page: Open, lab: Server) -> None:
    """They share the kernel; each has its own cells."""
    one = open_page(lab, "two-tabs.ipynb", "x = [1]", "x.append(2)")
    one.initialize()
    two = open_page(lab, "two-tabs.ipynb")
    two.wait_for_state("recording")
    one.run(0)
    two.wait_until_more_than(1)
    two.edit(1, "x.append('from the second tab')")
    two.run(1)
    one.wait_until_more_than(2)
    one.chord("z")
    one.notice("Undid [2] x.append('from the second tab')")
    assert two.value("x") == [1]
    assert one.texts() == ["x = [1]", "x.append(2)"]
    assert two.texts() == ["x = [1]", "x.append('from the second tab')"]
    one.commit("named in the first")
    two.check_out("named in the first")
    assert two.texts() == ["x = [1]", "x.append(2)"]


def test_two_panels_on_one_notebook(page: NotebookPage) -> None:
    page.page.set_viewport_size({"width": 2400, "height": 800})
    page.initialize()
    page.menu("File", "New View for Notebook")
    expect(page.page.locator(".jp-Kishu-badge")).to_have_count(2)
    page.run(0)
    for index in range(2):
        badge = page.page.locator(".jp-Kishu-badge").nth(index)
        expect(badge).to_have_attribute("data-commits", "2")


def test_a_renamed_notebook_keeps_its_history(open_page: Open, lab: Server) -> None:
    page = open_page(lab, "old name.ipynb", "x = [1]", "x.append(2)")
    page.initialize()
    page.run(0)
    page.commit("before the rename")
    history = page.value("__import__('kishu').session().status().history")
    page.page.evaluate(
        """async () => {
            const { context } = (window.jupyterapp ?? window.jupyterlab).shell.currentWidget;
            await context.save();
            await context.rename('new name.ipynb');
        }"""
    )
    page.run(1)
    page.chord("z")
    page.notice("Undid [2]")
    assert page.value("__import__('kishu').session().status().notebook").endswith("new name.ipynb")
    restart(page)
    page.wait_for_state("recording")
    assert page.value("__import__('kishu').session().status().history") == history
    again = open_page(lab, "new name.ipynb")
    again.wait_for_state("recording")
    again.check_out("before the rename")
    assert again.value("x") == [1]


def test_a_copied_notebook_has_a_history_of_its_own(open_page: Open, lab: Server) -> None:
    page = open_page(lab, "original.ipynb", "x = [1]")
    page.initialize()
    page.run(0)
    page.page.evaluate(
        """async () => {
            const app = window.jupyterapp ?? window.jupyterlab;
            await app.shell.currentWidget.context.save();
            await app.serviceManager.contents.copy('original.ipynb', '');
        }"""
    )
    copy = open_page(lab, "original-Copy1.ipynb")
    copy.wait_for_state("recording")
    histories = [p.value("__import__('kishu').session().status().history") for p in (page, copy)]
    assert histories[0] != histories[1]
    copy.run(0)
    copy.commit("the copy's")
    saved = json.loads((lab.root / "original.ipynb").read_text())["metadata"]["kishu"]["uuid"]
    told = copy.page.evaluate(
        """() => (window.jupyterapp ?? window.jupyterlab)
            .shell.currentWidget.context.model.sharedModel.getMetadata('kishu').uuid"""
    )
    assert told != saved


def test_another_kernel_is_attached_anew(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.page.evaluate(
        """async () => {
            const { context } = (window.jupyterapp ?? window.jupyterlab).shell.currentWidget;
            await context.sessionContext.changeKernel({ name: 'python3' });
        }"""
    )
    page.wait_for_state("recording")
    expect(page.banner).to_contain_text("1 variable")
    page.run(0)
    page.chord("z")
    page.notice("Undid [1] x = [1].Removed: x.")


def test_settings_attach_to_every_notebook_or_to_none(browser: Browser, tmp_path: Path) -> None:
    for name, settings, state in (
        ("always", {"always": True}, "recording"),
        ("never", {"reattach": False}, "detached"),
    ):
        with Server(tmp_path / name, settings=settings) as server:
            path = write_notebook(server.root / "n.ipynb", "x = 1")
            content = json.loads(path.read_text())
            if name == "never":
                content["metadata"]["kishu"] = {"uuid": "initialized-once"}
            path.write_text(json.dumps(content))
            context = browser.new_context()
            page = NotebookPage(context.new_page(), server, "n.ipynb")
            page.open()
            page.wait_for_state(state)
            context.close()


def test_a_history_from_elsewhere_is_restored_once_it_is_trusted(
    browser: Browser, tmp_path: Path
) -> None:
    """As it comes with its notebook from another machine, whose key is not here."""
    with Server(tmp_path / "place") as server:
        write_notebook(server.root / "n.ipynb", "x = [1]", "x.append(2)")
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = NotebookPage(context.new_page(), server, "n.ipynb")
        page.open()
        page.initialize()
        page.run(0)
        (server.home / "key").unlink()
        restart(page)
        page.banner.get_by_text("Restore").click()
        page.notice("written by a Kishu with another key").get_by_text("Trust History").click()
        page.notice("The history is trusted here now.")
        page.banner.get_by_text("Restore").click()
        page.notice("Restored the last state")
        assert page.value("x") == [1]
        context.close()


def test_a_long_undo_shows_how_far_it_is(open_page: Open, lab: Server) -> None:
    page = open_page(
        lab,
        "long.ipynb",
        "import numpy as np; a = np.random.default_rng(0).random(10**8)",
        "a[:] = 0",
    )
    page.initialize()
    page.run(0)
    page.run(1)
    page.chord("z")
    shown = page.notice(re.compile(r"Undo Execution: .* MB of 800\.0 MB read"))
    expect(shown.get_by_text("Cancel")).to_be_visible()
    page.notice("Undid [2]")
    expect(page.page.locator(".Toastify__toast", has_text="MB read")).to_have_count(0)
    assert page.value("float(a[7]) > 0") is True
