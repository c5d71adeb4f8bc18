"""Define what a session's status consists of."""

from __future__ import annotations

import msgspec

from kishu.history.records import CommitId


class Cost(msgspec.Struct):
    """Say what the last commit cost.

    Attributes:
        commit: the commit's id.
        ms: the milliseconds that making it took.
        nbytes: the bytes stored for it.
    """

    commit: CommitId
    ms: float
    nbytes: int


class Status(msgspec.Struct):
    """Describe a session: where it is in its history, and whether it records.

    Attributes:
        history: the path of the history's directory.
        notebook: the path of the notebook; empty for none.
        session: the session's id.
        head: the commit of the variables.
        code: the commit of the notebook's cells.
        branch: the session's branch; empty for none.
        commits: the number of commits in the history.
        variables: the number of variables that are recorded.
        recording: True if cells are being committed.
        why: why they are not; empty if they are.
        undo: the step that undo would take back; empty for none.
        redo: True if there is a step to redo.
        last: what the last commit cost; None if there is none.
        nbytes: the bytes of the history, those that still wait to be written included.
        damaged: a description of each record that could not be read.
        ignored: the variables that Kishu is told not to record.
        warning: something about the settings that the user should know; empty for nothing.
    """

    history: str
    notebook: str
    session: str
    head: CommitId
    code: CommitId
    branch: str
    commits: int
    variables: int
    recording: bool
    why: str
    undo: str
    redo: bool
    last: Cost | None
    nbytes: int
    damaged: list[str]
    ignored: list[str]
    warning: str
