"""The exceptions of Kishu, one tree.

    KishuError
    ├── UsageError            a call that makes no sense as it stands
    │   ├── UnknownRef        no commit, branch or tag of that name
    │   ├── AmbiguousRef      a prefix that several commits share
    │   ├── UnknownCells      cells said to be as before, to a session that never saw them
    │   └── NothingToDo       no step to undo, nothing to redo or to restore
    ├── NotAttached           a verb was used where no session is attached
    ├── ConfigError           a setting that cannot be read or is out of range
    ├── StoreError            the history's files
    │   ├── Damaged           a record or a chunk that does not match its checksum
    │   ├── Unsupported       a format newer than this version of Kishu
    │   ├── NotRecording      the disk refused, is full, or the cap is reached
    │   ├── InUse             another kernel uses the history
    │   └── Untrusted         a history written elsewhere, not yet trusted here
    ├── Cancelled             somebody asked to stop; the session is as it was
    └── RestoreError          a state that could not be brought back
        ├── NotRecoverable    what the commit says cannot come back
        └── ReplayError       a recomputation that failed

Every error has a ``kind`` that never changes (programs match on it), an ``exit_code`` for the
command line, and a ``remedy``: one line that says what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class KishuError(Exception):
    """Base of all errors that Kishu raises on purpose.

    Args:
        message: what happened, one sentence, naming what it happened to.
        remedy: what the reader can do next, one line; empty for the class's own remedy.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    default_remedy: ClassVar[str] = "Look at `%kishu status`."

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def as_data(self) -> dict[str, str | int]:
        """The error for a program: its kind under ``error``, message, remedy and exit code."""
        return {
            "error": self.kind,
            "message": self.message,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }


class UsageError(KishuError):
    """A call that makes no sense as it stands."""

    kind = "usage"
    exit_code = 2
    default_remedy = "`%kishu help` lists the verbs."


class UnknownRef(UsageError):
    """No commit, branch or tag has that name."""

    kind = "unknown-ref"
    default_remedy = "`%kishu log` lists the commits."


class AmbiguousRef(UsageError):
    """A prefix that more than one commit, branch or tag begins with."""

    kind = "ambiguous-ref"
    default_remedy = "Give more characters of the commit's id."


class UnknownCells(UsageError):
    """A front end said that cells are as it told them before, and it never did."""

    kind = "unknown-cells"
    default_remedy = "Tell all cells in full."


class NothingToDo(UsageError):
    """There is no step to undo, none to redo, or nothing to restore."""

    kind = "nothing-to-do"
    default_remedy = "`%kishu log` shows where you are."


class NotAttached(KishuError):
    """A verb was used where no session is attached."""

    kind = "not-attached"
    exit_code = 3
    default_remedy = "Run `%load_ext kishu` first."


class ConfigError(KishuError):
    """A setting that cannot be read, is unknown, or is out of range."""

    kind = "config"
    exit_code = 4
    default_remedy = "Correct it in config.ini; until then the defaults serve."


class StoreError(KishuError):
    """The files of a history could not be used as they are."""

    kind = "store"
    exit_code = 5
    default_remedy = "`%kishu check` names what is damaged."


class Damaged(StoreError):
    """A record or a chunk is missing or does not match its checksum."""

    kind = "damaged"


class Unsupported(StoreError):
    """The history was written by a newer Kishu and needs features this one lacks."""

    kind = "unsupported"
    default_remedy = "Install a newer kishu; nothing was changed."


class NotRecording(StoreError):
    """Nothing can be written now: the disk refused, is full, or the cap is reached."""

    kind = "not-recording"
    default_remedy = "Free some disk space (`%kishu gc`), or raise `cap` in config.ini."


class InUse(StoreError):
    """What needs the history for itself alone found somebody else there."""

    kind = "in-use"
    default_remedy = "Close the other kernels of this notebook, then try again."


class Untrusted(StoreError):
    """The history was written with another key; restoring it would run its code."""

    kind = "untrusted"
    exit_code = 6
    default_remedy = "If you know where it comes from, run `%kishu trust`, then try again."


class Cancelled(KishuError):
    """Somebody asked to stop what was being done."""

    kind = "cancelled"
    exit_code = 8
    default_remedy = "The session is as it was."


class RestoreError(KishuError):
    """A state could not be brought back; the session is as it was."""

    kind = "restore"
    exit_code = 7
    default_remedy = "The session is as it was; `%kishu show REF` says what each variable needs."


class NotRecoverable(RestoreError):
    """A variable that the commit itself says cannot come back."""

    kind = "not-recoverable"


class ReplayError(RestoreError):
    """Running cells again did not give the variable back."""

    kind = "replay"
