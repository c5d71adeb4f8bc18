"""Write one session's chunks and records into a history, in the background where it is much."""

from __future__ import annotations

import atexit
import threading
from contextlib import suppress
from functools import partial
from typing import Literal

import msgspec

from kishu import limits
from kishu.errors import NotRecording, Unsupported
from kishu.store import system
from kishu.store.backlog import Backlog, Task
from kishu.store.journal import JournalWriter
from kishu.store.packs import Buffer, PackWriter, Span, chunk_name
from kishu.store.store import Envelope, JournalSpan, Store

When = Literal["now", "soon", "some day"]
"""When a record has to be on its way to the disk; `Writer.append` explains the words."""


class Writer:
    """Write one session's chunks and records, each record after the chunks that it names.

    What is written survives a kill at once, as the system has it, and a power cut about a second
    later, when it is synced. Above 4 MB a background thread writes; until it has, chunks are read
    from memory.

    Args:
        store: the history to write into.
        session: the new session's id, never used before.
        floor_bytes: the free disk space, in bytes, below which nothing is written.
        cap_bytes: the size of the history, in bytes, above which nothing is written; 0 for none.

    Raises:
        Unsupported: the history needs a newer Kishu.
        NotRecording: the session's journal cannot be made.

    Attributes:
        chunks_written: the number of chunks that were new to the history, waiting ones included.
    """

    def __init__(self, store: Store, session: str, floor_bytes: int, cap_bytes: int) -> None:
        reason = store.read_only_because
        if reason is not None:
            raise Unsupported(f"The history {store.path.name} is read-only here: {reason}.")
        self.session = session
        self.chunks_written = 0
        self._chunk_bytes = 0
        self._record_bytes = 0
        self._reported_bytes = 0
        self.store = store
        self._floor = floor_bytes
        self._cap = cap_bytes
        try:
            self._other_bytes = store.size()
            self._journal = JournalWriter(store.journal(session), store.key)
        except OSError as error:
            raise NotRecording(f"{store.path} cannot be written: {error.strerror}.") from error
        self._packs = PackWriter(store.path, session)
        self._packed: dict[str, Span] = {}
        self._inline: dict[str, bytes] = {}
        self._seq = 0
        self._backlog = Backlog()
        self._sync = _Sync(self)
        atexit.register(self._write_rest)

    def put(self, data: Buffer, name: str | None = None) -> str:
        """Store a chunk, unless the history has it already, and return its name.

        It becomes part of the history with the next record.

        Args:
            data: the chunk's bytes; they are copied.
            name: the chunk's name; None to compute it.

        Raises:
            NotRecording: the disk refused or is too full, the history was deleted or has reached
                its cap.
        """
        if name is None:
            name = chunk_name(data)
        waiting = self.store.waiting
        if name in self._packed or self.store.has(name):
            return name
        length = memoryview(data).nbytes
        if length < limits.INLINE_BYTES:
            waiting[name] = self._inline[name] = bytes(data)
        else:
            self._check_room(length)
            if self._backlog.failure is not None:
                # The thread has stopped: take no more in before what waits is written.
                self._write_backlog("chunk")
            waiting[name] = copy = bytes(data)
            self._backlog.add(Task(partial(self._write_chunk, name, copy), length))
            if self._backlog.nbytes > limits.AT_ONCE_BYTES:
                self._backlog.do_soon()
                self._write_backlog("chunk", down_to=limits.BACKLOG_BYTES)
        self.chunks_written += 1
        self._chunk_bytes += length
        return name

    def append(self, body: bytes, when: When = "now") -> None:
        """Write a record; with it, all chunks put since the last one become part of the history.

        Args:
            body: the record, JSON.
            when: ``now``: the record is written when this returns. ``soon``: a background thread
                may write it later, if more than 4 MB wait. ``some day``: as ``now``, but where the
                disk refuses, the record waits, and is written before the next one.

        Raises:
            NotRecording: the disk refused or is too full, the history was deleted or has reached
                its cap; the record is dropped. Never for ``some day``.
        """
        inline, self._inline = self._inline, {}
        task = Task(partial(self._write_record, body, inline), len(body))
        self._backlog.add(task)
        try:
            self._check_room(len(body))
            much = self._backlog.nbytes > limits.AT_ONCE_BYTES
            if when == "soon" and much and self._backlog.failure is None:
                self._backlog.do_soon()
            else:
                self._write_backlog("record")
        except NotRecording as error:
            if when == "some day":
                self._backlog.failure = error
            elif self._backlog.remove(task):
                self._inline = inline
                raise
            # Otherwise the background thread has written the record after all.

    def flush(self) -> None:
        """Write all that waits, and return when it is written.

        Raises:
            NotRecording: the disk refused; what was not written still waits.
        """
        self._write_backlog("record")

    def _write_backlog(self, what: str, *, down_to: int = 0) -> None:
        """Write waiting chunks and records until at most so many bytes wait.

        Args:
            what: the word for what could not be written, for the error's message.
            down_to: the number of bytes that may still wait; 0 for none.

        Raises:
            NotRecording: the disk refused.
        """
        try:
            self._backlog.do_now(down_to=down_to)
        except OSError as error:
            raise NotRecording(f"A {what} was not written: {error.strerror}.") from error

    def _write_chunk(self, name: str, data: bytes) -> None:
        """Append a chunk to the session's pack, for the next record to name."""
        self._packed[name] = span = self._packs.append(data)
        self.store.add_location(name, self.session, span)
        self.store.waiting.pop(name, None)

    def _write_record(self, body: bytes, inline: dict[str, bytes]) -> None:
        """Append a line to the journal: a record, small chunks, the places of those in packs."""
        store = self.store
        envelope = Envelope(
            store.format.history, self.session, self._seq, msgspec.Raw(body), self._packed, inline
        )
        offset, length = self._journal.append(msgspec.json.encode(envelope))
        for name in inline:
            store.add_location(name, self.session, JournalSpan(offset, length))
            store.waiting.pop(name, None)
        for name, span in self._packed.items():
            # Noted when the chunk was written, but forgotten if `Store.records` was called since.
            store.add_location(name, self.session, span)
        self._packed = {}
        self._seq += 1
        self._record_bytes += length - sum(map(len, inline.values()))
        self._sync.wake()

    @property
    def refusal(self) -> str:
        """Return why chunks or records wait that the disk has refused; empty if none does."""
        failure = self._backlog.failure
        if failure is None or not self._backlog.nbytes:
            return ""
        return f"what was recorded last waits for the disk: {failure}"

    @property
    def bytes_written(self) -> int:
        """Return the bytes of all chunks and records of this session, waiting chunks included."""
        return self._chunk_bytes + self._record_bytes

    @property
    def size(self) -> int:
        """Return the bytes of the whole history: as measured last, plus what was written since."""
        return self._other_bytes + self.bytes_written

    def measure(self) -> None:
        """Measure the history's size on the disk anew, for `size` and the cap."""
        self._other_bytes = self.store.size() - self.bytes_written

    def take_bytes_put(self) -> int:
        """Return the bytes of the new chunks put since this was called last."""
        before, self._reported_bytes = self._reported_bytes, self._chunk_bytes
        return self._reported_bytes - before

    def _check_room(self, length: int) -> None:
        """Refuse to write so many bytes where the cap, the disk or a deleted history forbids it.

        Raises:
            NotRecording: they must not be written.
        """
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
        """Wait until all that was written is on the disk, where it survives a power cut.

        Raises:
            OSError: the disk refused.
        """
        for fd in (self._packs.fd, self._journal.fd):
            if fd >= 0:
                system.sync(fd)

    def release_memory(self) -> None:
        """Return memory that is no longer needed to the system."""
        self._backlog.release_memory()

    def _write_rest(self) -> None:
        """Write all that waits, or as much as the disk takes, at the end of session or process."""
        try:
            self._backlog.do_now()
        except OSError:
            # The session ends: nobody is left who could try again.
            return

    def close(self) -> None:
        """Write all that waits, sync, and close the session's files.

        What the disk refuses to take now is lost.

        Raises:
            OSError: the disk refused to sync; the files are closed nevertheless.
        """
        self._sync.stop()
        self._write_rest()
        try:
            self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the session's files, and drop all that waits.

        A forked child calls this, as what waits is its parent's to write.
        """
        atexit.unregister(self._write_rest)
        self._backlog.stop()
        self._packs.close()
        self._journal.close()


class Naming:
    """Stand in for a `Writer` where chunks are only to be named, not stored."""

    def put(self, data: Buffer, name: str | None = None) -> str:
        """Return the chunk's name, computed from its bytes unless it is given."""
        return chunk_name(data) if name is None else name


class _Sync:
    """Sync a writer's files to the disk in a background thread, at most once a second."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._work = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have the files synced soon; the first call starts the thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="kishu-sync", daemon=True)
            self._thread.start()
        self._work.set()

    def _run(self) -> None:
        """Sync whenever woken, until stopped; the body of the background thread."""
        while not self._stopped.wait(limits.SYNC_SECONDS):
            self._work.wait()
            self._work.clear()
            with suppress(OSError):
                # The system has the bytes: a disk that fails shows at the next write.
                self._writer.sync()
            self._writer.release_memory()

    def stop(self) -> None:
        """Make the thread end, and wait for it, five seconds at most."""
        self._stopped.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
