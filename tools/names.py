"""Writes down what stored streams call: the list in docs/dev/format.md, made from `kishu.format1`.

``python -m tools.names`` writes it; a test fails where it is out of date.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import kishu.ambient.ambient  # noqa: F401 - what it registers is listed
from kishu import format1

PAGE = Path(__file__).parents[1] / "docs" / "dev" / "format.md"
_BETWEEN = re.compile(r"(?<=<!-- names -->\n).*?(?=<!-- /names -->)", re.DOTALL)


def page() -> str:
    """Give the page as it should be."""
    rows = [f"| `{name}` | {_summary(name)} |" for name in sorted(format1.NAMES, key=str.lower)]
    table = "\n".join(["| name | what it does |", "| --- | --- |", *rows, ""])
    return _BETWEEN.sub(lambda _: f"\n{table}\n", PAGE.read_text("utf-8"))


def _summary(name: str) -> str:
    built_by = getattr(format1, name)
    first = (inspect.getdoc(built_by) or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
