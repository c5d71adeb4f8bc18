"""Each room imports only those below it: every import is read, those in functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2] / "src" / "kishu"

ROOMS = (
    ("kernel",),
    ("session",),
    ("recording",),
    ("ambient", "notebook"),
    ("travel",),
    ("worktree",),
    ("roundtrip",),
    ("building",),
    ("walking",),
    ("handlers",),
    ("history",),
    ("store",),
)
"""From the top; rooms of one line do not know each other."""

FOR_ALL = frozenset({"verbs", "limits", "ports", "format1", "guard", "config", "errors"})
"""What every room may use."""

ROOTS_ALONE = {"store": {"errors", "limits"}, "format1": set(), "guard": set(), "errors": set(),
               "config": {"errors"}, "limits": set(), "verbs": set()}  # fmt: skip
"""What these may import at most, beside themselves."""


class Import(NamedTuple):
    """A line that imports a module of ours."""

    path: Path
    line: int
    module: str

    @property
    def importer(self) -> str:
        """The importing module, dotted, without ``kishu``."""
        inside = self.path.relative_to(SOURCE).with_suffix("")
        undo_stack = inside.parts[:-1] if inside.name == "__init__" else inside.parts
        return ".".join(undo_stack)

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE.parent)}:{self.line} imports {self.module}"


def imports() -> Iterator[Import]:
    """Every import of a module of ours but those for type checkers alone."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        skipped = {
            id(node)
            for block in ast.walk(tree)
            if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            for node in ast.walk(block)
        }
        for node in ast.walk(tree):
            if id(node) in skipped:
                continue
            if isinstance(node, ast.Import):
                yield from (
                    Import(path, node.lineno, alias.name.removeprefix("kishu."))
                    for alias in node.names
                    if alias.name.startswith("kishu.")
                )
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kishu."):
                yield from _within(path, node, str(node.module).removeprefix("kishu."))
            elif isinstance(node, ast.ImportFrom) and node.module == "kishu":
                yield from (Import(path, node.lineno, alias.name) for alias in node.names)


def _within(path: Path, node: ast.ImportFrom, module: str) -> Iterator[Import]:
    """A module, or the modules of a room that are imported by name."""
    for alias in node.names:
        inner = SOURCE / module.replace(".", "/") / f"{alias.name}.py"
        yield Import(path, node.lineno, f"{module}.{alias.name}" if inner.exists() else module)


def room(module: str) -> str:
    return module.partition(".")[0]


HEIGHT = {name: -at for at, rooms in enumerate(ROOMS) for name in rooms}


def test_every_module_has_a_room() -> None:
    known = HEIGHT.keys() | FOR_ALL | {"__init__"}
    there = {path.stem for path in SOURCE.iterdir() if path.stem != "__pycache__"}
    assert there - {"py"} == known


def test_arrows_point_down_only() -> None:
    wrong = []
    for found in imports():
        above, below = room(found.importer), room(found.module)
        if below in FOR_ALL or above in ("", below):
            continue
        if above in ROOTS_ALONE and below not in ROOTS_ALONE[above]:
            wrong.append(f"{found}: {above} may import {sorted(ROOTS_ALONE[above])} alone")
        elif above in HEIGHT and HEIGHT.get(below, 1) >= HEIGHT[above]:
            wrong.append(f"{found}: {below} is not below {above}")
        elif above in FOR_ALL:
            wrong.append(f"{found}: what all may use knows no room")
    assert not wrong, "\n".join(wrong)


def test_what_stands_alone_imports_no_more_than_it_may() -> None:
    wrong = [
        str(found)
        for found in imports()
        if room(found.importer) in ROOTS_ALONE
        and room(found.module) not in ROOTS_ALONE[room(found.importer)] | {room(found.importer)}
    ]
    assert not wrong, "\n".join(wrong)


def test_there_are_no_circles() -> None:
    arrows: dict[str, set[str]] = {}
    for found in imports():
        if found.importer and found.importer != found.module:
            arrows.setdefault(found.importer, set()).add(found.module)
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way[way.index(module) :], module))
        if module not in done:
            for below in sorted(arrows.get(module, ())):
                visit(below, (*way, module))
            done.add(module)

    for module in sorted(arrows):
        visit(module, ())
