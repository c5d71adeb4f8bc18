"""Half-run code and places within things: what only running its cells again brings back."""

from __future__ import annotations

import gc
import types
import zlib
from typing import Any

from kishu.handlers.registry import Reduced, Walk, handles

_PREFIXES = {"generator": "gi", "coroutine": "cr", "async_generator": "ag"}


@handles("builtins.generator", "builtins.coroutine", "builtins.async_generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """Half-run code cannot be stored; where it stands and what it holds tell when it moved."""
    frame = getattr(generator, f"{_PREFIXES[type(generator).__name__]}_frame")
    detail = f"a {type(generator).__name__} is running code"
    if frame is None:
        return walk.unstorable(generator, "moves", detail, "finished")
    # Variables that functions share with it: they are tied by them.
    cells = [held for held in gc.get_referents(generator) if type(held) is types.CellType]
    walk.ignore_sharing(cells)
    return walk.unstorable(generator, "moves", detail, frame.f_lasti, dict(frame.f_locals), cells)


@handles(
    "builtins.dict_keyiterator", "builtins.dict_valueiterator", "builtins.dict_itemiterator",
    "builtins.dict_reversekeyiterator", "builtins.dict_reversevalueiterator",
    "builtins.dict_reverseitemiterator", "builtins.set_iterator",
)  # fmt: skip
def reduce_table_iterator(walk: Walk, iterator: Any) -> Reduced:
    """An iterator over a dict or set pickles as one over a list; what is left tells it moved."""
    _, (left, *_) = iterator.__reduce__()
    return walk.unstorable(iterator, "moves", "a place within a dict or set", left)


@handles("_csv.reader")
def reduce_reader(walk: Walk, reader: Any) -> Reduced:
    """How many lines it has read."""
    return walk.unstorable(reader, "moves", "it reads from something else", reader.line_num)


@handles("_csv.writer")
def reduce_writer(walk: Walk, writer: Any) -> Reduced:
    """What it writes to is what it is tied to: made again, both are."""
    written_to = [getattr(each, "__self__", None) for each in gc.get_referents(writer)]
    walk.ignore_sharing(written_to)
    return walk.unstorable(writer, "live", "it writes to something else", written_to)


@handles("_queue.SimpleQueue")
def reduce_queue(walk: Walk, queue: Any) -> Reduced:
    """How many there are in it: it shows no more without giving them away."""
    return walk.unstorable(queue, "moves", "it is a queue in C", queue.qsize())


@handles("_hashlib.HASH", "_hashlib.HMAC", "_blake2.blake2b", "_blake2.blake2s")
def reduce_hash(walk: Walk, hash: Any) -> Reduced:
    """What it would say now."""
    return walk.unstorable(hash, "moves", "it is a hash half fed", hash.digest())


@handles("mmap.mmap")
def reduce_mapping(walk: Walk, mapping: Any) -> Reduced:
    """What is mapped, and where it stands."""
    if mapping.closed:
        return walk.unstorable(mapping, "moves", "it is a mapped file", "closed")
    standing = (len(mapping), mapping.tell(), zlib.crc32(mapping))
    return walk.unstorable(mapping, "moves", "it is a mapped file", standing)


@handles("socket.socket", subclasses=True)
def reduce_socket(walk: Walk, socket: Any) -> Reduced:
    """A connection of this process; whether it is open tells when it changed."""
    return walk.unstorable(
        socket, "live", "it is a connection of this process", socket.fileno() >= 0
    )


@handles("weakref.finalize", subclasses=True)
def reduce_finalizer(walk: Walk, finalizer: Any) -> Reduced:
    """It waits for the end of one object."""
    return walk.unstorable(finalizer, "live", "it waits for the end of an object", finalizer.alive)


@handles("tempfile.TemporaryDirectory", "tempfile._TemporaryFileWrapper",
         "tempfile._TemporaryFileCloser", "tempfile.SpooledTemporaryFile")  # fmt: skip
def reduce_temporary(walk: Walk, temporary: Any) -> Reduced:
    """A copy would remove it from under this one."""
    return walk.unstorable(
        temporary, "live", "it removes what it made from the disk", temporary.name
    )
