"""Short ways to ask a kernel what a test wants to know."""

from __future__ import annotations

from typing import Any

from tests.kernel import TIMEOUT, Kernel

RECORDING = "__import__('kishu.kernel.attached').kernel.attached.current().recording"
"""In a kernel: what its session consists of."""


def log(kernel: Kernel) -> list[dict[str, Any]]:
    """All commits, oldest first."""
    entries: list[dict[str, Any]] = kernel.kishu("log -n 100000")
    return entries[::-1]


def runs(kernel: Kernel) -> list[str]:
    """The sources of the cells that were committed, oldest first."""
    return [entry["cell"]["source"] for entry in log(kernel) if entry["kind"] == "run"]


def outcome(kernel: Kernel) -> str:
    """How the last committed cell ended."""
    cell: dict[str, str] = log(kernel)[-1]["cell"]
    return cell.get("outcome", "ok")


def names(kernel: Kernel, *asked: str) -> list[str]:
    """Which of these names the notebook has."""
    return [name for name in asked if kernel.value(f"{name!r} in globals()")]


def heard(kernel: Kernel, *cells: str) -> str:
    """What anything prints from now until the cells, and their commits, are over."""
    sent = [kernel.send(cell) for cell in (*cells, "pass")]
    printed = ""
    while True:
        message = kernel.client.get_iopub_msg(timeout=TIMEOUT)
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            printed += content["text"]
        idle = kind == "status" and content["execution_state"] == "idle"
        if idle and message["parent_header"].get("msg_id") == sent[-1]:
            return printed


def wait_for_print(kernel: Kernel) -> None:
    """Wait until a running cell prints something."""
    while kernel.client.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "stream":
        pass
