"""Open a history for one kernel, record its cells there, and close it again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kishu.config import Config
from kishu.errors import KishuError, NotAttached, NotRecording, UsageError
from kishu.history import labels, log, resume_point
from kishu.history.catalog import open_history, read_notebook
from kishu.history.ledger import Ledger, load
from kishu.history.log import Entry
from kishu.history.records import Cell, is_variable
from kishu.history.status import Cost, Status
from kishu.notebook.front_ends import FrontEnds
from kishu.ports import Host, Progress
from kishu.store.key import Key
from kishu.store.writer import Writer
from kishu.travel.traveller import Traveller
from kishu.worktree.worktree import Worktree


class Recording:
    """Put together what one kernel's attached session consists of, and record cells with it.

    Args:
        host: the place where the notebook's cells run.
        home: the directory that holds all histories.
        notebook: the notebook's absolute path; None if it has none.
        config: the options of ``config.ini``.
        warning: what is wrong with ``config.ini``; empty for nothing.
        marked: the id in the notebook's metadata, empty for none, as told by a front end that can
            write one there; None to read the id from the notebook's file and give no new one.

    Attributes:
        id: the session's id in the history, 8 hex digits.
        attached: True until the session is detached or abandoned.
        paused: True while the user has stopped the committing of cells.
        listeners: functions that are called with the kind of each operation, and with ``pause``,
            ``unpause``, ``refused`` (`why_not` has changed) and ``wanted`` (a front end is asked
            for a commit's cells).
        progress: the function that is called while much is read or recorded.
        config: the options of ``config.ini``.
        store: the history's files.
        history: what the store's records say.
        past: the last operation of an earlier session whose state can be restored; None for none.
        writer: writes chunks and records to the store.
        ledger: the session's place in the history; it appends operations.
        worktree: the live state, and the committing of it.
        notebook: the notebook's path and cells, as front ends tell them.
        traveller: brings states of the history back.

    Raises:
        StoreError: the history cannot be opened or made.
    """

    def __init__(
        self,
        host: Host,
        home: Path,
        notebook: Path | None,
        config: Config,
        warning: str = "",
        marked: str | None = None,
    ) -> None:
        self.id = secrets.token_hex(4)
        self.attached = True
        self.paused = False
        self.listeners: list[Callable[[str], None]] = []
        self.progress: Progress = lambda what, done, total: None
        self.config = config
        self._why_not = ""
        self._warning = warning
        self._last_cost: Cost | None = None
        self.store = open_history(home, Key.load(home), notebook, marked)
        self.store.hold()
        self.history = load(self.store)
        living = {id for id in self.store.sessions() if self.store.is_alive(id)}
        resumed = resume_point.find(self.history, living)
        self.past = resume_point.last_worked(self.history, resumed)
        self.writer = Writer(self.store, self.id, config.floor, config.cap)
        self.ledger = Ledger(self.history, self.writer, resumed)
        self.worktree = Worktree(
            host, self.store, self.history, self.ledger, self.writer, config, self._tell
        )
        self.traveller = Traveller(
            host, self.store, self.history, self.ledger, self.writer, self.worktree, config,
            self._tell,
        )  # fmt: skip
        self.notebook = FrontEnds(
            self.store, self.history, self.ledger, self.writer, self.worktree, notebook,
            read_notebook(self.store.path).uuid, self.changed,
        )  # fmt: skip
        self.worktree.begin(resumed)
        self._began_at = self.ledger.head
        self.ledger.told = lambda operation: self.changed(operation.kind)

    def changed(self, what: str) -> None:
        """Tell all listeners what has happened.

        Args:
            what: the kind of an operation, or another word that `listeners` are told.
        """
        for listener in self.listeners:
            listener(what)

    def _tell(self, what: str, done: int, total: int) -> None:
        """Pass progress on to the function that is `progress` now."""
        self.progress(what, done, total)

    def require(self) -> None:
        """Do nothing while the session is attached, else refuse to go on.

        Raises:
            NotAttached: the session was detached.
        """
        if not self.attached:
            raise NotAttached("This session is detached.")

    # Recording

    @property
    def why_not(self) -> str:
        """Return why cells are not being recorded; empty if they are."""
        return self._why_not

    @why_not.setter
    def why_not(self, reason: str) -> None:
        if reason != self._why_not:
            self._why_not = reason
            self.changed("refused")

    def begin_cell(self) -> None:
        """Note where the session stands when a cell starts: undo of the cell goes back there.

        Otherwise a commit made within the cell would be what undo goes back to.
        """
        self.worktree.begin_cell()

    def record_run(self, cell: Cell) -> Entry | None:
        """Commit the state after a cell run, and return the commit's entry in the log.

        Every cell gets a commit, also one that changed nothing. If the session is detached or
        paused, nothing is done and None returned. If the disk refuses, None is returned, too:
        `status` then says why nothing is recorded, and the next cell tries again.

        Args:
            cell: the cell's text, number, outcome and effects.
        """
        if not self.attached or self.paused:
            return None
        start = time.perf_counter()
        try:
            commit = self.worktree.commit_run(cell)
        except NotRecording as error:
            self.why_not = str(error)
            return None
        self.why_not = ""
        self._last_cost = Cost(commit.id, (time.perf_counter() - start) * 1e3, commit.nbytes)
        return log.entry(self.history, commit, commit.id)

    def record_found(self) -> None:
        """Commit what has changed since the last commit, if anything has.

        Raises:
            NotRecording: the disk refused.
        """
        self.worktree.commit_found()

    def commit(self, message: str) -> Entry:
        """Commit the present state, changed or not, and return the commit's entry in the log.

        Args:
            message: the commit's name; empty for none.

        Raises:
            NotRecording: the disk refused.
        """
        commit = self.worktree.commit("named", message=message)
        return log.entry(self.history, commit, commit.id)

    @property
    def is_behind(self) -> bool:
        """Return True if the last commit left variables to be verified later."""
        return self.worktree.is_behind

    def catch_up(self) -> None:
        """Verify some of the variables that the last commit left for later.

        If the disk refuses the commit of what has changed, `status` says so.
        """
        if self.attached and not self.paused:
            try:
                self.worktree.catch_up()
            except NotRecording as error:
                self.why_not = str(error)

    @property
    def has_checks(self) -> bool:
        """Return True if new versions wait for a round-trip check that can be made now."""
        return self.attached and not self.paused and self.worktree.checks.waiting

    def check_next(self) -> None:
        """Check one of the new versions: load it back and compare it with the live value.

        If the disk refuses to record the finding, it is dropped.
        """
        with suppress(NotRecording):
            self.worktree.check_next()

    def pause(self) -> None:
        """Stop committing cells until `unpause`."""
        self.paused = True
        self.changed("pause")

    def unpause(self) -> None:
        """Commit cells again, and now what has changed meanwhile.

        Raises:
            NotRecording: the disk refused.
        """
        self.paused = False
        self.changed("unpause")
        self.record_found()

    def set_ignored(self, names: set[str], *, ignored: bool) -> list[str]:
        """Leave variables out of later commits, or take them in again.

        Args:
            names: the variables' names; none to change nothing.
            ignored: True to leave them out, False to take them in again.

        Returns:
            The names of all variables that are left out now, sorted.

        Raises:
            NotRecording: the disk refused.
        """
        changed = names - self.history.ignored if ignored else names & self.history.ignored
        if changed:
            self.ledger.write("ignore" if ignored else "unignore", names=sorted(changed))
        return sorted(self.history.ignored)

    def detach(self) -> None:
        """End the session and close its files; once it has ended, do nothing."""
        if self.attached:
            self.attached = False
            # Where the disk refuses, the history ends with the last commit that was written.
            with suppress(NotRecording):
                self.ledger.write("detach")
            self.writer.close()
            self.store.close()

    def abandon(self) -> None:
        """Stop recording in a forked child, without a word in the history.

        The session and its files are the parent's.
        """
        self.attached = False
        self.writer.abandon()

    # Looking

    @property
    def head(self) -> str:
        """Return the id of the commit where the variables are."""
        return self.ledger.head

    @property
    def resumed(self) -> bool:
        """Return True if an earlier session left a state with variables that can be restored."""
        return self.past is not None

    @property
    def earlier(self) -> tuple[int, int]:
        """Return how many variables and bytes the last state of an earlier kernel has.

        Both are 0 if there is none, and once this session's variables are at another commit than
        the one it began with.
        """
        if self.past is None or self.ledger.head != self._began_at:
            return 0, 0
        state = self.history.state(self.past.head)
        names = list(filter(is_variable, state))
        return len(names), log.nbytes_of(self.history, state)

    def status(self) -> Status:
        """Return where the session is, and whether it records."""
        why_not = self.why_not or self.writer.refusal
        return Status(
            history=str(self.store.path),
            notebook=str(self.notebook.path or ""),
            session=self.id,
            head=self.ledger.head,
            code=self.ledger.code,
            branch=self.ledger.branch,
            commits=len(self.history.commits),
            variables=sum(map(is_variable, self.worktree.observer.state)),
            recording=self.attached and not self.paused and not why_not,
            why="detached" if not self.attached else "paused" if self.paused else why_not,
            undo=self._undo_label(),
            redo=self.ledger.undo_stack.can_redo,
            last=self._last_cost,
            nbytes=self.writer.size,
            damaged=list(self.store.damaged),
            ignored=sorted(self.history.ignored),
            warning=self._warning,
        )

    def _undo_label(self) -> str:
        """Name the step that undo would take back; empty if there is none."""
        try:
            return labels.of_steps(self.ledger.undo_stack.undone(1))
        except KishuError:
            return ""


def check_count(count: int) -> None:
    """Do nothing if a number of steps can be taken, else refuse it.

    Raises:
        UsageError: the number is less than one.
    """
    if count < 1:
        raise UsageError(f"{count} steps cannot be taken.", "Give a number from 1 up.")
