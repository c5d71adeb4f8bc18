"""What belongs to the kernel and not to the user, whoever holds it."""

from __future__ import annotations

from typing import Any

from kishu.format1 import builder
from kishu.handlers.registry import Reduced, Walk, handles


@handles("IPython.core.interactiveshell.InteractiveShell", subclasses=True, sharing_is_state=False)
def reduce_shell(walk: Walk, shell: Any) -> Reduced:
    """By what it is: the shell that runs."""
    return the_shell, ()


@builder
def the_shell() -> Any:
    """The running shell."""
    from IPython.core.getipython import get_ipython

    return get_ipython()


@handles("ipykernel.kernelbase.Kernel", subclasses=True, sharing_is_state=False)
def reduce_kernel(walk: Walk, kernel: Any) -> Reduced:
    """By what it is: the kernel that runs."""
    return the_kernel, ()


@builder
def the_kernel() -> Any:
    """The running kernel; None in a plain terminal."""
    return getattr(the_shell(), "kernel", None)


@handles(
    "IPython.core.displayhook.DisplayHook", "IPython.core.displaypub.DisplayPublisher",
    "IPython.core.history.HistoryAccessorBase",
    "threading.Thread", "jupyter_client.session.Session",
    "ipykernel.comm.comm.Comm",
    "asyncio.events.AbstractEventLoop", "asyncio.futures.Future", "_asyncio.Future",
    "_asyncio.Task", "zmq.sugar.socket.Socket", "zmq.sugar.context.Context",
    "tornado.ioloop.IOLoop",
    subclasses=True, sharing_is_state=False,
)  # fmt: skip
def reduce_connection(walk: Walk, connection: Any) -> Reduced:
    """A live connection of this process: kept while it lives, never stored."""
    return walk.unstorable(connection, "live", "it is a live connection of this kernel")
