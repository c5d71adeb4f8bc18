"""Undo, redo, check out and restore variables, from the verb to the report.

The `Traveller` first commits what may be overwritten, then has the state restored, and then writes
the operation to the log.
"""

from __future__ import annotations

import time
from contextlib import suppress

from kishu.building.build import Build
from kishu.config import Config
from kishu.errors import NothingToDo, NotRecording, NotRecoverable, UnknownRef, Untrusted
from kishu.guard import quietly
from kishu.history import documents, labels
from kishu.history.history import History, State
from kishu.history.ledger import Ledger
from kishu.history.records import CommitId, Operation, OperationKind, is_definition, is_variable
from kishu.ports import Host, Progress
from kishu.store.store import Store
from kishu.store.writer import Writer
from kishu.travel.at import At
from kishu.travel.replay import Replayer
from kishu.travel.report import Report
from kishu.travel.restore import Workspace, let_go, note_shortfall, restore
from kishu.worktree.worktree import Worktree


class Traveller:
    """Bring states back into the live session, each time as an operation of the history.

    Args:
        host: the kernel, with the user's namespace and the settings.
        store: the store that chunks are read from.
        history: the history of the notebook.
        ledger: the ledger, which writes operations and knows the head.
        writer: the writer, which knows whether the disk refuses to take what is to be written.
        worktree: the live state, which is committed before it is overwritten.
        config: the configuration, which says what may be run again.
        progress: the function to be told how many bytes of how many have been read.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        history: History,
        ledger: Ledger,
        writer: Writer,
        worktree: Worktree,
        config: Config,
        progress: Progress,
    ) -> None:
        self._host = host
        self._store = store
        self._history = history
        self._ledger = ledger
        self._writer = writer
        self._worktree = worktree
        self._config = config
        self._progress = progress

    def undo(self, n: int, force: bool) -> Report:
        """Take back the last steps.

        Args:
            n: how many.
            force: as for `go`.

        Raises:
            NothingToDo: there are fewer steps.
            KishuError: as for `go`.
        """
        steps = self._ledger.undo_stack.undone(n)
        last = steps[-1]
        label = "Undid " + labels.of_steps(steps)
        return self.go("undo", last.before, label, force, position=last.previous)

    def redo(self, n: int, force: bool) -> Report:
        """Do the steps again that were undone last.

        Args:
            n: how many.
            force: as for `go`.

        Raises:
            NothingToDo: there are fewer steps.
            KishuError: as for `go`.
        """
        undo_points = self._ledger.undo_stack.redone(n)
        steps = [self._history.operations[point.position] for point in undo_points]
        last = undo_points[-1]
        return self.go(
            "redo", last.head, "Redid " + labels.of_steps(steps), force, position=last.position,
            branch=self.branch_at(last.head),
        )  # fmt: skip

    def restore(self, past: Operation | None) -> Report:
        """Bring back the last state of an earlier session.

        Args:
            past: the resume point: the last operation of that session; None if there is none.

        Raises:
            NothingToDo: there is no resume point.
            KishuError: as for `go`.
        """
        if past is None:
            raise NothingToDo(
                "There is nothing to restore: no kernel was here before, or it left no variables."
            )
        report = self.go("checkout", past.head, "Restored the last state", branch=past.branch)
        report.verb = "restore"
        return report

    def go(
        self,
        kind: OperationKind,
        target: CommitId,
        label: str,
        force: bool = False,
        *,
        position: str | None = None,
        code: CommitId | None = None,
        branch: str | None = None,
    ) -> Report:
        """Make the variables and settings those of a commit.

        A variable whose version cannot be built stays as it is, and the report says so.

        Args:
            kind: the kind of the operation that is written to the log.
            target: the commit; empty for no variables at all.
            label: how the report calls what was done.
            force: True to go on if the disk refuses to record what has changed since the last
                commit, which is then lost.
            position: the step that the next undo takes back; None if that is this operation itself.
            code: the commit whose cells the notebook gets; None if the notebook stays as it is.
            branch: the branch that the session is on afterwards; None for the present one.

        Raises:
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            Untrusted: the state was written with another user's key; nothing was changed.
            NotRecoverable: the commit's data was let go by ``gc``; nothing was changed.
            Damaged: a record that the state needs is lost; nothing was changed.
        """
        start = time.perf_counter()
        self.check(target)
        wanted = self._history.state(target) if target else {}
        for name in self._history.ignored:
            wanted.pop(name, None)
        worktree = self._worktree
        now = worktree.observer.state
        changing = [e for e, version in wanted.items() if now.get(e) != version]
        try:
            look = worktree.commit_found(changing)
        except NotRecording as error:
            if not force:
                raise NotRecording(
                    f"What has changed since the last commit would be lost: {error.message}",
                    "Mend that, or go on without it with `--force` (`force=True`).",
                ) from error
            look = worktree.look(changing)
            worktree.observer.disown(look)
        if code is not None:
            worktree.commit_document()
        with suppress(NotRecording):
            if worktree.check_before_replacing(e for e, v in now.items() if wanted.get(e) != v):
                look = worktree.commit_found(changing)
        report = Report(kind, label, before=self._ledger.head)
        workspace = self._workspace()
        with quietly():
            release = restore(workspace, look, wanted, report)
        self._ledger.write(
            kind, head=target, position=position, code=code, branch=branch, when="some day"
        )
        worktree.commit_shortfall(wanted)
        del look
        with quietly():
            let_go(workspace, release, report)
        if self._writer.refusal:
            report.notes.append(f"the step is not on the disk yet: {self._writer.refusal}")
        report.head = self._ledger.head
        report.ms = (time.perf_counter() - start) * 1e3
        return report

    def _workspace(self) -> Workspace:
        """Return what a restore reads from and changes, with a replayer of its own."""
        worktree, host = self._worktree, self._host
        replayer = Replayer(self._store, self._history, worktree.object_ids, host, self._config)
        return Workspace(
            self._store, self._history, worktree.observer, host.namespace, host.defaults,
            host.ambient, worktree.variables, replayer.values, worktree.recorder, self._progress,
        )  # fmt: skip

    def take(self, target: CommitId, names: list[str], label: str) -> Report:
        """Bring single variables of another state into this one, as new objects.

        Their new versions are a commit.

        Args:
            target: the commit of the other state.
            names: the variables.
            label: how the report calls the commit.

        Raises:
            UnknownRef: one of the names is no variable of that state.
            Untrusted: the state was written with another user's key.
            NotRecoverable: the commit's data was let go by ``gc``, or a variable cannot be built.
            Damaged: a record or chunk that a variable needs is lost.
        """
        start = time.perf_counter()
        state = self._history.state(target)
        unknown = [name for name in names if name not in state or not is_variable(name)]
        if unknown:
            raise UnknownRef(
                f"{', '.join(unknown)} is no variable of {target[:8]}.",
                f"It has {', '.join(sorted(filter(is_variable, state)))}.",
            )
        self.check(target)
        report = Report("checkout", f"{label}, only {', '.join(names)}", before=self._ledger.head)
        build = self._build_aside(state)
        with quietly():
            values = {name: build.value(name) for name in names}
        for number, made in build.built_definitions.items():
            self._worktree.object_ids.register(number, made)
        self._host.namespace.update(values)
        self._worktree.commit("found", "checkout")
        report.loaded = sorted(names)
        for name in names:
            flaw = self._history.flaws.get(state[name])
            note_shortfall(name, build.assembly(state[name]), flaw, report)
        report.head = self._ledger.head
        report.ms = (time.perf_counter() - start) * 1e3
        return report

    def at(self, target: CommitId) -> At:
        """Return the variables of another state, each to be built when it is asked for.

        Args:
            target: the commit of the state.

        Raises:
            Untrusted: the state was written with another user's key.
            NotRecoverable: the commit's data was let go by ``gc``.
        """
        self.check(target)
        state = self._history.state(target)
        return At(state, self._build_aside(state), self._history.flaws)

    def _build_aside(self, state: State) -> Build:
        """Make a build of a state that changes nothing live.

        It shares with the live session only definitions that have the same version there.
        """
        live = self._worktree.observer.state
        same = {
            entity: obj
            for entity, version in state.items()
            if is_definition(entity)
            and live.get(entity) == version
            and (obj := self._worktree.object_ids.live(entity)) is not None
        }
        return Build(
            self._store, self._history, self._worktree.object_ids, self._host.namespace, state, {},
            same,
        )  # fmt: skip

    def branch_at(self, commit: CommitId) -> str:
        """Return a branch that stands at a commit, the present one first; empty if none does."""
        if self._history.tip(self._ledger.branch) == commit:
            return self._ledger.branch
        return next(iter(self._history.names_of(commit)["branches"]), "")

    def check(self, target: CommitId) -> None:
        """Refuse a commit whose state must not be built, or cannot be.

        Raises:
            Untrusted: the state was written with another user's key; code that it holds would run.
            NotRecoverable: the commit's data was let go by ``gc``.
        """
        if self._is_untrusted(target):
            raise Untrusted(
                "This state was written by a Kishu with another key (another machine or user);"
                " restoring it runs code that it holds."
            )
        if target in self._history.forgotten:
            raise NotRecoverable(
                f"The data of {target[:8]} was let go by `%kishu gc`.",
                "`%kishu log` shows which commits still have theirs.",
            )

    def _is_untrusted(self, target: CommitId) -> bool:
        """Tell whether anything that a commit's state or cells rest on is not trusted."""
        history = self._history
        return bool(
            (
                history.untrusted
                and any(commit.id in history.untrusted for commit in history.ancestry(target))
            )
            or (
                history.untrusted_versions
                and not history.untrusted_versions.isdisjoint(history.state(target).values())
            )
            or (history.untrusted_documents and documents.is_untrusted(history, target))
        )
