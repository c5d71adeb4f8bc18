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
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from kishu.errors import NothingToDo
from kishu.kernel.extension import attach_to
from tests.crash.cells import Expected, cell, differing

if TYPE_CHECKING:
    from types import FrameType

    from kishu.session import Session

SAID = os.dup(1)
"""Where a worker speaks; what its cells print is not meant for the one who listens."""


def say(*words: object) -> None:
    """One line, whole or not at all."""
    os.write(SAID, json.dumps(words).encode() + b"\n")


def new_shell() -> InteractiveShell:
    """A kernel's shell, without a history of its own."""
    return InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))


def attached(shell: InteractiveShell, home: str, notebook: str) -> Session:
    """A new kernel's life."""
    os.environ["KISHU_HOME"] = home
    say("attaching")
    session = attach_to(shell, Path(notebook))
    say("attached", session.id)
    return session


def resume(shell: InteractiveShell, session: Session) -> int:
    """Bring back the last state with anything in it; gives its n, or -1.

    A kernel that was killed before it brought anything back left an empty state behind.
    """
    if session.resumed:
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
    shell = new_shell()
    session = attached(shell, home, notebook)
    n = resume(shell, session)
    while True:
        n += 1
        shell.run_cell(cell(n), store_history=True).raise_error()
        status = session.status()
        if not status.recording:
            say("refused", status.why)
            return
        say("done", n, status.head)


def restore(home: str, notebook: str, commit: str) -> None:
    """Bring one state back."""
    session = attached(new_shell(), home, notebook)
    say("restoring")
    session.checkout(commit)
    say("restored")


def interrupted(home: str, notebook: str, count: int) -> None:
    """Run cells whose commits are interrupted, one each at most, then tell what was recorded."""
    armed, struck = False, 0

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal armed, struck
        if armed:
            armed = False
            struck += 1
            raise KeyboardInterrupt

    def arm(on: bool) -> None:
        nonlocal armed
        armed = on

    signal.signal(signal.SIGINT, on_interrupt)
    shell = new_shell()
    shell.events.register("post_run_cell", lambda result: arm(True))
    session = attached(shell, home, notebook)
    shell.events.register("post_run_cell", lambda result: arm(False))
    for n in range(count):
        shell.run_cell(f"n = {n}", store_history=True).raise_error()
    say("struck", struck)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for calm in (f"n = {count}", "last = True"):
        shell.run_cell(calm, store_history=True)
    runs = {
        entry.id: int(entry.cell.source.removeprefix("n = "))
        for entry in session.log()
        if entry.cell is not None and entry.cell.source.startswith("n = ")
    }
    found = [n for commit, n in runs.items() if session.at(commit)["n"] != n]
    say("wrong", found)
    say("twice", sorted({n for n in runs.values() if list(runs.values()).count(n) > 1}))
    say("unrecorded", sorted(set(range(count)) - set(runs.values())))
    say("damaged", session.check())
    session.undo()
    say("undone", "last" not in shell.user_ns and shell.user_ns["n"] == count)


def read_back(home: str, notebook: str, commits: dict[str, int]) -> None:
    """Compare some states, each by the n of its cell, and the last one, with what they must be."""
    shell = new_shell()
    session = attached(shell, home, notebook)
    say("damaged", session.check())
    expected = Expected()
    for commit, n in sorted(commits.items(), key=lambda item: item[1]):
        wrong = differing(dict(session.at(commit)), expected.after(n))
        say("read", n, wrong)
    n = resume(shell, session)
    live = {name: shell.user_ns[name] for name in session.at("HEAD")}
    say("live", n, differing(live, expected.after(n)))


TASKS: dict[str, Any] = {task.__name__: task for task in (work, restore, interrupted, read_back)}


def main() -> None:
    """Fork a process for each task and wait for its end."""
    os.dup2(2, 1)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            say("started", os.getpid())
            try:
                TASKS[name](*arguments)
            except BaseException:
                say("failed", traceback.format_exc())
            os._exit(0)
        os.waitpid(pid, 0)
        say("ended")


if __name__ == "__main__":
    main()
