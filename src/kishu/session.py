"""The session: one kernel's life attached to a history. The front door to everything."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kishu.config import Config
from kishu.document import LiveDocument
from kishu.errors import (
    Damaged,
    KishuError,
    NotAttached,
    NothingToDo,
    NotRecording,
    NotRecoverable,
    UnknownRef,
    Untrusted,
    UsageError,
)
from kishu.history import documents, log, past, refs
from kishu.history.catalog import Notebook, note, open_history, read_notebook
from kishu.history.documents import Target, ToldCell
from kishu.history.garbage import Garbage, collect_garbage
from kishu.history.history import History, State
from kishu.history.keep import Rules
from kishu.history.ledger import Ledger, load
from kishu.history.log import Difference, Entry, Shown
from kishu.history.records import (
    Cell,
    CommitId,
    Operation,
    OperationKind,
    is_number,
    is_variable,
)
from kishu.observe.hush import hushed
from kishu.observe.observer import Observer
from kishu.status import Cost, Status
from kishu.store.key import Key
from kishu.store.store import Store
from kishu.store.writer import Writer
from kishu.travel.at import At
from kishu.travel.build import Build, without_collecting
from kishu.travel.replay import Host, Replayer
from kishu.travel.report import Report
from kishu.travel.restore import Place, Progress, let_go, note_shortfall, restore
from kishu.worktree import Worktree


class Session:
    """Commits states, goes back to them, and tells of them.

    Args:
        host: where the notebook's cells run.
        home: the directory of the histories.
        notebook: the notebook's absolute path; None if it has none.
        config: the settings; `warning` says what was wrong with them.
        marked: the id in the notebook's metadata, as `open_history` takes it.

    Attributes:
        progress: told how many bytes of how many have been read, or recorded.
        bring_cells: asks a front end to check out a commit's cells; None where none is.
        changed: told of each operation by its kind, and of ``pause``, ``unpause`` and ``refused``.

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
        self.notebook = notebook
        self.attached = True
        self.paused = False
        self.changed: Callable[[str], None] = lambda what: None
        self.bring_cells: Callable[[CommitId], None] | None = None
        self.progress: Progress = lambda what, done, total: None
        self._why_not = ""
        self._documents: dict[str, LiveDocument] = {}
        self._warning = warning
        self._host = host
        self._config = config
        self._last_cost: Cost | None = None
        self._store = open_history(home, Key.load(home), notebook, marked)
        self.uuid = read_notebook(self._store.path).uuid
        self._store.hold()
        self._history = load(self._store)
        living = {id for id in self._store.sessions() if self._store.is_alive(id)}
        self._resumed = past.end(self._history, living)
        self._past = past.last_worked(self._history, self._resumed)
        self._writer = Writer(self._store, self.id, config.floor, config.cap)
        self._ledger = Ledger(self._history, self._writer, self._resumed)
        self._worktree = Worktree(
            host, self._store, self._history, self._ledger, self._writer, config, self._tell
        )
        self._worktree.begin(self._resumed)
        self._began_at = self._ledger.head
        self._ledger.told = lambda operation: self.changed(operation.kind)

    @property
    def resumed(self) -> bool:
        """Whether the history already had a state when this session began."""
        return self._past is not None

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
        """A cell begins: a commit within it does not move what undo goes back to."""
        self._worktree.begin_cell()

    def record_run(self, cell: Cell) -> Entry | None:
        """Commit the state after a cell run; None when there is nothing to record it in.

        Every cell gets a commit, also one that changed nothing. Never raises for the disk's
        faults: `status` then says why nothing is recorded, and the next cell tries again.
        """
        if not self.attached or self.paused:
            return None
        start = time.perf_counter()
        try:
            commit = self._worktree.commit_run(cell)
        except NotRecording as error:
            self.why_not = str(error)
            return None
        self.why_not = ""
        self._last_cost = Cost(commit.id, (time.perf_counter() - start) * 1e3, commit.nbytes)
        return log.entry(self._history, commit, commit.id)

    def record_found(self) -> None:
        """Commit what has changed outside of a commit.

        Raises:
            NotRecording: the disk refused.
        """
        self._worktree.commit_found()

    @property
    def is_behind(self) -> bool:
        """Whether the last commit left variables for later."""
        return self._worktree.is_behind

    def catch_up(self) -> None:
        """Look at some of what the last commit left for later."""
        if self.attached and not self.paused:
            try:
                self._worktree.catch_up()
            except NotRecording as error:
                self.why_not = str(error)

    @property
    def has_trials(self) -> bool:
        """Whether new versions wait to be loaded back and compared with the live values."""
        return self.attached and not self.paused and self._worktree.trials.waiting

    def try_next(self) -> None:
        """Load one of them back."""
        with suppress(NotRecording):
            self._worktree.try_next()

    # The notebook

    def be_known_by(self, marked: str) -> None:
        """A front end will write an id to the notebook's metadata: see that there is one."""
        if not self.uuid and self.notebook is not None:
            self.uuid = marked or str(uuid.uuid4())
            self.follow(self.notebook)

    def follow(self, notebook: Path) -> None:
        """The notebook was renamed or moved: the history stays its own."""
        self.notebook = notebook
        note(self._store, Notebook(str(notebook), self.uuid))

    @contextmanager
    def showing(self, front_end: str, cells: list[ToldCell] | None) -> Iterator[None]:
        """For the length of a request, the notebook's cells are known to be these.

        Commits made meanwhile have them, and a checkout can replace them.

        Args:
            front_end: the one that shows them; what it told before need not be told again.
            cells: all of them, in order; None where it shows none.

        Raises:
            UnknownCells: some are said to be as told before, and were not.
            NotRecording: the disk refused.
        """
        if cells is not None:
            self._worktree.document = self._told(front_end, cells)
        try:
            yield
        finally:
            self._worktree.document = None

    def record_cells(self, front_end: str, commit: CommitId, cells: list[ToldCell]) -> None:
        """Take note of the notebook's cells at a commit that was made before.

        Raises:
            UnknownCells, NotRecording: as for `showing`.
        """
        document = self._told(front_end, cells)
        if commit in self._history.commits and commit not in self._history.documents:
            told = document.for_commit(self._history.commit(commit).parent)
            try:
                self._ledger.write("cells", documents={commit: told}, when="soon")
            except NotRecording:
                del self._documents[front_end]
                raise
            document.recorded(commit)

    def _told(self, front_end: str, cells: list[ToldCell]) -> LiveDocument:
        document = self._documents.pop(front_end, None)
        if document is None:
            document = LiveDocument(self._history, self._store, self._writer)
        # Where this fails, nothing counts as told any longer.
        document.tell(cells)
        self._documents[front_end] = document
        while len(self._documents) > _FRONT_ENDS:
            del self._documents[next(iter(self._documents))]
        return document

    # The verbs

    def commit(self, message: str = "") -> Entry:
        """Name the present state; it is kept as a checkpoint to come back to.

        Raises:
            NotRecording: the disk refused.
        """
        self._require()
        commit = self._worktree.commit("named", message=message)
        return log.entry(self._history, commit, commit.id)

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
        self._require(n)
        steps = self._ledger.steps.undone(n)
        last = steps[-1]
        label = "Undid " + self._labels(steps)
        return self._travel("undo", last.before, label, force, position=last.previous)

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
        self._require(n)
        stands = self._ledger.steps.redone(n)
        done = [self._history.operations[stand.position] for stand in stands]
        last = stands[-1]
        return self._travel(
            "redo", last.head, "Redid " + self._labels(done), force, position=last.position,
            branch=self._branch_at(last.head),
        )  # fmt: skip

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
        self._require()
        target = self.resolve(ref)
        by_id = target.startswith(ref)
        named = log.label(self._history.commit(target)) if by_id and target else ref
        label = f"Checked out {named} ({target[:8]})"
        cells = self._cells_of(target) if notebook and only is None else None
        if not variables:
            return self._check_out_cells(target, cells, label)
        if only is not None:
            self.record_found()
            return self._take_from(target, list(only), label)
        branch = ref if ref in self._history.branches else self._branch_at(target)
        code = target if cells is not None else None
        report = self._travel("checkout", target, label, force, code=code, branch=branch)
        if cells is not None:
            self._go_to_cells(cells, report)
        elif notebook:
            report.notes.append(self._ask_for_cells(target))
        return report

    def restore(self) -> Report:
        """Bring back the last state of the kernel that was here before this one.

        Raises:
            NothingToDo: no kernel was here before, or its last state had no variables.
        """
        self._require()
        last = self._past
        if last is None:
            raise NothingToDo(
                "There is nothing to restore: no kernel was here before, or it left no variables."
            )
        report = self._travel("checkout", last.head, "Restored the last state", branch=last.branch)
        report.verb = "restore"
        return report

    def branch(self, name: str, ref: str | None = None) -> CommitId:
        """Make or move a branch; at the present commit it becomes the branch we are on.

        Raises:
            UsageError: the name cannot be one.
        """
        self._require()
        refs.check_name(self._history, name)
        to = self._ledger.head if ref is None else self.resolve(ref)
        moves = self._history.moves_to("branch", name, to)
        self._ledger.write("branch", branch=name if ref is None else None, moves=moves)
        return to

    def tag(self, name: str, ref: str | None = None) -> CommitId:
        """Give a commit a name that stays with it.

        Raises:
            UsageError: the name cannot be one.
        """
        self._require()
        refs.check_name(self._history, name)
        to = self._ledger.head if ref is None else self.resolve(ref)
        self._ledger.write("tag", moves=self._history.moves_to("tag", name, to))
        return to

    def ignore(self, *names: str) -> list[str]:
        """Leave variables out from now on; without names, nothing. Gives all that are left out."""
        return self._set_ignored("ignore", set(names) - self._history.ignored)

    def unignore(self, *names: str) -> list[str]:
        """Take variables in again; gives all that are still left out."""
        return self._set_ignored("unignore", set(names) & self._history.ignored)

    def _set_ignored(self, kind: OperationKind, names: set[str]) -> list[str]:
        self._require()
        if names:
            self._ledger.write(kind, names=sorted(names))
        return sorted(self._history.ignored)

    def pause(self) -> None:
        """Stop committing cells."""
        self._require()
        self.paused = True
        self.changed("pause")

    def unpause(self) -> None:
        """Commit cells again; what changed meanwhile is committed now."""
        self._require()
        self.paused = False
        self.changed("unpause")
        self.record_found()

    def trust(self) -> int:
        """Vouch for everything now in the history, so that it may be restored from here.

        Restoring unpickles and runs what the history holds: trust only what you know.
        """
        self._require()
        count = self._store.trust()
        self._history.untrusted.clear()
        self._history.untrusted_versions.clear()
        self._history.untrusted_documents.clear()
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
        self._require()
        self.record_found()
        config = self._config
        self._writer.flush()
        garbage = collect_garbage(
            self._store,
            Rules(config.keep_days, config.keep_commits, config.keep_size),
            [self._ledger.head],
            None if dry_run else lambda goes: self._ledger.write("gc", names=goes),
        )
        if not dry_run:
            self._worktree.recorder.forget()
            self._documents.clear()
            self._writer.measure()
        return garbage

    def detach(self) -> None:
        """End the session; the history stays."""
        if self.attached:
            self.attached = False
            try:
                self._ledger.write("detach")
            except NotRecording:
                # The history ends with the last commit that was written.
                pass
            self._writer.close()
            self._store.close()

    def abandon(self) -> None:
        """Forget the session in a forked child: its files belong to the parent."""
        self.attached = False
        self._writer.abandon()

    # Looking

    def resolve(self, ref: str) -> CommitId:
        """The commit that ``ref`` names."""
        return refs.resolve(self._history, ref, self._ledger.head)

    def status(self) -> Status:
        """Where the session is."""
        why_not = self.why_not or self._writer.refusal
        return Status(
            history=str(self._store.path),
            notebook=str(self.notebook or ""),
            session=self.id,
            head=self._ledger.head,
            code=self._ledger.code,
            branch=self._ledger.branch,
            commits=len(self._history.commits),
            variables=sum(map(is_variable, self._worktree.observer.state)),
            recording=self.attached and not self.paused and not why_not,
            why="detached" if not self.attached else "paused" if self.paused else why_not,
            undo=self._undo_label(),
            redo=self._ledger.steps.can_redo,
            last=self._last_cost,
            nbytes=self._writer.size,
            damaged=list(self._store.damaged),
            ignored=sorted(self._history.ignored),
            warning=self._warning,
        )

    def log(self) -> list[Entry]:
        """All commits, newest first."""
        return list(log.entries(self._history, self._ledger.head))

    def show(self, ref: str = refs.HEAD) -> Shown:
        """A commit in full."""
        return log.show(self._history, self.resolve(ref), self._ledger.head)

    def diff(self, a: str, b: str = refs.HEAD) -> Difference:
        """How the variables of two commits differ."""
        return log.diff(self._history, self.resolve(a), self.resolve(b))

    def find(self, name: str) -> list[Entry]:
        """The commits that changed a variable, newest first."""
        return log.find(self._history, name, self._ledger.head)

    def at(self, ref: str) -> At:
        """The variables of another state, without going there: ``at("HEAD~2")["df"]``.

        Raises:
            Untrusted: the history was written elsewhere.
        """
        target = self.resolve(ref)
        self._check_trust(target)
        self._check_kept(target)
        state = self._history.state(target)
        return At(state, self._build_aside(state), self._history.flaws)

    def check(self) -> list[str]:
        """Read every record and every chunk; gives what is damaged, empty when all is whole."""
        damaged = list(self._store.damaged)
        for name in self._store.chunk_names():
            try:
                self._store.get(name)
            except Damaged as error:
                damaged.append(error.message)
        return damaged

    @property
    def head(self) -> CommitId:
        """The commit of the variables."""
        return self._ledger.head

    @property
    def history(self) -> History:
        """The history as plain data."""
        return self._history

    @property
    def store(self) -> Store:
        """The history's files."""
        return self._store

    @property
    def observer(self) -> Observer:
        """What watches the variables."""
        return self._worktree.observer

    @property
    def earlier(self) -> tuple[int, int]:
        """How many variables, and bytes, the last state of the earlier kernel has.

        None once this session has gone on: then it is no longer the last state.
        """
        if self._past is None or self._ledger.head != self._began_at:
            return 0, 0
        state = self._history.state(self._past.head)
        names = list(filter(is_variable, state))
        return len(names), log.nbytes_of(self._history, state)

    # Travelling

    def _travel(
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
        start = time.perf_counter()
        self._check_trust(target)
        self._check_kept(target)
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
            if worktree.try_before_replacing(e for e, v in now.items() if wanted.get(e) != v):
                look = worktree.commit_found(changing)
        report = Report(kind, label, before=self._ledger.head)
        replayer = Replayer(
            self._store, self._history, worktree.identities, self._host, self._config
        )
        place = Place(
            self._store, self._history, worktree.observer, self._host.namespace,
            self._host.defaults, self._host.ambient, worktree.variables, replayer.values,
            worktree.recorder, self.progress,
        )  # fmt: skip
        with hushed(), without_collecting():
            release = restore(place, look, wanted, report)
        self._ledger.write(
            kind, head=target, position=position, code=code, branch=branch, when="some day"
        )
        worktree.commit_shortfall(wanted)
        del look
        with hushed(), without_collecting():
            let_go(place, release, report)
        if self._writer.refusal:
            report.notes.append(f"the step is not on the disk yet: {self._writer.refusal}")
        report.head = self._ledger.head
        report.ms = (time.perf_counter() - start) * 1e3
        return report

    def _check_out_cells(self, target: CommitId, cells: Target | None, label: str) -> Report:
        """Bring back the notebook's cells alone; that is no step: undo is of variables."""
        if cells is None:
            note = self._ask_for_cells(target)
            if note != _FOLLOW:
                raise UsageError(
                    f"{note.capitalize()}.", "`%kishu show REF` shows the code of a commit's cell."
                )
            head = self._ledger.head
            return Report("checkout", f"{label}, cells only", before=head, head=head, notes=[note])
        self.record_found()
        self._worktree.commit_document()
        head = self._ledger.head
        report = Report("checkout", f"{label}, cells only", before=head, head=head)
        self._ledger.write("cells", code=target, when="some day")
        self._go_to_cells(cells, report)
        return report

    def _cells_of(self, target: CommitId) -> Target | None:
        """The cells of a commit as the notebook's next ones; None where there is no way."""
        document = self._worktree.document
        if document is None:
            return None
        self._check_trust(target)
        self._check_kept(target)
        return document.target(target)

    def _go_to_cells(self, cells: Target, report: Report) -> None:
        assert self._worktree.document is not None
        self._worktree.document.went_to(cells.commit)
        report.cells = cells

    def _ask_for_cells(self, target: CommitId) -> str:
        """Have a front end bring back a commit's cells, if one is there; says what comes of it."""
        if not documents.nearest(self._history, target):
            return "the notebook's cells are as they were: nobody told what they were then"
        if self.bring_cells is None:
            return "the notebook's cells are as they were: no front end is here to change them"
        self.bring_cells(target)
        return _FOLLOW

    def _take_from(self, target: CommitId, names: list[str], label: str) -> Report:
        """Bring single variables of another state into this one."""
        start = time.perf_counter()
        state = self._history.state(target)
        unknown = [name for name in names if name not in state or not is_variable(name)]
        if unknown:
            raise UnknownRef(
                f"{', '.join(unknown)} is no variable of {target[:8]}.",
                f"It has {', '.join(sorted(filter(is_variable, state)))}.",
            )
        self._check_trust(target)
        self._check_kept(target)
        report = Report("checkout", f"{label}, only {', '.join(names)}", before=self._ledger.head)
        build = self._build_aside(state)
        with hushed(), without_collecting():
            values = {name: build.value(name) for name in names}
        for number, made in build.built_definitions.items():
            self._worktree.identities.register(number, made)
        self._host.namespace.update(values)
        self._worktree.commit("found", "checkout")
        report.loaded = sorted(names)
        for name in names:
            flaw = self._history.flaws.get(state[name])
            note_shortfall(name, build.assembly(state[name]), flaw, report)
        report.head = self._ledger.head
        report.ms = (time.perf_counter() - start) * 1e3
        return report

    def _build_aside(self, state: State) -> Build:
        """A build of a state that leaves everything live alone."""
        live = self._worktree.observer.state
        same = {
            entity: obj
            for entity, version in state.items()
            if is_number(entity)
            and live.get(entity) == version
            and (obj := self._worktree.identities.live(entity)) is not None
        }
        return Build(
            self._store,
            self._history,
            self._worktree.identities,
            self._host.namespace,
            state,
            {},
            same,
        )

    def _check_trust(self, target: CommitId) -> None:
        history = self._history
        doubtful = history.untrusted and any(
            commit.id in history.untrusted for commit in history.ancestry(target)
        )
        if (
            doubtful
            or (
                history.untrusted_versions
                and not history.untrusted_versions.isdisjoint(history.state(target).values())
            )
            or (history.untrusted_documents and documents.is_untrusted(history, target))
        ):
            raise Untrusted(
                "This state was written by a Kishu with another key (another machine or user);"
                " restoring it runs code that it holds."
            )

    def _check_kept(self, target: CommitId) -> None:
        if target in self._history.forgotten:
            raise NotRecoverable(
                f"The data of {target[:8]} was let go by `%kishu gc`.",
                "`%kishu log` shows which commits still have theirs.",
            )

    def _branch_at(self, commit: CommitId) -> str:
        if self._history.tip(self._ledger.branch) == commit:
            return self._ledger.branch
        return next(iter(self._history.names_of(commit)["branches"]), "")

    def _labels(self, steps: list[Operation]) -> str:
        return ", ".join(self._label(step) for step in steps)

    def _label(self, step: Operation) -> str:
        if step.kind == "run":
            cell = step.commits[-1].cell
            if cell is not None:
                number = f"[{cell.number}] " if cell.number else ""
                return f"{number}{log.first_line(cell.source)}"
        return {"checkout": "a checkout", "restart": "the kernel's restart"}.get(step.kind, "a run")

    def _undo_label(self) -> str:
        try:
            return self._labels(self._ledger.steps.undone(1))
        except KishuError:
            return ""

    def _tell(self, what: str, done: int, total: int) -> None:
        self.progress(what, done, total)

    def _require(self, count: int = 1) -> None:
        if not self.attached:
            raise NotAttached("This session is detached.")
        if count < 1:
            raise UsageError(f"{count} steps cannot be taken.", "Give a number from 1 up.")


_FOLLOW = "the notebook's cells follow"
_FRONT_ENDS = 8
"""How many front ends' cells are remembered: a page that was reloaded is a new one."""
