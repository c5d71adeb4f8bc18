"""Other plugins of the page, which get at Kishu by its token."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.conftest import Open
from tests.browser.server import Server

CONSUMER = Path(__file__).with_name("consumer")


def test_a_plugin_of_somebody_else_uses_kishu(
    browser: Browser, tmp_path: Path, open_page: Open
) -> None:
    with Server(tmp_path / "place") as server:
        shutil.copytree(CONSUMER, server.place / "data" / "labextensions" / "kishu-consumer")
        page = open_page(server, "a.ipynb", "x = [1]", "x.append(2)")
        page.initialize()
        page.run(0)
        page.page.wait_for_function(
            """() => {
                const { lines } = window.kishuConsumer;
                const attached = lines.indexOf('a.ipynb attached');
                return attached >= 0 && lines.indexOf('a.ipynb run') > attached;
            }"""
        )
        assert page.page.evaluate("window.kishuConsumer.labels()") == ["x = [1]"]
        assert page.page.evaluate("window.kishuConsumer.kindOfFailure()") == "nothing-to-do"
