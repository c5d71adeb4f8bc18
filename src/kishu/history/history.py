"""Put a history together in memory from all of its operations."""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator
from typing import Literal

from kishu.errors import Damaged
from kishu.history.reasons import Flaw
from kishu.history.records import (
    Availability,
    Commit,
    CommitId,
    Document,
    Operation,
    OperationId,
    Recipe,
    RefMove,
    VersionId,
    source_name,
)

State = dict[str, VersionId]
"""The version that each entity (a variable, a definition, a setting) has at a commit."""

MAIN = "main"
"""The name of a history's first branch."""


class History:
    """Hold the commits, versions, branches and tags that the operations added so far make up.

    Attributes:
        operations: all operations, by id, parents before children.
        commits: all commits, by id, in the order in which their operations were added.
        versions: the recipe of each version.
        sources: the texts of cells and of other compiled code, by the name that `source_name`
            gives to each.
        made_by: for each version, the first commit that has it.
        branches: for each branch, the commits that it names: one, or several where sessions moved
            it at once to different commits, until somebody settles the conflict.
        tags: the same for tags.
        ignored: the names of the variables that Kishu is told not to record.
        forgotten: the commits whose data `gc` dropped.
        untrusted: the commits that no trusted operation has.
        untrusted_versions: the versions that no trusted operation has.
        documents: the notebook's cells at commits for which a front end told them.
        untrusted_documents: the commits among them whose cells no trusted operation has.
        flaws: what round-trip checks found wrong, by version.
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
        """Make the history that operations, given in any order, lead to.

        Args:
            operations: each operation, and True if it is trusted; of two with the same id one
                that is trusted counts, else the first.
        """
        history = cls()
        by_id: dict[OperationId, tuple[Operation, bool]] = {}
        for operation, trusted in operations:
            if operation.id not in by_id or (trusted and not by_id[operation.id][1]):
                by_id[operation.id] = operation, trusted
        for operation in _parents_first([operation for operation, _ in by_id.values()]):
            history.add(operation, trusted=by_id[operation.id][1])
        return history

    def add(self, operation: Operation, *, trusted: bool = True) -> None:
        """Add one operation, after its parents, to all that this history knows.

        Its commits, versions and cells take the place of those with the same id only if it is
        trusted and those are not.
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
        """Note which variables an operation ignores or not, or whose data it dropped."""
        if operation.kind == "ignore":
            self.ignored.update(operation.names)
        elif operation.kind == "unignore":
            self.ignored.difference_update(operation.names)
        elif operation.kind == "gc" and trusted:
            self.forgotten.update(operation.names)

    def _add_versions(self, operation: Operation, trusted: bool) -> None:
        """Add the recipes that an operation brings."""
        for version, recipe in operation.versions.items():
            if _admit(version, trusted, self.versions, self.untrusted_versions):
                self.versions[version] = recipe

    def _add_documents(self, operation: Operation, trusted: bool) -> None:
        """Add the notebook's cells that an operation brings."""
        for id, document in operation.documents.items():
            if _admit(id, trusted, self.documents, self.untrusted_documents):
                self.documents[id] = document

    def _add_sources(self, operation: Operation) -> None:
        """Add the texts that an operation brings, and give each of its commits its cell's text."""
        for name, source in operation.sources.items():
            if source_name(source) == name:
                self.sources[name] = source
        for commit in operation.commits:
            if commit.cell is not None and commit.cell.code:
                # If the record with the text is lost, the cell can neither be shown nor run again.
                commit.cell.source = self.sources.get(commit.cell.code, "")

    def _move(self, move: RefMove) -> None:
        """Make, move or delete a branch or tag; it gets a second target if it was moved before."""
        refs = self.branches if move.kind == "branch" else self.tags
        targets = [target for target in refs.get(move.name, []) if target != move.was]
        if move.to and move.to not in targets:
            targets.append(move.to)
        if targets:
            refs[move.name] = targets
        else:
            refs.pop(move.name, None)

    def trust(self) -> None:
        """Treat all that was added so far as trusted, as the user has vouched for it."""
        self.untrusted.clear()
        self.untrusted_versions.clear()
        self.untrusted_documents.clear()

    def leaves(self) -> list[Operation]:
        """Return the operations that are no other's parent, oldest first."""
        return [self.operations[id] for id in self._leaves]

    def commit(self, id: CommitId) -> Commit:
        """Return the commit with an id.

        Raises:
            Damaged: there is none, as the record that held it is lost.
        """
        try:
            return self.commits[id]
        except KeyError:
            raise Damaged(f"The record of commit {id} is lost.") from None

    def ancestry(self, id: CommitId) -> Iterator[Commit]:
        """Yield a commit and its ancestors, newest first; nothing for the empty id.

        Raises:
            Damaged: a commit's record is lost, or a commit is its own ancestor.
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
        """Return the version of each entity at a commit; an empty dict for the empty id.

        The cost grows with the number of the commit's ancestors, so that nothing that runs after
        every cell should call this.

        Raises:
            Damaged: a commit's record is lost, or a commit is its own ancestor.
        """
        state: State = {}
        for commit in reversed(list(self.ancestry(id))):
            for name in commit.gone:
                state.pop(name, None)
            state.update(commit.set)
        return state

    def is_whole(self, id: CommitId) -> bool:
        """Return True if no record is lost of those that describe a commit's state."""
        try:
            return all(version in self.versions for version in self.state(id).values())
        except Damaged:
            return False

    def recipe(self, version: VersionId) -> Recipe:
        """Return the recipe of a version.

        Raises:
            Damaged: there is none, as the record that held it is lost.
        """
        try:
            return self.versions[version]
        except KeyError:
            raise Damaged(f"The record of version {version} is lost.") from None

    def status(self, version: VersionId) -> Availability:
        """Return ``stored``, ``partial`` or ``recomputable``, as `Availability` explains them.

        What is stored may have a flaw all the same, see `flaws`.

        Raises:
            Damaged: the version's recipe is lost.
        """
        return self.recipe(version).status()

    def names_of(self, id: CommitId) -> dict[str, list[str]]:
        """Return the names of the ``branches`` and of the ``tags`` that name a commit."""
        return {
            "branches": sorted(name for name, at in self.branches.items() if id in at),
            "tags": sorted(name for name, at in self.tags.items() if id in at),
        }

    def tip(self, branch: str) -> CommitId:
        """Return the commit that a branch names; the first of several, empty if there is none."""
        return next(iter(self.branches.get(branch, [])), "")

    def moves_to(self, kind: Literal["branch", "tag"], name: str, to: CommitId) -> list[RefMove]:
        """Return the moves that make a branch or tag name one commit; none is made yet.

        There are several where it names several commits now: they settle that conflict.
        """
        targets = (self.branches if kind == "branch" else self.tags).get(name, [""])
        return [RefMove(kind, name, to, was) for was in targets]

    def free_branch(self, stem: str = MAIN) -> str:
        """Return a name that no branch has: the stem itself, else ``<stem>-2`` and so on."""
        name, number = stem, 2
        while name in self.branches:
            name, number = f"{stem}-{number}", number + 1
        return name


def _admit(id: str, trusted: bool, known: Container[str], untrusted: set[str]) -> bool:
    """Return True if what an operation says of an id is new, or trusted where the old was not.

    Args:
        id: the id of a commit, or the name of a version.
        trusted: True if the operation is trusted.
        known: the ids of which something is known.
        untrusted: those of them that are known from untrusted operations alone; changed here.
    """
    if id in known and not (trusted and id in untrusted):
        return False
    if trusted:
        untrusted.discard(id)
    else:
        untrusted.add(id)
    return True


def _parents_first(operations: list[Operation]) -> Iterator[Operation]:
    """Yield operations, parents before children, and the smallest id first where that is open.

    So the order depends on no clock. Operations that are their own ancestors are left out, and
    what came after them.
    """
    by_id = {operation.id: operation for operation in operations}
    children: dict[OperationId, list[OperationId]] = {}
    waiting: dict[OperationId, int] = {}
    for operation in operations:
        parents = [parent for parent in operation.parents if parent in by_id]
        waiting[operation.id] = len(parents)
        for parent in parents:
            children.setdefault(parent, []).append(operation.id)
    ready = [id for id, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    while ready:
        id = heapq.heappop(ready)
        yield by_id[id]
        for child in children.get(id, []):
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, child)
