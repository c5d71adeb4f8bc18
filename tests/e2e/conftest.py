"""Kernels to run notebooks in, and what a test asks of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel import Kernel

Start = Callable[..., Kernel]


def make_notebook(path: Path, uuid: str = "") -> Path:
    """An empty notebook on disk, with an id in its metadata if one is given."""
    metadata = {"kishu": {"uuid": uuid}} if uuid else {}
    content = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all tests of a module; it is not attached."""
    with Kernel(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def bare(shared: Kernel) -> Kernel:
    """The module's kernel without variables and not attached."""
    shared.ok("import kishu; kishu.detach()")
    shared.ok("%unload_ext kishu")
    shared.ok("%reset -f")
    return shared


@pytest.fixture
def kernel(bare: Kernel, tmp_path: Path) -> Kernel:
    """The module's kernel without variables, attached to a notebook of the test's own."""
    notebook = make_notebook(tmp_path / f"{tmp_path.name}.ipynb")
    bare.ok(f"import kishu; kishu.attach({str(notebook)!r});")
    return bare


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts kernels in ``tmp_path / "home"``, and ends them with the test."""
    started: list[Kernel] = []

    def new(notebook: Path | None = None, home: Path | None = None, **environment: str) -> Kernel:
        place = home or tmp_path / "home"
        place.mkdir(exist_ok=True)
        started.append(Kernel(place, notebook, environment))
        return started[-1]

    yield new
    for kernel in started:
        kernel.stop()


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook's path."""
    return make_notebook(tmp_path / "work.ipynb")
