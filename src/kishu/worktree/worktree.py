"""Look at the live variables beside the history, and commit what changed in them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from kishu.config import Config
from kishu.guard import quietly, uninterrupted
from kishu.history.history import History, State
from kishu.history.ledger import Ledger
from kishu.history.reasons import Flaw
from kishu.history.records import (
    SETTING,
    Cell,
    Commit,
    CommitId,
    CommitKind,
    Document,
    Operation,
    OperationKind,
    VersionId,
    is_definition,
    is_variable,
)
from kishu.ports import Host, Notebook, Progress, counting
from kishu.roundtrip.check import Finding, RoundTripChecks, flaws_in
from kishu.store.store import Store
from kishu.store.writer import When, Writer
from kishu.walking.identity import ObjectIds
from kishu.worktree.look import Change, Deadline, Look
from kishu.worktree.observer import Observer
from kishu.worktree.recorder import Recorder


class Worktree:
    """The live variables of a session, and the commit that they came from.

    Args:
        host: where the notebook's cells run.
        store: the chunks of the history, to read.
        history: the records of the history.
        ledger: writes operations to the history, and knows the head.
        writer: writes the chunks of what is committed.
        config: the session's options.
        progress: called while a commit is recorded, with how many bytes of how many are done.

    Attributes:
        object_ids: the ids of definitions, and of objects that cannot be stored.
        observer: finds what changed in the variables.
        recorder: stores what changed.
        checks: the round-trip checks of what was stored.
        document: the notebook's cells, while they are known to be those of the front end: commits
            that are made meanwhile have them. None at other times.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        history: History,
        ledger: Ledger,
        writer: Writer,
        config: Config,
        progress: Progress,
    ) -> None:
        self.object_ids = ObjectIds(writer.session)
        self.observer = Observer(self.object_ids, host.namespace, config.excluded_classes)
        self.learned = self.observer.learned
        self.recorder = Recorder(writer)
        self.document: Notebook | None = None
        self.checks = RoundTripChecks(store, history, self.observer, host.ambient)
        self._host = host
        self._history = history
        self._ledger = ledger
        self._writer = writer
        self._config = config
        self._progress = progress

    # Looking

    def variables(self) -> dict[str, Any]:
        """Return the user's variables as they are now, and the settings that cells changed."""
        values = self._host.variables(self._history.ignored)
        for name, value in self._host.ambient.values().items():
            values[SETTING + name] = value
        return values

    def look(self, changing: Collection[str] = (), deadline: Deadline | None = None) -> Look:
        """Compare the variables with what was last committed.

        Args:
            changing: entities that a restore is about to change: the look keeps their scans.
            deadline: when to stop; None to look at everything.
        """
        with quietly():
            return self.observer.look(self.variables(), changing, deadline)

    @property
    def is_behind(self) -> bool:
        """Return True if the last commit had no time to look at some variables."""
        return bool(self.observer.unverified)

    # Committing

    def begin(self, resumed: Operation | None) -> None:
        """Commit the state in which a session begins.

        Args:
            resumed: the operation of an ended session that this one continues: the commit is then
                a restart, otherwise the first of a new branch.

        Raises:
            NotRecording: as for `commit`.
        """
        if resumed is None:
            self.commit("attach", "attach", branch=self._history.free_branch())
        else:
            self._ledger.head, self._ledger.branch = resumed.head, ""
            self.commit("restart", "restart", parent="")
        self.begin_cell()

    def begin_cell(self) -> None:
        """Note the commit at which a cell begins: undoing the cell's run leads back there.

        A commit that the cell itself makes does not change that.
        """
        self._cell_began = self._ledger.undo_stack.position, self._ledger.head

    def commit(
        self, kind: CommitKind, operation: OperationKind = "commit", **fields: Any
    ) -> Commit:
        """Commit the state, changed or not.

        Args:
            kind: what the commit is made for.
            operation: the operation that it is a part of.
            fields: further fields of the commit.

        Raises:
            NotRecording: the disk refused; the next commit sees the same changes again.
        """
        look, change, flaws = self._store(self.look(), self.look)
        commit = self._new(kind, change, **fields)
        return self._write(operation, look, change, commit, flaws, "now")

    def commit_run(self, cell: Cell) -> Commit:
        """Commit the state after a cell run, within the time that a commit may take.

        Args:
            cell: the cell, with its text, outcome and effects.

        Raises:
            NotRecording: as for `commit`.
        """
        start = time.perf_counter()
        deadline = Deadline(start + self._config.max_delay, _names_in(cell.source))
        look, change, flaws = self._store(
            self.look(deadline=deadline), lambda: self.look(deadline=deadline)
        )
        late = self._late(look, change)
        commit = self._new("run", change, cell=cell, start=start, **late)
        position, before = self._cell_began
        same = position == self._ledger.undo_stack.position
        return self._write("run", look, change, commit, flaws, before=before if same else None)

    def commit_found(self, changing: Collection[str] = ()) -> Look:
        """Commit what changed since the last commit, if anything, before it may be overwritten.

        Returns the look that it was found by.

        Args:
            changing: entities that a restore is about to change: the look keeps their scans.

        Raises:
            NotRecording: the disk refused; nothing may be overwritten then.
        """
        look = self.look(changing)
        if not look.quiet or self.is_behind:
            look = self._commit_change(look, lambda: self.look(changing))
        return look

    def catch_up(self) -> None:
        """Look at what the last commit had no time for, and commit what changed in it.

        This takes as much time as a commit may, and leaves the rest for another call.

        Raises:
            NotRecording: as for `commit`.
        """
        until = time.perf_counter() + self._config.max_delay

        def look() -> Look:
            """Look at what is left."""
            with quietly():
                return self.observer.look_at_rest(self.variables(), until)

        self._commit_change(look(), look)

    def commit_document(self) -> None:
        """Commit the notebook's cells if the head has others, before they are replaced.

        Raises:
            NotRecording: as for `commit`.
        """
        if self.document is not None and self.document.differs_from(self._ledger.head):
            commit = self._new("found", Change({}, [], {}, {}))
            self._ledger.write(
                "commit",
                head=commit.id,
                branch=commit.branch,
                commits=[commit],
                documents=self._documents(commit),
                when="soon",
            )

    def commit_shortfall(self, wanted: State) -> None:
        """Commit the state after a restore if it is not the one that was wanted.

        Args:
            wanted: the version of each entity in the target of the restore.

        Raises:
            NotRecording: the disk refused.
        """
        state = self.observer.state
        if state != wanted:
            missing = [entity for entity in wanted if entity not in state]
            others = {e: version for e, version in state.items() if wanted.get(e) != version}
            commit = self._new("found", Change(others, missing, {}, {}))
            self._ledger.write(
                "commit",
                head=commit.id,
                code=self._ledger.code,
                branch=commit.branch,
                commits=[commit],
                when="some day",
            )

    def check_next(self) -> None:
        """Make the next round-trip check that waits, and record the flaw that it found, if any.

        Raises:
            NotRecording: the disk refused.
        """
        self._write_findings(self.checks.next())

    def check_before_replacing(self, entities: Iterable[str]) -> bool:
        """Make the round-trip checks that wait of versions that a restore is about to replace.

        Once they are replaced, there is nothing to compare with. Return True if a check found
        something that will be stored in another way from now on: it must be committed again.

        Args:
            entities: the entities that the restore is about to change.

        Raises:
            NotRecording: the disk refused.
        """
        findings = self.checks.before_replacing(entities)
        self._write_findings(findings)
        return any(finding.lost for finding in findings.values())

    def _write_findings(self, findings: dict[VersionId, Finding]) -> None:
        """Record the flaws among the findings of checks, if there are any."""
        flaws = flaws_in(findings)
        if flaws:
            self._ledger.write("check", flaws=flaws, when="soon")

    def _commit_change(self, look: Look, again: Callable[[], Look]) -> Look:
        """Commit what a look found, if it is a change, and return the look that was accepted.

        Args:
            look: the look.
            again: makes another look, in case that something is stored in another way.
        """
        look, change, flaws = self._store(look, again)
        if change.empty:
            self.observer.accept(look, change)
        else:
            commit = self._new("found", change, **self._late(look, change))
            self._write("commit", look, change, commit, flaws)
        return look

    def _store(
        self, look: Look, again: Callable[[], Look]
    ) -> tuple[Look, Change, dict[VersionId, Flaw]]:
        """Record what a look found, and make the round-trip checks that cannot wait.

        A check may find that a class must be stored in another way: then all is done once more.
        Returns the look that was recorded, the change, and the flaws of the change's versions.

        Args:
            look: the look.
            again: makes another look.
        """
        change = self._record(look)
        findings = last = self.checks.at_once(change.recipes, look.values)
        while any(finding.lost for finding in last.values()):
            look = again()
            change = self._record(look)
            last = self.checks.at_once(change.recipes, look.values)
            findings |= last
        flaws = flaws_in(findings)
        return look, change, {v: flaw for v, flaw in flaws.items() if v in change.recipes}

    def _record(self, look: Look) -> Change:
        """Store what a look found, and tell how far that is."""
        total = sum(scan.nbytes for scan in look.scans.values())
        self.recorder.progress = counting(self._progress, "recorded", total)
        with quietly():
            return self.observer.record(look, self.recorder)

    def _late(self, look: Look, change: Change) -> dict[str, Any]:
        """Return the fields of a commit that name variables of which it says more than a version.

        Those that refer to a changed definition, those that there was no time for, and those that
        the commit before had no time for and that changed.
        """
        return {
            "through": self._through(look, change),
            "unverified": sorted(name for name in look.unverified if is_variable(name)),
            "late": sorted(self.observer.unverified & change.set.keys()),
        }

    def _through(self, look: Look, change: Change) -> list[str]:
        """Return the variables that did not change, but refer to a definition that did."""
        definitions = {
            entity
            for entity in change.set
            if is_definition(entity) and entity in self.observer.state
        }
        return sorted(
            entity
            for entity, seen in (look.last_seen.items() if definitions else ())
            if is_variable(entity)
            and entity not in change.set
            and not definitions.isdisjoint(seen.refs)
        )

    def _new(
        self, kind: CommitKind, change: Change, start: float | None = None, **fields: Any
    ) -> Commit:
        """Make a commit, which is not written yet.

        Args:
            kind: what the commit is made for.
            change: what is new in it.
            start: when the work for it began, in seconds of `time.perf_counter`; None: not told.
            fields: further fields of the commit.
        """
        if kind not in ("attach", "restart"):
            fields.setdefault("branch", self._ledger.next_branch())
        cost = 0.0 if start is None else (time.perf_counter() - start) * 1e3
        return self._ledger.new_commit(
            kind=kind, set=change.set, gone=change.gone, cost=cost,
            nbytes=self._writer.take_bytes_put(), **fields,
        )  # fmt: skip

    def _write(
        self,
        operation: OperationKind,
        look: Look,
        change: Change,
        commit: Commit,
        flaws: dict[VersionId, Flaw],
        when: When = "soon",
        before: CommitId | None = None,
    ) -> Commit:
        """Write an operation with a commit, and accept the look that the commit is of.

        Args:
            operation: the kind of the operation.
            look: the look that the change was found by.
            change: what is new.
            commit: the commit.
            flaws: the flaws of new versions.
            when: by when the records must be on the disk.
            before: the commit that undoing this leads back to; None for the head as it was.

        Raises:
            NotRecording: the disk refused; the look is not accepted.
        """
        new = {id: r for id, r in change.recipes.items() if id not in self._history.versions}
        with uninterrupted():
            self._ledger.write(
                operation,
                before=before,
                head=commit.id,
                branch=commit.branch,
                commits=[commit],
                versions=new,
                flaws=flaws,
                sources=self.recorder.take_sources(),
                documents=self._documents(commit),
                when=when,
            )
            self.observer.accept(look, change)
        return commit

    def _documents(self, commit: Commit) -> dict[CommitId, Document]:
        """Return the notebook's cells, by the commit that has them; empty if they are not known."""
        if self.document is None:
            return {}
        return {commit.id: self.document.for_commit(commit.parent)}


def _names_in(source: str) -> set[str]:
    """Return the words of a cell's text: the variables that it names are looked at first."""
    return set(re.findall(r"\w+", source))
