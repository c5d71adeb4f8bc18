"""A session in a real IPython shell, its cells run and recorded one by one."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config as ShellConfig

from kishu.config import Config
from kishu.history.records import Cell
from kishu.kernel.host import IPythonHost
from kishu.recording import Recording
from kishu.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Notebook:
    """One notebook and the kernel that runs it; `restart` gives it another one."""

    def __init__(self, home: Path, path: Path, config: Config | None = None) -> None:
        self.home = home
        self.path = path
        self.config = config or Config(floor=0)
        self._start()

    def _start(self) -> None:
        quiet = ShellConfig({"HistoryManager": {"enabled": False}})
        main = sys.modules["__main__"]
        self.shell = InteractiveShell(config=quiet)
        sys.modules["__main__"] = main
        # At exit each of the hundreds of shells would collect the garbage of all of them.
        atexit.unregister(self.shell.atexit_operations)
        # Those that pytest itself changes from one phase of a test to the next.
        host = IPythonHost(self.shell, off={"environ", "logging", "warnings"})
        self.recording = Recording(host, self.home, self.path, self.config)
        self.session = Session(self.recording)

    def restart(self) -> None:
        """End the kernel as a kill does, without a word, and start another."""
        self.recording.abandon()
        self._start()

    def run(self, source: str, effects: Iterable[str] = ()) -> str:
        """Run a cell, which is said to have done something outside; gives its commit."""
        exec(source, self.shell.user_ns)
        entry = self.recording.record_run(Cell(source, effects=list(effects)))
        assert entry is not None, self.recording.why_not
        return entry.id

    def __getitem__(self, name: str) -> Any:
        """The value of a variable."""
        return self.shell.user_ns[name]

    def __contains__(self, name: str) -> bool:
        """Whether there is such a variable."""
        return name in self.shell.user_ns
