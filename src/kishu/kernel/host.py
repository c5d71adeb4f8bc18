"""The IPython shell as the place where a session's cells run."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from kishu.ambient.ambient import Ambient
from kishu.worktree.namespace import variables


class IPythonHost:
    """What a session needs of a shell: its namespace, and running a cell again."""

    def __init__(self, shell: InteractiveShell, off: Collection[str] = ()) -> None:
        self.shell = shell
        self.ambient = Ambient(off)

    @property
    def namespace(self) -> dict[str, Any]:
        """The globals of the notebook's cells."""
        found: dict[str, Any] = self.shell.user_ns
        return found

    @property
    def defaults(self) -> Mapping[str, Any]:
        """What IPython itself has bound, by name."""
        found: dict[str, Any] = self.shell.user_ns_hidden
        return found

    def variables(self, ignored: set[str]) -> dict[str, Any]:
        """The user's variables now."""
        return variables(self.shell.user_ns, self.shell.user_ns_hidden, ignored)

    def run_again(
        self,
        source: str,
        variables: dict[str, Any],
        settings: Mapping[str, Any],
        expected: str,
    ) -> dict[str, Any]:
        """Run a cell in the namespace holding ``variables`` alone, its output dropped.

        Gives the variables it leaves behind; the namespace and the settings are as before. Raises
        what it raises, unless that is the exception ``expected``, by name.
        """
        silence = contextlib.redirect_stdout(io.StringIO())
        with self._set_aside(), self.ambient.being(settings), silence:
            self.namespace.update(variables)
            try:
                self._execute(source)
            except Exception as error:
                if type(error).__name__ != expected:
                    raise
            return self.variables(set())

    @contextlib.contextmanager
    def _set_aside(self) -> Iterator[None]:
        """Take the user's variables out of the namespace, and put them back."""
        mine = self.variables(set())
        order = list(self.namespace)
        held = dict(self.namespace)
        for name in mine:
            del self.namespace[name]
        try:
            yield
        finally:
            for name in list(self.namespace):
                if name not in held or name in mine:
                    del self.namespace[name]
            self.namespace.update((name, held[name]) for name in order)

    def _execute(self, source: str) -> None:
        tree = ast.parse(self.shell.transform_cell(source))
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(tree, "<replayed cell>", "exec", flags=flags, dont_inherit=True)
        result = eval(code, self.namespace)
        if inspect.iscoroutine(result):
            _run_elsewhere(result)


def _run_elsewhere(coroutine: Any) -> None:
    """Run a coroutine to its end while this thread's own loop waits."""
    failures: list[BaseException] = []

    def run() -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(coroutine)
        except BaseException as error:
            failures.append(error)
        finally:
            # Not `asyncio.run`, which ends async generators that the cell has left half-run.
            _cancel_all(loop)
            loop.close()

    thread = threading.Thread(target=run, name="kishu-replay")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """End the tasks that a cell has left running."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
