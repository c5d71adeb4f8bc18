"""The past: where a new session takes a history up, and what it can bring back."""

from __future__ import annotations

from collections.abc import Collection

from kishu.history.history import History
from kishu.history.records import Operation, is_variable


def find(history: History, living: Collection[str]) -> Operation | None:
    """The operation that a new session continues: a dead session's last whose state is whole.

    Args:
        living: the sessions whose kernels still run; theirs are not continued.
    """
    dead = [op for op in history.operations.values() if op.session not in living]
    leaves = {leaf.id for leaf in history.leaves()}
    ends = [op for op in dead if op.id in leaves]
    for operation in (*reversed(ends), *reversed(dead)):
        if operation.head and history.is_whole(operation.head):
            return operation
    return None


def last_worked(history: History, operation: Operation | None) -> Operation | None:
    """The last operation, from that one back, that is more than a kernel's empty beginning."""
    while operation is not None and operation.kind in ("detach", "restart"):
        state_found = operation.kind == "restart" and _has_variables(history, operation)
        if state_found or not operation.parents:
            break
        operation = history.operations.get(operation.parents[0])
    if operation is None or not _has_variables(history, operation):
        return None
    return operation


def _has_variables(history: History, operation: Operation) -> bool:
    """Whether its state has any; where random generators stand is not worth going back to."""
    return any(map(is_variable, history.state(operation.head)))
