"""Read a history from its files, and write a session's operations to it."""

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
"""The length of the ids of commits and operations, written as twice as many hexadecimal digits."""


def load(store: Store) -> History:
    """Read all records of a store, and return the history that they make up.

    Records that cannot be read are left out, and described in the store's `damaged`.

    Raises:
        OSError: a journal cannot be read.
    """
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
    """Write a session's operations, and hold where the session is in its history.

    Args:
        history: the history, to which each operation is added when it was written.
        writer: writes the session's records and chunks.
        last: the operation that the session continues; None in a new history.

    Attributes:
        head: the commit of the variables; empty until the session's first operation.
        code: the commit of the notebook's cells; empty until the session's first operation.
        branch: the branch that the next commit moves if the head is its tip; empty for none.
        undo_stack: the steps to which undo and redo lead.
        told: a function that is called with each operation when it was written.
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
        """Return the store that reads the history's files."""
        return self._writer.store

    def flush(self) -> None:
        """Write all records and chunks that wait, and return when they are written.

        Raises:
            NotRecording: the disk refused.
        """
        self._writer.flush()

    def measure(self) -> None:
        """Measure anew the size of the history on the disk, by which its cap is checked."""
        self._writer.measure()

    def new_commit(self, **fields: Any) -> Commit:
        """Return a new commit with the given fields; it is not written yet.

        Its parent is the head, unless another is given.
        """
        fields.setdefault("parent", self.head)
        commit = Commit(id="", time=time.time(), **fields)
        return msgspec.structs.replace(commit, id=self._id(commit))

    def next_branch(self) -> str:
        """Return the branch that a new commit is to move: the present one if the head is its tip.

        Where the head is elsewhere, as after an undo, the name of a new branch, so that the old
        one goes on naming the commits that were undone.
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
        """Write an operation to the journal, then move the head, the branch and the undo stack.

        Args:
            kind: what was done.
            before: the commit of the variables before it; None for the head.
            head: the commit of the variables after it; None to stay.
            code: the commit of the notebook's cells after it; None for the new head if commits
                come with the operation, else to stay.
            branch: the session's branch after it, empty for none; None to stay.
            position: for an operation that is no step, the step that an undo would take back
                next; None to stay.
            commits: the commits made by the operation, oldest first.
            versions: the recipes of versions that are new to the history.
            moves: the branches and tags that it makes, moves or deletes.
            names: the variables, or for ``gc`` the commits, that the operation is about.
            documents: the notebook's cells at commits.
            flaws: what round-trip checks found wrong, by version.
            sources: the texts that the versions' code was compiled from, by name.
            when: as for `Writer.append`; ``some day`` if the variables have already become what
                the operation says, so that it counts even where the disk refuses it.

        Raises:
            NotRecording: the record cannot be written; nothing was changed. Never for
                ``some day``.
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
        position = self.undo_stack.position if position is None else position
        operation.position = operation.id if kind in STEPS else position
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
        """Return, by name, the texts of cells and other code that the history does not have.

        Args:
            commits: the commits with the cells; the name of its text is set in each cell.
            compiled: further texts, by name.
        """
        texts = dict(compiled)
        for commit in commits:
            if commit.cell is not None:
                commit.cell.code = source_name(commit.cell.source)
                texts[commit.cell.code] = commit.cell.source
        return {name: text for name, text in texts.items() if name not in self.history.sources}

    def _id(self, content: Commit | Operation) -> str:
        """Return a new id: a hash of the content, the session and a count, so never the same."""
        self._count += 1
        data = msgspec.json.encode((self._writer.session, self._count, content))
        return blake3(data).hexdigest(length=ID_BYTES)


def _encoded(operation: Operation) -> bytes:
    """Return an operation's record as JSON, without the texts of its commits' cells.

    These are among the operation's sources, or were among an earlier one's.
    """
    replace = msgspec.structs.replace
    commits = [
        replace(commit, cell=commit.cell and replace(commit.cell, source=""))
        for commit in operation.commits
    ]
    return msgspec.json.encode(replace(operation, commits=commits))
