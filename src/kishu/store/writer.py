"""The writer: one session's chunks and records on their way into a history."""

from __future__ import annotations

import atexit
import threading
from contextlib import suppress
from functools import partial
from typing import Literal

import msgspec

from kishu.errors import NotRecording, Unsupported
from kishu.store import system
from kishu.store.backlog import Backlog, Task
from kishu.store.journal import JournalWriter
from kishu.store.packs import Buffer, PackWriter, Span, chunk_name
from kishu.store.store import Envelope, InJournal, Store

INLINE_BYTES = 4096
SYNC_SECONDS = 1.0
AT_ONCE_BYTES = 4 * 1024 * 1024
"""What may wait and still be written by the one who says so: some milliseconds' worth."""

BACKLOG_BYTES = 192 * 1024 * 1024
"""What may wait at all: who adds more writes some of it."""

When = Literal["now", "soon", "some day"]


class Writer:
    """Writes one session's chunks and records: first the chunks, then the record naming them.

    What is written is in the page cache (it survives a kill) and on the disk about a second later
    (it survives a power cut). Much at a time is written by a thread; until then it can be read
    from memory.

    Args:
        session: the new session's id, never used before.
        floor_bytes: free disk space below which nothing is written.
        cap_bytes: size of the history above which nothing is written; 0 for no cap.

    Raises:
        Unsupported: the history needs a newer Kishu.
        NotRecording: the disk refused.
    """

    def __init__(self, store: Store, session: str, floor_bytes: int, cap_bytes: int) -> None:
        reason = store.read_only_because
        if reason is not None:
            raise Unsupported(f"The history {store.path.name} is read-only here: {reason}.")
        self.session = session
        self.chunks_written = 0
        self._chunk_bytes = 0
        self._record_bytes = 0
        self._taken = 0
        self.store = store
        self._floor = floor_bytes
        self._cap = cap_bytes
        try:
            self._before = store.size()
            self._journal = JournalWriter(store.journal(session), store.key)
        except OSError as error:
            raise NotRecording(f"{store.path} cannot be written: {error.strerror}.") from error
        self._packs = PackWriter(store.path, session)
        self._packed: dict[str, Span] = {}
        self._inline: dict[str, bytes] = {}
        self._seq = 0
        self._backlog = Backlog()
        self._sync = _Sync(self)
        atexit.register(self._finish)

    def put(self, data: Buffer, name: str | None = None) -> str:
        """Store a chunk unless it is here already; gives its name.

        It becomes part of the history with the next record.

        Raises:
            NotRecording: the disk refused.
        """
        if name is None:
            name = chunk_name(data)
        waiting = self.store.waiting
        if name in self._packed or self.store.has(name):
            return name
        length = memoryview(data).nbytes
        if length < INLINE_BYTES:
            waiting[name] = self._inline[name] = bytes(data)
        else:
            self._guard(length)
            if self._backlog.failure is not None:
                self._write_backlog("chunk")
            waiting[name] = kept = bytes(data)
            self._backlog.add(Task(partial(self._write_chunk, name, kept), length))
            if self._backlog.nbytes > AT_ONCE_BYTES:
                self._backlog.do_soon()
                self._write_backlog("chunk", down_to=BACKLOG_BYTES)
        self.chunks_written += 1
        self._chunk_bytes += length
        return name

    def append(self, body: bytes, when: When = "now") -> None:
        """Write a record; with it, all chunks put since the last one become part of the history.

        Args:
            body: the record, JSON.
            when: ``now``: it is written when this returns. ``soon``: where much is waiting, a
                thread writes it. ``some day``: where the disk refuses, it waits and is written
                before the next one is.

        Raises:
            NotRecording: the disk refused; the record does not exist. Never for ``some day``.
        """
        inline, self._inline = self._inline, {}
        task = Task(partial(self._write_record, body, inline), len(body))
        self._backlog.add(task)
        try:
            self._guard(len(body))
            much = self._backlog.nbytes > AT_ONCE_BYTES
            if when == "soon" and much and self._backlog.failure is None:
                self._backlog.do_soon()
            else:
                self._write_backlog("record")
        except NotRecording as error:
            if when == "some day":
                self._backlog.failure = error
            elif self._backlog.take_back(task):
                self._inline = inline
                raise

    def flush(self) -> None:
        """Write what waits.

        Raises:
            NotRecording: the disk refused.
        """
        self._write_backlog("record")

    def _write_backlog(self, what: str, *, down_to: int = 0) -> None:
        try:
            self._backlog.do_now(down_to=down_to)
        except OSError as error:
            raise NotRecording(f"A {what} was not written: {error.strerror}.") from error

    def _write_chunk(self, name: str, data: bytes) -> None:
        self._packed[name] = span = self._packs.append(data)
        self.store.learn(name, self.session, span)
        self.store.waiting.pop(name, None)

    def _write_record(self, body: bytes, inline: dict[str, bytes]) -> None:
        store = self.store
        envelope = Envelope(
            store.format.history, self.session, self._seq, msgspec.Raw(body), self._packed, inline
        )
        offset, length = self._journal.append(msgspec.json.encode(envelope))
        for name in inline:
            store.learn(name, self.session, InJournal(offset, length))
            store.waiting.pop(name, None)
        for name, span in self._packed.items():
            # Again: the records may have been read anew since.
            store.learn(name, self.session, span)
        self._packed = {}
        self._seq += 1
        self._record_bytes += length - sum(map(len, inline.values()))
        self._sync.wake()

    @property
    def refusal(self) -> str:
        """Why what waits is not written; empty where it is, or will be at any moment."""
        failure = self._backlog.failure
        if failure is None or not self._backlog.nbytes:
            return ""
        return f"what was recorded last waits for the disk: {failure}"

    @property
    def bytes_written(self) -> int:
        """Bytes of chunks and records since the session began."""
        return self._chunk_bytes + self._record_bytes

    @property
    def size(self) -> int:
        """Bytes of the whole history on disk, as far as this writer knows."""
        return self._before + self.bytes_written

    def measure(self) -> None:
        """Ask the disk how big the history is."""
        self._before = self.store.size() - self.bytes_written

    def take_bytes_put(self) -> int:
        """The bytes of the chunks put since this was last asked."""
        before, self._taken = self._taken, self._chunk_bytes
        return self._taken - before

    def _guard(self, length: int) -> None:
        if self._cap and self.size + length > self._cap:
            raise NotRecording(f"The history has reached its cap of {self._cap:,} bytes.")
        if system.is_unlinked(self._journal.fd):
            raise NotRecording(
                f"{self.store.path} was deleted.", "Attach again to begin a new history."
            )
        free = system.free_bytes(self._journal.fd, self.store.path)
        if free - self._backlog.nbytes - length < self._floor:
            raise NotRecording(f"Less than {self._floor:,} bytes are free on the disk.")

    def sync(self) -> None:
        """Have everything written so far on the disk before returning."""
        for fd in (self._packs.fd, self._journal.fd):
            if fd >= 0:
                system.sync(fd)

    def give_back(self) -> None:
        """Return memory that is no longer needed to the system."""
        self._backlog.give_back()

    def _finish(self) -> None:
        """The process ends: what still waits is written, if it can be."""
        try:
            self._backlog.do_now()
        except OSError:
            # It has been told: nothing more can be done.
            return

    def close(self) -> None:
        """Write what waits, sync, and end the session's journal."""
        self._sync.stop()
        self._finish()
        try:
            self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the files without a word, as a forked child must."""
        atexit.unregister(self._finish)
        self._backlog.end()
        self._packs.close()
        self._journal.close()


class Naming:
    """Gives chunks their names without storing them: to compare, not to keep."""

    def put(self, data: Buffer, name: str | None = None) -> str:
        """The chunk's name."""
        return chunk_name(data) if name is None else name


class _Sync:
    """Syncs a writer's files in the background, at most once a second."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._work = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kishu-sync", daemon=True)
            self._thread.start()
        self._work.set()

    def _run(self) -> None:
        while not self._stopped.wait(SYNC_SECONDS):
            self._work.wait()
            self._work.clear()
            with suppress(OSError):
                # The bytes are written: a disk that fails shows at the next write.
                self._writer.sync()
            self._writer.give_back()

    def stop(self) -> None:
        self._stopped.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
