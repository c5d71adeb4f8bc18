"""The documents speak of what exists: modules, builders, settings, verbs."""

from __future__ import annotations

import re
from pathlib import Path

from kishu import config
from kishu.kernel import magics
from tools import names, schema

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "kishu"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_module_that_the_architecture_names_exists() -> None:
    named = set(re.findall(r"`((?:\w+/)?\w+\.py)`", read("docs/dev/architecture.md")))
    assert len(named) > 20
    lost = [name for name in named if not list(SOURCE.rglob(name)) and not (ROOT / name).exists()]
    assert not [name for name in lost if not list(ROOT.glob(f"tests/**/{name}"))]


def test_every_folder_of_the_source_is_in_the_architecture() -> None:
    text = read("docs/dev/architecture.md")
    folders = [path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()]
    assert sorted(folders) == [
        "ambient", "building", "handlers", "history", "kernel", "notebook", "roundtrip", "store",
        "travel", "walking", "worktree",
    ]  # fmt: skip
    assert all(f"  {folder}/" in text for folder in folders)


def test_the_names_that_streams_call_are_written_down_as_they_are() -> None:
    """`python -m tools.names` writes them."""
    assert names.PAGE.read_text("utf-8") == names.page()


def test_every_setting_is_in_the_readme() -> None:
    text = read("README.md")
    assert [f"[{s}] {o}" for s, o in config._OPTIONS if f"`[{s}] {o}`" not in text] == []


def test_every_verb_is_in_the_readme() -> None:
    text = read("README.md")
    assert [verb for verb in magics._VERBS if not re.search(rf"[`%·] ?.*{verb}", text)] == []


def test_the_messages_are_written_down_as_they_are() -> None:
    """`python -m tools.schema` writes both."""
    assert schema.PAGE.read_text("utf-8") == schema.page()
    assert schema.MODULE.read_text("utf-8") == schema.module()
