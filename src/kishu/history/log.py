"""Describe a history for people: a line for each commit, one in full, two compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kishu.history.history import History, State
from kishu.history.records import SETTING, Cell, Commit, CommitId, Recipe, is_setting, is_variable


class Entry(msgspec.Struct):
    """Describe a commit as one line of the log.

    Attributes:
        id: the commit's id.
        parent: the id of the commit from whose state this one differs; empty for none.
        kind: how the commit came about: ``run``, ``named``, ``attach``, ``restart`` or ``found``.
        time: the seconds since the epoch.
        label: the message, or the cell's first line, or words for the kind of commit.
        message: the text that the user gave; empty for none.
        cell: the cell that ran; None for commits of other kinds.
        changed: the variables that were set or changed.
        deleted: the variables that exist no longer.
        cost: the milliseconds that making the commit took.
        nbytes: the bytes stored for the commit.
        branches: the names of the branches that name the commit.
        tags: the names of the tags that name the commit.
        current: True if the variables are at this commit.
        forgotten: True if ``gc`` dropped the commit's data.
        unverified: the variables that there was no time to verify.
        late: the changed variables that the commit before had not verified.
        settings: the kinds of ambient state that changed: random numbers, directory, options ….
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
    """Return the text by which the log calls a commit."""
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
    """Return a cell's first line that is neither empty nor a comment, cut to a width.

    Where there is none, the first line of all; empty for an empty cell.
    """
    lines = [line.strip() for line in source.splitlines()]
    code = next((line for line in lines if line and not line.startswith("#")), "")
    line = code or next(iter(lines), "")
    return line if len(line) <= width else line[: width - 1] + "…"


def entry(history: History, commit: Commit, head: CommitId) -> Entry:
    """Describe one commit as a line of the log.

    Args:
        history: the history that has the commit.
        commit: the commit to describe.
        head: the id of the commit of the variables.
    """
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
    """Yield all commits as lines of the log, those first that the history got last."""
    for commit in reversed(history.commits.values()):
        yield entry(history, commit, head)


class Variable(msgspec.Struct):
    """Describe a variable at a commit.

    Attributes:
        type: the qualified name of its value's type.
        nbytes: the bytes of its co-variable: of its value, and of the variables it shares with.
        status: ``stored``, ``partial`` (all but places within a value) or ``recomputable`` (not
            the value itself), of the co-variable.
        made_by: the first commit that has this version; empty if it is not known.
        shares_with: the other variables of its co-variable, with which it shares objects or
            memory.
        reason: why something of it is not stored, or what a check found wrong; empty for neither.
    """

    type: str
    nbytes: int
    status: str
    made_by: CommitId
    shares_with: list[str]
    reason: str


class Shown(msgspec.Struct):
    """Describe a commit in full.

    Attributes:
        entry: the commit's line of the log.
        variables: the variables of the commit's state, by name.
        settings: the kinds of ambient state that cells had changed by then.
    """

    entry: Entry
    variables: dict[str, Variable]
    settings: list[str] = []


def show(history: History, id: CommitId, head: CommitId) -> Shown:
    """Describe one commit with all variables of its state.

    Raises:
        Damaged: a record that describes the state is lost.
    """
    state = history.state(id)
    variables = {
        name: _variable(history, name, state) for name in sorted(state) if is_variable(name)
    }
    return Shown(entry(history, history.commit(id), head), variables, _settings(state))


def _variable(history: History, name: str, state: State) -> Variable:
    """Describe one variable of a state."""
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
    """Name the variables in which a second state differs from a first.

    Attributes:
        added: the variables that only the second has.
        removed: the variables that only the first has.
        changed: the variables that have another version in each.
    """

    added: list[str]
    removed: list[str]
    changed: list[str]


def diff(history: History, first: CommitId, second: CommitId) -> StateDifference:
    """Compare the variables of two commits by their versions, without loading values.

    Raises:
        Damaged: a record of one of the states is lost.
    """
    before, after = history.state(first), history.state(second)
    return StateDifference(
        added=_variables(after.keys() - before.keys()),
        removed=_variables(before.keys() - after.keys()),
        changed=_variables(n for n in before.keys() & after.keys() if before[n] != after[n]),
    )


def find(history: History, name: str, head: CommitId) -> list[Entry]:
    """Return the log's lines of all commits that changed or deleted a variable, newest first."""
    return [line for line in entries(history, head) if name in line.changed or name in line.deleted]


def nbytes_of(history: History, state: State) -> int:
    """Return the bytes of all values of a state, each co-variable counted once.

    Raises:
        Damaged: the record of one of the versions is lost.
    """
    recipes: list[Recipe] = [history.recipe(version) for version in set(state.values())]
    return sum(recipe.nbytes for recipe in recipes)


def _variables(entities: Iterable[str]) -> list[str]:
    """Return those of some entities that are variables, sorted."""
    return sorted(filter(is_variable, entities))


def _settings(entities: Iterable[str]) -> list[str]:
    """Return the names, sorted and without their first character, of entities that are settings."""
    return sorted(entity.removeprefix(SETTING) for entity in entities if is_setting(entity))
