"""One kernel's life attached to a history: opens it, records cells in it, and lets it go."""

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
    """What a session consists of, put together.

    Args:
        host: where the notebook's cells run.
        home: the directory of the histories.
        notebook: the notebook's absolute path; None if it has none.
        config: the settings.
        warning: what was wrong with them.
        marked: the id in the notebook's metadata, as `open_history` takes it.

    Attributes:
        id: the session's id, as the history has it.
        attached: whether cells can be recorded still.
        paused: whether the user has stopped that for a while.
        listeners: each told of every operation by its kind, and of ``pause``, ``unpause``,
            ``refused`` (cells are not recorded, or are again) and ``wanted`` (a front end is asked
            for a commit's cells).
        progress: told how many bytes of how many have been read, or recorded.
        notebook: the notebook's path and cells, as front ends tell them.
        traveller: brings states back.

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
        """Tell all listeners what happened."""
        for listener in self.listeners:
            listener(what)

    def _tell(self, what: str, done: int, total: int) -> None:
        self.progress(what, done, total)

    def require(self) -> None:
        """Refuse to go on once the session was detached.

        Raises:
            NotAttached: it was.
        """
        if not self.attached:
            raise NotAttached("This session is detached.")

    # Recording

    @property
    def why_not(self) -> str:
        """Why cells are not being recorded; empty where they are."""
        return self._why_not

    @why_not.setter
    def why_not(self, reason: str) -> None:
        if reason != self._why_not:
            self._why_not = reason
            self.changed("refused")

    def begin_cell(self) -> None:
        """Note that a cell begins: a commit within it does not move what undo goes back to."""
        self.worktree.begin_cell()

    def record_run(self, cell: Cell) -> Entry | None:
        """Commit the state after a cell run; None when there is nothing to record it in.

        Every cell gets a commit, also one that changed nothing. Never raises for the disk's
        faults: `status` then says why nothing is recorded, and the next cell tries again.
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
        """Commit what has changed outside of a commit.

        Raises:
            NotRecording: the disk refused.
        """
        self.worktree.commit_found()

    def commit(self, message: str) -> Entry:
        """Name the present state.

        Raises:
            NotRecording: the disk refused.
        """
        commit = self.worktree.commit("named", message=message)
        return log.entry(self.history, commit, commit.id)

    @property
    def is_behind(self) -> bool:
        """Whether the last commit left variables for later."""
        return self.worktree.is_behind

    def catch_up(self) -> None:
        """Look at some of what the last commit left for later."""
        if self.attached and not self.paused:
            try:
                self.worktree.catch_up()
            except NotRecording as error:
                self.why_not = str(error)

    @property
    def has_checks(self) -> bool:
        """Whether new versions wait to be loaded back and compared with the live values."""
        return self.attached and not self.paused and self.worktree.checks.waiting

    def check_next(self) -> None:
        """Load one of them back."""
        with suppress(NotRecording):
            self.worktree.check_next()

    def pause(self) -> None:
        """Stop committing cells."""
        self.paused = True
        self.changed("pause")

    def unpause(self) -> None:
        """Commit cells again; what changed meanwhile is committed now."""
        self.paused = False
        self.changed("unpause")
        self.record_found()

    def set_ignored(self, names: set[str], *, ignored: bool) -> list[str]:
        """Leave variables out from now on, or take them in; gives all that are left out."""
        news = names - self.history.ignored if ignored else names & self.history.ignored
        if news:
            self.ledger.write("ignore" if ignored else "unignore", names=sorted(news))
        return sorted(self.history.ignored)

    def detach(self) -> None:
        """End the session; the history stays."""
        if self.attached:
            self.attached = False
            # Where the disk refuses, the history ends with the last commit that was written.
            with suppress(NotRecording):
                self.ledger.write("detach")
            self.writer.close()
            self.store.close()

    def abandon(self) -> None:
        """Forget the session in a forked child: its files belong to the parent."""
        self.attached = False
        self.writer.abandon()

    # Looking

    @property
    def head(self) -> str:
        """The commit of the variables."""
        return self.ledger.head

    @property
    def resumed(self) -> bool:
        """Whether the history already had a state when this session began."""
        return self.past is not None

    @property
    def earlier(self) -> tuple[int, int]:
        """How many variables, and bytes, the last state of the earlier kernel has.

        None once this session has gone on: then it is no longer the last state.
        """
        if self.past is None or self.ledger.head != self._began_at:
            return 0, 0
        state = self.history.state(self.past.head)
        names = list(filter(is_variable, state))
        return len(names), log.nbytes_of(self.history, state)

    def status(self) -> Status:
        """Say where the session is, and whether it records."""
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
        try:
            return labels.of_steps(self.ledger.undo_stack.undone(1))
        except KishuError:
            return ""


def check_count(count: int) -> None:
    """Refuse a number of steps that nobody can take.

    Raises:
        UsageError: it is less than one.
    """
    if count < 1:
        raise UsageError(f"{count} steps cannot be taken.", "Give a number from 1 up.")
