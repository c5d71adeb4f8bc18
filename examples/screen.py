"""The demo's table, printed a line at a time so that it grows as the demo goes on."""

from __future__ import annotations

import io
import sys
from collections.abc import Collection, Iterable
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

WIDTH = 100
MEGABYTE = 1e6


class Step(NamedTuple):
    """A line of the table.

    Attributes:
        done: the cell's heading, or the verb.
        said: what Kishu says that it changed.
        ms: what it cost in time, where Kishu tells; `nbytes`: on disk.
        wrong: what is not as it has to be, with what was expected and what was found; None where
            nothing could be checked.
    """

    done: str
    said: str
    ms: float | None = None
    nbytes: int | None = None
    wrong: Collection[str] | None = None


class Screen:
    """Prints steps, and remembers them."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # An encoding without a check mark is no reason to break off.
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(highlight=False)
        # Where there is no terminal there is no width to go by.
        room = self._console.width if self._console.is_terminal else WIDTH
        self._console.width = min(room, WIDTH)
        self.steps: list[Step] = []

    def title(self, notebook: str) -> None:
        """Say what this is and how to read it."""
        self._console.print(
            "\n[bold]Kishu[/] gives a notebook's variables a history, as git does files."
            f" Here it records {notebook}.\n\n"
            "[dim][green]✓[/]        each variable was measured without Kishu's help and is what"
            " it has to be\n"
            "patched  the same live object, changed back in place\n"
            "loaded   a new object, from the history\n"
            "tied     shares objects with what changed, so it is kept together with it[/]\n"
        )
        heads = ("step", "what changed", "took", "stored", "")
        self._line(*(Text(head, "bold") for head in heads))

    def part(self, name: str) -> None:
        """Begin a part of the story."""
        self._console.print(Rule(Text(name, "bold magenta"), align="left", style="dim"))

    def wait(self, text: str) -> Status:
        """Show that something is going on, where there is a terminal to show it."""
        return self._console.status(waiting(text))

    def add(self, step: Step) -> None:
        """Print a step's line and, below it, all that is wrong."""
        self.steps.append(step)
        self._line(
            Text(step.done, "cyan" if step.done.startswith("%") else ""),
            Text(step.said),
            Text("" if step.ms is None else duration(step.ms), "dim"),
            Text("" if step.nbytes is None else size(step.nbytes), "dim"),
            _mark(step),
        )
        for fault in step.wrong or ():
            self._console.print(f"  [red]✗ {escape(fault)}[/]", soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Print a line of the summary."""
        self._console.print(Text(text, style))

    def _line(self, *cells: Text) -> None:
        table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False, expand=True)
        table.add_column(ratio=9)
        table.add_column(ratio=11)
        table.add_column(justify="right", width=7)
        table.add_column(justify="right", width=7)
        table.add_column(width=1)
        table.add_row(*cells)
        self._console.print(table)


def _mark(step: Step) -> Text:
    if step.wrong is None:
        return Text()
    return Text("✗", "bold red") if step.wrong else Text("✓", "bold green")


def waiting(text: str) -> Text:
    """What stands beside the spinner."""
    return Text(text, "dim")


def names(of: Iterable[str], most: int | None = None) -> str:
    """Variables in a row, the first ``most`` of them; the classes among them come last."""
    every = sorted(of, key=str.swapcase)
    if most is None or len(every) <= most:
        return ", ".join(every)
    return f"{', '.join(every[: most - 1])} and {len(every) - most + 1} more"


def by_fate(fates: dict[str, Collection[str]], most: int = 6) -> str:
    """Variables by what became of them, a line for each fate that some of them met."""
    lines = [f"{fate} {names(met, most)}".strip() for fate, met in fates.items() if met]
    return "\n".join(lines) or "nothing"


def duration(ms: float) -> str:
    """Milliseconds for a reader."""
    return "< 1 ms" if ms < 1 else f"{ms:.0f} ms"


def size(nbytes: int) -> str:
    """Bytes for a reader."""
    return f"{nbytes / 1e3:.0f} KB" if nbytes < MEGABYTE else f"{nbytes / MEGABYTE:.1f} MB"
