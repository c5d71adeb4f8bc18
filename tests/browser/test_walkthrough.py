"""The notebook that teaches Kishu, followed word for word; the pictures in ``docs/images``.

With ``KISHU_PICTURES=1`` the pictures are written where the documents show them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.page import NotebookPage
from tests.browser.server import Server

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "examples" / "Kishu in five minutes.ipynb"
IDS = ("data", "feature", "drop", "back", "astray", "whole", "survived")


class Lesson:
    """The page with the lesson, its cells by id."""

    def __init__(self, page: NotebookPage, pictures: Path) -> None:
        self.page = page
        self.pictures = pictures

    def index(self, id: str) -> int:
        """Where a cell is."""
        return [cell["id"] for cell in self.page.model()].index(id)

    def run(self, id: str) -> None:
        """Run a cell."""
        self.page.cells.nth(self.index(id)).scroll_into_view_if_needed()
        self.page.run(self.index(id))

    def shows(self, id: str, text: str) -> None:
        """Wait until a cell's output has this text."""
        cell = self.page.cells.nth(self.index(id))
        expect(cell.locator(".jp-OutputArea-output").first).to_contain_text(text)

    def picture(self, name: str) -> None:
        """Take a picture, once all has come to rest."""
        self.page.page.wait_for_function(
            """() => document.getAnimations().every(animation =>
                animation.playState !== 'running' || animation.effect?.target?.closest?.(
                    '.Toastify__progress-bar, .cm-cursorLayer'))"""
        )
        self.page.picture(self.pictures / f"{name}.png")


@pytest.fixture(params=["light", "dark"])
def lesson(request: pytest.FixtureRequest, open_page: Open, lab: Server, tmp_path: Path) -> Lesson:
    theme: str = request.param
    name = f"Kishu in five minutes ({theme}).ipynb"
    shutil.copy(LESSON, lab.root / name)
    page = open_page(lab, name)
    page.page.set_viewport_size({"width": 1100, "height": 720})
    if theme == "dark":
        page.page.evaluate(
            """() => (window.jupyterapp ?? window.jupyterlab).commands
                .execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"""
        )
        expect(page.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    page.menu("View", "File Browser")
    pictures = tmp_path
    if os.environ.get("KISHU_PICTURES"):
        pictures = ROOT / "docs" / "images" / theme
        pictures.mkdir(parents=True, exist_ok=True)
    return Lesson(page, pictures)


def test_the_lesson(lesson: Lesson) -> None:
    page = lesson.page
    page.initialize()
    lesson.picture("initialize")
    lesson.run("data")
    lesson.run("feature")
    lesson.run("drop")
    lesson.shows("drop", "['city', 'visitors', 'revenue']")
    page.dismiss_notices()
    page.chord("z")
    page.notice("Brought back: shops.")
    lesson.picture("undo")
    lesson.run("back")
    lesson.shows("back", "['city', 'visitors', 'spend', 'revenue']")
    page.dismiss_notices()
    page.chord("c")
    page.page.locator(".jp-Dialog input").fill("clean table")
    lesson.picture("commit")
    page.page.keyboard.press("Enter")
    page.notice("clean table")
    lesson.run("astray")
    page.edit(lesson.index("feature"), "shops = None  # an edit that nobody saved")
    page.dismiss_notices()
    page.chord("v")
    dialog = page.page.locator(".jp-Kishu-checkout")
    expect(dialog.locator(".jp-Kishu-commitLabel")).to_have_text(["clean table"])
    dialog.locator(".jp-Kishu-automatic input").check()
    lesson.picture("checkout")
    dialog.locator(".jp-Kishu-automatic input").uncheck()
    dialog.locator(".jp-Kishu-filter").click()
    page.page.keyboard.press("Enter")
    page.notice("Checked out clean table")
    lesson.picture("checked-out")
    lesson.run("whole")
    lesson.shows("whole", "(2000, False)")
    assert "groupby" in page.texts()[lesson.index("feature")]
    page.dismiss_notices()
    page.menu("Kernel", "Restart Kernel…")
    page.page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(page.banner).to_contain_text("The last kernel left")
    lesson.picture("restore")
    page.banner.get_by_text("Restore").click()
    page.notice("Restored the last state")
    lesson.run("survived")
    lesson.shows("survived", "Ghent")
