"""The messages between a front end and a kernel: what can be asked, answered and told.

Those that ask for a verb are made from `kishu.verbs`.

They travel as Jupyter messages, ``kishu_request`` and ``kishu_reply`` on the shell channel (what
concerns the variables: on the main thread, in order with cells) and on the control channel (what
must not wait), ``kishu_event`` on iopub. Any client of a kernel can use them: a web page, a
terminal, a program.
"""

from __future__ import annotations

import functools
import operator
from typing import Any, Literal

import msgspec

from kishu.errors import KishuError
from kishu.history.documents import ToldCell
from kishu.history.log import Entry
from kishu.history.status import Status
from kishu.travel.report import Report
from kishu.verbs import VERBS, Verb

PROTOCOL = 1
"""Grows when something that a front end relies on changes its meaning or goes."""

REQUEST, REPLY, EVENT = "kishu_request", "kishu_reply", "kishu_event"


class Where(msgspec.Struct, omit_defaults=True):
    """The notebook that a front end shows.

    Attributes:
        path: its path as the front end's server has it, with slashes.
        root: that server's root directory, where it is known.
        uuid: the id in its metadata (``metadata.kishu.uuid``); empty for none yet.
    """

    path: str = ""
    root: str = ""
    uuid: str = ""


class Request(msgspec.Struct, tag_field="verb", omit_defaults=True, kw_only=True):
    """Hold what every request has.

    Attributes:
        client: a name of the client's choice, the same in all its requests.
        notebook: the notebook that it shows, if any.
    """

    client: str = ""
    notebook: Where | None = None


class Hello(Request, tag="hello"):
    """The first request; answered by `Welcome`.

    Attributes:
        protocol: the protocol that the client speaks.
    """

    protocol: int = PROTOCOL


class Showing(Request):
    """Hold what the requests have that may need the notebook's cells.

    Attributes:
        cells: all cells, in order, those that are as this client last told them by id alone; None
            for a client that shows none.
    """

    cells: list[ToldCell] | None = None


class Init(Showing, tag="init"):
    """Attach to the notebook, or find that it is; answered by `Attached`."""


class CellsRun(Showing, tag="cells"):
    """Tell what the notebook's cells are after a cell of it has run (control channel).

    Attributes:
        number: the execution count of the cell that ran.
    """

    number: int = 0


class ProgressOf(Request, tag="progress"):
    """How far the request is that is being answered (control channel); answered by `Progress`."""


class Cancel(Request, tag="cancel", kw_only=True):
    """Stop answering a request (control channel): it gets an error, nothing is changed.

    Answered by whether it is being answered already, so that it may be too late.

    Attributes:
        request: the ``msg_id`` of the request.
    """

    request: str


def _request(verb: Verb) -> type[Request]:
    """Make the message by which front ends ask for a verb."""
    fields: list[Any] = []
    explained = []
    for field in verb.fields:
        if field.where != "line":
            name = field.asked_as or field.name
            explained.append(f"{name}: {field.help}.")
            kind = field.type
            fields.append((name, kind) if field.required else (name, kind, field.default))
    told_beside = verb.gives == "a `Status`"
    gives = "the reply's ``session``" if told_beside else verb.gives.replace("`", "")
    answered = "" if gives == "nothing" else f"; answered by {gives}"
    doc = f"{verb.help[0].upper()}{verb.help[1:]}{answered}."
    if explained:
        doc += "\n\nAttributes:\n    " + "\n    ".join(explained)
    made: Any = msgspec.defstruct(
        verb.request or verb.name.title(), fields, tag=verb.name, kw_only=True,
        bases=(Showing if verb.shows_cells else Request,), namespace={"__doc__": doc},
        module=__name__,
    )  # fmt: skip
    found: type[Request] = made
    return found


REQUESTS: dict[str, type[Request]] = {verb.name: _request(verb) for verb in VERBS if verb.asked}
"""The message of each verb that front ends can ask for."""

ShellRequest: Any = functools.reduce(operator.or_, (Hello, Init, *REQUESTS.values()))
ControlRequest: Any = REQUESTS["status"] | CellsRun | ProgressOf | Cancel


class Welcome(msgspec.Struct):
    """Who answers, and what it can do.

    Attributes:
        protocol: the protocol that the kernel speaks.
        kishu: the version of the kernel's Kishu.
        features: the verbs that it answers.
        attached: whether a session is attached.
    """

    protocol: int
    kishu: str
    features: list[str]
    attached: bool


class Attached(msgspec.Struct):
    """Tell what a notebook is attached to.

    Attributes:
        ours: whether the session is this notebook's, and not another's on the same kernel.
        uuid: the id to write to the notebook's metadata.
        variables: how many variables the last kernel left, until this one has some; else 0.
        nbytes: their size.
    """

    ours: bool
    uuid: str
    variables: int
    nbytes: int


class Progress(msgspec.Struct):
    """How far a request is.

    Attributes:
        request: its ``msg_id``; empty where none is being answered.
        what: what has been done with the bytes: ``read``, ``recorded``; empty at the beginning.
        done: how many bytes; `total`: of how many.
    """

    request: str = ""
    what: str = ""
    done: int = 0
    total: int = 0


class Reply(msgspec.Struct):
    """The answer to a request that succeeded.

    Attributes:
        verb: what was asked.
        result: the answer; what it is stands with the request.
        session: where the session is now; None where none is attached.
    """

    verb: str
    result: Any
    session: Status | None
    status: Literal["ok"] = "ok"


class ErrorReply(msgspec.Struct):
    """The answer to a request that failed; nothing was changed.

    Attributes:
        kind: what kind of error, a word that never changes.
        message: what happened.
        remedy: what can be done.
        ename, evalue, traceback: the same, as Jupyter's own replies have it.
    """

    kind: str
    message: str
    remedy: str
    session: Status | None = None
    ename: str = ""
    evalue: str = ""
    traceback: list[str] = []
    status: Literal["error"] = "error"

    @classmethod
    def of(cls, error: KishuError, session: Status | None) -> ErrorReply:
        """The reply that tells of an error."""
        name = type(error).__name__
        return cls(error.kind, error.message, error.remedy, session, name, str(error))


class Event(msgspec.Struct):
    """Told on iopub when something has happened, whoever asked for it.

    Attributes:
        operations: what was done: kinds of operations, and ``pause``, ``unpause``, ``refused``
            (cells are not recorded, or are again), ``unknown-cells`` (the client must tell all
            its cells anew).
        client: whose request it was; empty where it was a cell's doing.
        session: where the session is now; None once it is detached.
        wanted: the commit whose cells a cell has checked out, for a client to ask for them.
        wanted_of: that client.
        progress: how far a request is; such an event tells of nothing else.
    """

    operations: list[str] = []
    client: str = ""
    session: Status | None = None
    wanted: str = ""
    wanted_of: str = ""
    progress: Progress | None = None


def verb_of(request: type[Request] | Request) -> str:
    """The word that a request has under ``verb``."""
    return str(request.__struct_config__.tag)


RESULTS: tuple[type, ...] = (Welcome, Attached, Entry, Report, Progress)
"""What `Reply.result` can be, beside lists of them, numbers and null."""
