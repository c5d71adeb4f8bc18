"""The table that a run ends with, and what in it is a failure."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.wild.record import Record

_HEAD = (
    "notebook",
    "cells",
    "right",
    "silent",
    "said",
    "unclear",
    "missed",
    "false",
    "stray",
    "CPU",
)


class Row(NamedTuple):
    """How one notebook came out.

    Attributes:
        cells: how many were played.
        right: states that were as they had been; `silent`: that were not, and nothing said so;
            `said`: that were not, as was said; `unclear`: where what differs cannot be compared.
        missed: changes that the log does not name.
        false: names in the log of what did not change.
        stray: commits that moving alone made.
        cpu: CPU seconds with Kishu for each second without.
        ended: how the play ended, if before its end.
    """

    name: str
    cells: int
    right: int
    silent: int
    said: int
    unclear: int
    missed: int
    false: int
    stray: int
    cpu: float
    ended: str

    @property
    def failed(self) -> bool:
        """Whether a state was wrong and not said, or a kernel died with Kishu alone."""
        return bool(self.silent) or self.ended.startswith("with Kishu: KernelDied")


def row(record: Record) -> Row:
    """Sum a record up."""
    cells, journey = record.facts["cells"], record.facts["journey"]
    kinds = [_kind(step) for step in journey]
    timed = [cell for cell in record.figures["cells"] if "cpu_with" in cell]
    alone = sum(cell["cpu_without"] for cell in timed)
    left = record.facts.get("at_left", {"changed": [], "commits": 0})
    return Row(
        name=record.name,
        cells=len(cells),
        right=kinds.count("right"),
        silent=kinds.count("silent") + bool(left["changed"]),
        said=kinds.count("said"),
        unclear=kinds.count("unclear"),
        missed=sum(len(cell["missed"]) for cell in cells),
        false=sum(len(cell["false"]) for cell in cells),
        stray=sum(len(step["stray"]) for step in journey) + left["commits"],
        cpu=sum(cell["cpu_with"] for cell in timed) / alone if alone else 0.0,
        ended=record.facts["ended"],
    )


def _kind(step: dict[str, Any]) -> str:
    for kind in ("silent", "said"):
        if step[kind]:
            return kind
    return "unclear" if step["not_comparable"] else "right"


def show(rows: list[Row]) -> str:
    """Lay out the table, with a sum below it."""
    lines = [_line(_HEAD)]
    for each in rows:
        lines.append(
            _line((*each[:9], f"{each.cpu:.2f}")) + (f"  {each.ended}" if each.ended else "")
        )
    sums = [sum(column) for column in zip(*(each[1:9] for each in rows), strict=True)]
    lines.append(_line(("all", *sums, "")))
    return "\n".join(lines)


def _line(columns: tuple[Any, ...]) -> str:
    name, *numbers = columns
    return f"{name:<34.34}" + "".join(f"{number:>9}" for number in numbers)
