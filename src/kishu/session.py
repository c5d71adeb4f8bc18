"""Offer all verbs of Kishu as the methods of one class, `Session`."""

from __future__ import annotations

from collections.abc import Iterable

from kishu.history import log, refs
from kishu.history.garbage import Garbage, collect
from kishu.history.keep import Rules
from kishu.history.log import Entry, Shown, StateDifference
from kishu.history.records import CommitId
from kishu.history.status import Status
from kishu.notebook.checkout import Checkout
from kishu.recording import Recording, check_count
from kishu.store.check import check
from kishu.travel.at import At
from kishu.travel.report import Report


class Session:
    """Look at a notebook's history, add to it, and bring its states back.

    Each method is one of Kishu's verbs. ``kishu.session()`` returns the session that is attached
    to this kernel. After `detach` the verbs that change something raise `NotAttached`.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._checkout = Checkout(
            recording.history, recording.ledger, recording.worktree, recording.traveller,
            recording.notebook,
        )  # fmt: skip

    def commit(self, message: str = "") -> Entry:
        """Commit the present state, which ``gc`` then never lets go of, and return the commit.

        Args:
            message: the commit's name; empty for none.

        Raises:
            NotRecording: the disk refused.
        """
        return self._attached().commit(message)

    def undo(self, n: int = 1, force: bool = False) -> Report:
        """Take back the last ``n`` steps (cell runs, checkouts, restarts): variables only.

        Args:
            n: the number of steps.
            force: go on if the disk refuses to record what has changed, which is then lost.

        Raises:
            UsageError: ``n`` is less than one.
            NothingToDo: there are fewer steps.
            Untrusted: the state was written with another key.
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            RestoreError: a state could not be built; nothing was changed.
        """
        check_count(n)
        return self._attached().traveller.undo(n, force)

    def redo(self, n: int = 1, force: bool = False) -> Report:
        """Do again the last ``n`` undone steps.

        Args:
            n: the number of steps.
            force: go on if the disk refuses to record what has changed, which is then lost.

        Raises:
            UsageError: ``n`` is less than one.
            NothingToDo: fewer steps were undone since the last new one.
            Untrusted: the state was written with another key.
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            RestoreError: a state could not be built; nothing was changed.
        """
        check_count(n)
        return self._attached().traveller.redo(n, force)

    def checkout(
        self,
        ref: str,
        variables: bool = True,
        notebook: bool = True,
        only: Iterable[str] | None = None,
        force: bool = False,
    ) -> Report:
        """Bring the variables, the notebook's cells, or both to another commit.

        Args:
            ref: a commit's id or its unique prefix, a branch, a tag, ``HEAD~2``, or ``@7`` for the
                last run of cell 7.
            variables: bring back the variables.
            notebook: bring back the notebook's cells, if a front end is there to do it.
            only: the names of variables to bring back alone, as new objects; None for all.
            force: go on if the disk refuses to record what has changed, which is then lost.

        Raises:
            UnknownRef, AmbiguousRef: ``ref`` names no commit or several, or ``only`` something that
                is no variable there.
            UsageError: the cells alone are wanted, and no front end can bring them back.
            Untrusted: the state was written with another key.
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            RestoreError: the state could not be built; nothing was changed.
        """
        self._attached()
        names = None if only is None else list(only)
        return self._checkout.go(ref, variables, notebook, names, force)

    def restore(self) -> Report:
        """Bring back the last state of the kernel that was here before this one.

        Raises:
            NothingToDo: no kernel was here before, or its last state had no variables.
            Untrusted: the state was written with another key.
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            RestoreError: the state could not be built; nothing was changed.
        """
        recording = self._attached()
        return recording.traveller.restore(recording.past)

    def branch(self, name: str, ref: str | None = None) -> CommitId:
        """Make or move a branch, and return the commit where it stands.

        Args:
            name: the branch's name.
            ref: the commit where it is to stand; None for the present one, and then the session is
                on that branch from now on.

        Raises:
            UsageError: ``name`` cannot be a branch's name.
            UnknownRef, AmbiguousRef: ``ref`` names no commit or several.
            NotRecording: the disk refused.
        """
        return refs.set_branch(self._attached().ledger, name, ref)

    def tag(self, name: str, ref: str | None = None) -> CommitId:
        """Give a commit a name that stays with it, and return the commit.

        Args:
            name: the tag's name.
            ref: the commit; None for the present one.

        Raises:
            UsageError: ``name`` cannot be a tag's name.
            UnknownRef, AmbiguousRef: ``ref`` names no commit or several.
            NotRecording: the disk refused.
        """
        return refs.set_tag(self._attached().ledger, name, ref)

    def branches(self) -> dict[str, list[CommitId]]:
        """Return the branches, each with the commit where it stands.

        A branch that two sessions moved at once stands at two.
        """
        return dict(self._recording.history.branches)

    def tags(self) -> dict[str, list[CommitId]]:
        """Return the tags, each with the commit that it names, or two as in `branches`."""
        return dict(self._recording.history.tags)

    def ignore(self, *names: str) -> list[str]:
        """Leave variables out of later commits, and return the names of all that are left out.

        Without names nothing is changed.

        Raises:
            NotRecording: the disk refused.
        """
        return self._attached().set_ignored(set(names), ignored=True)

    def unignore(self, *names: str) -> list[str]:
        """Take variables in again, and return the names of all that are still left out.

        Raises:
            NotRecording: the disk refused.
        """
        return self._attached().set_ignored(set(names), ignored=False)

    def pause(self) -> Status:
        """Stop committing cells until `unpause`, and return the status."""
        self._attached().pause()
        return self.status()

    def unpause(self) -> Status:
        """Commit cells again, and now what has changed meanwhile; return the status.

        Raises:
            NotRecording: the disk refused.
        """
        self._attached().unpause()
        return self.status()

    def trust(self) -> int:
        """Vouch for all that the history holds now, so that its states can be restored.

        Restoring unpickles and runs what the history holds: trust only what you know.

        Returns:
            The number of sessions whose records are trusted by this.

        Raises:
            NotRecording: the disk refused.
        """
        recording = self._attached()
        count = recording.store.trust()
        recording.history.trust()
        return count

    def gc(self, dry_run: bool = False) -> Garbage:
        """Drop the data that only old automatic commits need, as ``[keep]`` in ``config.ini`` says.

        The data of named commits, tags and branches, and of the commits where sessions are, stays.
        Data that this session has written itself is dropped when a later session collects.

        Args:
            dry_run: only say what would be dropped.

        Raises:
            InUse: another kernel uses the history.
            Damaged: the history has damaged records or chunks, so that nobody can tell what is
                needed, or it cannot be locked.
            NotRecording: the disk refused.
        """
        recording = self._attached()
        recording.record_found()
        garbage = collect(recording.ledger, Rules.of(recording.config), dry_run=dry_run)
        if not dry_run:
            recording.worktree.recorder.forget()
            recording.notebook.forget()
        return garbage

    def detach(self) -> None:
        """End the session; the history stays, and the next session continues it."""
        self._recording.detach()

    def status(self) -> Status:
        """Return where the session is, and whether it records."""
        return self._recording.status()

    def log(self) -> list[Entry]:
        """Return all commits, newest first."""
        return list(log.entries(self._recording.history, self._recording.head))

    def show(self, ref: str = refs.HEAD) -> Shown:
        """Return a commit in full: its cell, and what is known of each variable.

        Raises:
            UnknownRef, AmbiguousRef: ``ref`` names no commit or several.
        """
        history, head = self._recording.history, self._recording.head
        return log.show(history, refs.resolve(history, ref, head), head)

    def diff(self, a: str, b: str = refs.HEAD) -> StateDifference:
        """Return which variables were added, removed and changed from commit ``a`` to commit ``b``.

        Raises:
            UnknownRef, AmbiguousRef: a ref names no commit or several.
        """
        history, head = self._recording.history, self._recording.head
        first, second = (refs.resolve(history, ref, head) for ref in (a, b))
        return log.diff(history, first, second)

    def find(self, name: str) -> list[Entry]:
        """Return the commits that changed a variable, newest first."""
        return log.find(self._recording.history, name, self._recording.head)

    def at(self, ref: str) -> At:
        """Return the variables of another state without going there: ``at("HEAD~2")["df"]``.

        Each is built when it is asked for.

        Raises:
            UnknownRef, AmbiguousRef: ``ref`` names no commit or several.
            Untrusted: the state was written with another key.
            NotRecoverable: its data was let go by ``gc``.
        """
        recording = self._recording
        target = refs.resolve(recording.history, ref, recording.head)
        return recording.traveller.at(target)

    def check(self) -> list[str]:
        """Read every record and every chunk, and describe those that are damaged."""
        return check(self._recording.store)

    def _attached(self) -> Recording:
        """Return the recording.

        Raises:
            NotAttached: the session was detached.
        """
        self._recording.require()
        return self._recording
