"""What a ref names: a commit id or its prefix, a branch, a tag, ``HEAD~2``, ``@7``."""

from __future__ import annotations

import difflib
import re
from typing import Literal

from kishu.errors import AmbiguousRef, UnknownRef, UsageError
from kishu.history.history import History
from kishu.history.ledger import Ledger
from kishu.history.records import CommitId

HEAD = "HEAD"
_BACK = re.compile(r"(?P<base>.+?)~(?P<count>\d{0,9})")
_RUN = re.compile(r"@(?P<number>\d{1,9})")
_NAME = re.compile(r"[\w][\w./+-]*")
_HEX_ID = re.compile(r"[0-9a-f]{4,}")
_SHOWN = 5


def resolve(history: History, ref: str, head: CommitId) -> CommitId:
    """The commit that ``ref`` names, ``head`` being where the session is.

    Raises:
        UnknownRef: nothing has that name; the nearest names are given.
        AmbiguousRef: a prefix of several ids, or a ref in conflict.
    """
    ref = ref.strip()
    if (back := _BACK.fullmatch(ref)) is not None:
        return _ancestor(history, ref, resolve(history, back["base"], head), back["count"])
    if ref == HEAD:
        return head
    if (run := _RUN.fullmatch(ref)) is not None:
        return _last_run(history, int(run["number"]), head)
    targets = history.branches.get(ref) or history.tags.get(ref)
    if targets:
        if len(targets) > 1:
            raise AmbiguousRef(
                f"{ref} was moved in two sessions at once, to {' and to '.join(targets)}.",
                f"Name one of them, or settle it with `%kishu branch {ref} COMMIT`.",
            )
        return targets[0]
    if ref in history.commits:
        return ref
    return _by_prefix(history, ref)


def _by_prefix(history: History, ref: str) -> CommitId:
    found = [id for id in history.commits if ref and id.startswith(ref)]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(sorted(found)[:_SHOWN])
        raise AmbiguousRef(f"{ref} is the beginning of {len(found)} commits: {shown}.")
    names = [HEAD, *history.branches, *history.tags, *history.commits]
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownRef(f"Nothing is named {ref!r} in this history.", hint)


def _ancestor(history: History, ref: str, start: CommitId, count: str) -> CommitId:
    undo_stack = int(count or 1)
    for back, commit in enumerate(history.ancestry(start)):
        if back == undo_stack:
            return commit.id
    raise UnknownRef(f"{ref} goes back further than the history does.")


def _last_run(history: History, number: int, head: CommitId) -> CommitId:
    """The newest run of cell ``[number]``, on the way to head if there, else anywhere."""
    for commit in history.ancestry(head):
        if commit.cell is not None and commit.cell.number == number:
            return commit.id
    for commit in reversed(history.commits.values()):
        if commit.cell is not None and commit.cell.number == number:
            return commit.id
    raise UnknownRef(f"No cell [{number}] was run in this history.")


def set_branch(ledger: Ledger, name: str, ref: str | None) -> CommitId:
    """Make or move a branch; without a ref it becomes the one that the session is on.

    Raises:
        UsageError: the name cannot be one.
    """
    return _set(ledger, "branch", name, ref)


def set_tag(ledger: Ledger, name: str, ref: str | None) -> CommitId:
    """Give a commit, without a ref the present one, a name that stays with it.

    Raises:
        UsageError: the name cannot be one.
    """
    return _set(ledger, "tag", name, ref)


def _set(ledger: Ledger, kind: Literal["branch", "tag"], name: str, ref: str | None) -> CommitId:
    history = ledger.history
    check_name(history, name)
    to = ledger.head if ref is None else resolve(history, ref, ledger.head)
    becomes_ours = kind == "branch" and ref is None
    moves = history.moves_to(kind, name, to)
    ledger.write(kind, branch=name if becomes_ours else None, moves=moves)
    return to


def check_name(history: History, name: str) -> None:
    """Refuse a name for a branch or tag that could be taken for something else.

    Raises:
        UsageError: it is empty, has odd characters, or looks like a commit id.
    """
    if not _NAME.fullmatch(name) or name == HEAD or "~" in name:
        raise UsageError(
            f"{name!r} cannot name a branch or a tag.", "Use letters, digits, and . _ - + /."
        )
    if _HEX_ID.fullmatch(name) and any(id.startswith(name) for id in history.commits):
        raise UsageError(f"{name!r} is the beginning of a commit's id.", "Choose another name.")
