"""The documents speak of what exists: modules, builders, settings, verbs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from kishu import config
from kishu.errors import ConfigError
from kishu.kernel import magics
from kishu.session import Session
from kishu.verbs import VERBS
from tools import names, schema, verb_table

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


def test_every_setting_is_in_the_readme(tmp_path: Path) -> None:
    told = re.findall(r"^\| `(\[\w+\] \w+)` \|", read("README.md"), re.MULTILINE)
    assert sorted(told) == sorted(known_settings(tmp_path))


def known_settings(home: Path) -> list[str]:
    """The settings there are, as the refusal of an unknown one lists them."""
    (home / "config.ini").write_text("[nothing]\nof = this\n")
    with pytest.raises(ConfigError) as failure:
        config.load(home)
    return re.findall(r"\[\w+\] \w+", failure.value.remedy)


def test_the_verbs_are_written_down_as_they_are() -> None:
    """`python -m tools.verb_table` writes them."""
    assert verb_table.PAGE.read_text("utf-8") == verb_table.page()


def test_every_verb_has_an_example_that_is_understood() -> None:
    parser = magics._parser()
    for verb in VERBS:
        assert verb.example.partition(" ")[0] == verb.name
        assert parser.parse_args(shlex.split(verb.example)).verb == verb.name


def test_every_verb_is_a_method_or_is_known_to_be_done_otherwise() -> None:
    beside = {"help", "init"}
    methods = {name for name in vars(Session) if not name.startswith("_")}
    assert {verb.name for verb in VERBS} - beside <= methods
    assert methods - {verb.name for verb in VERBS} == {"branches", "tags"}


def test_the_messages_are_written_down_as_they_are() -> None:
    """`python -m tools.schema` writes both."""
    assert schema.PAGE.read_text("utf-8") == schema.page()
    assert schema.MODULE.read_text("utf-8") == schema.module()
