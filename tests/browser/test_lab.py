"""Kishu in JupyterLab, as a person uses it: chords, menus, notifications, cells."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open
from tests.browser.page import NotebookPage, write_notebook
from tests.browser.server import Server

MENU = [
    "Initialize/Re-attach", "Undo Execution", "Redo Execution", "Commit…", "Checkout…",
    "Restore the Last State", "Pause Recording", "Trust History", "Detach",
]  # fmt: skip


def test_undo_and_redo_leave_the_code_alone(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.run(1)
    assert page.value("x") == [1, 2]
    before = page.model()
    page.chord("z")
    page.notice("Undid [2] x.append(2).Brought back: x.")
    assert page.value("x") == [1]
    assert page.model() == before
    page.chord("y")
    page.notice("Redid [2] x.append(2).Brought back: x.")
    assert page.value("x") == [1, 2]
    assert page.model() == before


@pytest.mark.parametrize("mode", ["edit", "command"])
def test_every_chord_works_in_both_modes(page: NotebookPage, mode: str) -> None:
    """And no key of it reaches the text."""

    def enter() -> None:
        page.editor(2).click()
        if mode == "command":
            page.page.keyboard.press("Escape")

    enter()
    page.chord("i")
    page.notice("Kishu is initialized")
    page.run(0)
    page.run(1)
    for key, said in (("z", "Undid [2]"), ("y", "Redid [2]")):
        enter()
        page.chord(key)
        page.notice(said)
    enter()
    page.commit("by its chord")
    enter()
    page.check_out("by its chord")
    assert page.texts() == ["x = [1]", "x.append(2)", "print(x)"]


def test_every_menu_entry(page: NotebookPage) -> None:
    page.menu("Kishu", "Initialize/Re-attach")
    page.notice("Kishu is initialized")
    page.run(0)
    page.run(1)
    page.menu("Kishu", "Undo Execution")
    page.notice("Undid [2]")
    page.menu("Kishu", "Redo Execution")
    page.notice("Redid [2]")
    page.menu("Kishu", "Commit…")
    page.page.locator(".jp-Dialog input").fill("from the menu")
    page.page.keyboard.press("Enter")
    page.notice("from the menu")
    page.menu("Kishu", "Checkout…")
    page.page.locator(".jp-Kishu-commit").first.click()
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    page.notice("Checked out from the menu")
    page.menu("Kishu", "Restore the Last State")
    page.notice("There is nothing to restore")
    page.menu("Kishu", "Pause Recording")
    page.wait_for_state("paused")
    page.menu("Kishu", "Resume Recording")
    page.wait_for_state("recording")
    page.menu("Kishu", "Trust History")
    page.notice("trusted")
    page.menu("Kishu", "Detach")
    page.notice("Kishu is detached; the history stays.")
    page.wait_for_state("detached")


def test_the_palette_has_every_command(page: NotebookPage) -> None:
    page.cells.first.click()
    page.page.keyboard.press("Control+Shift+c")
    page.page.locator(".lm-CommandPalette-input").fill("kishu")
    found = page.page.locator(".lm-CommandPalette-itemLabel")
    expect(found.filter(has_text="Initialize/Re-attach")).to_have_count(1)
    assert set(found.all_inner_texts()) >= set(MENU)
    page.page.keyboard.press("Escape")


def test_commit_and_checkout_bring_variables_and_cells_back(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.run(2)
    page.commit("before the change")
    page.edit(0, "x = 'changed'")
    page.run(0)
    page.edit(2, "print('edited, never saved, never run')")
    changed = page.model()
    page.check_out("before the change")
    assert page.texts() == ["x = [1]", "x.append(2)", "print(x)"]
    page.expect_output(2, "[1]")
    assert page.value("x") == [1]
    page.notice("Checked out before the change").get_by_text("Undo this").click()
    expect(page.cells.nth(2)).to_contain_text("never saved")
    assert page.model() == changed
    assert page.value("x") == "changed"


def test_a_checkout_is_one_step_of_the_notebook_s_own_undo(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.commit("three cells")
    page.command_mode(1)
    page.page.keyboard.press("d")
    page.page.keyboard.press("d")
    expect(page.cells).to_have_count(2)
    page.edit(0, "edited = True")
    page.check_out("three cells")
    expect(page.cells).to_have_count(3)
    page.command_mode(0)
    page.page.keyboard.press("z")
    expect(page.cells).to_have_count(2)
    assert page.texts() == ["edited = True", "print(x)"]


def test_a_checkout_puts_moved_deleted_and_retyped_cells_back(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    before = page.model()
    page.commit("in order")
    page.command_mode(0)
    page.page.keyboard.press("Control+Shift+ArrowDown")
    page.page.keyboard.press("m")
    page.page.keyboard.press("b")
    expect(page.cells).to_have_count(4)
    page.check_out("in order")
    expect(page.cells).to_have_count(3)
    assert [c["id"] for c in page.model()] == [c["id"] for c in before]
    assert page.texts() == ["x = [1]", "x.append(2)", "print(x)"]
    assert {cell["cell_type"] for cell in page.model()} == {"code"}


def test_any_run_can_be_checked_out_with_its_outputs(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.run(2)
    page.run(1)
    page.run(2)
    page.expect_output(2, "[1, 2]")
    page.check_out("[2]", automatic=True)
    page.expect_output(2, "[1]")
    assert page.value("x") == [1]


def test_run_all_of_fifty_cells(open_page: Open, lab: Server) -> None:
    sources = [f"v{number} = {number}; print(v{number})" for number in range(50)]
    page = open_page(lab, "fifty.ipynb", *sources)
    page.initialize()
    page.run_all()
    page.wait_until_more_than(50)
    page.check_out("v20 = 20", automatic=True)
    assert page.value("sorted(n for n in globals() if n[0] == 'v' and n[1:].isdigit())") == sorted(
        f"v{number}" for number in range(21)
    )
    outputs = [cell["outputs"] for cell in page.model()]
    assert outputs[20][0]["text"] == "20\n"
    assert page.texts() == sources


def test_a_failing_cell_is_recorded_and_undone(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.edit(1, "x.append(2); 1 / 0")
    page.run(1)
    assert page.value("x") == [1, 2]
    page.chord("z")
    page.notice("Undid [2] x.append(2); 1 / 0")
    assert page.value("x") == [1]
    page.chord("v")
    dialog = page.page.locator(".jp-Kishu-checkout")
    dialog.locator(".jp-Kishu-automatic input").check()
    expect(dialog.locator(".jp-Kishu-outcome")).to_have_text(["ZeroDivisionError"])
    page.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_errors_are_told_with_a_remedy(page: NotebookPage) -> None:
    page.cells.first.click()
    page.chord("z")
    page.notice("Choose Kishu > Initialize/Re-attach.")
    page.dismiss_notices()
    page.initialize()
    page.chord("z")
    page.notice("There is nothing to undo")


def test_the_list_is_filtered_and_moved_in_by_keys(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    for message in ("apples", "pears", "plums"):
        page.commit(message)
    page.run(1)
    page.chord("v")
    dialog = page.page.locator(".jp-Kishu-checkout")
    rows = dialog.locator(".jp-Kishu-commit")
    labels = dialog.locator(".jp-Kishu-commitLabel")
    expect(rows).to_have_count(3)
    assert labels.all_inner_texts() == ["plums", "pears", "apples"]
    dialog.locator(".jp-Kishu-automatic input").check()
    expect(rows).to_have_count(6)
    dialog.locator(".jp-Kishu-automatic input").uncheck()
    dialog.locator(".jp-Kishu-filter").click()
    page.page.keyboard.type("P")
    expect(rows).to_have_count(3)
    page.page.keyboard.type("ears")
    expect(rows).to_have_count(1)
    page.page.keyboard.press("Control+a")
    page.page.keyboard.press("Delete")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowUp")
    chosen = dialog.locator("[aria-selected='true']")
    expect(chosen).to_contain_text("pears")
    active = dialog.locator(".jp-Kishu-filter").get_attribute("aria-activedescendant")
    assert active == chosen.get_attribute("id")
    page.page.keyboard.type("nothing is like this")
    expect(rows).to_have_count(0)
    page.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    # The focus is back, so that the next chord works.
    page.chord("z")
    page.notice("Undid [2]")


def test_a_verb_in_a_cell_is_followed(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.commit("by hand")
    page.edit(1, "x = 'other'")
    page.run(1)
    page.edit(2, "%kishu pause")
    page.start(2)
    page.wait_for_state("paused")
    page.edit(2, "%kishu unpause")
    page.start(2)
    page.wait_for_state("recording")
    page.edit(2, "%kishu checkout HEAD~1")
    page.start(2)
    expect(page.cells.nth(1)).to_contain_text("x.append(2)")
    assert page.texts() == ["x = [1]", "x.append(2)", "print(x)"]
    assert page.value("x") == [1]


def test_a_cell_that_loads_the_extension_is_noticed(page: NotebookPage) -> None:
    page.edit(0, "%load_ext kishu")
    page.start(0)
    page.wait_for_state("recording")
    page.run(2)
    page.commit("after load_ext")


def test_the_badge_says_what_the_last_commit_cost(page: NotebookPage) -> None:
    button = page.badge.locator("button")
    expect(button).to_have_attribute("title", re.compile("Click to initialize"))
    button.click()
    page.notice("Kishu is initialized")
    page.run(0)
    expect(page.badge).to_contain_text(re.compile(r"Kishu <?\d+ ms"))
    expect(button).to_have_attribute("title", re.compile(r"Last commit: .* stored\. Undo takes"))
    assert button.get_attribute("aria-label") == button.get_attribute("title")
    button.click()
    expect(page.page.locator(".jp-Kishu-checkout")).to_have_count(1)
    page.page.keyboard.press("Escape")


def test_a_disk_that_refuses_is_shown(page: NotebookPage) -> None:
    page.initialize()
    history = page.value("__import__('kishu').session().status().history")
    page.run(0)
    page.value(f"__import__('shutil').rmtree({json.dumps(history)})")
    page.start(1)
    page.wait_for_state("refused")
    expect(page.badge.locator("button")).to_have_attribute("title", re.compile("was deleted"))


def test_a_notebook_that_nobody_initialized_is_left_alone(page: NotebookPage) -> None:
    assert page.value("[n for n in dir() if 'kishu' in n.lower()]") == []
    assert page.value("'kishu' in __import__('sys').modules") is False


def test_a_kernel_of_another_language_sees_nothing(browser: Browser, lab: Server) -> None:
    write_notebook(lab.root / "other.ipynb", "1 + 1", kernel="other")
    context = browser.new_context()
    page = NotebookPage(context.new_page(), lab, "other.ipynb")
    page.page.goto(lab.page("other.ipynb"))
    page.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    expect(page.badge).to_be_hidden()
    page.page.locator('.lm-MenuBar-itemLabel:text-is("Kishu")').click()
    expect(page.page.locator(".lm-Menu-item.lm-mod-disabled")).to_have_count(len(MENU))
    assert page.value("'kishu' in __import__('sys').modules") is False
    context.close()


def test_an_edit_made_while_a_checkout_waits_is_not_lost(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.commit("to come back to")
    before = page.texts()[:2]
    page.edit(0, "# told before the checkout waited, and not again")
    page.edit(1, "import time; time.sleep(3)")
    page.chord("v")
    page.page.locator(".jp-Kishu-filter").wait_for()
    page.page.evaluate(
        """() => {
            void (window.jupyterapp ?? window.jupyterlab).commands.execute('notebook:run-cell');
        }"""
    )
    page.page.keyboard.press("Enter")
    page.notice("Checkout waits for the kernel, which is busy.")
    page.edit(2, "# typed while the checkout waited")
    checked_out = page.notice("Checked out to come back to")
    assert page.texts()[:2] == before
    checked_out.get_by_text("Undo this").click()
    expect(page.editor(2)).to_have_text("# typed while the checkout waited")
    assert page.texts()[1] == "import time; time.sleep(3)"


def test_a_checkout_waits_for_a_list_as_long_as_the_kernel_is_busy(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.edit(1, "import time; time.sleep(2)")
    page.start(1)
    page.chord("v")
    page.notice("Checkout waits for the kernel, which is busy.")
    page.page.locator(".jp-Kishu-filter").wait_for()
    page.page.keyboard.press("Escape")


def test_what_could_not_come_back_is_told(page: NotebookPage) -> None:
    page.initialize()
    page.edit(0, "import socket; x = [socket.socket()]")
    page.run(0)
    page.edit(1, "del x")
    page.run(1)
    page.chord("z")
    page.notice("x did not come back").get_by_text("Details").click()
    dialog = page.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("socket")
    page.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
