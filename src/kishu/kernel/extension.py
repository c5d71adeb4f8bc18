"""The IPython extension: ``%load_ext kishu``, and answering front ends."""

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


class _Served:
    """The channel to front ends: one a process."""

    channel: Channel | None = None


def attach(notebook: str | os.PathLike[str] | None = None) -> Session:
    """Attach to the running IPython shell; attaching twice gives the same session.

    Args:
        notebook: the notebook's path, where the kernel cannot know it.

    Raises:
        NotAttached: there is no IPython shell.
        StoreError: the history cannot be opened.
    """
    shell = get_ipython()
    if shell is None:
        raise NotAttached("There is no IPython shell here.", "Call it in a notebook or in ipython.")
    return attached.attach(shell, notebook).session


def session() -> Session:
    """Give the attached session, its last cell recorded.

    Raises:
        NotAttached: none is.
    """
    return attached.current().session


def detach() -> None:
    """Let go of the shell; the history stays."""
    attached.detach()


def serve() -> int:
    """Answer the requests of front ends from now on; gives the protocol that is spoken.

    Raises:
        NotAttached: this is no kernel of Jupyter's.
    """
    shell = get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        raise NotAttached("There is no Jupyter kernel here.", "Use the magics: `%kishu help`.")
    _serve(shell)
    return PROTOCOL


def _serve(shell: InteractiveShell) -> None:
    if _Served.channel is None and getattr(shell, "kernel", None) is not None:
        _Served.channel = Channel(shell)
        _Served.channel.open()


def _welcome(at: Attached) -> None:
    """Make the verbs known in the shell, and have front ends hear of the session."""
    register_magics(at.shell)
    _serve(at.shell)
    if _Served.channel is not None:
        _Served.channel.follow(at)


attached.when_attached(_welcome)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Attach and say so in a line or two: ``%load_ext kishu``."""
    register_magics(shell)
    try:
        print(show.greeting(attached.attach(shell).recording))
    except StoreError as error:
        print(f"Kishu is not recording: {error}")


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Detach: ``%unload_ext kishu``."""
    attached.detach()
