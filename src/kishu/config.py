"""Settings: ``config.ini`` in the home of the histories, every option with a default."""

from __future__ import annotations

import configparser
from pathlib import Path

import msgspec

from kishu.errors import ConfigError

AMBIENT = (
    "random", "numpy.random", "torch.random", "directory", "environ", "path", "pandas", "numpy",
    "matplotlib", "torch", "decimal", "warnings", "logging",
)  # fmt: skip
"""The kinds of state outside of the variables, each with a switch of its own."""


class Config(msgspec.Struct, frozen=True):
    """What can be set, by section and option.

    Attributes:
        excluded_classes: ``[store] exclude``: qualified names of classes that are never stored
            and always recomputed, for those whose pickling lies; separated by commas or lines.
        max_delay: ``[commit] max_delay``: for how many seconds at most a commit may keep the next
            cell waiting; what it has not looked at by then, a later commit records.
        floor: ``[store] floor``: free disk space, in bytes or with K, M, G, below which Kishu
            stops recording.
        cap: ``[store] cap``: size of one history above which Kishu stops recording; 0: no cap.
        keep_days: ``[keep] days``: the age from which ``gc`` lets automatic commits go; 0: none.
        keep_commits: ``[keep] commits``: how many of the newest automatic commits stay; 0: all.
        keep_size: ``[keep] size``: how many bytes these may need; 0: any number.
        replay: ``[replay] automatic``: whether a restore runs cells again by itself.
        replay_seconds: ``[replay] seconds``: cells that took longer are not run by themselves.
        ambient_off: ``[ambient] off``: kinds of state outside of the variables, of `AMBIENT`, that
            are left alone; separated by commas or lines.
    """

    excluded_classes: frozenset[str] = frozenset()
    max_delay: float = 1.0
    floor: int = 512 * 1024 * 1024
    cap: int = 0
    keep_days: float = 30.0
    keep_commits: int = 0
    keep_size: int = 0
    replay: bool = True
    replay_seconds: float = 10.0
    ambient_off: frozenset[str] = frozenset()


_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def load(home: Path) -> Config:
    """The settings of ``home/config.ini``; the defaults where there is no such file.

    Raises:
        ConfigError: the file cannot be read, or has an unknown or impossible setting.
    """
    path = home / "config.ini"
    # No section passes its options on to the others, [DEFAULT] neither.
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    try:
        parser.read_string(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return Config()
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    values: dict[str, object] = {}
    for section in parser.sections():
        for option, text in parser.items(section):
            try:
                field, parse = _OPTIONS[section, option]
            except KeyError:
                known = ", ".join(f"[{s}] {o}" for s, o in _OPTIONS)
                raise ConfigError(
                    f"{path} has an unknown setting: [{section}] {option}.",
                    f"Known are {known}; until it is corrected the defaults serve.",
                ) from None
            try:
                values[field] = parse(text)
            except (ValueError, OverflowError):
                raise ConfigError(f"{path}: [{section}] {option} cannot be {text!r}.") from None
    return msgspec.convert(values, Config)


def _size(text: str) -> int:
    text = text.strip().upper().removesuffix("B")
    unit = text[-1:] if text[-1:].isalpha() else ""
    if unit not in _UNITS:
        raise ValueError(text)
    size = float(text.removesuffix(unit)) * _UNITS[unit]
    if size < 0:
        raise ValueError(text)
    return int(size)


def _names(text: str) -> list[str]:
    return [name for name in text.replace(",", "\n").split() if name]


def _kinds(text: str) -> list[str]:
    names = _names(text)
    if not set(names) <= set(AMBIENT):
        raise ValueError(text)
    return names


def _switch(text: str) -> bool:
    try:
        return configparser.ConfigParser.BOOLEAN_STATES[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


def _amount(text: str) -> float:
    amount = float(text)
    if not amount >= 0:
        raise ValueError(text)
    return amount


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count


_OPTIONS = {
    ("store", "exclude"): ("excluded_classes", _names),
    ("commit", "max_delay"): ("max_delay", _amount),
    ("store", "floor"): ("floor", _size),
    ("store", "cap"): ("cap", _size),
    ("keep", "days"): ("keep_days", _amount),
    ("keep", "commits"): ("keep_commits", _count),
    ("keep", "size"): ("keep_size", _size),
    ("replay", "automatic"): ("replay", _switch),
    ("replay", "seconds"): ("replay_seconds", _amount),
    ("ambient", "off"): ("ambient_off", _kinds),
}
