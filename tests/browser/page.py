"""What a person does with a notebook in a browser, and what they see."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.server import Server
from tests.kernel import unquoted

SECONDS = 1000.0
_TRIES = 3


class NotebookPage:
    """One page that shows one notebook.

    Args:
        page: the browser's page.
        server: where the notebook lies.
        name: its path below the server's root.
    """

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page = page
        self.server = server
        self.name = name
        page.set_default_timeout(30 * SECONDS)
        expect.set_options(timeout=30 * SECONDS)
        # The file browser of JupyterLab may list the directory while a test renames a file in it.
        astray = page.locator(".jp-Dialog", has_text="Directory not found")
        page.add_locator_handler(astray, lambda: astray.locator(".jp-mod-accept").click())

    def open(self) -> None:
        """Load the page and wait until the notebook's kernel is there."""
        self.page.goto(self.server.page(self.name))
        self.badge.wait_for(state="visible")
        self.wait_for_state(re.compile("detached|recording|paused"))

    @property
    def panel(self) -> Locator:
        """The notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").first

    def editor(self, index: int) -> Locator:
        """A cell's editor; cells that are rendered may have none."""
        return self.cells.nth(index).locator(".cm-content")

    @property
    def badge(self) -> Locator:
        """Kishu's mark in the toolbar."""
        return self.panel.locator(".jp-Kishu-badge")

    @property
    def banner(self) -> Locator:
        """The offer above the cells."""
        return self.panel.locator(".jp-Kishu-banner")

    def wait_for_state(self, state: str | re.Pattern[str]) -> None:
        """Wait until the badge shows it."""
        expect(self.badge).to_have_attribute("data-state", state)

    # Cells

    @property
    def cells(self) -> Locator:
        """The cells, those out of sight too."""
        return self.panel.locator(".jp-Notebook-cell")

    def texts(self) -> list[str]:
        """The cells' texts, as the notebook's model has them."""
        return [cell["source"] for cell in self.model()]

    def model(self) -> list[dict[str, Any]]:
        """The cells, as the page would save them."""
        cells = self.page.evaluate(
            """() => {
                const shell = (window.jupyterapp ?? window.jupyterlab).shell;
                return shell.currentWidget.context.model.sharedModel.toJSON().cells;
            }"""
        )
        found: list[dict[str, Any]] = cells
        return found

    def expect_output(self, index: int, text: str) -> None:
        """Wait until a cell shows this output, and nothing else."""
        expect(self.cells.nth(index).locator(".jp-OutputArea-output")).to_have_text([text])

    def edit(self, index: int, text: str) -> None:
        """Replace a cell's text by typing.

        A click misses where an output that comes in moves the cells: then it is done again.
        """
        for _ in range(_TRIES):
            self.editor(index).click()
            self.page.keyboard.press("Control+a")
            self.page.keyboard.press("Delete")
            self.page.keyboard.insert_text(text)
            if self.texts()[index] == text:
                return
        raise AssertionError(f"cell {index} could not be edited: {self.texts()}")

    def command_mode(self, index: int) -> None:
        """Select a cell, so that keys are commands."""
        self.cells.nth(index).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Escape")
        self.panel.locator(".jp-Notebook.jp-mod-commandMode").wait_for()

    def start(self, index: int) -> None:
        """Run a cell, and do not wait for it."""
        self.editor(index).click()
        self.page.keyboard.press("Control+Enter")

    def run(self, index: int) -> None:
        """Run a cell, and wait until it has ended and Kishu has committed it."""
        before = self.commits()
        self.start(index)
        self.wait_until_more_than(before)

    def run_all(self) -> None:
        """Run all cells, from the menu."""
        self.menu("Run", "Run All Cells")

    def commits(self) -> int:
        """How many commits there are, as the page was told; none while it is not attached."""
        told = self.badge.get_attribute("data-commits")
        return int(told or 0)

    def wait_until_more_than(self, commits: int) -> None:
        """Wait until the page was told of more commits."""
        self.page.wait_for_function(
            """commits => {
                const badge = document.querySelector(
                    '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Kishu-badge');
                return Number(badge?.dataset.commits ?? 0) > commits;
            }""",
            arg=commits,
        )

    # Variables

    def value(self, expression: str) -> Any:
        """The JSON-able value of an expression, asked of the kernel without making a cell of it."""
        answer = self.page.evaluate(
            """async expression => {
                const shell = (window.jupyterapp ?? window.jupyterlab).shell;
                const limit = new Promise((_, reject) =>
                    setTimeout(() => reject(new Error('no answer: ' + expression)), 30000));
                const { sessionContext } = shell.currentWidget.context;
                await Promise.race([sessionContext.ready, limit]);
                const { kernel } = sessionContext.session;
                const future = kernel.requestExecute({
                    code: '', silent: true, store_history: false, stop_on_error: false,
                    user_expressions: { value: expression },
                });
                const reply = await Promise.race([future.done, limit]);
                return reply.content.user_expressions.value;
            }""",
            f"__import__('json').dumps({expression})",
        )
        assert answer["status"] == "ok", answer
        return json.loads(unquoted(answer["data"]["text/plain"]))

    # Kishu

    def chord(self, key: str) -> None:
        """Accel+K, then Accel and that key."""
        self.page.keyboard.press("Control+k")
        self.page.keyboard.press(f"Control+{key}")

    def menu(self, menu: str, item: str) -> None:
        """Choose from the main menu."""
        self.page.locator(f'.lm-MenuBar-itemLabel:text-is("{menu}")').click()
        self.page.locator(f'.lm-Menu-itemLabel:text-is("{item}")').click()

    def notice(self, text: str | re.Pattern[str]) -> Locator:
        """A notification that says that, once it is there."""
        found = self.page.locator(".Toastify__toast", has_text=text).first
        found.wait_for(state="visible")
        return found

    def dismiss_notices(self) -> None:
        """Close all notifications."""
        self.page.wait_for_function(
            """() => {
                document.querySelectorAll('.jp-Notification-Toast-Close').forEach(b => b.click());
                return !document.querySelector('.Toastify__toast');
            }"""
        )

    def initialize(self) -> None:
        """Attach, by the chord."""
        self.cells.first.click()
        self.chord("i")
        self.notice("Kishu is initialized")
        self.wait_for_state("recording")

    def commit(self, message: str) -> None:
        """Commit, by the chord."""
        before = self.commits()
        self.chord("c")
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator("input").fill(message)
        self.page.keyboard.press("Enter")
        self.notice(message)
        self.wait_until_more_than(before)

    def check_out(self, label: str, *, automatic: bool = False) -> None:
        """Check the first commit out whose line holds that, by the chord."""
        self.chord("v")
        dialog = self.page.locator(".jp-Kishu-checkout")
        dialog.locator(".jp-Kishu-filter").wait_for()
        switch = dialog.locator(".jp-Kishu-automatic input")
        switch.set_checked(automatic)
        dialog.locator(".jp-Kishu-filter").fill(label)
        dialog.locator(".jp-Kishu-commit", has_text=label).first.click()
        self.page.keyboard.press("Enter")
        self.notice("Checked out")

    def picture(self, path: Path) -> None:
        """Take a picture of the page."""
        self.page.screenshot(path=str(path))


def write_notebook(path: Path, *sources: str, kernel: str = "python3") -> Path:
    """A notebook file with these code cells."""
    cells: list[dict[str, Any]] = [
        {"id": f"cell-{index}", "cell_type": "code", "source": source, "metadata": {},
         "outputs": [], "execution_count": None}
        for index, source in enumerate(sources)
    ]  # fmt: skip
    spec = {"name": kernel, "display_name": "Python 3", "language": "python"}
    content = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
    return path
