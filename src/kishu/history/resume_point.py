"""Find the resume point: the operation of an ended session that a new session continues."""

from __future__ import annotations

from collections.abc import Collection

from kishu.history.history import History
from kishu.history.records import Operation, is_variable


def find(history: History, living: Collection[str]) -> Operation | None:
    """Return the operation that a new session continues; None if there is none.

    It is the newest of an ended session that no other operation came after, or else the newest of
    all, of those with a state of which no record is lost.

    Args:
        history: the history that the new session attaches to.
        living: the ids of the sessions whose kernels still run, which are not continued.
    """
    ended = [op for op in history.operations.values() if op.session not in living]
    leaf_ids = {leaf.id for leaf in history.leaves()}
    leaves = [op for op in ended if op.id in leaf_ids]
    for operation in (*reversed(leaves), *reversed(ended)):
        if operation.head and history.is_whole(operation.head):
            return operation
    return None


def last_worked(history: History, operation: Operation | None) -> Operation | None:
    """Return the operation whose state is worth restoring, an ancestor where needed, or None.

    Ends of sessions, and restarts after which nothing was run, are passed over. None if the
    operation that is left has no variables.

    Raises:
        Damaged: a record that describes the state is lost.
    """
    while operation is not None and operation.kind in ("detach", "restart"):
        # A restart has variables where Kishu was loaded after some cells had run.
        has_state = operation.kind == "restart" and _has_variables(history, operation)
        if has_state or not operation.parents:
            break
        operation = history.operations.get(operation.parents[0])
    if operation is None or not _has_variables(history, operation):
        return None
    return operation


def _has_variables(history: History, operation: Operation) -> bool:
    """Return True if the state after an operation has variables, not only ambient state."""
    return any(map(is_variable, history.state(operation.head)))
