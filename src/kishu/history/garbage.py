"""Collect garbage: drop the data of commits that the user's rules do not keep."""

from __future__ import annotations

import time

import msgspec

from kishu.errors import Damaged
from kishu.history import documents
from kishu.history.keep import Rules, chunks_of, kept, states
from kishu.history.ledger import Ledger, load
from kishu.history.records import CommitId
from kishu.store.collect import collect as drop_chunks


class Garbage(msgspec.Struct):
    """Say what a garbage collection dropped or, in a dry run, would drop.

    Attributes:
        commits: the commits that lose their data; they stay in the log.
        kept: the number of commits that keep their data.
        chunks: the number of chunks that no kept commit needs.
        nbytes: the bytes of these chunks on the disk.
        dry_run: True if nothing was dropped, as it was only asked what would be.
    """

    commits: list[CommitId]
    kept: int
    chunks: int
    nbytes: int
    dry_run: bool


def collect(ledger: Ledger, rules: Rules, *, dry_run: bool) -> Garbage:
    """Drop the data that only those commits need that the rules do not keep.

    The history is read anew from the disk once no other session can use it, as others may have
    made and named commits since this session began. The operation that names the commits without
    data is written before the data is dropped.

    Args:
        ledger: the ledger of the session that collects.
        rules: which automatic commits keep their data.
        dry_run: if True, only return what would be dropped.

    Raises:
        Damaged: a record, or a chunk that tells which others are needed, is damaged; or this
            session holds no lease.
        InUse: another session uses the history or is collecting its garbage, or the file system
            has no locks, so that nobody can tell.
        NotRecording: the disk refused.
    """
    store = ledger.store
    if store.lease is None:
        raise Damaged("A history that cannot be locked is not collected.")
    ledger.flush()
    with store.lease.alone():
        history = load(store)
        if store.damaged:
            raise Damaged("A damaged history is not collected.")
        keeping = kept(history, rules, time.time(), [ledger.head])
        versions = {
            version for id, state in states(history) if id in keeping for version in state.values()
        }
        needed = chunks_of((history.recipe(version) for version in versions), store)
        losing = sorted(
            id
            for id, state in states(history)
            if id not in keeping
            and id not in history.forgotten
            and not versions.issuperset(state.values())
        )
        # A commit that loses no values, as kept ones have them too, keeps its notebook cells.
        with_cells = history.commits.keys() - history.forgotten - set(losing)
        needed |= documents.chunks_of(history, with_cells, store)
        if not dry_run:
            ledger.write("gc", names=losing)
        dropped = drop_chunks(store, needed, dry_run=dry_run)
        if not dry_run:
            for _ in store.records():
                # Reading the records is how the store learns where the chunks now lie.
                pass
            ledger.measure()
    return Garbage(losing, len(keeping), dropped.chunks, dropped.nbytes, dry_run)
