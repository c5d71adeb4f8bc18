"""Where undo and redo lead: the steps of a session, one behind the other."""

from __future__ import annotations

from typing import NamedTuple

from kishu.errors import NothingToDo
from kishu.history.history import History
from kishu.history.records import STEPS, CommitId, Operation, OperationId


class UndoPoint(NamedTuple):
    """A place among the steps: the step on which we stand and the commit of the variables."""

    position: OperationId
    head: CommitId


class UndoStack:
    """A session's place among its steps, and the places that redo leads back to.

    A step is a run, a checkout or a restart. Undo goes to the state before the step on which we
    stand; redo goes back to where the undo came from; a new step forgets what redo knew (the
    commits stay in the history), unless it is a cell that changed nothing: looking is free.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.position: OperationId = ""
        self._redo: list[UndoPoint] = []

    @classmethod
    def of(cls, history: History, last: Operation) -> UndoStack:
        """The steps as they stood after an operation, read off its ancestors."""
        line: list[Operation] = []
        operation: Operation | None = last
        while operation is not None:
            line.append(operation)
            parents = operation.parents
            operation = history.operations.get(parents[0]) if parents else None
        undo_stack = cls(history)
        for past in reversed(line):
            undo_stack.follow(past)
        return undo_stack

    def follow(self, operation: Operation) -> None:
        """Take note of an operation that was done."""
        if operation.kind in STEPS:
            if operation.kind != "run" or operation.changes_something:
                self._redo.clear()
        elif operation.kind == "undo":
            self._push_undone(operation)
        elif operation.kind == "redo":
            while self._redo and self._redo.pop().position != operation.position:
                pass
        self.position = operation.position

    def _push_undone(self, undo: Operation) -> None:
        id, head = self.position, undo.before
        while id and id != undo.position:
            self._redo.append(UndoPoint(id, head))
            step = self._history.operations[id]
            id, head = step.previous, step.before

    @property
    def can_redo(self) -> bool:
        """Whether there is a place to redo to."""
        return bool(self._redo)

    def undone(self, count: int) -> list[Operation]:
        """The ``count`` steps that an undo would take back, the newest first.

        Raises:
            NothingToDo: there are fewer, with how many there are.
        """
        steps: list[Operation] = []
        id = self.position
        while id and len(steps) < count:
            step = self._history.operations[id]
            steps.append(step)
            id = step.previous
        if len(steps) < count:
            raise NothingToDo(
                f"There {'is 1 step' if len(steps) == 1 else f'are {len(steps)} steps'} to undo,"
                f" not {count}."
                if steps
                else "There is nothing to undo: no cell has run since the history began."
            )
        return steps

    def redone(self, count: int) -> list[UndoPoint]:
        """The ``count`` places that a redo would go through, in order.

        Raises:
            NothingToDo: there are fewer.
        """
        if len(self._redo) < count:
            raise NothingToDo(
                f"Only {len(self._redo)} can be redone, not {count}."
                if self._redo
                else "There is nothing to redo: nothing was undone since the last step."
            )
        return list(reversed(self._redo))[:count]
