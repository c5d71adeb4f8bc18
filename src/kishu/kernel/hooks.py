"""Listen to a shell's cell events, and have each cell's state committed.

A listener neither raises nor prints: what goes wrong is kept for `status`.
"""

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

from kishu import limits
from kishu.history.records import Cell, CommitId
from kishu.kernel.audit import audit
from kishu.recording import Recording


class Hooks:
    """Listen to the cell events of a shell, and have a recording commit each cell.

    In a kernel with an event loop the commit is made after the cell's reply, and in any case before
    the next cell runs; in a plain terminal it is made as soon as the cell has ended.

    Args:
        shell: the shell whose cells are recorded.
        recording: the session that records them.

    Attributes:
        faults: the tracebacks of Kishu's own failures, the newest last, ten at most.
        commits: the newest commit made for a cell run, by execution count; of the last thousand
            cells that were committed.
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
        """Return True while a cell is running."""
        return bool(self._running)

    def register(self) -> None:
        """Listen to the shell's cell events from now on."""
        self._shell.events.register("pre_run_cell", self.before_cell)
        self._shell.events.register("post_run_cell", self.after_cell)

    def unregister(self) -> None:
        """Make the commit that waits, if any, and stop listening."""
        self.flush()
        for event, listener in (
            ("pre_run_cell", self.before_cell),
            ("post_run_cell", self.after_cell),
        ):
            try:
                self._shell.events.unregister(event, listener)
            except ValueError:
                # %reset and other extensions may have cleared the list.
                continue
        # A cell that detaches is still running, and its end will not be heard.
        self._running.clear()

    def before_cell(self, info: Any) -> None:
        """Commit what the last cell changed, before the next one runs."""
        if self._is_recorded(info):
            self._guarded(lambda: self._note_start(info))

    def _note_start(self, info: Any) -> None:
        """Take note that a cell starts; unless another cell runs it, commit what waits."""
        self._running.append(info)
        if len(self._running) > 1:
            # A running cell runs this one, and will be recorded with all that it did.
            return
        self.flush()
        self._recording.begin_cell()
        self._count = len(self._recording.history.commits)
        self._started = time.perf_counter()
        audit.start()

    def after_cell(self, result: Any) -> None:
        """Have a cell committed that has ended, with or without an exception."""
        if self._is_recorded(getattr(result, "info", None)):
            self._guarded(lambda: self._note_end(result))

    def _note_end(self, result: Any) -> None:
        """Take note that a cell has ended; unless another runs it, have it committed."""
        if not self._running:
            # Its start was not heard: it attached the session, or is empty.
            self._after_reply(self._record_since_attach)
            return
        position = self._position_of(getattr(result, "info", None))
        if position is None:
            return
        info = self._running[position]
        # The cells that this one ran have ended, too, even if their ends were not heard.
        del self._running[position:]
        if position > 0:
            return
        effects = audit.stop()
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
        self._after_reply(self.flush)

    def _position_of(self, info: Any) -> int | None:
        """Return the position in ``_running`` of the cell that has ended; None for an empty cell.

        IPython describes the cell by another object at its end than at its start if it could not
        show the cell's exception, and by none if the cell was interrupted before it started or
        while it awaited something. Then the innermost cell with the same text is taken, or else
        the outermost cell.

        Args:
            info: IPython's description of the cell that has ended, or None.
        """
        innermost_first = range(len(self._running) - 1, -1, -1)
        for position in innermost_first:
            if self._running[position] is info:
                return position
        text: str | None = getattr(info, "raw_cell", None)
        if text is not None and not text.strip():
            return None
        return next((at for at in innermost_first if self._text_at(at) == text), 0)

    def _text_at(self, position: int) -> object:
        """Return the text of a running cell; None if IPython did not tell it."""
        return getattr(self._running[position], "raw_cell", None)

    def _after_reply(self, action: Callable[[], None]) -> None:
        """Call a function after the cell's reply if the kernel has an event loop, else now."""
        loop = self._loop
        if loop is None:
            action()
        else:
            loop.add_callback(lambda: self._guarded(action))

    @property
    def _loop(self) -> Any:
        """Return the kernel's event loop; None in a plain terminal."""
        return getattr(getattr(self._shell, "kernel", None), "io_loop", None)

    def _record_since_attach(self) -> None:
        """Commit what the attaching cell did after it had attached, which belongs to no run."""
        if not self._running and self._waiting is None:
            self._recording.record_found()

    def flush(self) -> None:
        """Commit the cell that has ended and is not committed yet, if there is one."""
        cell, self._waiting = self._waiting, None
        if cell is None:
            return
        self._record(cell)
        commits = self._recording.history.commits
        if len(commits) > self._count:
            self.commits[cell.number] = next(reversed(commits))
        if len(self.commits) > limits.REMEMBERED_COMMITS:
            del self.commits[next(iter(self.commits))]

    def _record(self, cell: Cell) -> None:
        """Commit a cell, unless it consists of Kishu's verbs, and have late work done when idle."""
        if is_of_verbs_alone(cell.source):
            return
        head = self._recording.head
        try:
            self._recording.record_run(cell)
        except KeyboardInterrupt:
            # The user meant the cell, which had ended by then. Its state is to be recorded.
            if self._recording.head == head:
                self._recording.record_run(cell)
        if self._loop is not None:
            if self._recording.is_behind:
                self._after_reply(self._catch_up)
            self._check_later()

    def _catch_up(self) -> None:
        """Verify some of what the last commit had no time for, until a cell runs or waits."""
        if self._running or self._waiting is not None or not self._recording.is_behind:
            return
        self._recording.catch_up()
        self._after_reply(self._catch_up)

    def _check_later(self) -> None:
        """Have a version that waits for it checked once the kernel has been idle for a while."""
        if self._recording.has_checks:
            count = self._shell.execution_count
            self._loop.call_later(
                limits.IDLE_SECONDS,
                lambda: self._guarded(lambda: self._check_if_idle(count), commits=False),
            )

    def _check_if_idle(self, count: int) -> None:
        """Check one version if no cell has run since the execution count was this one."""
        idle = not self._running and self._waiting is None
        if idle and count == self._shell.execution_count and self._recording.has_checks:
            self._recording.check_next()
            self._check_later()

    def _is_recorded(self, info: Any) -> bool:
        """Return True if an event is of a cell that this session records.

        Not recorded are cells that run silently (``store_history=False``), on another thread, in a
        forked child, or after the session was detached.

        Args:
            info: IPython's description of the cell; None if it gives none.
        """
        return (
            os.getpid() == self._pid
            and threading.current_thread() is self._thread
            and self._recording.attached
            and (info is None or bool(getattr(info, "store_history", True)))
        )

    def _guarded(self, action: Callable[[], None], commits: bool = True) -> None:
        """Call a function, and keep what it raises in `faults`: it must not reach the user's cell.

        Args:
            action: the function.
            commits: whether a commit is lost if it fails, so that `status` has to say so.
        """
        try:
            action()
        except BaseException as error:
            self.faults = [*self.faults[-9:], traceback.format_exc()]
            if commits:
                why = f"the last commit failed ({type(error).__name__}: {error})"
                self._recording.why_not = why


