"""A real Jupyter kernel on one notebook: start it, run cells, look inside, kill it."""

from __future__ import annotations

import ast
import json
import os
import queue
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

PATIENCE = 120.0
"""Seconds without a sign of life after which a kernel counts as lost."""

Heard = Callable[[str], None]


class KernelTrouble(Exception):
    """A cell failed, or the kernel is gone."""


class Kernel:
    """One ipykernel, on the loopback interface, that runs a notebook's cells.

    Args:
        notebook: the notebook that the kernel is told it runs.
        home: where histories (KISHU_HOME) and everything else that is temporary go.
    """

    def __init__(self, notebook: Path, home: Path) -> None:
        self._log = home / "kernel.log"
        manager = KernelManager(
            kernel_name="python3", ip="127.0.0.1", connection_file=str(home / "kernel.json")
        )
        # Its annotations allow for kernels that are not processes; this one is.
        self._manager = cast(Any, manager)
        # This interpreter, whatever the machine calls "python3".
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._manager.kernel_spec.argv = command
        environment = os.environ | {
            "KISHU_HOME": str(home / "kishu"),
            "IPYTHONDIR": str(home / "ipython"),
            "JPY_SESSION_NAME": str(notebook),
            "MPLBACKEND": "agg",
            # So that the kernel finds `measure`.
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
            ),
        }
        with self._log.open("ab") as log:
            self._manager.start_kernel(
                env=environment, cwd=str(notebook.parent), stdout=log, stderr=log
            )
        self._client: BlockingKernelClient = self._manager.client()
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=PATIENCE)
        except RuntimeError as error:
            self.stop()
            raise KernelTrouble(f"{error}\n{self._log.read_text()}") from None
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def run(self, source: str, cell_id: str = "", *, counted: bool = True) -> str:
        """Run a cell to its end; gives what it printed.

        Args:
            source: the cell's text.
            cell_id: the notebook's id of the cell, sent along as JupyterLab sends it.
            counted: whether it is one of the notebook's cells; if not, it gets no ``In [7]``.

        Raises:
            KernelTrouble: the cell raised an exception, or the kernel died.
        """
        printed: list[str] = []
        self._hear(source, self._send(source, cell_id, counted=counted), printed.append)
        return "".join(printed)

    def run_until(self, source: str, heard: Callable[[str], bool]) -> None:
        """Start a cell, and leave it running as soon as ``heard`` accepts what it prints."""

        class Enough(Exception):
            pass

        def listen(text: str) -> None:
            if heard(text):
                raise Enough

        try:
            self._hear(source, self._send(source), listen)
        except Enough:
            return
        raise KernelTrouble(f"The cell `{source.splitlines()[0]}` ended too soon.")

    def verb(self, line: str, *, counted: bool = False) -> Any:
        """Run a ``%kishu`` verb and give the JSON that it prints."""
        printed = self.run(f"%kishu {line} --json", counted=counted)
        try:
            return json.loads(printed)
        except json.JSONDecodeError:
            raise KernelTrouble(f"`%kishu {line}` said: {printed.strip()}") from None

    def read(self, expression: str) -> Any:
        """The value of an expression, read without a cell: the history hears nothing of it.

        Raises:
            KernelTrouble: the expression failed, or has no JSON form.
        """
        asked = {"answer": f"__import__('json').dumps({expression})"}
        sent = self._client.execute("", silent=True, user_expressions=asked)
        answer = self._reply(sent)["user_expressions"]["answer"]
        if answer["status"] != "ok":
            raise KernelTrouble(f"{expression}: {answer['ename']}: {answer['evalue']}")
        # The display form of a string is its Python literal.
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def kill(self) -> None:
        """Kill the kernel with SIGKILL: it has no time for a last word."""
        process = self._manager.provisioner.process
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        self.stop()

    def stop(self) -> None:
        """End the kernel, if it lives, and close the channels."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _send(self, source: str, cell_id: str = "", *, counted: bool = True) -> str:
        content = {
            "code": source,
            "silent": False,
            "store_history": counted,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        # The client's own `execute` cannot send the cell's id.
        message = self._client.session.msg(
            "execute_request", content, metadata={"cellId": cell_id} if cell_id else {}
        )
        self._client.shell_channel.send(message)
        sent: str = message["header"]["msg_id"]
        return sent

    def _hear(self, source: str, sent: str, heard: Heard) -> None:
        """Hand on what a cell prints until it has ended."""
        error = ""
        while True:
            message = self._next(self._client.get_iopub_msg)
            if message["parent_header"].get("msg_id") != sent:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream" if content["name"] == "stdout":
                    heard(content["text"])
                case "error":
                    error = f"{content['ename']}: {content['evalue']}"
                case "status" if content["execution_state"] == "idle":
                    break
        if error:
            raise KernelTrouble(f"In the cell `{source.splitlines()[0]}`: {error}")

    def _reply(self, sent: str) -> Any:
        while True:
            message = self._next(self._client.get_shell_msg)
            if message["parent_header"].get("msg_id") == sent:
                return message["content"]

    def _next(self, get: Callable[..., Any]) -> Any:
        """The next message of a channel; waits no longer than the kernel lives."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                return get(timeout=1)
            except queue.Empty:
                if self._manager.provisioner.process.poll() is not None:
                    raise KernelTrouble(f"The kernel died.\n{self._log.read_text()}") from None
        raise KernelTrouble(f"The kernel has said nothing for {PATIENCE:.0f} s.")
