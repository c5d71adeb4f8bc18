"""Attaching to the shell and letting go of it."""

from __future__ import annotations

import os
from pathlib import Path

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from kishu import config
from kishu.errors import ConfigError, NotAttached, StoreError
from kishu.history.catalog import home
from kishu.kernel import show
from kishu.kernel.channel import Channel
from kishu.kernel.hooks import Hooks
from kishu.kernel.host import IPythonHost
from kishu.kernel.magics import register_magics
from kishu.kernel.messages import PROTOCOL
from kishu.kernel.notebook import notebook_path
from kishu.session import Session


class _Attached:
    """The one session of this process, with the hooks that feed it."""

    session: Session | None = None
    hooks: Hooks | None = None
    channel: Channel | None = None
    forks_watched = False


def attach(notebook: str | os.PathLike[str] | None = None, marked: str | None = None) -> Session:
    """Attach to the running IPython shell; attaching twice gives the same session.

    Args:
        notebook: the notebook's path, where the kernel cannot know it.
        marked: the id in its metadata, from a front end that can write another there.

    Raises:
        NotAttached: there is no IPython shell.
        StoreError: the history cannot be opened.
    """
    shell = get_ipython()
    if shell is None:
        raise NotAttached("There is no IPython shell here.", "Call it in a notebook or in ipython.")
    return attach_to(shell, notebook, marked)


def is_attached() -> bool:
    """Whether a session is attached."""
    return _Attached.session is not None and _Attached.session.attached


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
    if _Attached.channel is None and getattr(shell, "kernel", None) is not None:
        _Attached.channel = Channel(shell)
        _Attached.channel.open()


def attach_to(
    shell: InteractiveShell,
    notebook: str | os.PathLike[str] | None = None,
    marked: str | None = None,
) -> Session:
    """Attach to a shell."""
    at = _Attached.session
    if at is not None and at.attached:
        return at
    root = home()
    settings, warning = config.Config(), ""
    try:
        settings = config.load(root)
    except ConfigError as error:
        warning = str(error)
    path = Path(notebook).absolute() if notebook is not None else notebook_path(shell.user_ns)
    shell.user_ns_hidden.setdefault("__session__", shell.user_ns.get("__session__"))
    host = IPythonHost(shell, settings.ambient_off)
    session = Session(host, root, path, settings, warning, marked)
    hooks = Hooks(shell, session)
    hooks.register()
    _Attached.session, _Attached.hooks = session, hooks
    register_magics(shell)
    _serve(shell)
    if _Attached.channel is not None:
        _Attached.channel.follow(session, hooks)
    if not _Attached.forks_watched:
        os.register_at_fork(after_in_child=_forked)
        _Attached.forks_watched = True
    return session


def detach() -> None:
    """Let go of the shell; the history stays."""
    if _Attached.hooks is not None:
        _Attached.hooks.unregister()
    if _Attached.session is not None:
        _Attached.session.detach()
    _Attached.session = _Attached.hooks = None
    shell = get_ipython()
    if shell is not None:
        # So that `%load_ext kishu` attaches again.
        shell.extension_manager.loaded.discard("kishu")


def session() -> Session:
    """The attached session, its last cell recorded.

    Raises:
        NotAttached: none is.
    """
    if _Attached.session is None:
        raise NotAttached("Kishu is not attached to this kernel.")
    if _Attached.hooks is not None:
        _Attached.hooks.flush()
    return _Attached.session


def _forked() -> None:
    """A forked child has the parent's variables but is not its session."""
    if _Attached.session is not None:
        _Attached.session.abandon()
    _Attached.session = _Attached.hooks = None


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext kishu``: attach and say so in a line or two."""
    register_magics(shell)
    try:
        print(greeting(attach_to(shell)))
    except StoreError as error:
        print(f"Kishu is not recording: {error}")


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext kishu``."""
    detach()


def greeting(attached: Session) -> str:
    """What attaching says."""
    status = attached.status()
    name = Path(status.notebook).name if status.notebook else "this session"
    lines = [f"Kishu records {name} in {status.history}."]
    if attached.resumed:
        count, nbytes = attached.earlier
        lines.append(
            f"The last kernel here left {count} variables ({show.size(nbytes)}):"
            " `%kishu restore` brings them back."
        )
    if status.warning:
        lines.append(f"Settings: {status.warning}")
    return "\n".join(lines)
