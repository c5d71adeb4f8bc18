"""Collecting garbage: closed sessions are written anew with the chunks that are still needed.

A session's journal is replaced in one step, after its new packs are on the disk, and its old packs
are deleted after that: a kill leaves packs that no record names, which the next collection finds.
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
    """What went, or would go: chunks and bytes."""

    chunks: int
    nbytes: int


def collect(store: Store, needed: Collection[str], *, dry_run: bool) -> Collected:
    """Drop the chunks that are not needed from all sessions that are closed and trusted.

    The caller has the lease alone.

    Raises:
        NotRecording: the disk refused; what was there is still there.
    """
    chunks = nbytes = 0
    for session in store.sessions():
        if store.is_alive(session):
            continue
        found = _Session(store, session, needed)
        chunks += found.chunks
        nbytes += found.nbytes
        if dry_run:
            continue
        try:
            found.write_anew()
        except OSError as error:
            raise NotRecording(f"Garbage was not collected: {error.strerror}.") from error
    return Collected(chunks, nbytes)


class _Session:
    """One closed session: what of it is not needed."""

    def __init__(self, store: Store, session: str, needed: Collection[str]) -> None:
        self._store = store
        self._session = session
        self._needed = needed
        self.chunks = self.nbytes = 0
        self._old = sorted((store.path / "packs").glob(f"{session}-*.pack"))
        self._named: set[int] = set()
        self._untouched = False
        for _, envelope, trusted in store.envelopes(session):
            if envelope is None or not trusted:
                self._untouched = True
                continue
            for name, span in envelope.packed.items():
                self._named.add(span.pack)
                if name not in needed:
                    self.chunks += 1
                    self.nbytes += span.length
            for name, data in envelope.inline.items():
                if name not in needed:
                    self.chunks += 1
                    self.nbytes += len(data) * 4 // 3
        if self._untouched:
            # A record that is damaged or not ours stays as it is, and so do its chunks.
            self.chunks = self.nbytes = 0
            return
        for path in self._orphans():
            self.chunks += 1
            self.nbytes += path.stat().st_size

    def _orphans(self) -> list[Path]:
        """Packs that no record names: what a kill left behind."""
        return [path for path in self._old if int(path.stem.split("-")[1]) not in self._named]

    def write_anew(self) -> None:
        """Replace the journal and the packs, if anything of them goes."""
        if not self.chunks:
            return
        store, session = self._store, self._session
        last = max((int(path.stem.split("-")[1]) for path in self._old), default=0)
        packs = PackWriter(store.path, session, last)
        lines = []
        try:
            for _, envelope, _ in store.envelopes(session):
                if envelope is None:
                    raise Damaged(f"A record of {session} was damaged just now.")
                envelope.inline = {n: d for n, d in envelope.inline.items() if n in self._needed}
                envelope.packed = self._moved(envelope.packed, packs)
                lines.append(format_line(msgspec.json.encode(envelope), store.key))
            packs.sync()
        except (Damaged, OSError) as error:
            packs.close()
            for path in set((store.path / "packs").glob(f"{session}-*.pack")) - set(self._old):
                os.unlink(path)
            if isinstance(error, OSError):
                raise
            # A chunk that is needed is damaged: its pack stays, for what can still be read of it.
            return
        packs.close()
        write_file(store.journal(session), b"".join(lines))
        for path in self._old:
            os.unlink(path)

    def _moved(self, packed: dict[str, Span], packs: PackWriter) -> dict[str, Span]:
        return {
            name: packs.append(self._store.read_packed(self._session, span, name))
            for name, span in packed.items()
            if name in self._needed
        }
