"""What is kept of a play: facts, which are the same each time, and figures, which are not."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_ID = re.compile(r"(?<![\w.])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}\b")
_TIME = re.compile(r"\b\d+(?:\.\d+)?(?:e-?\d+)? ?(?:ns|[µμu]s|ms|s|min|seconds)\b")
_SIZE = re.compile(r"\b\d+(?:\.\d+)? ?[KMG]?i?B\b")


class Record:
    """What one play gives.

    Attributes:
        facts: what a later play of the same notebook must give again.
        figures: times, CPU seconds, bytes.
        details: for people: descriptions where they begin to differ.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts: dict[str, Any] = {"cells": [], "journey": [], "ended": "", "printed": []}
        self.figures: dict[str, Any] = {"cells": [], "journey": []}
        self.details: list[Any] = []
        self._said: list[tuple[str, str]] = []

    def call(self, text: str, name: str) -> None:
        """Have a text that differs from play to play (an id, a path) told by a name."""
        self._said.append((text, name))

    def plain(self, value: Any) -> Any:
        """Give a value without what differs from play to play: ids, addresses, times, paths."""
        if isinstance(value, str):
            for text, name in self._said:
                value = value.replace(text, name)
                if len(text) > 8:
                    value = value.replace(text[:8], name) if "/" not in text else value
            for pattern, name in (
                (_ADDRESS, "<address>"),
                (_ID, "<id>"),
                (_SIZE, "<size>"),
                (_TIME, "<time>"),
            ):
                value = pattern.sub(name, value)
            return value
        if isinstance(value, dict):
            return {self.plain(key): self.plain(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        return value

    def save(self, folder: Path) -> None:
        """Write it whole, or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"facts": self.facts, "figures": self.figures, "details": self.details}
        path = path_of(folder, self.name)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(unfinished, path)

    @classmethod
    def load(cls, folder: Path, name: str) -> Record:
        """Read one that was kept."""
        record = cls(name)
        content = json.loads(path_of(folder, name).read_text(encoding="utf-8"))
        record.facts, record.figures = content["facts"], content["figures"]
        record.details = content["details"]
        return record


def path_of(folder: Path, name: str) -> Path:
    """Where a notebook's record is kept."""
    return folder / f"{name}.json"
