"""Describe live handles: objects that belong to this process and that cannot be stored.

A table lists their types. A restore uses the live object again while it exists, unless it changes
as it is used (an iterator). What the object shows of itself tells whether it has changed.
"""

from __future__ import annotations

import gc
import types
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from kishu.handlers.api import Reduced, Reducer, Walk
from kishu.handlers.treatments import handles
from kishu.history.reasons import UnstorableKind


class Handle(NamedTuple):
    """Describe one kind of live handle.

    Attributes:
        name: the kind's name; its reducer is called ``reduce_<name>``.
        types: the types' names, as ``module.qualname``.
        kind: what a restore can do about such an object; see `UnstorableKind`.
        detail: why it cannot be stored, for people.
        signs: returns what an object shows of itself, equal while it has not changed. Lists in it
            must be new ones: their sharing is ignored.
        subclasses: True if objects of the types' subclasses are such handles, too.
        sharing: True if it is state who shares such an object.
    """

    name: str
    types: tuple[str, ...]
    kind: UnstorableKind
    detail: str
    signs: Callable[[Any], tuple[object, ...]] = lambda obj: ()
    subclasses: bool = False
    sharing: bool = True


def _signs_of_mapping(mapping: Any) -> tuple[object, ...]:
    """Return a mapped file's size, position and checksum, or that it is closed."""
    if mapping.closed:
        return ("closed",)
    return ((len(mapping), mapping.tell(), zlib.crc32(mapping)),)


def _signs_of_iterator(iterator: Any) -> tuple[object, ...]:
    """Return what an iterator over a dict or set has left; its reduce has that as a list."""
    _, (left, *_) = iterator.__reduce__()
    return (left,)


def _signs_of_writer(writer: Any) -> tuple[object, ...]:
    """Return the file that a CSV writer writes to: it refers to the file's ``write`` method."""
    return ([getattr(each, "__self__", None) for each in gc.get_referents(writer)],)


def _signs_of_cursor(cursor: Any) -> tuple[object, ...]:
    """Return a database cursor's row count, last row id and column names."""
    columns = [column[0] for column in cursor.description or ()]
    return cursor.rowcount, cursor.lastrowid, columns


HANDLES = (
    Handle(
        "table_iterator",
        (
            "builtins.dict_keyiterator", "builtins.dict_valueiterator",
            "builtins.dict_itemiterator", "builtins.dict_reversekeyiterator",
            "builtins.dict_reversevalueiterator", "builtins.dict_reverseitemiterator",
            "builtins.set_iterator",
        ),
        "moves", "a place within a dict or set", _signs_of_iterator,
    ),
    Handle("reader", ("_csv.reader",), "moves", "it reads from something else",
           lambda reader: (reader.line_num,)),
    Handle("writer", ("_csv.writer",), "live", "it writes to something else", _signs_of_writer),
    Handle("queue", ("_queue.SimpleQueue",), "moves", "it is a queue in C",
           lambda queue: (queue.qsize(),)),
    Handle("hash", ("_hashlib.HASH", "_hashlib.HMAC", "_blake2.blake2b", "_blake2.blake2s"),
           "moves", "it is a hash half fed", lambda fed: (fed.digest(),)),
    Handle("mapping", ("mmap.mmap",), "moves", "it is a mapped file", _signs_of_mapping),
    Handle("cursor", ("sqlite3.Cursor",), "live", "a cursor cannot be stored", _signs_of_cursor),
    Handle("socket", ("socket.socket",), "live", "it is a connection of this process",
           lambda socket: (socket.fileno() >= 0,), subclasses=True),
    Handle("finalizer", ("weakref.finalize",), "live", "it waits for the end of an object",
           lambda finalizer: (finalizer.alive,), subclasses=True),
    Handle(
        "temporary",
        (
            "tempfile.TemporaryDirectory", "tempfile._TemporaryFileWrapper",
            "tempfile._TemporaryFileCloser", "tempfile.SpooledTemporaryFile",
        ),
        "live", "it removes what it made from the disk", lambda temporary: (temporary.name,),
    ),
    Handle("batches", ("torch.utils.data.dataloader._BaseDataLoaderIter",), "moves",
           "it is an iterator over a loader", lambda batches: (batches._num_yielded,),
           subclasses=True),
    Handle(
        "connection",
        (
            "IPython.core.displayhook.DisplayHook", "IPython.core.displaypub.DisplayPublisher",
            "IPython.core.history.HistoryAccessorBase", "threading.Thread",
            "jupyter_client.session.Session", "ipykernel.comm.comm.Comm",
            "asyncio.events.AbstractEventLoop", "asyncio.futures.Future", "_asyncio.Future",
            "_asyncio.Task", "zmq.sugar.socket.Socket", "zmq.sugar.context.Context",
            "tornado.ioloop.IOLoop",
        ),
        "live", "it is a live connection of this kernel", subclasses=True, sharing=False,
    ),
)  # fmt: skip
"""All kinds of live handles that need no reducer of their own."""


def _reducer(handle: Handle) -> Reducer:
    """Make the reducer that leaves objects of one kind out."""

    def reduce(walk: Walk, obj: Any) -> Reduced:
        signs = handle.signs(obj)
        for sign in signs:
            if type(sign) is list:
                walk.ignore_sharing(sign)
        return walk.unstorable(obj, handle.kind, handle.detail, *signs)

    reduce.__name__ = f"reduce_{handle.name}"
    return reduce


for _handle in HANDLES:
    handles(*_handle.types, subclasses=_handle.subclasses, sharing_is_state=_handle.sharing)(
        _reducer(_handle)
    )


_PREFIXES = {"generator": "gi", "coroutine": "cr", "async_generator": "ag"}
"""What the names of a type's attributes begin with: a generator has ``gi_frame``."""


@handles("builtins.generator", "builtins.coroutine", "builtins.async_generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """Leave a generator or coroutine out, as it is code that is running.

    Its position in the code and its local variables tell whether it has gone on.
    """
    frame = getattr(generator, f"{_PREFIXES[type(generator).__name__]}_frame")
    detail = f"a {type(generator).__name__} is running code"
    if frame is None:
        return walk.unstorable(generator, "moves", detail, "finished")
    # Cells are variables that functions share with it. Sharing them is state; this list is not.
    cells = [obj for obj in gc.get_referents(generator) if type(obj) is types.CellType]
    walk.ignore_sharing(cells)
    return walk.unstorable(generator, "moves", detail, frame.f_lasti, dict(frame.f_locals), cells)
