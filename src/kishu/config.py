"""Read the user's settings from ``config.ini``, which is beside the histories."""

from __future__ import annotations

import configparser
from pathlib import Path

import msgspec

from kishu.errors import ConfigError

AMBIENT = (
    "random", "numpy.random", "torch.random", "directory", "environ", "path", "pandas", "numpy",
    "matplotlib", "torch", "decimal", "warnings", "logging",
)  # fmt: skip
"""The kinds of ambient state (outside of the variables); the user can switch off each."""


class Config(msgspec.Struct, frozen=True):
    """Hold the value of each setting; the default where ``config.ini`` does not set it.

    Sizes are written there in bytes, or with K, M, G or T; lists with commas or on several lines.

    Attributes:
        excluded_classes: ``[store] exclude``: the qualified names of classes whose instances are
            never stored, but recomputed, because what their pickling stores is wrong.
        max_delay: ``[commit] max_delay``: the seconds, at most, for which a commit may keep the
            next cell waiting; variables not verified by then are left to a later commit.
        floor: ``[store] floor``: the bytes of free disk space below which Kishu stops recording.
        cap: ``[store] cap``: the bytes of one history above which Kishu stops recording; 0 for
            no limit.
        keep_days: ``[keep] days``: the age in days above which ``gc`` drops the data of automatic
            commits; 0 for no limit.
        keep_commits: ``[keep] commits``: the number of automatic commits, the newest, whose data
            ``gc`` keeps; 0 for no limit.
        keep_size: ``[keep] size``: the bytes that the data of these may take together; 0 for no
            limit.
        replay: ``[replay] automatic``: True if a restore may run cells again without being asked.
        replay_seconds: ``[replay] seconds``: the seconds above which a cell, by how long it ran
            then, is not run again without being asked.
        ambient_off: ``[ambient] off``: those of the kinds in `AMBIENT` that Kishu neither records
            nor restores.
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
    """Read ``config.ini`` in a directory, and return its settings; the defaults if it is missing.

    Args:
        home: the directory that holds the histories.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of range.
    """
    path = home / "config.ini"
    # configparser would copy the options of [DEFAULT] to all sections; so none has that role here.
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
    """Parse a number of bytes, such as ``512M``; raise ValueError for anything else."""
    text = text.strip().upper().removesuffix("B")
    unit = text[-1:] if text[-1:].isalpha() else ""
    if unit not in _UNITS:
        raise ValueError(text)
    size = float(text.removesuffix(unit)) * _UNITS[unit]
    if size < 0:
        raise ValueError(text)
    return int(size)


def _names(text: str) -> list[str]:
    """Split a list at commas and white space."""
    return [name for name in text.replace(",", "\n").split() if name]


def _kinds(text: str) -> list[str]:
    """Split a list of kinds of ambient state; raise ValueError for one that does not exist."""
    names = _names(text)
    if not set(names) <= set(AMBIENT):
        raise ValueError(text)
    return names


def _switch(text: str) -> bool:
    """Parse yes or no, in any form that configparser knows; raise ValueError for others."""
    try:
        return configparser.ConfigParser.BOOLEAN_STATES[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


def _amount(text: str) -> float:
    """Parse a number that is not negative; raise ValueError for anything else."""
    amount = float(text)
    if not amount >= 0:
        raise ValueError(text)
    return amount


def _count(text: str) -> int:
    """Parse a whole number that is not negative; raise ValueError for anything else."""
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count


# For each section and option: the field of `Config`, and the function that parses its text.
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
