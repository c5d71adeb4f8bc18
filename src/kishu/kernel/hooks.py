"""IPython's events: when a cell has run, its state is committed. Nothing here raises or prints."""

from __future__ import annotations

import ast
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from kishu.history.records import Cell, CommitId
from kishu.kernel.audit import audit
from kishu.recording import Recording


class Hooks:
    """Ties a recording to a shell's events.

    The commit is made after the cell's reply where the kernel has a loop, and in any case before
    the next cell runs; in a plain terminal at once.

    Attributes:
        faults: tracebacks of our own failures, the last ten.
        commits: the last commit that came of a cell run, by its number; of the last thousand.
    """

    def __init__(self, shell: InteractiveShell, recording: Recording) -> None:
        self.faults: list[str] = []
        self.commits: dict[int, CommitId] = {}
        self._shell = shell
        self._recording = recording
        self._pid = os.getpid()
        self._running: list[Any] = []
        self._started = 0.0
        self._count = len(recording.history.commits)
        self._waiting: Cell | None = None
        self._thread = threading.main_thread()

    @property
    def is_running(self) -> bool:
        """Whether a cell is running."""
        return bool(self._running)

    def register(self) -> None:
        """Begin to listen."""
        self._shell.events.register("pre_run_cell", self.before_cell)
        self._shell.events.register("post_run_cell", self.after_cell)

    def unregister(self) -> None:
        """Stop listening; a commit that waits is made."""
        self.flush()
        for event, heard in (
            ("pre_run_cell", self.before_cell),
            ("post_run_cell", self.after_cell),
        ):
            try:
                self._shell.events.unregister(event, heard)
            except ValueError:
                # %reset and other extensions may have cleared the list.
                continue
        # The end of a cell that detaches is not heard.
        self._running.clear()

    def before_cell(self, info: Any) -> None:
        """A cell is about to run: what the last one changed must be recorded by now."""
        if self._is_ours(info):
            self._guarded(lambda: self._begin(info))

    def _begin(self, info: Any) -> None:
        self._running.append(info)
        if len(self._running) > 1:
            return  # A cell that a cell runs: the outer one is the one to record.
        self.flush()
        self._recording.begin_cell()
        self._count = len(self._recording.history.commits)
        self._started = time.perf_counter()
        audit.begin()

    def after_cell(self, result: Any) -> None:
        """A cell has run, whether it succeeded or not."""
        if self._is_ours(getattr(result, "info", None)):
            self._guarded(lambda: self._end(result))

    def _end(self, result: Any) -> None:
        if not self._running:
            # Its beginning was not heard: the cell that attached us, or an empty one.
            self._later(self._record_rest)
            return
        place = self._place_of(getattr(result, "info", None))
        if place is None:
            return
        info = self._running[place]
        del self._running[place:]
        if place > 0:
            return
        effects = audit.end()
        if not (info.raw_cell or "").strip():
            return
        self._waiting = Cell(
            source=info.raw_cell,
            number=getattr(result, "execution_count", 0) or self._shell.execution_count - 1,
            id=getattr(info, "cell_id", None) or "",
            outcome=_outcome(result),
            seconds=time.perf_counter() - self._started,
            effects=effects,
        )
        self._later(self.flush)

    def _place_of(self, info: Any) -> int | None:
        """Tell which of the running cells has ended, as a position; None for an empty one.

        IPython tells an end by another description of the cell than its beginning where it could
        not show the cell's exception, and by none where the cell was interrupted before it began or
        while it awaited something.
        """
        places = range(len(self._running) - 1, -1, -1)
        for place in places:
            if self._running[place] is info:
                return place
        text: str | None = getattr(info, "raw_cell", None)
        if text is not None and not text.strip():
            return None
        return next((place for place in places if self._text(place) == text), 0)

    def _text(self, place: int) -> object:
        return getattr(self._running[place], "raw_cell", None)

    def _later(self, do: Callable[[], None]) -> None:
        """After the cell's reply where the kernel has a loop, else now."""
        loop = self._loop
        if loop is None:
            do()
        else:
            loop.add_callback(lambda: self._guarded(do))

    @property
    def _loop(self) -> Any:
        return getattr(getattr(self._shell, "kernel", None), "io_loop", None)

    def _record_rest(self) -> None:
        """What the cell that attached us did after attaching belongs to no run."""
        if not self._running and self._waiting is None:
            self._recording.record_found()

    def flush(self) -> None:
        """Commit the cell that waits for it, if one does."""
        cell, self._waiting = self._waiting, None
        if cell is None:
            return
        self._record(cell)
        commits = self._recording.history.commits
        if len(commits) > self._count:
            self.commits[cell.number] = next(reversed(commits))
        if len(self.commits) > _REMEMBERED:
            del self.commits[next(iter(self.commits))]

    def _record(self, cell: Cell) -> None:
        if is_of_verbs_alone(cell.source):
            return
        head = self._recording.head
        try:
            self._recording.record_run(cell)
        except KeyboardInterrupt:
            # The user's interrupt came too late for the cell; its state is recorded all the same.
            if self._recording.head == head:
                self._recording.record_run(cell)
        if self._loop is not None:
            if self._recording.is_behind:
                self._later(self._catch_up)
            self._rest()

    def _catch_up(self) -> None:
        """While no cell runs or waits: look at what the last commit had no time for."""
        if self._running or self._waiting is not None or not self._recording.is_behind:
            return
        self._recording.catch_up()
        self._later(self._catch_up)

    def _rest(self) -> None:
        """Once the kernel has been idle for a while: see whether new versions can be loaded."""
        if self._recording.has_checks:
            cells = self._shell.execution_count
            self._loop.call_later(_REST, lambda: self._guarded(lambda: self._try(cells), False))

    def _try(self, cells: int) -> None:
        idle = not self._running and self._waiting is None
        if idle and cells == self._shell.execution_count and self._recording.has_checks:
            self._recording.check_next()
            self._rest()

    def _is_ours(self, info: Any) -> bool:
        """Whether this is a cell of the notebook, on the main thread of the process we began in."""
        return (
            os.getpid() == self._pid
            and threading.current_thread() is self._thread
            and self._recording.attached
            and (info is None or bool(getattr(info, "store_history", True)))
        )

    def _guarded(self, do: Callable[[], None], commits: bool = True) -> None:
        """A fault of ours never reaches a user's cell; `status` tells it, if it lost something."""
        try:
            do()
        except BaseException as error:
            self.faults = [*self.faults[-9:], traceback.format_exc()]
            if commits:
                why = f"the last commit failed ({type(error).__name__}: {error})"
                self._recording.why_not = why


