"""Queue disk writes, and run them in order in a background thread or in the calling thread."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class Task(NamedTuple):
    """Describe one disk write that waits in the backlog.

    Attributes:
        do: the function that writes; it raises OSError where the disk refuses, and can then be
            called again.
        nbytes: the number of bytes that it writes.
    """

    do: Callable[[], None]
    nbytes: int


class Backlog:
    """Hold the writes that wait for the disk, and run them one at a time, oldest first.

    The background thread and a caller that must wait both run tasks. A task that fails stays
    first in the queue, with all others behind it, until one of them tries again.

    Attributes:
        failure: the error at which the background thread stopped writing; None while it has not,
            and again once a later attempt has written all that it had to.
    """

    def __init__(self) -> None:
        self._memory_to_release = False
        self.failure: Exception | None = None
        # Two counters, as the thread that adds tasks must not wait for the one that runs them.
        self._added_bytes = 0
        self._done_bytes = 0
        self._tasks: deque[Task] = deque()
        self._running = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = False

    @property
    def nbytes(self) -> int:
        """Return the number of bytes that wait to be written."""
        return self._added_bytes - self._done_bytes

    def add(self, task: Task) -> None:
        """Append a task to the queue; nothing is written yet."""
        self._tasks.append(task)
        self._added_bytes += task.nbytes

    def do_now(self, *, down_to: int = 0) -> None:
        """Run waiting tasks in the calling thread.

        Args:
            down_to: the number of bytes that may still wait when this returns; 0 runs all tasks.

        Raises:
            OSError: the disk refused; the tasks that were not done still wait.
        """
        while self._tasks and (not down_to or self.nbytes > down_to):
            self._run_first()
        self.failure = None

    def do_soon(self) -> None:
        """Wake the background thread, which runs the waiting tasks; return at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kishu-write", daemon=True)
            self._thread.start()
        self._wake.set()

    def remove(self, task: Task) -> bool:
        """Remove the task that was added last; return False if it has been done already."""
        with self._running:
            if not self._tasks or self._tasks[-1] is not task:
                return False
            self._tasks.pop()
            self._added_bytes -= task.nbytes
            return True

    def release_memory(self) -> None:
        """Return freed memory to the system if the thread has written and nothing waits now."""
        if self._memory_to_release and not self._tasks:
            self._memory_to_release = False
            _trim_heap()

    def stop(self) -> None:
        """Make the background thread end; tasks that still wait are not done."""
        self._stopped = True
        self._wake.set()

    def _run_first(self) -> None:
        """Run the oldest task, and remove it if it did not fail."""
        with self._running:
            if self._tasks:
                task = self._tasks[0]
                task.do()
                self._tasks.popleft()
                self._done_bytes += task.nbytes

    def _run(self) -> None:
        """Run tasks whenever woken, until stopped; the body of the background thread."""
        while not self._stopped:
            self._wake.wait()
            self._wake.clear()
            try:
                while self._tasks and not self._stopped:
                    self._run_first()
                self.failure = None
                self._memory_to_release = True
            except Exception as error:
                self.failure = error


def _trim_heap() -> None:
    """Make glibc return freed memory to the system.

    By itself glibc keeps it, which after a large backlog may be a hundred megabytes and more.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        # Only glibc has `malloc_trim`.
        return
