"""IPython's events: when a cell has run, its state is committed. Nothing here raises or prints."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from kishu.history.records import Cell
from kishu.kernel.audit import audit
from kishu.session import Session


class Hooks:
    """Ties a session to a shell's events.

    The commit is made after the cell's reply where the kernel has a loop, and in any case before
    the next cell runs; in a plain terminal at once.
    """

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        self.faults: list[str] = []
        self._shell = shell
        self._session = session
        self._pid = os.getpid()
        self._started: float | None = None
        self._waiting: Cell | None = None
        self._verbs: set[str] = set()
        self._thread = threading.main_thread()

    def register(self) -> None:
        """Begin to listen."""
        self._shell.events.register("pre_run_cell", self.before_cell)
        self._shell.events.register("post_run_cell", self.after_cell)
        # Loaded in the middle of a cell: that cell's own end is heard, its beginning was not.
        self._started = None

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

    def before_cell(self, info: Any) -> None:
        """A cell is about to run: what the last one changed must be recorded by now."""
        if self._is_ours(info):
            self._guarded(self._begin)

    def _begin(self) -> None:
        self.flush()
        self._started = time.perf_counter()
        audit.begin()

    def after_cell(self, result: Any) -> None:
        """A cell has run, whether it succeeded or not."""
        if self._is_ours(getattr(result, "info", None)):
            self._guarded(lambda: self._end(result))

    def _end(self, result: Any) -> None:
        started, self._started = self._started, None
        effects = audit.end()
        info = result.info
        if started is None or info is None or not (info.raw_cell or "").strip():
            return
        error = result.error_before_exec or result.error_in_exec
        self._waiting = Cell(
            source=info.raw_cell,
            number=result.execution_count or 0,
            id=getattr(info, "cell_id", None) or "",
            outcome="ok" if error is None else type(error).__name__,
            seconds=time.perf_counter() - started,
            effects=effects,
        )
        loop = getattr(getattr(self._shell, "kernel", None), "io_loop", None)
        if loop is None:
            self.flush()
        else:
            loop.add_callback(lambda: self._guarded(self.flush))

    def flush(self) -> None:
        """Commit the cell that waits for it, if one does."""
        cell, self._waiting = self._waiting, None
        if cell is None:
            return
        try:
            if is_of_verbs_alone(cell.source):
                self._session.record_found()
            else:
                self._session.record_run(cell)
        except KeyboardInterrupt:
            # The user's interrupt came too late for the cell; its state is recorded all the same.
            self._session.record_run(cell)

    def _is_ours(self, info: Any) -> bool:
        """Whether this is a cell of the notebook, on the main thread of the process we began in."""
        return (
            os.getpid() == self._pid
            and threading.current_thread() is self._thread
            and self._session.attached
            and (info is None or bool(getattr(info, "store_history", True)))
        )

    def _guarded(self, do: Callable[[], None]) -> None:
        """A fault of ours never reaches a user's cell; `status` tells it."""
        try:
            do()
        except BaseException as error:
            self.faults = [*self.faults[-9:], traceback.format_exc()]
            self._session.why_not = f"the last commit failed ({type(error).__name__}: {error})"


def is_of_verbs_alone(source: str) -> bool:
    """Whether a cell has nothing but Kishu's own verbs in it, so that it makes no commit."""
    lines = [line.strip() for line in source.splitlines()]
    telling = [line for line in lines if line and not line.startswith("#")]
    return bool(telling) and all(_is_verb(line) for line in telling)


def _is_verb(line: str) -> bool:
    words = line.split()
    if words[0] in ("%kishu", "kishu", "%load_ext", "%reload_ext"):
        return words[0] in ("%kishu", "kishu") or words[1:] == ["kishu"]
    return line == "import kishu" or (
        line.startswith("kishu.session().") and line.endswith(")") and ";" not in line
    )
