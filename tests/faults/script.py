"""What the faults are tried on: every kind of operation once, each step said when it is done.

Run as a process that imports everything and then forks for each task (a line of JSON).
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from kishu import limits
from kishu.errors import KishuError, NotRecording
from kishu.kernel import extension  # noqa: F401 - it makes the magic known
from kishu.kernel.attached import attach
from tests.crash.cells import cell
from tests.crash.worker import read_back, say, serve
from tests.faults.layer import Layer

LONG = "rows = [[i] for i in range(5_000)]"


def script(home: str, notebook: str, fault: str, at: int, times: int, later: bool) -> None:
    """Attach, run, name, undo, go elsewhere, come back; with one fault on the way.

    ``later``: cells are written by the thread, however little they store.
    """
    os.environ["KISHU_HOME"] = home
    if later:
        limits.AT_ONCE_BYTES = 0
    layer = Layer(home, fault, at, times)
    layer.install()
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        session = attach(shell, Path(notebook)).session
    except (KishuError, KeyboardInterrupt) as error:
        say("not attached", str(error))
        return
    n = -1

    def run() -> None:
        nonlocal n
        n += 1
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            shell.run_cell(cell(n), store_history=True).raise_error()
        status = session.status()
        say("ran", n, status.head, status.recording, status.why, printed.getvalue())

    def verb(name: str, do: Any) -> None:
        nonlocal n
        try:
            do()
        except (NotRecording, KeyboardInterrupt) as error:
            say("not done", name, str(error))
        n = shell.user_ns.get("n", -1)
        say("verb", name, n, session.status().head)

    for _ in range(3):
        run()
    third = session.status().head
    verb("commit", lambda: session.commit("three"))
    verb("undo", session.undo)
    verb("redo", session.redo)
    run()
    verb("branch", lambda: session.branch("side"))
    verb("checkout", lambda: session.checkout(third))
    verb("tag", lambda: session.tag("best"))
    run()
    verb("trust", session.trust)
    for _ in range(2):
        run()
    say("points", layer.calls)
    verb("detach", session.detach)
    say("live", n)


def collect(home: str, notebook: str, fault: str, at: int) -> None:
    """Attach to what the script left, and collect its garbage with one fault on the way."""
    os.environ["KISHU_HOME"] = home
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    session = attach(shell, Path(notebook)).session
    layer = Layer(home, fault, at)
    layer.install()
    try:
        garbage = session.gc()
    except KishuError as error:
        say("not done", error.kind, error.message)
    else:
        say("collected", garbage.chunks, garbage.commits)
    say("points", layer.calls)


TASKS: dict[str, Any] = {"script": script, "collect": collect, "read_back": read_back}


if __name__ == "__main__":
    serve(TASKS)
