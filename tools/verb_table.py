"""Writes down the verbs: the table in the README, made from `kishu.verbs`.

``python -m tools.verb_table`` writes it; a test fails where it is out of date.
"""

from __future__ import annotations

import re
from pathlib import Path

from kishu.verbs import VERBS, Field, Verb

PAGE = Path(__file__).parents[1] / "README.md"
_BETWEEN = re.compile(r"(?<=<!-- verbs -->\n).*?(?=<!-- /verbs -->)", re.DOTALL)
_SELDOM = {"force"}
"""Fields that the table leaves to the verb's own help."""


def page() -> str:
    """Return the page as it should be."""
    rows = [f"| `{_usage(verb)}` | {verb.help} |" for verb in VERBS if verb.on_line]
    table = "\n".join(["| verb | what it does |", "| --- | --- |", *rows, ""])
    return _BETWEEN.sub(lambda _: f"\n{table}\n", PAGE.read_text("utf-8"))


def _usage(verb: Verb) -> str:
    said = [f for f in verb.fields if f.where != "message" and f.name not in _SELDOM]
    words = [_shown(field) for field in said if not field.option]
    options = [_shown(field) for field in said if field.option]
    prefix = "name = %kishu" if verb.name == "at" else "%kishu"
    return " ".join([prefix, verb.name, *words, *options])


def _shown(field: Field) -> str:
    word = field.name.upper() if not field.option else field.option
    if field.option and field.given == "words":
        word += f" {field.name.upper()}"
    elif field.given == "names":
        word += " A,B"
    if field.type == list[str]:
        word += " …"
    return word if field.required else f"[{word}]"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
