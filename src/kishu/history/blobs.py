"""Blobs: byte strings of any length as trees of chunks, so that a change stores what it changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from kishu.errors import Damaged
from kishu.history.records import Blob
from kishu.store.packs import NAME_BYTES
from kishu.store.store import Store
from kishu.store.writer import Naming, Writer

CHUNK_BYTES = 256 * 1024
FAN_OUT = 32


def write_tree(names: list[str], size: int, writer: Writer | Naming) -> Blob:
    """A blob over chunks already put; nodes of 32 names keep a change to a few short ones."""
    depth = 0
    while len(names) > FAN_OUT:
        names = [
            writer.put(bytes.fromhex("".join(names[at : at + FAN_OUT])))
            for at in range(0, len(names), FAN_OUT)
        ]
        depth += 1
    return Blob(size, names, depth)


def all_names(blob: Blob, store: Store) -> Iterator[str]:
    """The names of all chunks of a blob: nodes and data.

    Raises:
        Damaged: a node is missing or damaged.
    """
    return chain.from_iterable(_levels(blob, store))


def leaf_names(blob: Blob, store: Store) -> list[str]:
    """The names of a blob's data chunks, in order.

    Raises:
        Damaged: a node is missing or damaged.
    """
    *_, leaves = _levels(blob, store)
    return leaves


def _levels(blob: Blob, store: Store) -> Iterator[list[str]]:
    """The names at each level of the tree, from the top."""
    names = blob.names
    yield names
    for _ in range(blob.depth):
        names = [name for node in names for name in _split(store.get(node))]
        yield names


def differing(a: Blob, b: Blob, store: Store) -> Iterator[tuple[int, str]]:
    """The chunks of ``a`` that ``b`` has not at the same place: index and name.

    Reads only the nodes that differ; the two must be of one size.

    Raises:
        Damaged: a node is missing or damaged.
    """
    yield from _differing(a.names, b.names, FAN_OUT**a.depth, 0, store)


def _differing(
    a: list[str], b: list[str], width: int, at: int, store: Store
) -> Iterator[tuple[int, str]]:
    for index, (name, other) in enumerate(zip(a, b, strict=True)):
        if name == other:
            continue
        first = at + index * width
        if width == 1:
            yield first, name
        else:
            below, others = (list(_split(store.get(node))) for node in (name, other))
            yield from _differing(below, others, width // FAN_OUT, first, store)


def _split(node: bytes) -> Iterator[str]:
    if len(node) % NAME_BYTES:
        raise Damaged("A node of a blob has a broken length.")
    for at in range(0, len(node), NAME_BYTES):
        yield node[at : at + NAME_BYTES].hex()


def read_chunks(blob: Blob, store: Store) -> Iterator[bytes]:
    """A blob's data, chunk by chunk.

    Raises:
        Damaged: a chunk is missing or damaged.
    """
    for name in leaf_names(blob, store):
        yield store.get(name)


def read(blob: Blob, store: Store) -> bytes:
    """A blob's data in one piece; for streams and small buffers."""
    return b"".join(read_chunks(blob, store))
