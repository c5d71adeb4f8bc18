"""Settings: every option can be set, none is guessed, and what is wrong is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kishu import config
from kishu.ambient.ambient import SETTINGS
from kishu.config import Config
from kishu.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = Config(
    excluded_classes=frozenset(),
    floor=512 * 1024**2,
    cap=0,
    replay=True,
    replay_seconds=10.0,
)


def load(home: Path, text: str) -> Config:
    (home / "config.ini").write_text(text, encoding="utf-8")
    return config.load(home)


def test_without_a_file_the_defaults_serve(tmp_path: Path) -> None:
    assert config.load(tmp_path) == DEFAULTS == Config()
    assert load(tmp_path, "# nothing set\n[store]\n[replay]\n") == DEFAULTS


def test_every_option_can_be_set(tmp_path: Path) -> None:
    text = """
        [store]
        exclude = a.B, c.d.E
            f.G
        floor = 2G
        cap = 100 MB
        [commit]
        max_delay = 0.25
        [keep]
        days = 1.5
        commits = 7
        size = 1G
        [replay]
        automatic = no
        seconds = 2.5
        [ambient]
        off = directory, numpy.random
    """
    found = load(tmp_path, re.sub(r"(?m)^ {8}", "", text))
    assert found == Config(
        frozenset({"a.B", "c.d.E", "f.G"}),
        max_delay=0.25,
        floor=2 * 1024**3,
        cap=100 * 1024**2,
        keep_days=1.5,
        keep_commits=7,
        keep_size=1024**3,
        replay=False,
        replay_seconds=2.5,
        ambient_off=frozenset({"directory", "numpy.random"}),
    )
    unset = [
        name for name in Config.__struct_fields__ if getattr(found, name) == getattr(DEFAULTS, name)
    ]
    assert unset == []


def known_options(home: Path) -> list[str]:
    """All options, as the refusal of an unknown one lists them."""
    with pytest.raises(ConfigError) as failure:
        load(home, "[nothing]\nof = this\n")
    return re.findall(r"\[\w+\] \w+", failure.value.remedy)


def test_every_option_is_documented(tmp_path: Path) -> None:
    told = re.findall(r"(\w+): ``(\[\w+\] \w+)``", Config.__doc__ or "")
    assert {option for _, option in told} == set(known_options(tmp_path))
    assert [field for field, _ in told] == list(Config.__struct_fields__)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("123", 123),
        ("2K", 2048),
        ("2 kb", 2048),
        ("1.5M", 3 << 19),
        ("2G", 2 << 30),
        ("2GB", 2 << 30),
        ("1t", 1 << 40),
    ],
)
def test_a_size_may_have_a_unit(tmp_path: Path, text: str, size: int) -> None:
    assert load(tmp_path, f"[store]\nfloor = {text}\ncap = {text}\n") == Config(
        floor=size, cap=size
    )


@pytest.mark.parametrize(
    ("section", "option", "text"),
    [
        *(("store", option, text) for option in ("floor", "cap") for text in ("", "much", "-1")),
        *(("store", "floor", text) for text in ("2X", "G", "nan", "inf", "1e999", "-1G", "1 2")),
        *(("replay", "automatic", text) for text in ("", "perhaps", "2")),
        ("ambient", "off", "directroy"),
        *(("replay", "seconds", text) for text in ("", "soon", "-1", "nan")),
    ],
)
def test_an_impossible_value_is_named_with_its_option_and_file(
    tmp_path: Path, section: str, option: str, text: str
) -> None:
    with pytest.raises(ConfigError) as failure:
        load(tmp_path, f"[{section}]\n{option} = {text}\n")
    for told in (f"[{section}] {option}", repr(text), str(tmp_path / "config.ini")):
        assert told in failure.value.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[store]\nflor = 1\n", "[store] flor"),
        ("[stoer]\nfloor = 1\n", "[stoer] floor"),
        ("[replay]\nfloor = 1\n", "[replay] floor"),
        ("[DEFAULT]\nfloor = 1\n", "floor"),
    ],
)
def test_an_unknown_setting_is_named_and_the_known_are_listed(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ConfigError) as failure:
        load(tmp_path, text)
    assert told in failure.value.message
    listed = re.findall(r"\[\w+\] \w+", failure.value.remedy)
    assert len(listed) == len(set(listed)) == len(Config.__struct_fields__)


@pytest.mark.parametrize(
    "data", [b"floor = 1\n", b"[store\n", b"[store]\nfloor\n", b"[store]\nexclude = \xff\n"]
)
def test_a_file_that_cannot_be_parsed_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "config.ini").write_bytes(data)
    with pytest.raises(ConfigError, match=str(tmp_path / "config.ini")) as failure:
        config.load(tmp_path)
    assert "\n" not in failure.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A directory stands for what permission refuses: that refuses the superuser nothing."""
    (tmp_path / "config.ini").mkdir()
    with pytest.raises(ConfigError, match=str(tmp_path / "config.ini")):
        config.load(tmp_path)


def test_a_percent_sign_is_only_that(tmp_path: Path) -> None:
    assert load(tmp_path, "[store]\nexclude = %(x)s\n").excluded_classes == {"%(x)s"}


def test_every_kind_of_ambient_state_has_a_switch() -> None:
    assert [setting.name for setting in SETTINGS] == list(config.AMBIENT)
