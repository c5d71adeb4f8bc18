"""Find the commit that a ref names (an id, a branch, ``HEAD~2`` …); set branches and tags."""

from __future__ import annotations

import difflib
import re
from typing import Literal

from kishu.errors import AmbiguousRef, UnknownRef, UsageError
from kishu.history.history import History
from kishu.history.ledger import Ledger
from kishu.history.records import CommitId

HEAD = "HEAD"
_ANCESTOR = re.compile(r"(?P<base>.+?)~(?P<count>\d{0,9})")
_RUN = re.compile(r"@(?P<number>\d{1,9})")
_NAME = re.compile(r"[\w][\w./+-]*")
_ID_PREFIX = re.compile(r"[0-9a-f]{4,}")
_MAX_SHOWN = 5
"""The most commits that the message about an ambiguous prefix names."""


def resolve(history: History, ref: str, head: CommitId) -> CommitId:
    """Return the id of the commit that a ref names.

    Args:
        history: the history to look in.
        ref: a commit's id or the beginning of one, a branch, a tag, ``HEAD``, ``@7`` (the last
            run of cell 7), or any of these with ``~`` and a number: so many commits back.
        head: the id of the commit that ``HEAD`` names.

    Raises:
        UnknownRef: no commit is called so; the nearest names are in the remedy.
        AmbiguousRef: several ids begin so, or sessions moved the branch or tag to different
            commits.
        Damaged: the record of a commit on the way back is lost.
    """
    ref = ref.strip()
    if (ancestor := _ANCESTOR.fullmatch(ref)) is not None:
        base = resolve(history, ancestor["base"], head)
        return _ancestor(history, ref, base, ancestor["count"])
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
    """Return the one commit whose id begins with a text.

    Raises:
        UnknownRef: no id does; the nearest names are in the remedy.
        AmbiguousRef: several do.
    """
    ids = [id for id in history.commits if ref and id.startswith(ref)]
    if len(ids) == 1:
        return ids[0]
    if ids:
        shown = ", ".join(sorted(ids)[:_MAX_SHOWN])
        raise AmbiguousRef(f"{ref} is the beginning of {len(ids)} commits: {shown}.")
    names = [HEAD, *history.branches, *history.tags, *history.commits]
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownRef(f"Nothing is named {ref!r} in this history.", hint)


def _ancestor(history: History, ref: str, start: CommitId, count: str) -> CommitId:
    """Return the ancestor so many commits back, one if the count is empty.

    Raises:
        UnknownRef: there are not so many; the message names the ref.
        Damaged: the record of a commit on the way is lost.
    """
    distance = int(count or 1)
    for back, commit in enumerate(history.ancestry(start)):
        if back == distance:
            return commit.id
    raise UnknownRef(f"{ref} goes back further than the history does.")


def _last_run(history: History, number: int, head: CommitId) -> CommitId:
    """Return the last commit of a cell by its execution count.

    Of those from which the head descends, if there are any, else of all in the history.

    Raises:
        UnknownRef: no cell with that number was run.
        Damaged: the record of an ancestor of the head is lost.
    """
    for commit in history.ancestry(head):
        if commit.cell is not None and commit.cell.number == number:
            return commit.id
    for commit in reversed(history.commits.values()):
        if commit.cell is not None and commit.cell.number == number:
            return commit.id
    raise UnknownRef(f"No cell [{number}] was run in this history.")


def set_branch(ledger: Ledger, name: str, ref: str | None) -> CommitId:
    """Make a branch, or move it, to the commit that a ref names; return that commit's id.

    Without a ref it names the head, and becomes the branch that the session is on.

    Raises:
        UsageError: the name cannot be a branch's, or the ref names no commit, or several.
        NotRecording: the operation cannot be written.
    """
    return _set(ledger, "branch", name, ref)


def set_tag(ledger: Ledger, name: str, ref: str | None) -> CommitId:
    """Make a tag, or move it, to the commit that a ref names; return that commit's id.

    Without a ref it names the head.

    Raises:
        UsageError: the name cannot be a tag's, or the ref names no commit, or several.
        NotRecording: the operation cannot be written.
    """
    return _set(ledger, "tag", name, ref)


def _set(ledger: Ledger, kind: Literal["branch", "tag"], name: str, ref: str | None) -> CommitId:
    """Make or move a branch or tag, as `set_branch` and `set_tag` say."""
    history = ledger.history
    check_name(history, name)
    to = ledger.head if ref is None else resolve(history, ref, ledger.head)
    becomes_current = kind == "branch" and ref is None
    moves = history.moves_to(kind, name, to)
    ledger.write(kind, branch=name if becomes_current else None, moves=moves)
    return to


def check_name(history: History, name: str) -> None:
    """Refuse a name for a branch or tag that is malformed, or means something else as a ref.

    Raises:
        UsageError: the name is empty, has characters that are not allowed, is ``HEAD``, or is the
            beginning of a commit's id.
    """
    if not _NAME.fullmatch(name) or name == HEAD or "~" in name:
        raise UsageError(
            f"{name!r} cannot name a branch or a tag.", "Use letters, digits, and . _ - + /."
        )
    if _ID_PREFIX.fullmatch(name) and any(id.startswith(name) for id in history.commits):
        raise UsageError(f"{name!r} is the beginning of a commit's id.", "Choose another name.")
