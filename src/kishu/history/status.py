"""What a session says of itself."""

from __future__ import annotations

import msgspec

from kishu.history.records import CommitId


class Cost(msgspec.Struct):
    """What the last commit cost: milliseconds, and bytes stored."""

    commit: CommitId
    ms: float
    nbytes: int


class Status(msgspec.Struct):
    """Where a session is.

    Attributes:
        head: the commit of the variables; `code`: that of the notebook's cells.
        branch: the branch we are on, empty for none.
        recording: whether cells are being committed; `why`: why not, where they are not.
        undo: what undo would take back; `redo`: whether there is something to redo.
        nbytes: bytes of the history on disk.
        damaged: records that could not be read.
        warning: something about the settings that the user should know.
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
