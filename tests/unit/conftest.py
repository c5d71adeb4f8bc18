"""A key, an empty history, and a notebook whose cells run in a real shell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from kishu.store.key import Key
from kishu.store.store import Store
from tests.unit.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def key() -> Key:
    return Key(bytes(32))


@pytest.fixture
def store(tmp_path: Path, key: Key) -> Iterator[Store]:
    store = Store.create(tmp_path / "history", key, "uuid")
    yield store
    store.close()


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    notebook = Notebook(tmp_path / "home", tmp_path / "n.ipynb")
    yield notebook
    notebook.session.detach()
