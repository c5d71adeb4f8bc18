"""Where the golden histories lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent / "made"
NAME = "golden"
"""The notebook that they are of."""


def of_python(tag: str | None) -> Path:
    """Give the folder of the history that a Python wrote, by its cache tag."""
    return ROOT / (tag or "python")


def all_histories() -> list[Path]:
    """Give all of them, the oldest Python first."""
    return sorted(path.parent for path in ROOT.glob("*/format.json"))
