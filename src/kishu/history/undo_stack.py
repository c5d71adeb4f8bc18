"""Tell where undo and redo lead from where a session is."""

from __future__ import annotations

from typing import NamedTuple

from kishu.errors import NothingToDo
from kishu.history.history import History
from kishu.history.records import STEPS, CommitId, Operation, OperationId


class UndoPoint(NamedTuple):
    """Name a place among the steps, to which redo can lead.

    Attributes:
        position: the id of the step that an undo would take back at that place.
        head: the commit of the variables there.
    """

    position: OperationId
    head: CommitId


class UndoStack:
    """Hold a session's place among its steps, and the places that redo leads to.

    A step is a run of a cell, a checkout or a restart. Undo goes to the state before the step at
    `position`; redo goes back to where that undo came from. After a new step there is nothing to
    redo (the commits stay in the history), unless the step is a cell that changed nothing.

    Args:
        history: the history that has the steps' operations.

    Attributes:
        position: the id of the step that an undo takes back next; empty if there is none.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.position: OperationId = ""
        self._redo: list[UndoPoint] = []

    @classmethod
    def of(cls, history: History, last: Operation) -> UndoStack:
        """Make the undo stack as it was after an operation, by following it and its ancestors."""
        ancestors: list[Operation] = []
        operation: Operation | None = last
        while operation is not None:
            ancestors.append(operation)
            parents = operation.parents
            operation = history.operations.get(parents[0]) if parents else None
        undo_stack = cls(history)
        for earlier in reversed(ancestors):
            undo_stack.follow(earlier)
        return undo_stack

    def follow(self, operation: Operation) -> None:
        """Change the position, and the places that redo leads to, as an operation does."""
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
        """Make the places redoable that an undo left, from the present one back to its target."""
        id, head = self.position, undo.before
        while id and id != undo.position:
            self._redo.append(UndoPoint(id, head))
            step = self._history.operations[id]
            id, head = step.previous, step.before

    @property
    def can_redo(self) -> bool:
        """Return True if there is a step to redo."""
        return bool(self._redo)

    def undone(self, count: int) -> list[Operation]:
        """Return the steps that an undo of ``count`` steps would take back, newest first.

        Raises:
            NothingToDo: there are fewer steps; the message says how many.
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
        """Return the places through which a redo of ``count`` steps would go, in that order.

        Raises:
            NothingToDo: fewer steps can be redone; the message says how many.
        """
        if len(self._redo) < count:
            raise NothingToDo(
                f"Only {len(self._redo)} can be redone, not {count}."
                if self._redo
                else "There is nothing to redo: nothing was undone since the last step."
            )
        return list(reversed(self._redo))[:count]
