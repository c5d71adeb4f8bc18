"""Answer the requests of front ends in an ipykernel, and send them events."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import msgspec
from IPython.core.interactiveshell import InteractiveShell

from kishu import limits
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


class Channel:
    """Answer what front ends ask, and tell them what happens.

    Requests on Jupyter's shell channel are answered on the main thread, in order with cells. Those
    on the control channel are answered at once, on another thread. That thread reads and changes
    only what this object keeps for it: the last status, the progress, the requests to cancel and
    the cells to record.

    Args:
        shell: the shell of an ipykernel.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._kernel: Any = shell.kernel
        self._recording: Recording | None = None
        self._hooks: Hooks | None = None
        self._operations: list[str] = []
        self._client = ""
        self._last_status: dict[str, Any] | None = None
        self._progress = Progress()
        self._began = self._last_told = 0.0
        self._cancelled: deque[str] = deque(maxlen=100)
        self._cells: deque[CellsRun] = deque()
        self._notebook_client = ""
        self._was_asked = False

    def open(self) -> None:
        """Have the kernel pass requests to this object from now on."""
        self._kernel.shell_handlers[messages.REQUEST] = self.on_request
        self._kernel.control_handlers[messages.REQUEST] = self.on_control

    def follow(self, at: Attached) -> None:
        """Tell front ends from now on what happens to a session.

        Args:
            at: the attached session.
        """
        self._recording, self._hooks = at.recording, at.hooks
        at.recording.listeners.append(self._note_operation)
        self._note_operation("attach")

    # The shell channel

    def on_request(self, stream: Any, idents: Any, message: dict[str, Any]) -> None:
        """Answer a message on the shell channel, on the main thread.

        An error is a reply, too: nothing is raised unless that reply cannot be sent either.
        """
        id = message["header"]["msg_id"]
        try:
            reply: Reply | ErrorReply = self._answer(id, message["content"])
        except BaseException as error:
            reply = ErrorReply.of(_as_kishu_error(error), self._status())
        self._reply(stream, reply, message, idents)

    def _answer(self, id: str, content: object) -> Reply:
        """Do what a request on the shell channel asks for, and return the reply.

        Raises:
            UsageError: it came by a subshell, or a cell is running.
            Cancelled: it was cancelled before its turn came.
            KishuError: it could not be done.
            msgspec.ValidationError: the content is not that of a request.
        """
        request: Request = msgspec.convert(content, messages.ShellRequest)
        if threading.current_thread() is not threading.main_thread():
            raise UsageError("Kishu answers on the main shell only.", "Ask without a subshell.")
        if self._hooks is not None and self._hooks.is_running:
            raise UsageError("A cell is running.", "Ask again when it has ended.")
        if id in self._cancelled:
            raise Cancelled("Cancelled before it began.")
        self._record_cells()
        self._was_asked = True
        self._client, self._progress = request.client, Progress(id)
        self._began = time.monotonic()
        if self._recording is not None:
            self._recording.progress = self._tell_progress
            # The client that asks for a checkout puts the cells in place itself.
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
        """Remember a client that shows the session's notebook.

        When a cell of the notebook checks out another commit (``%kishu checkout``), that client is
        asked to bring back the commit's cells.
        """
        if getattr(request, "cells", None) is not None and shows_our_notebook(recording, request):
            self._notebook_client = request.client
        recording.notebook.can_bring = bool(self._notebook_client)

    def _tell_progress(self, what: str, done: int, total: int) -> None:
        """Note how far the present request is, and send an event of it now and then.

        Raises:
            KeyboardInterrupt: the request was cancelled.
        """
        progress = self._progress = Progress(self._progress.request, what, done, total)
        if progress.request in self._cancelled:
            raise KeyboardInterrupt
        now = time.monotonic()
        if (
            now - self._began > limits.PROGRESS_PATIENCE_SECONDS
            and now - self._last_told > limits.PROGRESS_PAUSE_SECONDS
        ):
            self._last_told = now
            self._publish(Event(client=self._client, progress=progress))

    # The control channel, on another thread

    def on_control(self, stream: Any, idents: Any, message: dict[str, Any]) -> None:
        """Answer a message on the control channel, while the main thread may be busy.

        An error is a reply, too: nothing is raised unless that reply cannot be sent either.
        """
        try:
            reply: Any = self._answer_at_once(message["content"])
        except BaseException as error:
            reply = ErrorReply.of(_as_kishu_error(error), None)
        self._reply(stream, reply, message, idents)

    def _answer_at_once(self, content: object) -> dict[str, Any]:
        """Do what a request on the control channel asks for, and return the reply as plain data.

        Raises:
            msgspec.ValidationError: the content is not that of a request.
        """
        request: Any = msgspec.convert(content, messages.ControlRequest)
        result: Any = None
        if isinstance(request, CellsRun):
            self._cells.append(request)
            self._kernel.io_loop.add_callback(self._record_cells)
        elif isinstance(request, messages.Cancel):
            self._cancelled.append(request.request)
            result = self._progress.request == request.request
        elif isinstance(request, messages.ProgressOf):
            result = self._progress
        reply = Reply(verb_of(request), result, None)
        return {**msgspec.to_builtins(reply), "session": self._last_status}

    # The notebook's cells after a run, which came by the control channel

    def _record_cells(self) -> None:
        """Record the cells that front ends have told since the last time; never raises.

        This runs on the main thread. While a cell runs it does nothing: it is called again with
        the next request, or when a front end tells its cells again.
        """
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
                # The client believes that the kernel knows these cells: it must tell all anew.
                self._publish(Event(["unknown-cells"], told.client, self._status()))

    # Events

    def _note_operation(self, kind: str) -> None:
        """Have front ends told of an operation once it is done, after the cell's reply.

        Args:
            kind: what `Recording.listeners` are told: an operation's kind, ``pause`` and the like.
        """
        if not self._operations:
            self._kernel.io_loop.add_callback(self._announce)
        self._operations.append(kind)

    def _announce(self) -> None:
        """Send an event of the operations since the last one, if there are any; never raises.

        Until a front end has asked something, only the start of a session is told.
        """
        operations, self._operations = self._operations, []
        if not operations:
            return
        wanted = ""
        if self._recording is not None:
            wanted, self._recording.notebook.wanted = self._recording.notebook.wanted, ""
        try:
            status = self._status()
            if self._was_asked or "attach" in operations or "restart" in operations:
                self._publish(
                    Event(operations, self._client, status, wanted, self._notebook_client)
                )
        except Exception as error:
            if self._recording is not None:
                self._recording.why_not = f"front ends are not told what happens: {error}"

    def _status(self) -> Any:
        """Return the session's status, and keep it for replies on the control channel."""
        recording = self._recording
        attached = recording is not None and recording.attached
        status = recording.status() if recording is not None and attached else None
        self._last_status = None if status is None else msgspec.to_builtins(status)
        return status

    def _publish(self, event: Event) -> None:
        """Send an event to all front ends."""
        self._send(self._kernel.iopub_socket, messages.EVENT, event, None, None)

    def _reply(self, stream: Any, reply: Any, parent: Any, idents: Any) -> None:
        """Send a reply to the front end that asked, or an error if the reply cannot be sent.

        Args:
            stream: the ZMQ stream on which the request came.
            reply: a struct, or plain data.
            parent: the request's message.
            idents: the ZMQ identities of the client that asked.
        """
        try:
            self._send(stream, messages.REPLY, reply, parent, idents)
        except Exception as error:
            # A reply may hold what JSON cannot express; the front end waits for an answer all the
            # same.
            refusal = ErrorReply.of(_as_kishu_error(error), None)
            self._send(stream, messages.REPLY, refusal, parent, idents)

    def _send(self, stream: Any, kind: str, content: Any, parent: Any, idents: Any) -> None:
        """Send a message of some kind with Jupyter's protocol."""
        self._kernel.session.send(
            stream, kind, msgspec.to_builtins(content), parent=parent, ident=idents
        )


def _as_kishu_error(error: BaseException) -> KishuError:
    """Return an exception as an error of Kishu's, which has a message and a remedy."""
    if isinstance(error, KishuError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("Cancelled: nothing was changed.")
    if isinstance(error, msgspec.ValidationError):
        return UsageError(f"The request makes no sense: {error}.", "See docs/dev/messages.md.")
    return KishuError(f"Kishu failed: {type(error).__name__}: {error}", "The session is as it was.")
