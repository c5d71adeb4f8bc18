"""Give the engine what it needs of an IPython shell: the namespace, and running cells again."""

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
    """Present an IPython shell as the `kishu.ports.Host` of a session.

    Args:
        shell: the shell whose namespace holds the user's variables.
        off: the names of settings that Kishu leaves alone.

    Attributes:
        shell: the shell.
        ambient: the state outside of the variables, but for the settings named by `off`.
    """

    def __init__(self, shell: InteractiveShell, off: Collection[str] = ()) -> None:
        self.shell = shell
        self.ambient = Ambient(off)

    @property
    def namespace(self) -> dict[str, Any]:
        """Return the dict that is the globals of the notebook's cells."""
        namespace: dict[str, Any] = self.shell.user_ns
        return namespace

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Return what IPython itself has bound in the namespace, by name."""
        hidden: dict[str, Any] = self.shell.user_ns_hidden
        return hidden

    def variables(self, ignored: set[str]) -> dict[str, Any]:
        """Return the user's variables by name, but for those named by ``ignored``."""
        return variables(self.shell.user_ns, self.shell.user_ns_hidden, ignored)

    def run_again(
        self,
        source: str,
        variables: dict[str, Any],
        settings: Mapping[str, Any],
        expected: str,
    ) -> dict[str, Any]:
        """Run a cell with the given variables alone, and return the variables that it leaves.

        What the cell prints to ``sys.stdout`` is dropped. Afterwards the namespace and the
        settings are as before.

        Args:
            source: the cell's text.
            variables: the variables that the namespace holds while the cell runs.
            settings: the settings while the cell runs; those not named are as the kernel began.
            expected: the class name of the exception with which the cell may end, as the first
                run did; ``ok`` for none.

        Raises:
            Exception: the cell raised it, and its class is not called ``expected``.
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
        """Take the user's variables out of the namespace for a while, then put them back.

        Whatever else was bound meanwhile is dropped; the user's names keep their order.
        """
        names = self.variables(set()).keys()
        before = dict(self.namespace)
        for name in names:
            del self.namespace[name]
        try:
            yield
        finally:
            for name in list(self.namespace):
                if name not in before or name in names:
                    del self.namespace[name]
            self.namespace.update(before)

    def _execute(self, source: str) -> None:
        """Run a cell's text in the namespace; one that awaits runs in a thread of its own."""
        tree = ast.parse(self.shell.transform_cell(source))
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(tree, "<replayed cell>", "exec", flags=flags, dont_inherit=True)
        result = eval(code, self.namespace)
        if inspect.iscoroutine(result):
            _run_elsewhere(result)


def _run_elsewhere(coroutine: Any) -> None:
    """Run a coroutine to its end in another thread, and wait for it.

    This thread's own event loop is running already, so that it can run no other coroutine to its
    end.

    Raises:
        BaseException: the coroutine raised it.
    """
    failures: list[BaseException] = []

    def run() -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(coroutine)
        except BaseException as error:
            failures.append(error)
        finally:
            # Not `asyncio.run`: it would close the async generators that the cell leaves
            # half-run, and these may be the variables that are wanted.
            _cancel_all(loop)
            loop.close()

    thread = threading.Thread(target=run, name="kishu-replay")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks that a cell has left running in a loop, and wait for their end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
