"""The session: every verb, and nothing else. The front door to everything."""

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
    """A notebook's history, and the verbs on it.

    ``kishu.session()`` gives the one that is attached to this kernel.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._checkout = Checkout(
            recording.history, recording.ledger, recording.worktree, recording.traveller,
            recording.notebook,
        )  # fmt: skip

    def commit(self, message: str = "") -> Entry:
        """Name the present state; it is kept as a checkpoint to come back to.

        Raises:
            NotRecording: the disk refused.
        """
        return self._attached().commit(message)

    def undo(self, n: int = 1, force: bool = False) -> Report:
        """Take back the last ``n`` steps (cell runs, checkouts, restarts): variables only.

        Args:
            n: how many.
            force: go on where the disk refuses to record what has changed: it is lost.

        Raises:
            NothingToDo: there are fewer steps.
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            RestoreError: a state could not be built; nothing was changed.
        """
        check_count(n)
        return self._attached().traveller.undo(n, force)

    def redo(self, n: int = 1, force: bool = False) -> Report:
        """Do again the last ``n`` undone steps.

        Args:
            n: how many.
            force: as in `undo`.

        Raises:
            NothingToDo: there are fewer.
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
        """Go to another state.

        Args:
            ref: a commit's id or its unique prefix, a branch, a tag, ``HEAD~2``, ``@7``.
            variables: bring back the variables.
            notebook: bring back the notebook's cells, where a front end is there to do it.
            only: bring back these variables alone, with new objects.
            force: as in `undo`.

        Raises:
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            UnknownRef, AmbiguousRef: ``ref`` names nothing, or too much.
            RestoreError: the state could not be built; nothing was changed.
        """
        self._attached()
        names = None if only is None else list(only)
        return self._checkout.go(ref, variables, notebook, names, force)

    def restore(self) -> Report:
        """Bring back the last state of the kernel that was here before this one.

        Raises:
            NothingToDo: no kernel was here before, or its last state had no variables.
        """
        recording = self._attached()
        return recording.traveller.restore(recording.past)

    def branch(self, name: str, ref: str | None = None) -> CommitId:
        """Make or move a branch; at the present commit it becomes the branch we are on.

        Raises:
            UsageError: the name cannot be one.
        """
        return refs.set_branch(self._attached().ledger, name, ref)

    def tag(self, name: str, ref: str | None = None) -> CommitId:
        """Give a commit a name that stays with it.

        Raises:
            UsageError: the name cannot be one.
        """
        return refs.set_tag(self._attached().ledger, name, ref)

    def branches(self) -> dict[str, list[CommitId]]:
        """List the branches, with the commits where they stand: two where sessions disagree."""
        return dict(self._recording.history.branches)

    def tags(self) -> dict[str, list[CommitId]]:
        """List the tags, with the commits that have them."""
        return dict(self._recording.history.tags)

    def ignore(self, *names: str) -> list[str]:
        """Leave variables out from now on; without names, nothing. Gives all that are left out."""
        return self._attached().set_ignored(set(names), ignored=True)

    def unignore(self, *names: str) -> list[str]:
        """Take variables in again; gives all that are still left out."""
        return self._attached().set_ignored(set(names), ignored=False)

    def pause(self) -> Status:
        """Stop committing cells."""
        self._attached().pause()
        return self.status()

    def unpause(self) -> Status:
        """Commit cells again; what changed meanwhile is committed now."""
        self._attached().unpause()
        return self.status()

    def trust(self) -> int:
        """Vouch for everything now in the history, so that it may be restored from here.

        Restoring unpickles and runs what the history holds: trust only what you know. Gives how
        many sessions' records that are.
        """
        recording = self._attached()
        count = recording.store.trust()
        recording.history.trust()
        return count

    def gc(self, dry_run: bool = False) -> Garbage:
        """Let go of data that only old automatic commits need, as ``[keep]`` in the config says.

        Named commits, tags, the tips of branches and where sessions are keep theirs. What this
        session wrote itself goes when a later one collects.

        Args:
            dry_run: only say what would go.

        Raises:
            InUse: another kernel uses the history.
            Damaged: something that is kept is damaged.
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
        """End the session; the history stays."""
        self._recording.detach()

    def status(self) -> Status:
        """Say where the session is, and whether it records."""
        return self._recording.status()

    def log(self) -> list[Entry]:
        """List all commits, newest first."""
        return list(log.entries(self._recording.history, self._recording.head))

    def show(self, ref: str = refs.HEAD) -> Shown:
        """Show a commit in full."""
        history, head = self._recording.history, self._recording.head
        return log.show(history, refs.resolve(history, ref, head), head)

    def diff(self, a: str, b: str = refs.HEAD) -> StateDifference:
        """Say how the variables of two commits differ."""
        history, head = self._recording.history, self._recording.head
        first, second = (refs.resolve(history, ref, head) for ref in (a, b))
        return log.diff(history, first, second)

    def find(self, name: str) -> list[Entry]:
        """List the commits that changed a variable, newest first."""
        return log.find(self._recording.history, name, self._recording.head)

    def at(self, ref: str) -> At:
        """Give the variables of another state, without going there: ``at("HEAD~2")["df"]``.

        Raises:
            Untrusted: the history was written elsewhere.
        """
        recording = self._recording
        target = refs.resolve(recording.history, ref, recording.head)
        return recording.traveller.at(target)

    def check(self) -> list[str]:
        """Read every record and every chunk; gives what is damaged, empty when all is whole."""
        return check(self._recording.store)

    def _attached(self) -> Recording:
        self._recording.require()
        return self._recording
