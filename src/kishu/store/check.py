"""Checking a history's files: every record and every chunk is read."""

from __future__ import annotations

from kishu.errors import Damaged
from kishu.store.store import Store


def check(store: Store) -> list[str]:
    """Read everything; gives what is damaged, empty when all is whole."""
    damaged = list(store.damaged)
    for name in store.chunk_names():
        try:
            store.get(name)
        except Damaged as error:
            damaged.append(error.message)
    return damaged
