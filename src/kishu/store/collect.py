"""Collect garbage: rewrite ended sessions without the chunks that are no longer needed.

A session's journal is replaced in one step, after its new packs are on the disk; its old packs are
deleted after that. If the process is killed in between, packs that no record names are left
behind, and the next collection deletes them.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from kishu.errors import Damaged, NotRecording
from kishu.store.journal import format_line
from kishu.store.packs import PackWriter, Span
from kishu.store.store import Store, write_file


class Collected(NamedTuple):
    """Say how much a collection dropped, or, in a dry run, would drop.

    Attributes:
        chunks: the number of chunks; each pack that no record names counts as one.
        nbytes: their size on disk; for chunks within a journal, about that.
    """

    chunks: int
    nbytes: int


def collect(store: Store, needed: Collection[str], *, dry_run: bool) -> Collected:
    """Drop the chunks that are not needed from all ended sessions whose records are all trusted.

    The caller must have the history's lease alone.

    Args:
        needed: the names of the chunks to keep.
        dry_run: if True, only count what would be dropped.

    Raises:
        NotRecording: the disk refused; the session at which it did loses no chunk.
    """
    chunks = nbytes = 0
    for session in store.sessions():
        if store.is_alive(session):
            continue
        ended = _EndedSession(store, session, needed)
        chunks += ended.chunks
        nbytes += ended.nbytes
        if dry_run:
            continue
        try:
            ended.rewrite()
        except OSError as error:
            raise NotRecording(f"Garbage was not collected: {error.strerror}.") from error
    return Collected(chunks, nbytes)


class _EndedSession:
    """Count what one ended session holds that is not needed, and rewrite it without that.

    Attributes:
        chunks: the number of chunks, and of packs that no record names, that can be dropped; 0 if
            one of the session's records is damaged or not trusted.
        nbytes: their bytes on disk.
    """

    def __init__(self, store: Store, session: str, needed: Collection[str]) -> None:
        self._store = store
        self._session = session
        self._needed = needed
        self.chunks = self.nbytes = 0
        self._old_packs = sorted((store.path / "packs").glob(f"{session}-*.pack"))
        self._named_packs: set[int] = set()
        left_alone = False
        for _, envelope, trusted in store.envelopes(session):
            if envelope is None or not trusted:
                left_alone = True
                continue
            for name, span in envelope.packed.items():
                self._named_packs.add(span.pack)
                if name not in needed:
                    self.chunks += 1
                    self.nbytes += span.length
            for name, data in envelope.inline.items():
                if name not in needed:
                    self.chunks += 1
                    # Base64 in the journal's JSON takes a third more.
                    self.nbytes += len(data) * 4 // 3
        if left_alone:
            # What a damaged record needs is unknown, and to rewrite a record is to sign it with
            # this key, which would make one trusted that is not.
            self.chunks = self.nbytes = 0
            return
        for path in self._unnamed_packs():
            self.chunks += 1
            self.nbytes += path.stat().st_size

    def _unnamed_packs(self) -> list[Path]:
        """Return the packs that no record names; a process that was killed left them behind."""
        return [path for path in self._old_packs if _pack_number(path) not in self._named_packs]

    def rewrite(self) -> None:
        """Replace the session's journal and packs, if any chunk can be dropped.

        Nothing is changed where a chunk that is needed turns out to be damaged.

        Raises:
            OSError: the disk refused.
        """
        if not self.chunks:
            return
        store, session = self._store, self._session
        last = max(map(_pack_number, self._old_packs), default=0)
        packs = PackWriter(store.path, session, last)
        lines = []
        try:
            for _, envelope, _ in store.envelopes(session):
                if envelope is None:
                    raise Damaged(f"A record of {session} was damaged just now.")
                envelope.inline = {n: d for n, d in envelope.inline.items() if n in self._needed}
                envelope.packed = self._copy_needed(envelope.packed, packs)
                lines.append(format_line(msgspec.json.encode(envelope), store.key))
            packs.sync()
        except (Damaged, OSError) as error:
            packs.close()
            new_packs = set((store.path / "packs").glob(f"{session}-*.pack"))
            for path in new_packs.difference(self._old_packs):
                os.unlink(path)
            if isinstance(error, OSError):
                raise
            # A needed chunk is damaged: the old packs stay, for what can still be read of them.
            return
        packs.close()
        write_file(store.journal(session), b"".join(lines))
        for path in self._old_packs:
            os.unlink(path)

    def _copy_needed(self, packed: dict[str, Span], packs: PackWriter) -> dict[str, Span]:
        """Append the needed ones of a record's chunks to new packs, and return their places."""
        return {
            name: packs.append(self._store.read_packed(self._session, span, name))
            for name, span in packed.items()
            if name in self._needed
        }


def _pack_number(path: Path) -> int:
    """Return the number that a pack's file name, ``<session>-<number>.pack``, ends with."""
    return int(path.stem.split("-")[1])
