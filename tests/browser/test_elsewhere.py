"""Kishu's front end in other places: Notebook 7, an older JupyterLab, a hub, with collaborators."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open
from tests.browser.environments import environment
from tests.browser.page import NotebookPage
from tests.browser.server import Server

# The environments are made when they are needed first, which takes a minute or two.
pytestmark = pytest.mark.timeout(600)
ENVIRONMENTS = {
    "lab-4.2": ("jupyterlab==4.2.7", "ipykernel<7"),
    "collaboration": ("jupyterlab", "ipykernel", "jupyter-collaboration"),
}
SOURCES = ("x = [1]", "x.append(2)", "print(x)")


def test_the_wheel_has_the_front_end_and_needs_no_node(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = [name.partition("/data/")[2] for name in opened.namelist()]
    place = "share/jupyter/labextensions/jupyterlab_kishu/"
    assert place + "package.json" in names
    assert place + "schemas/jupyterlab_kishu/plugin.json" in names
    assert any(name.startswith(place + "static/remoteEntry.") for name in names)
    assert place + "install.json" in names


def test_jupyterlab_takes_it_for_compatible(wheel: Path) -> None:
    for name, requirements in ENVIRONMENTS.items():
        python = Path(environment(name, wheel, *requirements))
        command = [str(python.with_name("jupyter")), "labextension", "list"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        (line,) = (line for line in listed.stderr.splitlines() if "jupyterlab_kishu v" in line)
        assert "OK" in line, listed.stderr


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    with Server(tmp_path_factory.mktemp("notebook") / "place", app="notebook") as server:
        yield server


@pytest.fixture(scope="module")
def lab42(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, wheel: Path
) -> Iterator[Server]:
    python = environment("lab-4.2", wheel, *ENVIRONMENTS["lab-4.2"])
    with Server(tmp_path_factory.mktemp("lab42") / "place", python) as server:
        yield server


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("hub") / "place"
    with Server(place, base_url="/user/somebody/") as server:
        yield server


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, wheel: Path
) -> Iterator[Server]:
    python = environment("collaboration", wheel, *ENVIRONMENTS["collaboration"])
    with Server(tmp_path_factory.mktemp("shared") / "place", python) as server:
        yield server


def journey(page: NotebookPage) -> None:
    """The road through it all: attach, run, undo, commit, check out, restart, restore."""
    page.initialize()
    page.run(0)
    page.run(1)
    page.chord("z")
    page.notice("Undid [2] x.append(2).Brought back: x.")
    assert page.value("x") == [1]
    page.run(2)
    page.expect_output(2, "[1]")
    page.commit("a state to come back to")
    page.edit(0, "x = 'changed'")
    page.run(0)
    page.check_out("a state to come back to")
    assert page.texts() == list(SOURCES)
    page.expect_output(2, "[1]")
    assert page.value("x") == [1]
    page.page.evaluate(
        """async () => {
            const { sessionContext } = (window.jupyterapp ?? window.jupyterlab)
                .shell.currentWidget.context;
            await sessionContext.session.kernel.restart();
        }"""
    )
    expect(page.banner).to_contain_text("1 variable")
    page.banner.get_by_text("Restore").click()
    page.notice("Restored the last state.Brought back: x.")
    assert page.value("x") == [1]


@pytest.mark.parametrize("place", ["notebook7", "lab42", "hub", "shared"])
def test_the_whole_road(place: str, open_page: Open, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(place)
    journey(open_page(server, "road.ipynb", *SOURCES))


def test_both_collaborators_see_a_checkout(shared: Server, open_page: Open) -> None:
    one = open_page(shared, "together.ipynb", *SOURCES)
    one.initialize()
    one.run(0)
    two = open_page(shared, "together.ipynb")
    two.wait_for_state("recording")
    two.edit(2, "print('by the second')")
    expect(one.editor(2)).to_have_text("print('by the second')")
    two.run(2)
    one.commit("the second's words")
    one.edit(2, "print('by the first')")
    expect(two.editor(2)).to_have_text("print('by the first')")
    two.check_out("the second's words")
    expect(one.editor(2)).to_have_text("print('by the second')")
    one.expect_output(2, "by the second")
    assert one.texts() == two.texts()
    assert one.value("x") == [1]