def _outcome(result: Any) -> str:
    """Name the exception that ended a cell, ``ok`` for none."""
    # An end without a result is told while the exception is on its way.
    raised = sys.exception()
    error = raised if result is None else result.error_before_exec or result.error_in_exec
    return "ok" if error is None else type(error).__name__


_REMEMBERED = 1000
_REST = 0.25
"""Seconds without a cell after which the kernel counts as idle."""
_MAGICS = ("%kishu", "%load_ext kishu", "%reload_ext kishu")


def is_of_verbs_alone(source: str) -> bool:
    """Whether a cell has nothing but Kishu's own verbs in it, so that it makes no commit."""
    lines = source.splitlines()
    magics = [line for line in lines if line.strip().startswith(_MAGICS)]
    try:
        tree = ast.parse("\n".join(line for line in lines if line not in magics))
    except SyntaxError:
        return source.strip().startswith("kishu ") and len(lines) == 1
    return bool(magics or tree.body) and all(map(_is_verb, tree.body))


def _is_verb(statement: ast.stmt) -> bool:
    """``import kishu``, or a call on ``kishu.session()`` with plain constants."""
    if isinstance(statement, ast.Import):
        return [name.name for name in statement.names] == ["kishu"]
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return ast.unparse(call.func.value) in ("kishu.session()", "kishu") and all(
        isinstance(value, ast.Constant) for value in given
    )
