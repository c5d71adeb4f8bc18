"""Notice what a cell does outside of its variables: files, processes, threads and sockets.

A cell with such effects is not run again without being asked for: that would repeat them.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FILE_EVENTS = frozenset(
    {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
     "shutil.rmtree", "shutil.move", "shutil.copyfile"}
)  # fmt: skip
_PROCESS_EVENTS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
     "os.spawn", "pty.spawn"}
)  # fmt: skip
_THREAD_EVENTS = frozenset({"_thread.start_new_thread", "_thread.start_joinable_thread"})
_DATABASE_EVENTS = frozenset({"sqlite3.connect"})
_SOCKET_EVENTS = frozenset({"socket.__new__", "socket.connect", "socket.bind", "socket.sendto"})


class Audit:
    """Collect the effects of a cell while it runs, by way of an audit hook.

    Python cannot remove an audit hook. So a process has one instance, `audit`, which ignores all
    events while no cell runs.
    """

    def __init__(self) -> None:
        self._watching = False
        self._effects: set[str] = set()
        self._installed = False

    def start(self) -> None:
        """Forget earlier effects and collect new ones from now on."""
        if not self._installed:
            sys.addaudithook(self._on_event)
            self._installed = True
        self._effects = set()
        self._watching = True

    def stop(self) -> list[str]:
        """Stop collecting and return the effects seen since `start`, sorted.

        Each is one of ``file``, ``process``, ``socket``, ``thread``.
        """
        self._watching = False
        return sorted(self._effects)

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Add the effect that an audit event stands for, if any."""
        if not self._watching:
            return
        if event == "open":
            if self._opens_for_writing(arguments):
                self._effects.add("file")
        elif event in _FILE_EVENTS:
            self._effects.add("file")
        elif event in _PROCESS_EVENTS:
            self._effects.add("process")
        elif event in _SOCKET_EVENTS:
            self._effects.add("socket")
        elif event in _THREAD_EVENTS:
            self._effects.add("thread")
        elif event in _DATABASE_EVENTS and arguments[0] not in (":memory:", ""):
            self._effects.add("file")

    @staticmethod
    def _opens_for_writing(arguments: tuple[Any, ...]) -> bool:
        """Return True if an ``open`` event may change a file other than byte code or /dev/null."""
        path, mode, flags = (*arguments, None, None, None)[:3]
        if isinstance(path, (str, bytes)) and os.fsencode(path).endswith((b".pyc", b"/dev/null")):
            return False
        if isinstance(mode, str):
            return any(letter in mode for letter in "wax+")
        return isinstance(flags, int) and bool(flags & _WRITING)


audit = Audit()
