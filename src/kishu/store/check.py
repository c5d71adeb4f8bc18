"""Check that the chunks and records of a history can be read."""

from __future__ import annotations

from kishu.errors import Damaged
from kishu.store.store import Store


def check(store: Store) -> list[str]:
    """Return a description of each damaged record and chunk; empty if all are whole.

    The chunks are read now, at the cost of the history's size; of a chunk that is stored several
    times, one whole copy is enough. The records are those that the store's last pass over its
    journals could not read.
    """
    damaged = list(store.damaged)
    for name in store.chunk_names():
        try:
            store.get(name)
        except Damaged as error:
            damaged.append(error.message)
    return damaged
