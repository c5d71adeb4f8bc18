"""Define the exceptions of Kishu, one tree.

    KishuError
    ├── UsageError            a call that makes no sense as it stands
    │   ├── UnknownRef        no commit, branch or tag of that name
    │   ├── AmbiguousRef      a ref that may mean several commits
    │   ├── UnknownCells      cells told by id alone, whose content the session never got
    │   └── NothingToDo       no step to undo, nothing to redo or to restore
    ├── NotAttached           a verb was used where no session is attached
    ├── ConfigError           a setting that cannot be read or is out of range
    ├── StoreError            the history's files
    │   ├── Damaged           a record or a chunk that does not match its checksum
    │   ├── Unsupported       a history or a front end of another version than this Kishu's
    │   ├── NotRecording      the disk refused, is full, or the cap is reached
    │   ├── InUse             another kernel uses the history, or may use it
    │   └── Untrusted         a state signed with another key, not yet trusted here
    ├── Cancelled             the user asked to stop; the session is as it was
    └── RestoreError          a state that could not be brought back
        ├── NotRecoverable    what was not stored, or cannot be built from what was stored
        └── ReplayError       a cell whose run again failed, or is not allowed

Every error has a ``kind`` that never changes (programs match on it), an ``exit_code`` for the
command line, and a ``remedy``: one line that says what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class KishuError(Exception):
    """Serve as the base of all errors that Kishu raises on purpose.

    Args:
        message: one sentence that says what happened, and to what.
        remedy: one line that says what the user can do next; empty for `default_remedy`.

    Attributes:
        kind: the word for this kind of error on which programs rely; it never changes.
        exit_code: the status with which a command ends that fails with this error.
        default_remedy: the remedy where none is given.
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
        """Return a dict for programs: ``error`` (the kind), message, remedy and exit code."""
        return {
            "error": self.kind,
            "message": self.message,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }


class UsageError(KishuError):
    """Raised when a verb cannot do what it was asked for: by its arguments, or as things stand."""

    kind = "usage"
    exit_code = 2
    default_remedy = "`%kishu help` lists the verbs."


class UnknownRef(UsageError):
    """Raised when no commit, branch or tag has the name that was given."""

    kind = "unknown-ref"
    default_remedy = "`%kishu log` lists the commits."


class AmbiguousRef(UsageError):
    """Raised when a ref may mean several commits.

    It is the beginning of several ids, or a branch or tag that sessions moved to different commits.
    """

    kind = "ambiguous-ref"
    default_remedy = "Give more characters of the commit's id."


class UnknownCells(UsageError):
    """Raised when a front end refers by id to cells whose content it never sent to this session."""

    kind = "unknown-cells"
    default_remedy = "Tell all cells in full."


class NothingToDo(UsageError):
    """Raised when there are fewer steps to undo or redo than asked for, or nothing to restore."""

    kind = "nothing-to-do"
    default_remedy = "`%kishu log` shows where you are."


class NotAttached(KishuError):
    """Raised when a verb is used where no session is attached."""

    kind = "not-attached"
    exit_code = 3
    default_remedy = "Run `%load_ext kishu` first."


class ConfigError(KishuError):
    """Raised when ``config.ini`` cannot be read, or a setting in it is unknown or out of range."""

    kind = "config"
    exit_code = 4
    default_remedy = "Correct it in config.ini; until then the defaults serve."


class StoreError(KishuError):
    """Raised when the files of a history cannot be used as they are."""

    kind = "store"
    exit_code = 5
    default_remedy = "`%kishu check` names what is damaged."


class Damaged(StoreError):
    """Raised when a record or a chunk is missing, or does not match its checksum."""

    kind = "damaged"


class Unsupported(StoreError):
    """Raised when a history or a front end needs another version of Kishu than this one."""

    kind = "unsupported"
    default_remedy = "Install a newer kishu; nothing was changed."


class NotRecording(StoreError):
    """Raised when nothing can be written: the disk refuses or is full, or the cap is reached."""

    kind = "not-recording"
    default_remedy = "Free some disk space (`%kishu gc`), or raise `cap` in config.ini."


class InUse(StoreError):
    """Raised when something needs the history for itself, and another kernel uses it, or may."""

    kind = "in-use"
    default_remedy = "Close the other kernels of this notebook, then try again."


class Untrusted(StoreError):
    """Raised when a state was signed with another key: restoring it could run foreign code."""

    kind = "untrusted"
    exit_code = 6
    default_remedy = "If you know where it comes from, run `%kishu trust`, then try again."


class Cancelled(KishuError):
    """Raised when the user asked to stop what was being done."""

    kind = "cancelled"
    exit_code = 8
    default_remedy = "The session is as it was."


class RestoreError(KishuError):
    """Raised when a state cannot be restored; the session is as it was."""

    kind = "restore"
    exit_code = 7
    default_remedy = "The session is as it was; `%kishu show REF` says what each variable needs."


class NotRecoverable(RestoreError):
    """Raised when a value was not stored, or cannot be built from what was stored."""

    kind = "not-recoverable"


class ReplayError(RestoreError):
    """Raised when a value needs its cell to run again, and that fails or is not allowed."""

    kind = "replay"
