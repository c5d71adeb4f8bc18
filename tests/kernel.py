"""A real ipykernel to test in: started, talked to over loopback, killed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from jupyter_client import BlockingKernelClient, KernelManager

TIMEOUT = 60


class Ran(NamedTuple):
    """What a cell did: what it printed, the exception's name and traceback, what it displayed."""

    stdout: str
    error: str
    traceback: str
    displayed: list[str]
    stderr: str


class Kernel:
    """One ipykernel whose histories live under ``home``.

    Args:
        home: becomes KISHU_HOME.
        notebook: the path the kernel is told it runs (JPY_SESSION_NAME); None for none.
        environment: variables to set.
        python: what runs it.
    """

    def __init__(
        self,
        home: Path,
        notebook: Path | None = None,
        environment: dict[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self.home = home
        self._serves = False
        self.manager = KernelManager(kernel_name="python3")
        command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager.kernel_spec.argv = command
        env = {**os.environ, "KISHU_HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
        env.pop("JPY_SESSION_NAME", None)
        if notebook is not None:
            env["JPY_SESSION_NAME"] = str(notebook)
        env["PYTHONWARNINGS"] = "ignore"
        env.update(environment or {})
        self.manager.start_kernel(env=env, cwd=str(home))
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The kernel's process id."""
        pid: int = self.manager.provisioner.process.pid
        return pid

    def send(self, code: str) -> str:
        """Send a cell without waiting; gives the request's id."""
        sent: str = self.client.execute(code, stop_on_error=False)
        return sent

    def wait(self, sent: str, timeout: float = TIMEOUT) -> Ran:
        """Wait for a sent cell to end."""
        printed: dict[str, str] = {"stdout": "", "stderr": ""}
        displayed: list[str] = []
        error = traceback = ""
        while True:
            message = self._next(self.client.get_iopub_msg, timeout)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed[content["name"]] += content["text"]
            elif kind in ("execute_result", "display_data"):
                displayed.append(content["data"].get("text/plain", ""))
            elif kind == "error":
                error, traceback = content["ename"], "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                break
        return Ran(printed["stdout"], error, traceback, displayed, printed["stderr"])

    def run(self, code: str, timeout: float = TIMEOUT) -> Ran:
        """Run a cell to its end, whatever its end."""
        return self.wait(self.send(code), timeout)

    def ok(self, code: str) -> str:
        """Run a cell that must succeed; gives what it printed."""
        ran = self.run(code)
        assert not ran.error, ran.traceback
        return ran.stdout

    def value(self, expression: str) -> Any:
        """The JSON-able value of an expression, read without making a cell of it."""
        code = f"__import__('json').dumps({expression})"
        sent = self.client.execute("", silent=True, user_expressions={"value": code})
        while True:
            reply = self._next(self.client.get_shell_msg, TIMEOUT)
            if reply["parent_header"].get("msg_id") == sent:
                break
        answer = reply["content"]["user_expressions"]["value"]
        assert answer["status"] == "ok", answer
        text = answer["data"]["text/plain"]
        return json.loads(unquoted(text))

    def _next(self, get: Callable[..., dict[str, Any]], timeout: float) -> dict[str, Any]:
        """Get the next message of a channel.

        Raises:
            queue.Empty: none came in time.
        """
        return get(timeout=timeout)

    def kishu(self, line: str) -> Any:
        """Run a verb and read its JSON."""
        printed = self.ok(f"%kishu {line} --json")
        return json.loads(printed)

    def ask(self, verb: str, channel: str = "shell", **fields: Any) -> dict[str, Any]:
        """Ask what a front end asks, and wait for the reply; the first time, make it answer."""
        if not self._serves:
            self.value("__import__('kishu.kernel.extension').kernel.extension.serve()")
            self._serves = True
        return self.replied(self.send_request(verb, channel, **fields), channel)

    def send_request(self, verb: str, channel: str = "shell", **fields: Any) -> str:
        """Send a front end's request; gives its id."""
        message = self.client.session.msg("kishu_request", {"verb": verb, **fields})
        getattr(self.client, f"{channel}_channel").send(message)
        id: str = message["header"]["msg_id"]
        return id

    def replied(self, sent: str, channel: str = "shell") -> dict[str, Any]:
        """The reply to a request."""
        while True:
            reply = getattr(self.client, f"{channel}_channel").get_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == sent:
                content: dict[str, Any] = reply["content"]
                return content

    def event(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an event that front ends are told."""
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "kishu_event" and wanted(message["content"]):
                content: dict[str, Any] = message["content"]
                return content

    def interrupt(self) -> None:
        """Interrupt the running cell, as the stop button does."""
        self.manager.interrupt_kernel()

    def kill(self) -> None:
        """Kill the kernel with SIGKILL, as the out-of-memory killer does."""
        os.kill(self.pid, signal.SIGKILL)
        self.manager.provisioner.process.wait()
        self.stop()

    def stop(self) -> None:
        """End the kernel and close the channels."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def unquoted(text: str) -> str:
    """The string that a kernel shows by its repr."""
    import ast

    value: str = ast.literal_eval(text)
    return value
