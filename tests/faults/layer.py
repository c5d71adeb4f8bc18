"""A layer under the store that fails: one call of the system is hit, all others pass through.

Only calls that change files under the home are counted, not those of the thread that syncs (they
come at any time and change nothing that is read).
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

CALLS = ("open", "write", "fsync", "ftruncate", "replace", "link", "unlink", "mkdir")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Layer:
    """Stands between a process and its disk.

    Args:
        home: the directory whose files are watched.
        fault: ``kill`` before the call, ``torn`` half way through a write, ``interrupt`` after the
            call, or an errno's name, with which the call fails.
        at: which call is hit, counted from 1; 0 for none.
        times: how many calls in a row are hit.

    Attributes:
        calls: the name of each call so far.
    """

    def __init__(self, home: str, fault: str, at: int, times: int = 1) -> None:
        self.calls: list[str] = []
        self._home = os.path.realpath(home)
        self._fault = fault
        self._hit = range(at, at + times) if at else range(0)

    def install(self) -> None:
        """Put the layer in place, for the rest of the process's life."""
        for name in CALLS:
            setattr(os, name, self._around(name, getattr(os, name)))

    def _around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if not self._counts(name, arguments):
                return real(*arguments, **keywords)
            self.calls.append(name)
            if len(self.calls) not in self._hit:
                return real(*arguments, **keywords)
            if self._fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self._fault == "interrupt":
                done = real(*arguments, **keywords)
                os.kill(os.getpid(), signal.SIGINT)
                return done
            if name == "write" and self._fault in ("torn", "short"):
                done = real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                if self._fault == "torn":
                    os.kill(os.getpid(), signal.SIGKILL)
                return done
            if hasattr(errno, self._fault):
                number = getattr(errno, self._fault)
                raise OSError(number, os.strerror(number))
            return real(*arguments, **keywords)

        return call

    def _counts(self, name: str, arguments: tuple[Any, ...]) -> bool:
        if threading.current_thread().name == "kishu-sync":
            return False
        where = arguments[0]
        if name == "open" and not (len(arguments) > 1 and arguments[1] & _WRITING):
            return False
        if isinstance(where, int):
            try:
                where = os.readlink(f"/proc/self/fd/{where}")
            except OSError:
                return False
        return os.path.realpath(os.fsdecode(where)).startswith(self._home)
