"""Store long byte strings as trees of chunks (blobs), so that a change stores few new chunks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from kishu import limits
from kishu.errors import Damaged
from kishu.history.records import Blob
from kishu.store.packs import NAME_BYTES
from kishu.store.store import Store
from kishu.store.writer import Naming, Writer


def write_tree(names: list[str], size: int, writer: Writer | Naming) -> Blob:
    """Store the nodes above the given chunks, and return the blob at their top.

    Nodes are small, 32 names each, so that a changed chunk costs only a few short new ones.

    Args:
        names: the names of the data's chunks, in order; they are stored already.
        size: the blob's size: bytes, or what else the caller counts.
        writer: stores the nodes, or only names them.

    Raises:
        NotRecording: a node cannot be written.
    """
    depth = 0
    while len(names) > limits.FAN_OUT:
        names = [
            writer.put(bytes.fromhex("".join(names[at : at + limits.FAN_OUT])))
            for at in range(0, len(names), limits.FAN_OUT)
        ]
        depth += 1
    return Blob(size, names, depth)


def all_names(blob: Blob, store: Store) -> Iterator[str]:
    """Return the names of all chunks of a blob, of its nodes and of its data.

    Raises:
        Damaged: a node is missing or damaged.
    """
    return chain.from_iterable(_levels(blob, store))


def leaf_names(blob: Blob, store: Store) -> list[str]:
    """Return the names of the chunks that hold a blob's data, in order.

    Raises:
        Damaged: a node is missing or damaged.
    """
    *_, leaves = _levels(blob, store)
    return leaves


def _levels(blob: Blob, store: Store) -> Iterator[list[str]]:
    """Yield the list of names at each level of a blob's tree, from the top to the data."""
    names = blob.names
    yield names
    for _ in range(blob.depth):
        names = [name for node in names for name in _split(store.get(node))]
        yield names


def differing(a: Blob, b: Blob, store: Store) -> Iterator[tuple[int, str]]:
    """Yield index and name of each data chunk of one blob that another has not at that index.

    Only the nodes that differ are read.

    Args:
        a: the blob whose chunks are yielded.
        b: the blob to compare with; of the same size as ``a``.
        store: the history that has the nodes.

    Raises:
        Damaged: a node is missing or damaged.
    """
    yield from _differing(a.names, b.names, limits.FAN_OUT**a.depth, 0, store)


def _differing(
    a: list[str], b: list[str], width: int, at: int, store: Store
) -> Iterator[tuple[int, str]]:
    """Compare two lists of names at one level, and the levels below where they differ.

    Args:
        a: the names of one blob at this level.
        b: the other's, as many.
        width: the number of data chunks below each name; 1 if the names are of data.
        at: the index of the first data chunk below the lists.
        store: the history that has the nodes.
    """
    for index, (name, other) in enumerate(zip(a, b, strict=True)):
        if name == other:
            continue
        first = at + index * width
        if width == 1:
            yield first, name
        else:
            below, others = (list(_split(store.get(node))) for node in (name, other))
            yield from _differing(below, others, width // limits.FAN_OUT, first, store)


def _split(node: bytes) -> Iterator[str]:
    """Yield the names that a node holds, in hexadecimal.

    Raises:
        Damaged: the node does not consist of whole names.
    """
    if len(node) % NAME_BYTES:
        raise Damaged("A node of a blob has a broken length.")
    for at in range(0, len(node), NAME_BYTES):
        yield node[at : at + NAME_BYTES].hex()


def read_chunks(blob: Blob, store: Store) -> Iterator[bytes]:
    """Read a blob's data, and yield it chunk by chunk.

    Raises:
        Damaged: a node or a chunk is missing or damaged.
    """
    for name in leaf_names(blob, store):
        yield store.get(name)


def read(blob: Blob, store: Store) -> bytes:
    """Read a blob's data, and return all of it, which must fit in memory.

    Raises:
        Damaged: a node or a chunk is missing or damaged.
    """
    return b"".join(read_chunks(blob, store))
