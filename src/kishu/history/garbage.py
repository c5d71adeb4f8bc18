"""Garbage: what the history need not hold any longer, and letting go of it."""

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
    """What a collection let go, or would.

    Attributes:
        commits: commits whose data goes; they stay in the log.
        kept: how many commits keep theirs.
        chunks, nbytes: chunks that no kept commit needs, and their bytes on the disk.
        dry_run: whether it was only asked.
    """

    commits: list[CommitId]
    kept: int
    chunks: int
    nbytes: int
    dry_run: bool


def collect(ledger: Ledger, rules: Rules, *, dry_run: bool) -> Garbage:
    """Let go of the data that only commits need which the rules do not keep.

    What is kept is decided from what is on the disk, read once the history is ours alone: other
    sessions may have worked, named and ended since this one opened it. The commits that lose their
    data are recorded before they do.

    Args:
        ledger: of the session that collects.
        rules: what stays.
        dry_run: only say what would go.

    Raises:
        Damaged: a record or a chunk that is kept is damaged: nobody can tell what it needs.
        InUse: another session uses the history.
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
        stays = kept(history, rules, time.time(), [ledger.head])
        versions = {
            version for id, state in states(history) if id in stays for version in state.values()
        }
        needed = chunks_of((history.recipe(version) for version in versions), store)
        goes = sorted(
            id
            for id, state in states(history)
            if id not in stays
            and id not in history.forgotten
            and not versions.issuperset(state.values())
        )
        keep = history.commits.keys() - history.forgotten - set(goes)
        needed |= documents.chunks_of(history, keep, store)
        if not dry_run:
            ledger.write("gc", names=goes)
        gone = drop_chunks(store, needed, dry_run=dry_run)
        if not dry_run:
            for _ in store.records():
                # Chunks have moved: where they are now is read again.
                pass
            ledger.measure()
    return Garbage(goes, len(stays), gone.chunks, gone.nbytes, dry_run)
