"""A history in memory: the fold of all its operations."""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator
from typing import Literal

from kishu.errors import Damaged
from kishu.history.reasons import Flaw
from kishu.history.records import (
    Commit,
    CommitId,
    Document,
    Operation,
    OperationId,
    Recipe,
    RefMove,
    Status,
    VersionId,
    source_name,
)

State = dict[str, VersionId]
"""Which version each entity (variable name or definition number) has."""

MAIN = "main"


class History:
    """Commits, versions, refs and operations, kept up to date by `add`.

    A ref that two sessions moved from one place has several targets: a conflict, shown as such.
    """

    def __init__(self) -> None:
        self.operations: dict[OperationId, Operation] = {}
        self.commits: dict[CommitId, Commit] = {}
        self.versions: dict[VersionId, Recipe] = {}
        self.sources: dict[str, str] = {}
        self.made_by: dict[VersionId, CommitId] = {}
        self.branches: dict[str, list[CommitId]] = {}
        self.tags: dict[str, list[CommitId]] = {}
        self.ignored: set[str] = set()
        self.forgotten: set[CommitId] = set()
        self.untrusted: set[CommitId] = set()
        self.untrusted_versions: set[VersionId] = set()
        self.documents: dict[CommitId, Document] = {}
        self.untrusted_documents: set[CommitId] = set()
        self.flaws: dict[VersionId, Flaw] = {}
        self._leaves: dict[OperationId, None] = {}

    @classmethod
    def fold(cls, operations: Iterable[tuple[Operation, bool]]) -> History:
        """Fold operations, each with whether it is trusted, parents before children."""
        history = cls()
        chosen: dict[OperationId, tuple[Operation, bool]] = {}
        for operation, trusted in operations:
            if operation.id not in chosen or (trusted and not chosen[operation.id][1]):
                chosen[operation.id] = operation, trusted
        for operation in _parents_first([operation for operation, _ in chosen.values()]):
            history.add(operation, trusted=chosen[operation.id][1])
        return history

    def add(self, operation: Operation, *, trusted: bool = True) -> None:
        """Take one more operation in; its parents must be in already.

        What an untrusted operation says never takes the place of what a trusted one said.
        """
        self.operations[operation.id] = operation
        for parent in operation.parents:
            self._leaves.pop(parent, None)
        self._leaves[operation.id] = None
        self._add_versions(operation, trusted)
        self._add_sources(operation)
        for commit in operation.commits:
            if not _admit(commit.id, trusted, self.commits, self.untrusted):
                continue
            self.commits[commit.id] = commit
            for version in commit.set.values():
                self.made_by.setdefault(version, commit.id)
            if commit.branch:
                self._move(RefMove("branch", commit.branch, commit.id, commit.parent))
        self._add_documents(operation, trusted)
        for move in operation.moves:
            self._move(move)
        self._add_names(operation, trusted)
        if trusted:
            self.flaws.update(operation.flaws)

    def _add_names(self, operation: Operation, trusted: bool) -> None:
        if operation.kind == "ignore":
            self.ignored.update(operation.names)
        elif operation.kind == "unignore":
            self.ignored.difference_update(operation.names)
        elif operation.kind == "gc" and trusted:
            self.forgotten.update(operation.names)

    def _add_versions(self, operation: Operation, trusted: bool) -> None:
        for version, recipe in operation.versions.items():
            if _admit(version, trusted, self.versions, self.untrusted_versions):
                self.versions[version] = recipe

    def _add_documents(self, operation: Operation, trusted: bool) -> None:
        for id, document in operation.documents.items():
            if _admit(id, trusted, self.documents, self.untrusted_documents):
                self.documents[id] = document

    def _add_sources(self, operation: Operation) -> None:
        for name, source in operation.sources.items():
            if source_name(source) == name:
                self.sources[name] = source
        for commit in operation.commits:
            if commit.cell is not None and commit.cell.code:
                # What a lost record named stays empty: it can neither be shown nor run again.
                commit.cell.source = self.sources.get(commit.cell.code, "")

    def _move(self, move: RefMove) -> None:
        refs = self.branches if move.kind == "branch" else self.tags
        targets = [target for target in refs.get(move.name, []) if target != move.was]
        if move.to and move.to not in targets:
            targets.append(move.to)
        if targets:
            refs[move.name] = targets
        else:
            refs.pop(move.name, None)

    def trust(self) -> None:
        """Take all that was read for vouched for."""
        self.untrusted.clear()
        self.untrusted_versions.clear()
        self.untrusted_documents.clear()

    def leaves(self) -> list[Operation]:
        """The operations that nothing came after, one for each line of work."""
        return [self.operations[id] for id in self._leaves]

    def commit(self, id: CommitId) -> Commit:
        """The commit of that id.

        Raises:
            Damaged: the record that held it is lost.
        """
        try:
            return self.commits[id]
        except KeyError:
            raise Damaged(f"The record of commit {id} is lost.") from None

    def ancestry(self, id: CommitId) -> Iterator[Commit]:
        """The commit and its ancestors, newest first.

        Raises:
            Damaged: a record is lost, or a commit claims to descend from itself.
        """
        seen: set[CommitId] = set()
        while id:
            if id in seen:
                raise Damaged(f"Commit {id} claims to descend from itself.")
            seen.add(id)
            commit = self.commit(id)
            yield commit
            id = commit.parent

    def state(self, id: CommitId) -> State:
        """Which version each entity has at a commit; empty for the empty id.

        Costs the number of the commit's ancestors: for looking and travelling, not for the cell
        path.
        """
        state: State = {}
        for commit in reversed(list(self.ancestry(id))):
            for name in commit.gone:
                state.pop(name, None)
            state.update(commit.set)
        return state

    def is_whole(self, id: CommitId) -> bool:
        """Whether all records that a commit's state needs are there."""
        try:
            return all(version in self.versions for version in self.state(id).values())
        except Damaged:
            return False

    def recipe(self, version: VersionId) -> Recipe:
        """How to build a version.

        Raises:
            Damaged: the record that held it is lost.
        """
        try:
            return self.versions[version]
        except KeyError:
            raise Damaged(f"The record of version {version} is lost.") from None

    def status(self, version: VersionId) -> Status:
        """What of a version is stored; `flaws` says what loading that gives."""
        return self.recipe(version).status()

    def names_of(self, id: CommitId) -> dict[str, list[str]]:
        """The branches and tags that stand at a commit."""
        return {
            "branches": sorted(name for name, at in self.branches.items() if id in at),
            "tags": sorted(name for name, at in self.tags.items() if id in at),
        }

    def tip(self, branch: str) -> CommitId:
        """Where a branch stands: empty when there is none, the first target in a conflict."""
        return next(iter(self.branches.get(branch, [])), "")

    def moves_to(self, kind: Literal["branch", "tag"], name: str, to: CommitId) -> list[RefMove]:
        """How a ref is set to a commit from wherever it stands; settles a conflict."""
        at = (self.branches if kind == "branch" else self.tags).get(name, [""])
        return [RefMove(kind, name, to, was) for was in at]

    def free_branch(self, stem: str = MAIN) -> str:
        """A branch name not in use: ``main``, else ``main-2`` and so on."""
        name, number = stem, 2
        while name in self.branches:
            name, number = f"{stem}-{number}", number + 1
        return name


def _admit(id: str, trusted: bool, known: Container[str], untrusted: set[str]) -> bool:
    """Whether to take a record's word for ``id``; keeps ``untrusted`` in step."""
    if id in known and not (trusted and id in untrusted):
        return False
    if trusted:
        untrusted.discard(id)
    else:
        untrusted.add(id)
    return True


def _parents_first(operations: list[Operation]) -> Iterator[Operation]:
    """The operations in an order that depends on their parents and ids alone, not on a clock."""
    known = {operation.id: operation for operation in operations}
    children: dict[OperationId, list[OperationId]] = {}
    waiting: dict[OperationId, int] = {}
    for operation in operations:
        parents = [parent for parent in operation.parents if parent in known]
        waiting[operation.id] = len(parents)
        for parent in parents:
            children.setdefault(parent, []).append(operation.id)
    ready = [id for id, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    while ready:
        id = heapq.heappop(ready)
        yield known[id]
        for child in children.get(id, []):
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, child)
