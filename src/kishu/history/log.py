"""The history as people read it: entries of the log, one commit in full, what two differ in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kishu.history.history import History, State
from kishu.history.records import SETTING, Cell, Commit, CommitId, Recipe, is_setting, is_variable


class Entry(msgspec.Struct):
    """A commit, as a line of the log.

    Attributes:
        label: the message, or the cell's first line, or what kind of commit it is.
        changed: variables that it set; `deleted`: variables that it took away.
        cost: milliseconds that Kishu took; `nbytes`: bytes stored.
        forgotten: whether ``gc`` let go of its data.
        unverified: variables that there was no time to look at.
        late: changed variables that the commit before had not looked at.
        settings: what changed outside of the variables: random numbers, directory, options ….
    """

    id: CommitId
    parent: CommitId
    kind: str
    time: float
    label: str
    message: str
    cell: Cell | None
    changed: list[str]
    deleted: list[str]
    cost: float
    nbytes: int
    branches: list[str]
    tags: list[str]
    current: bool
    forgotten: bool = False
    unverified: list[str] = []
    late: list[str] = []
    settings: list[str] = []


_KINDS = {
    "attach": "(attached)",
    "restart": "(kernel restarted)",
    "found": "(changed between cells)",
    "named": "(named without a message)",
    "run": "(run)",
}


def label(commit: Commit) -> str:
    """What a commit is called in the log."""
    if commit.message:
        return commit.message
    if commit.cell is not None:
        return first_line(commit.cell.source)
    if commit.late:
        return "(found late)"
    if commit.kind == "found" and not commit.set and not commit.gone:
        return "(cells edited)"
    return _KINDS[commit.kind]


def first_line(source: str, width: int = 60) -> str:
    """The first line of a cell that says something."""
    lines = [line.strip() for line in source.splitlines()]
    telling = next((line for line in lines if line and not line.startswith("#")), "")
    line = telling or next(iter(lines), "")
    return line if len(line) <= width else line[: width - 1] + "…"


def entry(history: History, commit: Commit, head: CommitId) -> Entry:
    """One commit as a line of the log."""
    return Entry(
        id=commit.id,
        parent=commit.parent,
        kind=commit.kind,
        time=commit.time,
        label=label(commit),
        message=commit.message,
        cell=commit.cell,
        changed=sorted({*_variables(commit.set), *commit.through}),
        deleted=_variables(commit.gone),
        cost=commit.cost,
        nbytes=commit.nbytes,
        current=commit.id == head,
        forgotten=commit.id in history.forgotten,
        unverified=commit.unverified,
        late=commit.late,
        settings=_settings([*commit.set, *commit.gone]),
        **history.names_of(commit.id),
    )


def entries(history: History, head: CommitId) -> Iterator[Entry]:
    """All commits, newest first in the order in which they were taken in."""
    for commit in reversed(history.commits.values()):
        yield entry(history, commit, head)


class Variable(msgspec.Struct):
    """A variable at a commit.

    Attributes:
        type: the type of its value.
        nbytes: bytes of its co-variable's recipe.
        status: ``stored``, ``partial`` or ``recomputable`` (see `records.Status`).
        made_by: the commit that first had this version.
        shares_with: the variables it shares objects or memory with.
        reason: why it is not stored, where it is not.
    """

    type: str
    nbytes: int
    status: str
    made_by: CommitId
    shares_with: list[str]
    reason: str


class Shown(msgspec.Struct):
    """A commit in full.

    Attributes:
        settings: what cells had changed outside of the variables by then.
    """

    entry: Entry
    variables: dict[str, Variable]
    settings: list[str] = []


def show(history: History, id: CommitId, head: CommitId) -> Shown:
    """One commit with all variables of its state."""
    state = history.state(id)
    variables = {
        name: _variable(history, name, state) for name in sorted(state) if is_variable(name)
    }
    return Shown(entry(history, history.commit(id), head), variables, _settings(state))


def _variable(history: History, name: str, state: State) -> Variable:
    recipe = history.recipe(state[name])
    reasons = [place.text for component in recipe.components for place in component.unstorable]
    flaw = history.flaws.get(state[name])
    if flaw is not None:
        reasons.append(f"it {flaw.text}")
    return Variable(
        type=recipe.components[recipe.roots[name]].type,
        nbytes=recipe.nbytes,
        status=history.status(state[name]),
        made_by=history.made_by.get(state[name], ""),
        shares_with=[other for other in _variables(recipe.roots) if other != name],
        reason="; ".join(dict.fromkeys(reasons)),
    )


class StateDifference(msgspec.Struct):
    """What a second state has that a first has not, by variable."""

    added: list[str]
    removed: list[str]
    changed: list[str]


def diff(history: History, first: CommitId, second: CommitId) -> StateDifference:
    """How the variables of two commits differ."""
    before, after = history.state(first), history.state(second)
    return StateDifference(
        added=_variables(after.keys() - before.keys()),
        removed=_variables(before.keys() - after.keys()),
        changed=_variables(n for n in before.keys() & after.keys() if before[n] != after[n]),
    )


def find(history: History, name: str, head: CommitId) -> list[Entry]:
    """The commits that set or deleted a variable, newest first."""
    return [line for line in entries(history, head) if name in line.changed or name in line.deleted]


def nbytes_of(history: History, state: State) -> int:
    """The bytes of a state's recipes, each co-variable counted once."""
    recipes: list[Recipe] = [history.recipe(version) for version in set(state.values())]
    return sum(recipe.nbytes for recipe in recipes)


def _variables(entities: Iterable[str]) -> list[str]:
    return sorted(filter(is_variable, entities))


def _settings(entities: Iterable[str]) -> list[str]:
    return sorted(entity.removeprefix(SETTING) for entity in entities if is_setting(entity))
