"""Servers and pages for the browser tests; they are skipped where there is no Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.environments import build_wheel
from tests.browser.server import Server

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from tests.browser.page import NotebookPage, write_notebook  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip

Open = Callable[..., NotebookPage]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here; Debian's package `chromium` has it")
    with sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """One JupyterLab for all tests: each has a notebook, a kernel and a page of its own."""
    with Server(tmp_path_factory.mktemp("lab") / "place") as server:
        yield server


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front end's wheel, built from a clean clone."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here, with which the front end is built")
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens pages, each in a browser profile of its own, and closes them after the test."""
    with ExitStack() as opened:

        def open_(server: Server, name: str, *sources: str) -> NotebookPage:
            if sources:
                write_notebook(server.root / name, *sources)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            opened.callback(context.close)
            page = NotebookPage(context.new_page(), server, name)
            page.open()
            return page

        yield open_


@pytest.fixture
def page(open_page: Open, lab: Server, request: pytest.FixtureRequest) -> NotebookPage:
    """A page with a notebook of the test's own: three cells that make, change and show ``x``."""
    name = f"{request.node.name}.ipynb".replace("[", "-").replace("]", "")
    return open_page(lab, name, "x = [1]", "x.append(2)", "print(x)")