def _outcome(result: Any) -> str:
    """Return the class name of the exception that ended a cell; ``ok`` for none."""
    # Where IPython gives no result, it tells the end while the exception is still being raised.
    raised = sys.exception()
    error = raised if result is None else result.error_before_exec or result.error_in_exec
    return "ok" if error is None else type(error).__name__


_MAGICS = ("%kishu", "%load_ext kishu", "%reload_ext kishu")
"""What a line of Kishu's own magics begins with."""


def is_of_verbs_alone(source: str) -> bool:
    """Return True if a cell consists of Kishu's own verbs alone, so that it makes no commit."""
    lines = source.splitlines()
    magics = [line for line in lines if line.strip().startswith(_MAGICS)]
    try:
        tree = ast.parse("\n".join(line for line in lines if line not in magics))
    except SyntaxError:
        return source.strip().startswith("kishu ") and len(lines) == 1
    return bool(magics or tree.body) and all(map(_is_verb, tree.body))


def _is_verb(statement: ast.stmt) -> bool:
    """Return True if a statement is ``import kishu`` or calls one of Kishu's verbs.

    Such a call is of ``kishu`` or ``kishu.session()``, with constants as arguments.
    """
    if isinstance(statement, ast.Import):
        return [name.name for name in statement.names] == ["kishu"]
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return ast.unparse(call.func.value) in ("kishu.session()", "kishu") and all(
        isinstance(value, ast.Constant) for value in given
    )
