"""Answer each request: one function for each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

import kishu
from kishu.errors import NotAttached, Unsupported
from kishu.history.log import Entry
from kishu.kernel import attached, messages
from kishu.kernel.messages import Request, Showing, Welcome
from kishu.notebook.path import locate
from kishu.recording import Recording
from kishu.session import Session
from kishu.verbs import BY_NAME


def answer(request: Request) -> Any:
    """Do what a request asks for; gives the reply's result.

    Raises:
        KishuError: it could not be done; nothing was changed.
    """
    if isinstance(request, messages.Hello):
        return _welcome(request)
    if isinstance(request, messages.Init):
        return _attach(request)
    at = attached.current()
    if messages.verb_of(request) == "detach":
        attached.detach()
        return None
    ours = shows_our_notebook(at.recording, request)
    if isinstance(request, Showing):
        with at.recording.notebook.showing(request.client, request.cells if ours else None):
            return _do(at.session, request)
    return _do(at.session, request)


def _welcome(request: messages.Hello) -> Welcome:
    if request.protocol != messages.PROTOCOL:
        older = "kernel" if request.protocol > messages.PROTOCOL else "front end"
        raise Unsupported(
            f"The {older}'s Kishu is too old: they speak protocols {messages.PROTOCOL}"
            f" and {request.protocol}.",
            "Install the same version of kishu and of jupyterlab_kishu.",
        )
    return Welcome(messages.PROTOCOL, kishu.__version__, VERBS, attached.is_attached())


def _attach(request: messages.Init) -> messages.Attached:
    where = request.notebook or messages.Where()
    fresh = not attached.is_attached()
    if fresh:
        shell = get_ipython()
        if shell is None:
            raise NotAttached("There is no IPython shell here.", "Call it in a notebook.")
        path = locate(where.path, where.root) if where.path else None
        attached.attach(shell, path, where.uuid if request.notebook is not None else None)
    recording = attached.current().recording
    ours = shows_our_notebook(recording, request)
    if ours and request.notebook is not None:
        recording.notebook.be_known_by(where.uuid)
    if request.cells is not None and ours:
        # A new session's first commit has the cells that it found.
        commit = recording.head if fresh else ""
        recording.notebook.record_cells(request.client, commit, request.cells)
    variables, nbytes = recording.earlier
    return messages.Attached(ours, recording.notebook.uuid if ours else "", variables, nbytes)


def shows_our_notebook(recording: Recording, request: Request) -> bool:
    """Tell whether a request comes from the session's notebook; if that was renamed, follow it.

    Several notebooks can have one kernel; its session is that of the first.
    """
    where = request.notebook
    if where is None:
        return True
    ours = recording.notebook
    path = locate(where.path, where.root)
    if path is None or ours.path is None or _are_same(path, ours.path):
        return True
    if (where.uuid and where.uuid != ours.uuid) or ours.path.exists():
        # A second notebook on this kernel, or a copy.
        return False
    ours.follow(path)
    return True


def _are_same(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file, by whatever links."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def _log(session: Session, automatic: int) -> list[Entry]:
    entries = []
    for entry in session.log():
        if not (entry.message or entry.tags):
            automatic -= 1
            if automatic < 0:
                continue
        entries.append(entry)
    return entries


_OTHERWISE: dict[str, Callable[..., Any]] = {
    "log": _log,
    # The reply has it beside the result.
    "status": lambda session: None,
    "pause": lambda session: (session.pause(), None)[1],
    "unpause": lambda session: (session.unpause(), None)[1],
}
"""Verbs that are answered otherwise than `Session`'s method of that name answers."""


def _do(session: Session, request: Request) -> Any:
    """Call the method that a verb's message asks for, with what it says."""
    name = messages.verb_of(request)
    given = {
        field.name: getattr(request, field.asked_as or field.name)
        for field in BY_NAME[name].fields
        if field.where != "line"
    }
    otherwise = _OTHERWISE.get(name)
    return getattr(session, name)(**given) if otherwise is None else otherwise(session, **given)


VERBS = sorted((*messages.REQUESTS, "init"))
