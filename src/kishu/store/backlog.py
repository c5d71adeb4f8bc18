"""The backlog: what is said to be written but is not yet, done in order, by a thread or at once."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class Task(NamedTuple):
    """Something to do: it raises OSError where the disk refuses, and can then be tried again."""

    do: Callable[[], None]
    nbytes: int


class Backlog:
    """Tasks waiting for the disk.

    One task is done at a time, by whoever comes first: the thread, or who must wait for it. A task
    that fails stays, and so do those behind it, until somebody tries again.

    Attributes:
        failure: why the thread stopped; None if it did not.
    """

    def __init__(self) -> None:
        self._to_give_back = False
        self.failure: Exception | None = None
        # Each counted by one side alone, so that neither has to wait for the other.
        self._added = 0
        self._done = 0
        self._tasks: deque[Task] = deque()
        self._doing = threading.Lock()
        self._more = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended = False

    @property
    def nbytes(self) -> int:
        """How much waits."""
        return self._added - self._done

    def add(self, task: Task) -> None:
        """Take a task in, behind all others."""
        self._tasks.append(task)
        self._added += task.nbytes

    def do_now(self, *, down_to: int = 0) -> None:
        """Do what waits, until no more than so many bytes do.

        Raises:
            OSError: the disk refused; what is not done still waits.
        """
        while self._tasks and (not down_to or self.nbytes > down_to):
            self._do_one()
        self.failure = None

    def do_soon(self) -> None:
        """Have what waits done by a thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kishu-write", daemon=True)
            self._thread.start()
        self._more.set()

    def take_back(self, task: Task) -> bool:
        """Drop the task added last; False if it is done already."""
        with self._doing:
            if not self._tasks or self._tasks[-1] is not task:
                return False
            self._tasks.pop()
            self._added -= task.nbytes
            return True

    def give_back(self) -> None:
        """Return the memory of what the thread has done to the system, if nothing waits now."""
        if self._to_give_back and not self._tasks:
            self._to_give_back = False
            _trim()

    def end(self) -> None:
        """Let the thread go; what waits stays undone."""
        self._ended = True
        self._more.set()

    def _do_one(self) -> None:
        with self._doing:
            if self._tasks:
                task = self._tasks[0]
                task.do()
                self._tasks.popleft()
                self._done += task.nbytes

    def _run(self) -> None:
        while not self._ended:
            self._more.wait()
            self._more.clear()
            try:
                while self._tasks and not self._ended:
                    self._do_one()
                self.failure = None
                self._to_give_back = True
            except Exception as error:
                self.failure = error


def _trim() -> None:
    """Glibc keeps what was freed; a hundred megabytes of copies are more than it should."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        # Another C library: it has ways of its own.
        return
