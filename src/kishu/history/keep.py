"""Which commits are kept when garbage is collected, and the chunks that they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kishu.config import Config
from kishu.history import blobs
from kishu.history.history import History, State
from kishu.history.pages import read_pages
from kishu.history.records import Blob, CommitId, Component, Recipe, Segment
from kishu.store.store import Store

DAY = 86_400.0


class Rules(NamedTuple):
    """What becomes of automatic commits; 0: no limit.

    Attributes:
        days: the age from which they go.
        commits: how many of the newest stay.
        nbytes: how many bytes the newest may need together.
    """

    days: float = 0
    commits: int = 0
    nbytes: int = 0

    @classmethod
    def of(cls, config: Config) -> Rules:
        """Give the rules that the settings say."""
        return cls(config.keep_days, config.keep_commits, config.keep_size)


def kept(history: History, rules: Rules, now: float, heads: Iterable[CommitId]) -> set[CommitId]:
    """The commits to keep: named ones, tags, branches and heads always, the others by the rules.

    Args:
        now: seconds since the epoch.
        heads: the commits where sessions are.
    """
    always = {*heads, *(operation.head for operation in history.leaves())}
    for refs in (history.branches, history.tags):
        always.update(commit for targets in refs.values() for commit in targets)
    always.update(id for id, commit in history.commits.items() if commit.kind == "named")
    stays = always & history.commits.keys()
    newest = sorted(history.commits.values(), key=lambda commit: commit.time, reverse=True)
    count = nbytes = 0
    for commit in newest:
        if commit.id in stays:
            continue
        count += 1
        nbytes += sum(
            history.versions[version].nbytes
            for version in commit.set.values()
            if version in history.versions
        )
        if (
            (rules.days and now - commit.time > rules.days * DAY)
            or (rules.commits and count > rules.commits)
            or (rules.nbytes and nbytes > rules.nbytes)
        ):
            continue
        stays.add(commit.id)
    return stays


def states(history: History) -> Iterator[tuple[CommitId, State]]:
    """The state at every commit, each made from its parent's."""
    children: dict[CommitId, list[CommitId]] = {}
    for commit in history.commits.values():
        above = commit.parent if commit.parent in history.commits else ""
        children.setdefault(above, []).append(commit.id)
    waiting: list[tuple[CommitId, State]] = [(id, {}) for id in children.get("", [])]
    while waiting:
        id, above_state = waiting.pop()
        commit = history.commits[id]
        state = {**above_state, **commit.set}
        for entity in commit.gone:
            state.pop(entity, None)
        yield id, state
        waiting += [(child, state) for child in children.get(id, [])]


def chunks_of(recipes: Iterable[Recipe], store: Store) -> set[str]:
    """The names of all chunks that recipes need, nodes and pages included.

    Raises:
        Damaged: a node or a page cannot be read.
    """
    return {
        name
        for recipe in recipes
        for component in recipe.components
        for name in _of_component(component, store)
    }


def _of_component(component: Component | Segment, store: Store) -> Iterator[str]:
    for blob in (component.stream, *component.buffers, *component.oob):
        yield from _of_blob(blob, store)
    if isinstance(component, Component) and component.segments is not None:
        yield from _of_blob(component.segments, store)
        for segment in read_pages(component.segments, store):
            yield from _of_component(segment, store)


def _of_blob(blob: Blob, store: Store) -> Iterator[str]:
    return blobs.all_names(blob, store)
