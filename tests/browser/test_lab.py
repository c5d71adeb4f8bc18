"""Kishu in JupyterLab, as a person uses it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.page import NotebookPage


def test_undo_leaves_the_code_alone(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.run(1)
    assert page.value("x") == [1, 2]
    before = page.model()
    page.chord("z")
    page.notice("Undid [2] x.append(2)")
    assert page.value("x") == [1]
    assert page.model() == before
    page.chord("y")
    page.notice("Redid [2] x.append(2)")
    assert page.value("x") == [1, 2]


def test_commit_and_checkout(page: NotebookPage) -> None:
    page.initialize()
    page.run(0)
    page.commit("before the change")
    page.edit(0, "x = 'changed'")
    page.run(0)
    page.edit(2, "print('edited, never saved, never run')")
    page.check_out("before the change")
    assert page.texts() == ["x = [1]", "x.append(2)", "print(x)"]
    assert page.value("x") == [1]
    page.notice("Checked out").get_by_text("Undo this").click()
    expect(page.cells.nth(2)).to_contain_text("never saved")
    assert page.texts()[0] == "x = 'changed'"
    assert page.value("x") == "changed"
