"""Load and unload the IPython extension, and begin to answer front ends."""

from __future__ import annotations

import os

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from kishu.errors import NotAttached, StoreError
from kishu.kernel import attached, show
from kishu.kernel.attached import Attached
from kishu.kernel.channel import Channel
from kishu.kernel.magics import register_magics
from kishu.kernel.messages import PROTOCOL
from kishu.session import Session


class _Process:
    """Hold the channel to front ends, of which a process has one.

    Attributes:
        channel: the open channel; None until there is a Jupyter kernel and something to answer.
    """

    channel: Channel | None = None


def attach(notebook: str | os.PathLike[str] | None = None) -> Session:
    """Attach a session to the running IPython shell, or return the one that is attached already.

    Args:
        notebook: the notebook's path; None to take what the front end told the kernel.

    Raises:
        NotAttached: no IPython shell runs in this process.
        StoreError: the history cannot be opened or made.
    """
    shell = get_ipython()
    if shell is None:
        raise NotAttached("There is no IPython shell here.", "Call it in a notebook or in ipython.")
    return attached.attach(shell, notebook).session


def session() -> Session:
    """Commit the last cell, if that is still to be done, and return the attached session.

    Raises:
        NotAttached: no session was attached to this process, or `detach` has ended it.
    """
    return attached.current().session


def detach() -> None:
    """Commit what waits, end the attached session, if any, and stop listening to its shell."""
    attached.detach()


def serve() -> int:
    """Answer front ends' requests from now on, and return the version of the protocol.

    Raises:
        NotAttached: no Jupyter kernel runs in this process.
    """
    shell = get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        raise NotAttached("There is no Jupyter kernel here.", "Use the magics: `%kishu help`.")
    _serve(shell)
    return PROTOCOL


def _serve(shell: InteractiveShell) -> None:
    """Open the channel to front ends, if the shell is a Jupyter kernel's and none is open."""
    if _Process.channel is None and getattr(shell, "kernel", None) is not None:
        _Process.channel = Channel(shell)
        _Process.channel.open()


def _welcome(at: Attached) -> None:
    """Register the magics in a newly attached shell, and have front ends told of its session."""
    register_magics(at.shell)
    _serve(at.shell)
    if _Process.channel is not None:
        _Process.channel.follow(at)


attached.when_attached(_welcome)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Attach a session to the shell and print a greeting, as ``%load_ext kishu`` asks."""
    register_magics(shell)
    try:
        print(show.greeting(attached.attach(shell).recording))
    except StoreError as error:
        print(f"Kishu is not recording: {error}")


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """End the attached session, as ``%unload_ext kishu`` asks."""
    attached.detach()
