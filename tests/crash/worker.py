"""Processes to be killed: forked on demand from one that has imported everything.

Each line of the input is a task, as JSON. The process that does it says what it did in lines of
JSON; when it has ended, in whatever way, ``["ended"]`` is said.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from kishu.errors import NothingToDo
from kishu.kernel import extension  # noqa: F401 - it makes the magic known
from kishu.kernel.attached import attach, current
from kishu.session import Session
from tests.crash.cells import Expected, cell, differing

SAID = os.dup(1)
"""Where a worker speaks; what its cells print is not meant for the one who listens."""


def say(*words: object) -> None:
    """One line, whole or not at all."""
    os.write(SAID, json.dumps(words).encode() + b"\n")


def attached(home: str, notebook: str) -> tuple[InteractiveShell, Session]:
    """A new kernel's life."""
    os.environ["KISHU_HOME"] = home
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    say("attaching")
    at = attach(shell, Path(notebook))
    say("attached", at.recording.id)
    return shell, at.session


def resume(shell: InteractiveShell, session: Session) -> int:
    """Bring back the last state with anything in it; gives its n, or -1.

    A kernel that was killed before it brought anything back left an empty state behind.
    """
    if current().recording.resumed:
        say("restoring")
        session.restore()
        try:
            while "n" not in shell.user_ns:
                session.undo()
        except NothingToDo:
            # Nothing was ever run.
            pass
    n: int = shell.user_ns.get("n", -1)
    say("resumed", n)
    return n


def work(home: str, notebook: str) -> None:
    """Go on from the last state until killed."""
    shell, session = attached(home, notebook)
    n = resume(shell, session)
    while True:
        n += 1
        shell.run_cell(cell(n), store_history=True).raise_error()
        status = session.status()
        if not status.recording:
            say("refused", status.why)
            return
        say("done", n, status.head)


def restore(home: str, notebook: str, commit: str, at: int = 0) -> None:
    """Bring one state back, and say how many calls that took; killed at one of them, if wanted."""
    _, session = attached(home, notebook)
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)

    say("restoring")
    sys.setprofile(count)
    session.checkout(commit)
    sys.setprofile(None)
    say("restored", calls)


def read_back(home: str, notebook: str, commits: dict[str, int]) -> None:
    """Compare some states, each by the n of its cell, and the last one, with what they must be."""
    shell, session = attached(home, notebook)
    say("damaged", session.check())
    expected = Expected()
    for commit, n in sorted(commits.items(), key=lambda item: item[1]):
        wrong = differing(dict(session.at(commit)), expected.after(n))
        say("read", n, wrong)
    n = resume(shell, session)
    live = {name: shell.user_ns[name] for name in session.at("HEAD")}
    say("live", n, differing(live, Expected().after(n)))


TASKS: dict[str, Any] = {"work": work, "restore": restore, "read_back": read_back}


def serve(tasks: dict[str, Any]) -> None:
    """Fork a process for each task and wait for its end."""
    os.dup2(2, 1)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            say("started", os.getpid())
            try:
                tasks[name](*arguments)
            except BaseException:
                say("failed", traceback.format_exc())
            os._exit(0)
        os.waitpid(pid, 0)
        say("ended")


if __name__ == "__main__":
    serve(TASKS)
