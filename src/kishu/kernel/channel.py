"""The channel to the front ends of an ipykernel: requests come in, replies and events go out."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import msgspec
from IPython.core.interactiveshell import InteractiveShell

from kishu.errors import Cancelled, KishuError, UnknownCells, UsageError
from kishu.kernel import messages
from kishu.kernel.answers import answer, shows_our_notebook
from kishu.kernel.attached import Attached
from kishu.kernel.hooks import Hooks
from kishu.kernel.messages import (
    CellsRun,
    ErrorReply,
    Event,
    Progress,
    Reply,
    Request,
    verb_of,
)
from kishu.recording import Recording

_PATIENCE = 0.4
"""Seconds that a request takes before its progress is told."""
_PAUSE = 0.2
"""Seconds between two tellings."""


class Channel:
    """Answers what front ends ask, and tells them what happens.

    Requests on the shell channel are answered on the main thread, in order with cells. Those on
    the control channel are answered at once by another thread, which touches nothing but what is
    kept here for it.

    Args:
        shell: of an ipykernel.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._kernel: Any = shell.kernel
        self._recording: Recording | None = None
        self._hooks: Hooks | None = None
        self._operations: list[str] = []
        self._client = ""
        self._shown: dict[str, Any] | None = None
        self._progress = Progress()
        self._began = self._told = 0.0
        self._cancelled: deque[str] = deque(maxlen=100)
        self._cells: deque[CellsRun] = deque()
        self._shower = ""
        self._listened = False

    def open(self) -> None:
        """Begin to answer."""
        self._kernel.shell_handlers[messages.REQUEST] = self.on_request
        self._kernel.control_handlers[messages.REQUEST] = self.on_control

    def follow(self, at: Attached) -> None:
        """Tell from now on what happens to this session."""
        self._recording, self._hooks = at.recording, at.hooks
        at.recording.listeners.append(self._changed)
        self._changed("attach")

    # The shell channel

    def on_request(self, stream: Any, idents: Any, message: dict[str, Any]) -> None:
        """Answer a request on the main thread; never raises, always replies."""
        id = message["header"]["msg_id"]
        try:
            reply: Reply | ErrorReply = self._answer(id, message["content"])
        except BaseException as error:
            reply = ErrorReply.of(_told_as(error), self._status())
        self._reply(stream, reply, message, idents)

    def _answer(self, id: str, content: object) -> Reply:
        request: Request = msgspec.convert(content, messages.ShellRequest)
        if threading.current_thread() is not threading.main_thread():
            raise UsageError("Kishu answers on the main shell only.", "Ask without a subshell.")
        if self._hooks is not None and self._hooks.is_running:
            raise UsageError("A cell is running.", "Ask again when it has ended.")
        if id in self._cancelled:
            raise Cancelled("Cancelled before it began.")
        self._take_in_cells()
        self._listened = True
        self._client, self._progress = request.client, Progress(id)
        self._began = time.monotonic()
        if self._recording is not None:
            self._recording.progress = self._tell_progress
            # Who asks for a checkout puts the cells in place; nobody else need be asked.
            self._recording.notebook.can_bring = False
        try:
            result = answer(request)
        finally:
            self._progress = Progress()
            if self._recording is not None:
                self._recording.progress = lambda what, done, total: None
                self._note_cells_of(self._recording, request)
            self._announce()
            self._client = ""
        return Reply(verb_of(request), result, self._status())

    def _note_cells_of(self, recording: Recording, request: Request) -> None:
        """Remember who shows the notebook: that client brings cells back that a cell wants."""
        if getattr(request, "cells", None) is not None and shows_our_notebook(recording, request):
            self._shower = request.client
        recording.notebook.can_bring = bool(self._shower)

    def _tell_progress(self, what: str, done: int, total: int) -> None:
        """Note how far the request is, tell it now and then; stop it if somebody wants it to."""
        progress = self._progress = Progress(self._progress.request, what, done, total)
        if progress.request in self._cancelled:
            raise KeyboardInterrupt
        now = time.monotonic()
        if now - self._began > _PATIENCE and now - self._told > _PAUSE:
            self._told = now
            self._publish(Event(client=self._client, progress=progress))

    # The control channel: another thread

    def on_control(self, stream: Any, idents: Any, message: dict[str, Any]) -> None:
        """Answer a request that must not wait; never raises, always replies."""
        try:
            reply: Any = self._answer_at_once(message["content"])
        except BaseException as error:
            reply = ErrorReply.of(_told_as(error), None)
        self._reply(stream, reply, message, idents)

    def _answer_at_once(self, content: object) -> dict[str, Any]:
        request: Any = msgspec.convert(content, messages.ControlRequest)
        result: Any = None
        if isinstance(request, CellsRun):
            self._cells.append(request)
            self._kernel.io_loop.add_callback(self._take_in_cells)
        elif isinstance(request, messages.Cancel):
            self._cancelled.append(request.request)
            result = self._progress.request == request.request
        elif isinstance(request, messages.ProgressOf):
            result = self._progress
        reply = Reply(verb_of(request), result, None)
        return {**msgspec.to_builtins(reply), "session": self._shown}

    # The cells after a run, told by way of the control channel

    def _take_in_cells(self) -> None:
        """Record what waits; on the main thread, between cells. Never raises."""
        hooks, recording = self._hooks, self._recording
        if hooks is None or recording is None or hooks.is_running:
            return
        while self._cells:
            told = self._cells.popleft()
            try:
                if told.cells is not None and shows_our_notebook(recording, told):
                    hooks.flush()
                    commit = hooks.commits.get(told.number, "")
                    recording.notebook.record_cells(told.client, commit, told.cells)
            except BaseException as error:
                if not isinstance(error, UnknownCells):
                    recording.why_not = f"the notebook's cells were not recorded: {error}"
                # The client takes them for told: it must tell all anew.
                self._publish(Event(["unknown-cells"], told.client, self._status()))

    # Events

    def _changed(self, what: str) -> None:
        """Something happened: tell it when it is done, after the cell's reply."""
        if not self._operations:
            self._kernel.io_loop.add_callback(self._announce)
        self._operations.append(what)

    def _announce(self) -> None:
        operations, self._operations = self._operations, []
        if not operations:
            return
        wanted = ""
        if self._recording is not None:
            wanted, self._recording.notebook.wanted = self._recording.notebook.wanted, ""
        try:
            status = self._status()
            if self._listened or "attach" in operations or "restart" in operations:
                self._publish(Event(operations, self._client, status, wanted, self._shower))
        except Exception as error:
            if self._recording is not None:
                self._recording.why_not = f"front ends are not told what happens: {error}"

    def _status(self) -> Any:
        recording = self._recording
        attached = recording is not None and recording.attached
        status = recording.status() if recording is not None and attached else None
        self._shown = None if status is None else msgspec.to_builtins(status)
        return status

    def _publish(self, event: Event) -> None:
        self._send(self._kernel.iopub_socket, messages.EVENT, event, None, None)

    def _reply(self, stream: Any, reply: Any, parent: Any, idents: Any) -> None:
        try:
            self._send(stream, messages.REPLY, reply, parent, idents)
        except Exception as error:
            # What cannot be written down is no reason for silence.
            told = ErrorReply.of(_told_as(error), None)
            self._send(stream, messages.REPLY, told, parent, idents)

    def _send(self, stream: Any, kind: str, content: Any, parent: Any, idents: Any) -> None:
        self._kernel.session.send(
            stream, kind, msgspec.to_builtins(content), parent=parent, ident=idents
        )


def _told_as(error: BaseException) -> KishuError:
    """An exception as an error that can be told to a front end."""
    if isinstance(error, KishuError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("Cancelled: nothing was changed.")
    if isinstance(error, msgspec.ValidationError):
        return UsageError(f"The request makes no sense: {error}.", "See docs/dev/messages.md.")
    return KishuError(f"Kishu failed: {type(error).__name__}: {error}", "The session is as it was.")
