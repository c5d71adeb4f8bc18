"""The work tree: the live variables beside the history, looked at and committed."""

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
from kishu.worktree.observer import Change, Deadline, Look, Observer
from kishu.worktree.recorder import Recorder


class Worktree:
    """What the session's variables are, compared with the commit they stand on.

    Args:
        host: where the notebook's cells run.
        writer: takes the chunks of what is committed.
        progress: told how many bytes of how many are recorded.

    Attributes:
        document: the notebook's cells, for as long as it is known that they are as told: commits
            made meanwhile have them.
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
        """The user's variables as they are now, and the settings that cells changed."""
        found = self._host.variables(self._history.ignored)
        for name, value in self._host.ambient.values().items():
            found[SETTING + name] = value
        return found

    def look(self, changing: Collection[str] = (), deadline: Deadline | None = None) -> Look:
        """Compare the variables with what was last committed; see `Observer.look`."""
        with quietly():
            return self.observer.look(self.variables(), changing, deadline)

    @property
    def is_behind(self) -> bool:
        """Whether the last commit left variables for later."""
        return bool(self.observer.unverified)

    # Committing

    def begin(self, resumed: Operation | None) -> None:
        """Take the state found as the root commit; with a past, as a restart on top of it."""
        if resumed is None:
            self.commit("attach", "attach", branch=self._history.free_branch())
        else:
            self._ledger.head, self._ledger.branch = resumed.head, ""
            self.commit("restart", "restart", parent="")
        self.begin_cell()

    def begin_cell(self) -> None:
        """Note where a cell begins: a commit within it does not move what undo goes back to."""
        self._cell_began = self._ledger.undo_stack.position, self._ledger.head

    def commit(
        self, kind: CommitKind, operation: OperationKind = "commit", **fields: Any
    ) -> Commit:
        """Commit the state, changed or not.

        Raises:
            NotRecording: the disk refused; the next commit sees the same changes again.
        """
        look, change, flaws = self._store(self.look(), self.look)
        commit = self._new(kind, change, **fields)
        return self._write(operation, look, change, commit, flaws, "now")

    def commit_run(self, cell: Cell) -> Commit:
        """Commit the state after a cell run, in as much time as a commit may take.

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
        """Commit what has changed outside of a commit, so that it cannot be overwritten.

        Args:
            changing: entities that a restore is about to change; the look keeps what it saw.

        Raises:
            NotRecording: the disk refused: then nothing may be overwritten.
        """
        look = self.look(changing)
        if not look.quiet or self.is_behind:
            look = self._commit_change(look, lambda: self.look(changing))
        return look

    def catch_up(self) -> None:
        """Look at what the last commit left for later, for as long as a commit may take.

        Raises:
            NotRecording: as for `commit`.
        """
        until = time.perf_counter() + self._config.max_delay

        def look() -> Look:
            with quietly():
                return self.observer.look_at_rest(self.variables(), until)

        self._commit_change(look(), look)

    def commit_document(self) -> None:
        """Commit the notebook's cells where the head has others, so that they can be replaced.

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
        """Commit what a restore left otherwise than the target has it, if anything."""
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
        """Load a version back that waits for it, to see whether it comes back as it was.

        Raises:
            NotRecording: the disk refused to take down what was found.
        """
        self._write_findings(self.checks.next())

    def check_before_replacing(self, entities: Iterable[str]) -> bool:
        """The same for versions that will not be live any longer.

        Gives whether something is stored otherwise from now on: then it is to be committed again.

        Raises:
            NotRecording: the disk refused.
        """
        findings = self.checks.before_replacing(entities)
        self._write_findings(findings)
        return any(finding.lost for finding in findings.values())

    def _write_findings(self, findings: dict[VersionId, Finding]) -> None:
        flaws = flaws_in(findings)
        if flaws:
            self._ledger.write("check", flaws=flaws, when="soon")

    def _commit_change(self, look: Look, again: Callable[[], Look]) -> Look:
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
        """Store what changed, and see that it comes back.

        Args:
            again: how to look again, if something is stored otherwise from now on.

        Gives the look, the change, and what is wrong with versions in it.
        """
        change = self._record(look)
        found = last = self.checks.at_once(change.recipes, look.values)
        while any(finding.lost for finding in last.values()):
            look = again()
            change = self._record(look)
            last = self.checks.at_once(change.recipes, look.values)
            found |= last
        return look, change, {v: f for v, f in flaws_in(found).items() if v in change.recipes}

    def _record(self, look: Look) -> Change:
        total = sum(scan.nbytes for scan in look.scans.values())
        self.recorder.progress = counting(self._progress, "recorded", total)
        with quietly():
            return self.observer.record(look, self.recorder)

    def _late(self, look: Look, change: Change) -> dict[str, Any]:
        """What a commit says of variables that it, or the one before, did not look at."""
        return {
            "through": self._through(look, change),
            "unverified": sorted(name for name in look.unverified if is_variable(name)),
            "late": sorted(self.observer.unverified & change.set.keys()),
        }

    def _through(self, look: Look, change: Change) -> list[str]:
        """The variables that refer to a definition that became another, to be named."""
        numbers = {
            entity
            for entity in change.set
            if is_definition(entity) and entity in self.observer.state
        }
        return sorted(
            entity
            for entity, seen in (look.last_seen.items() if numbers else ())
            if is_variable(entity)
            and entity not in change.set
            and not numbers.isdisjoint(seen.refs)
        )

    def _new(
        self, kind: CommitKind, change: Change, start: float | None = None, **fields: Any
    ) -> Commit:
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
        if self.document is None:
            return {}
        return {commit.id: self.document.for_commit(commit.parent)}


def _names_in(source: str) -> set[str]:
    """The words of a cell: what it names is looked at first."""
    return set(re.findall(r"\w+", source))
