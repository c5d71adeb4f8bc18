"""Choose the commits whose data a garbage collection keeps, and find the chunks they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kishu.config import Config
from kishu.history import blobs
from kishu.history.history import History, State
from kishu.history.pages import read_pages
from kishu.history.records import CommitId, Component, Recipe, Segment
from kishu.store.store import Store

DAY = 86_400.0
"""The seconds of a day."""


class Rules(NamedTuple):
    """Limit which automatic commits keep their data; 0 for no limit.

    Attributes:
        days: the age in days above which a commit's data is dropped.
        commits: the number of commits, the newest, that keep their data.
        nbytes: the bytes that these commits' data may take together.
    """

    days: float = 0
    commits: int = 0
    nbytes: int = 0

    @classmethod
    def of(cls, config: Config) -> Rules:
        """Return the rules that the user's settings ask for."""
        return cls(config.keep_days, config.keep_commits, config.keep_size)


def kept(history: History, rules: Rules, now: float, heads: Iterable[CommitId]) -> set[CommitId]:
    """Return the ids of the commits that keep their data.

    Named commits, those of branches and tags, and those where sessions are or ended always keep
    it; the others keep it if no rule forbids it.

    Args:
        history: the history to look at.
        rules: the limits for the others.
        now: the seconds since the epoch, from which ages are counted.
        heads: the commits where sessions are now.
    """
    always = {*heads, *(operation.head for operation in history.leaves())}
    for refs in (history.branches, history.tags):
        always.update(commit for targets in refs.values() for commit in targets)
    always.update(id for id, commit in history.commits.items() if commit.kind == "named")
    keeping = always & history.commits.keys()
    newest_first = sorted(history.commits.values(), key=lambda commit: commit.time, reverse=True)
    count = nbytes = 0
    for commit in newest_first:
        if commit.id in keeping:
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
        keeping.add(commit.id)
    return keeping


def states(history: History) -> Iterator[tuple[CommitId, State]]:
    """Yield each commit's id and its state, parents before children.

    Each state is made from its parent's, which costs less than `History.state` for each commit. A
    commit whose parent is lost counts as a difference from no state.
    """
    children: dict[CommitId, list[CommitId]] = {}
    for commit in history.commits.values():
        parent = commit.parent if commit.parent in history.commits else ""
        children.setdefault(parent, []).append(commit.id)
    waiting: list[tuple[CommitId, State]] = [(id, {}) for id in children.get("", [])]
    while waiting:
        id, parent_state = waiting.pop()
        commit = history.commits[id]
        state = {**parent_state, **commit.set}
        for entity in commit.gone:
            state.pop(entity, None)
        yield id, state
        waiting += [(child, state) for child in children.get(id, [])]


def chunks_of(recipes: Iterable[Recipe], store: Store) -> set[str]:
    """Return the names of all chunks that recipes need.

    Those are included that only hold names of chunks (nodes), or segments (pages), which are read.

    Raises:
        Damaged: a node or a page is missing or damaged.
    """
    return {
        name
        for recipe in recipes
        for component in recipe.components
        for name in _of_component(component, store)
    }


def _of_component(component: Component | Segment, store: Store) -> Iterator[str]:
    """Yield the names of all chunks of one component or segment."""
    for blob in (component.stream, *component.buffers, *component.oob):
        yield from blobs.all_names(blob, store)
    if isinstance(component, Component) and component.segments is not None:
        yield from blobs.all_names(component.segments, store)
        for segment in read_pages(component.segments, store):
            yield from _of_component(segment, store)
