"""The ledger: where a session is in its history, and how the next operation is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from blake3 import blake3

from kishu.guard import uninterrupted
from kishu.history.history import MAIN, History
from kishu.history.reasons import Flaw
from kishu.history.records import (
    STEPS,
    Commit,
    CommitId,
    Document,
    Operation,
    OperationId,
    OperationKind,
    Recipe,
    RefMove,
    VersionId,
    source_name,
)
from kishu.history.undo_stack import UndoStack
from kishu.store.store import UNREADABLE, Store
from kishu.store.writer import When, Writer

ID_BYTES = 10


def load(store: Store) -> History:
    """The history that a store holds; records that cannot be read are left out."""
    operations = []
    for record in store.records():
        try:
            operation = msgspec.json.decode(record.body, type=Operation)
        except UNREADABLE as error:
            store.damaged.append(f"record {record.seq} of session {record.session}: {error}")
            continue
        operations.append((operation, record.trusted))
    return History.fold(operations)


class Ledger:
    """A session's place in its history.

    Attributes:
        head: the commit of the variables.
        code: the commit of the notebook's cells.
        branch: the branch that the next run moves; empty for none, then it begins one.
        steps: what undo and redo lead to.
        told: told of each operation that was written.
    """

    def __init__(self, history: History, writer: Writer, last: Operation | None) -> None:
        self.history = history
        self.head: CommitId = ""
        self.branch = ""
        self.code: CommitId = ""
        self.told: Callable[[Operation], None] = lambda operation: None
        self.undo_stack = UndoStack.of(history, last) if last else UndoStack(history)
        self._writer = writer
        self._last: OperationId = last.id if last else ""
        self._count = 0

    @property
    def store(self) -> Store:
        """The history's files."""
        return self._writer.store

    def flush(self) -> None:
        """Have all that waits written.

        Raises:
            NotRecording: the disk refused.
        """
        self._writer.flush()

    def measure(self) -> None:
        """Ask the disk how big the history is."""
        self._writer.measure()

    def new_commit(self, **fields: Any) -> Commit:
        """A commit on top of the head, not yet written."""
        fields.setdefault("parent", self.head)
        commit = Commit(id="", time=time.time(), **fields)
        return msgspec.structs.replace(commit, id=self._id(commit))

    def next_branch(self) -> str:
        """The branch that a new commit moves: the present one while the head is its tip.

        Where the head has left the tip behind, a new commit begins a branch, so that nothing is
        lost.
        """
        tip = self.history.tip(self.branch) if self.branch else ""
        if self.branch and tip in ("", self.head):
            return self.branch
        return self.history.free_branch(MAIN)

    def write(
        self,
        kind: OperationKind,
        *,
        before: CommitId | None = None,
        head: CommitId | None = None,
        code: CommitId | None = None,
        branch: str | None = None,
        position: OperationId | None = None,
        commits: list[Commit] | None = None,
        versions: dict[VersionId, Recipe] | None = None,
        moves: list[RefMove] | None = None,
        names: list[str] | None = None,
        documents: dict[CommitId, Document] | None = None,
        flaws: dict[VersionId, Flaw] | None = None,
        sources: dict[str, str] | None = None,
        when: When = "now",
    ) -> Operation:
        """Append an operation; only then are the head and the steps moved.

        Args:
            sources: texts that the versions' code was compiled from, by name.
            code: the commit of the notebook's cells; where new commits come with it their last,
                else the one that it was.
            when: as for `Writer.append`; ``some day`` where the session is already where the
                operation leads, so that it counts even if the disk refuses it.

        Raises:
            NotRecording: the disk refused; nothing happened.
        """
        head = self.head if head is None else head
        if code is None:
            code = head if commits else self.code
        operation = Operation(
            id="",
            kind=kind,
            session=self._writer.session,
            parents=[self._last] if self._last else [],
            time=time.time(),
            before=self.head if before is None else before,
            head=head,
            code="" if code == head else code,
            branch=self.branch if branch is None else branch,
            previous=self.undo_stack.position if kind in STEPS else "",
            commits=commits or [],
            versions=versions or {},
            moves=moves or [],
            names=names or [],
            sources=self._new_sources(commits or [], sources or {}),
            documents=documents or {},
            flaws=flaws or {},
        )
        operation.id = self._id(operation)
        stays = self.undo_stack.position if position is None else position
        operation.position = operation.id if kind in STEPS else stays
        with uninterrupted():
            self._writer.append(_encoded(operation), when)
            self.history.add(operation)
            self.undo_stack.follow(operation)
            self.head, self.branch = operation.head, operation.branch
            self.code = operation.code or operation.head
            self._last = operation.id
        self.told(operation)
        return operation

    def _new_sources(self, commits: list[Commit], compiled: dict[str, str]) -> dict[str, str]:
        """Name the texts of the commits' cells; gives all texts that the history does not have."""
        texts = dict(compiled)
        for commit in commits:
            if commit.cell is not None:
                commit.cell.code = source_name(commit.cell.source)
                texts[commit.cell.code] = commit.cell.source
        return {name: text for name, text in texts.items() if name not in self.history.sources}

    def _id(self, content: Commit | Operation) -> str:
        self._count += 1
        data = msgspec.json.encode((self._writer.session, self._count, content))
        return blake3(data).hexdigest(length=ID_BYTES)


def _encoded(operation: Operation) -> bytes:
    """The record: each distinct cell's text stands in one operation, and its name in the others."""
    replace = msgspec.structs.replace
    commits = [
        replace(commit, cell=commit.cell and replace(commit.cell, source=""))
        for commit in operation.commits
    ]
    return msgspec.json.encode(replace(operation, commits=commits))
