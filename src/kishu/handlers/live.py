"""Live handles: what belongs to this process, or goes on by itself, and can only be noted.

One table for all of them. While such an object lives it is used again, unless it moves; what it
shows of itself tells that it changed.
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
    """A kind of live handle.

    Attributes:
        name: what its reducer is called: ``reduce_<name>``.
        types: the types' qualified names.
        kind: what follows from it.
        detail: why it cannot be stored, for people.
        signs: what an object shows of itself, in a tuple; lists in it are made for that.
        subclasses: whether subclasses are such handles, too.
        sharing: whether it is state who shares it.
    """

    name: str
    types: tuple[str, ...]
    kind: UnstorableKind
    detail: str
    signs: Callable[[Any], tuple[object, ...]] = lambda obj: ()
    subclasses: bool = False
    sharing: bool = True


def _of_mapping(mapping: Any) -> tuple[object, ...]:
    if mapping.closed:
        return ("closed",)
    return ((len(mapping), mapping.tell(), zlib.crc32(mapping)),)


def _left_of(iterator: Any) -> tuple[object, ...]:
    """Return what is left; an iterator over a dict or set pickles as one over a list."""
    _, (left, *_) = iterator.__reduce__()
    return (left,)


def _written_to(writer: Any) -> tuple[object, ...]:
    return ([getattr(each, "__self__", None) for each in gc.get_referents(writer)],)


def _of_cursor(cursor: Any) -> tuple[object, ...]:
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
        "moves", "a place within a dict or set", _left_of,
    ),
    Handle("reader", ("_csv.reader",), "moves", "it reads from something else",
           lambda reader: (reader.line_num,)),
    Handle("writer", ("_csv.writer",), "live", "it writes to something else", _written_to),
    Handle("queue", ("_queue.SimpleQueue",), "moves", "it is a queue in C",
           lambda queue: (queue.qsize(),)),
    Handle("hash", ("_hashlib.HASH", "_hashlib.HMAC", "_blake2.blake2b", "_blake2.blake2s"),
           "moves", "it is a hash half fed", lambda fed: (fed.digest(),)),
    Handle("mapping", ("mmap.mmap",), "moves", "it is a mapped file", _of_mapping),
    Handle("cursor", ("sqlite3.Cursor",), "live", "a cursor cannot be stored", _of_cursor),
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
"""All kinds of live handles that need no more than a row."""


def _reducer(handle: Handle) -> Reducer:
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


@handles("builtins.generator", "builtins.coroutine", "builtins.async_generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """Leave half-run code out; where it stands and what it holds tell when it moved."""
    frame = getattr(generator, f"{_PREFIXES[type(generator).__name__]}_frame")
    detail = f"a {type(generator).__name__} is running code"
    if frame is None:
        return walk.unstorable(generator, "moves", detail, "finished")
    # Variables that functions share with it: they are tied by them.
    cells = [held for held in gc.get_referents(generator) if type(held) is types.CellType]
    walk.ignore_sharing(cells)
    return walk.unstorable(generator, "moves", detail, frame.f_lasti, dict(frame.f_locals), cells)
