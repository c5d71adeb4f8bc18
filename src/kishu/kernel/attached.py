"""The one session that is attached to this process."""

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
    """A session, what it consists of, and the hooks that feed it."""

    shell: InteractiveShell
    recording: Recording
    session: Session
    hooks: Hooks


class _Process:
    """What there is once a process."""

    attached: Attached | None = None
    listeners: tuple[Callable[[Attached], None], ...] = ()
    forks_watched = False


def when_attached(listener: Callable[[Attached], None]) -> None:
    """Have a function called with each session that is attached from now on."""
    if listener not in _Process.listeners:
        _Process.listeners = (*_Process.listeners, listener)


def is_attached() -> bool:
    """Tell whether a session is attached."""
    return _Process.attached is not None and _Process.attached.recording.attached


def current() -> Attached:
    """Give the attached session, its last cell recorded.

    Raises:
        NotAttached: none is.
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
    """Attach to a shell; attaching twice gives the same session.

    Args:
        shell: where the notebook's cells run.
        notebook: the notebook's path, where the kernel cannot know it.
        marked: the id in its metadata, from a front end that can write another there.

    Raises:
        StoreError: the history cannot be opened.
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
    """Let go of the shell; the history stays."""
    at = _Process.attached
    if at is not None:
        at.hooks.unregister()
        at.recording.detach()
    _Process.attached = None
    shell = get_ipython()
    if shell is not None:
        # So that `%load_ext kishu` attaches again.
        shell.extension_manager.loaded.discard("kishu")


def _forked() -> None:
    """A forked child has the parent's variables but is not its session."""
    if _Process.attached is not None:
        _Process.attached.recording.abandon()
    _Process.attached = None
