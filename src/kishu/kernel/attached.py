"""Attach a session to this process, which has one at most, and find and detach it again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from kishu import config
from kishu.errors import ConfigError, NotAttached
from kishu.history.catalog import home
from kishu.kernel.hooks import Hooks
from kishu.kernel.host import IPythonHost
from kishu.notebook.path import notebook_path
from kishu.recording import Recording
from kishu.session import Session


class Attached(NamedTuple):
    """Hold the parts of an attached session.

    Attributes:
        shell: the IPython shell that runs the notebook's cells.
        recording: the history's files and the live state beside them.
        session: the public verbs on `recording`.
        hooks: the listeners to the shell's cell events; they have `recording` commit each cell.
    """

    shell: InteractiveShell
    recording: Recording
    session: Session
    hooks: Hooks


class _Process:
    """Hold the module's state, of which a process has one.

    Attributes:
        attached: the attached session; None if none is.
        listeners: the functions that are called with each session when it is attached.
        forks_watched: True once `_forked` is registered to run in forked children.
    """

    attached: Attached | None = None
    listeners: tuple[Callable[[Attached], None], ...] = ()
    forks_watched = False


def when_attached(listener: Callable[[Attached], None]) -> None:
    """Register a function to be called with each session that is attached from now on."""
    if listener not in _Process.listeners:
        _Process.listeners = (*_Process.listeners, listener)


def is_attached() -> bool:
    """Return True if a session is attached to this process."""
    return _Process.attached is not None and _Process.attached.recording.attached


def current() -> Attached:
    """Commit the last cell, if that is still to be done, and return the attached session.

    Raises:
        NotAttached: no session was attached to this process, or `detach` has ended it.
    """
    if _Process.attached is None:
        raise NotAttached("Kishu is not attached to this kernel.")
    _Process.attached.hooks.flush()
    return _Process.attached


def attach(
    shell: InteractiveShell,
    notebook: str | os.PathLike[str] | None = None,
    marked: str | None = None,
) -> Attached:
    """Attach a session to a shell, or return the one that is attached already.

    Args:
        shell: the IPython shell that runs the notebook's cells.
        notebook: the notebook's path; None to take what the front end told the kernel.
        marked: the id in the notebook's metadata, empty for none, as told by a front end that can
            write one there; None to read the id from the notebook's file and give no new one.

    Raises:
        StoreError: the history cannot be opened or made.
    """
    at = _Process.attached
    if at is not None and at.recording.attached:
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
    recording = Recording(host, root, path, settings, warning, marked)
    hooks = Hooks(shell, recording)
    hooks.register()
    at = _Process.attached = Attached(shell, recording, Session(recording), hooks)
    for listener in _Process.listeners:
        listener(at)
    if not _Process.forks_watched and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forked)
        _Process.forks_watched = True
    return at


def detach() -> None:
    """Commit what waits, end the attached session, if any, and stop listening to its shell."""
    at = _Process.attached
    if at is not None:
        at.hooks.unregister()
        at.recording.detach()
    _Process.attached = None
    shell = get_ipython()
    if shell is not None:
        # IPython loads no extension twice: `%load_ext kishu` must attach again.
        shell.extension_manager.loaded.discard("kishu")


def _forked() -> None:
    """Abandon the session in a forked child.

    The child has a copy of the parent's variables, but the history's files are the parent's.
    """
    if _Process.attached is not None:
        _Process.attached.recording.abandon()
    _Process.attached = None
