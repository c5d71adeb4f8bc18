"""Read the chunks and records of one history's directory, and say which of them are trusted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from blake3 import blake3

from kishu.errors import Damaged, NotRecording, StoreError
from kishu.store import system
from kishu.store.journal import Line, is_locked, read_lines
from kishu.store.key import Key
from kishu.store.lease import Lease
from kishu.store.packs import PackReader, Span, chunk_name, write_all

FORMAT_VERSION = 1


class Format(msgspec.Struct):
    """Hold the content of ``format.json``, which a reader must know before it reads the rest.

    Attributes:
        version: the number of the history's format.
        history: the history's UUID.
        requires: names of features without which a version of Kishu must not write here.
    """

    version: int
    history: str
    requires: list[str] = []


class Envelope(msgspec.Struct, omit_defaults=True):
    """Hold the JSON of one journal line: a record, and where the chunks are that came with it.

    Attributes:
        history: the UUID of the history that it belongs to.
        session: the id of the session that wrote it.
        seq: its number among the session's records, from 0.
        body: the record itself, JSON that is not decoded here.
        packed: by name, where in the session's packs the larger chunks lie.
        inline: by name, the bytes of the smaller chunks.
    """

    history: str
    session: str
    seq: int
    body: msgspec.Raw
    packed: dict[str, Span] = {}
    inline: dict[str, bytes] = {}


class Record(NamedTuple):
    """Hold a record as it was read from a journal.

    Attributes:
        session: the id of the session that wrote it.
        seq: its number among the session's records, from 0.
        body: JSON that is not decoded here.
        trusted: True if it was signed with this user's key, or the user has vouched for it.
    """

    session: str
    seq: int
    body: bytes
    trusted: bool


class _TrustedJournal(msgspec.Struct):
    """Say, in ``trusted.json``, that the user trusts the beginning of one session's journal.

    Attributes:
        size: how many bytes of the journal are trusted.
        digest: the BLAKE3 hash of these bytes, in hexadecimal.
        mac: the MAC of a text that has the history, the session, the size and the digest.
    """

    size: int
    digest: str
    mac: str


class JournalSpan(NamedTuple):
    """Say where a line lies in its journal.

    Attributes:
        offset: where the line begins, in bytes.
        length: the line's length in bytes, newline included.
    """

    offset: int
    length: int


_Location = tuple[str, Span | JournalSpan]
"""Where a chunk lies: a session's id, and the place in its packs or the line of its journal."""

UNREADABLE = (msgspec.MsgspecError, ValueError)
"""The exceptions that decoding JSON raises for bytes of another form, broken UTF-8 included."""


class Store:
    """Read the chunks and records of one history.

    Chunks are found once `records` has gone through the journals.

    Args:
        path: the history's directory.
        key: the key that signs what is written, and by which it is told what to trust.
        format: the content of the history's ``format.json``.

    Attributes:
        damaged: a description of each record that could not be read.
        lease: the lock on the history; None until `hold` is called.
        waiting: chunks that are to be written but are not on the disk yet, by name.
    """

    def __init__(self, path: Path, key: Key, format: Format) -> None:
        self.path = path
        self.key = key
        self.format = format
        self.damaged: list[str] = []
        self.lease: Lease | None = None
        self.waiting: dict[str, bytes] = {}
        self._packs = PackReader(path)
        self._locations: dict[str, list[_Location]] = {}
        self._untrusted_locations: dict[str, list[_Location]] = {}
        self._last_line: tuple[tuple[str, JournalSpan], dict[str, bytes]] | None = None

    @classmethod
    def create(cls, path: Path, key: Key, history: str) -> Store:
        """Make an empty history in a directory, and open it.

        Where another process has made one there in the meantime, that one is opened.

        Args:
            path: the history's directory, made if it is missing.
            key: as for `Store`.
            history: the new history's UUID.

        Raises:
            NotRecording: the directory cannot be made or written.
            StoreError: the history made in the meantime cannot be opened.
        """
        try:
            for folder in (path, path / "journal", path / "packs"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            format = msgspec.json.encode(Format(FORMAT_VERSION, history))
            write_file(path / "format.json", format, once=True)
        except OSError as error:
            raise NotRecording(f"{path} cannot be made: {error.strerror}.") from error
        return cls.open(path, key)

    @classmethod
    def open(cls, path: Path, key: Key) -> Store:
        """Open an existing history.

        Raises:
            StoreError: there is no history in the directory.
            Damaged: its ``format.json`` cannot be read.
        """
        try:
            format = msgspec.json.decode((path / "format.json").read_bytes(), type=Format)
        except FileNotFoundError:
            raise StoreError(f"{path} holds no history.", "Name another directory.") from None
        except (OSError, *UNREADABLE) as error:
            raise Damaged(f"{path / 'format.json'} cannot be read: {error}.") from error
        return cls(path, key, format)

    @property
    def read_only_because(self) -> str | None:
        """Return why this version of Kishu must not write to the history; None if it may."""
        if self.format.version > FORMAT_VERSION:
            return f"its format {self.format.version} is newer than {FORMAT_VERSION}"
        if self.format.requires:
            return f"it needs {', '.join(self.format.requires)}"
        return None

    def sessions(self) -> list[str]:
        """Return the ids of all sessions that have a journal in this history, sorted."""
        return sorted(path.stem for path in (self.path / "journal").glob("*.jsonl"))

    def is_alive(self, session: str) -> bool:
        """Return True if a session's process still runs, to be seen by the lock on its journal."""
        return is_locked(self.journal(session))

    def records(self) -> Iterator[Record]:
        """Read all journals, and yield their intact records.

        Records come session by session, in the order in which each session wrote them. Damaged
        ones are left out, and described in `damaged`. Where chunks lie is forgotten first, and
        learned again from the records as they are yielded.

        Raises:
            OSError: a journal cannot be read.
        """
        self.damaged.clear()
        self._locations.clear()
        self._untrusted_locations.clear()
        self._last_line = None
        for session in self.sessions():
            yield from self._session_records(session)

    def _session_records(self, session: str) -> Iterator[Record]:
        """Yield one session's intact records, and note where their chunks lie."""
        for line, envelope, trusted in self.envelopes(session):
            if envelope is None:
                journal = self.journal(session).name
                self.damaged.append(f"record at byte {line.offset} of {journal}")
                continue
            locations = self._locations if trusted else self._untrusted_locations
            for name, span in envelope.packed.items():
                locations.setdefault(name, []).append((session, span))
            for name in envelope.inline:
                location = (session, JournalSpan(line.offset, line.length))
                locations.setdefault(name, []).append(location)
            yield Record(session, envelope.seq, bytes(envelope.body), trusted)

    def envelopes(self, session: str) -> Iterator[tuple[Line, Envelope | None, bool]]:
        """Read a session's journal, and yield each line, its envelope, and if it is trusted.

        The envelope is None, and not trusted, where the line is damaged.

        Raises:
            OSError: the journal cannot be read.
        """
        path = self.journal(session)
        trusted_bytes = self._trusted_bytes(session, path)
        for line in read_lines(path, self.key):
            try:
                if not line.intact:
                    raise msgspec.DecodeError("checksum")
                envelope = msgspec.json.decode(line.json, type=Envelope)
            except UNREADABLE:
                yield line, None, False
                continue
            # A line that was copied here from another journal has a valid signature, too.
            written_here = envelope.history == self.format.history and envelope.session == session
            vouched_for = line.offset + line.length <= trusted_bytes
            yield line, envelope, (line.signed and written_here) or vouched_for

    def has(self, name: str) -> bool:
        """Return True if a trusted record names the chunk, or it waits to be written.

        The chunk itself is not read, and may turn out to be damaged.
        """
        return name in self._locations or name in self.waiting

    def get(self, name: str) -> bytes:
        """Return a chunk's bytes, from memory while it waits to be written.

        Bytes read from the disk are checked against the chunk's name. Where a copy is damaged,
        the next one is tried, those that only untrusted records name last.

        Raises:
            Damaged: no copy is there, or none matches the name.
        """
        data = self.waiting.get(name)
        if data is not None:
            return data
        failure = Damaged(f"Chunk {name} is missing.")
        locations = (*self._locations.get(name, ()), *self._untrusted_locations.get(name, ()))
        for session, span in locations:
            try:
                if isinstance(span, Span):
                    return self._packs.read(session, span, name)
                return self._read_inline(session, span, name)
            except Damaged as error:
                failure = error
        if name in self._locations:
            # `has` must say no, so that the same content is stored anew when it comes up again.
            self._untrusted_locations.setdefault(name, []).extend(self._locations.pop(name))
        raise failure

    def read_packed(self, session: str, span: Span, name: str) -> bytes:
        """Return the bytes of the copy of a chunk that lies at one place in a session's packs.

        Raises:
            Damaged: the bytes there do not match the chunk's name, or cannot be read.
        """
        return self._packs.read(session, span, name)

    def _read_inline(self, session: str, span: JournalSpan, name: str) -> bytes:
        """Return the bytes of a chunk that stands in a line of a journal.

        Raises:
            Damaged: the line cannot be read, or what it has does not match the chunk's name.
        """
        try:
            data = self._inline_chunks(session, span)[name]
        except (OSError, IndexError, KeyError, *UNREADABLE) as error:
            raise Damaged(f"Chunk {name} in journal {session} is damaged.") from error
        if chunk_name(data) != name:
            raise Damaged(f"Chunk {name} in journal {session} is damaged.")
        return data

    def _inline_chunks(self, session: str, span: JournalSpan) -> dict[str, bytes]:
        """Return the chunks in one line of a journal, by name; they are not checked.

        The line that was read last is kept in memory, as its chunks are often read together.
        """
        location = (session, span)
        if self._last_line is None or self._last_line[0] != location:
            with open(self.journal(session), "rb") as file:
                line = system.read_at(file.fileno(), span.length, span.offset)
            envelope = msgspec.json.decode(line.rstrip(b"\n").split(b" ", 2)[2], type=Envelope)
            self._last_line = location, envelope.inline
        return self._last_line[1]

    def chunk_names(self) -> list[str]:
        """Return the names of all chunks that records name, trusted or not; none twice."""
        return list(self._locations.keys() | self._untrusted_locations.keys())

    def size(self) -> int:
        """Return the bytes on disk of all journals and packs together."""
        return sum(
            entry.stat().st_size
            for folder in ("journal", "packs")
            for entry in (self.path / folder).glob("*")
        )

    def hold(self) -> None:
        """Take a shared lease, so that no other process collects garbage until `close`.

        Raises:
            NotRecording: a garbage collection does not end, or the directory cannot be written.
        """
        try:
            self.lease = Lease(self.path)
        except OSError as error:
            raise NotRecording(f"{self.path} cannot be written: {error.strerror}.") from error

    def trust(self) -> int:
        """Make all records that now are in the history trusted; return the number of journals.

        The lengths and hashes of the journals, signed with this user's key, are written to
        ``trusted.json``. Records already read stay as they are until `records` is called.

        Raises:
            NotRecording: the directory cannot be written.
            OSError: a journal cannot be read.
        """
        trusted = {}
        for session in self.sessions():
            data = self.journal(session).read_bytes()
            digest = blake3(data).hexdigest()
            mac = self.key.sign(self._trust_statement(session, len(data), digest))
            trusted[session] = _TrustedJournal(len(data), digest, mac)
        try:
            write_file(self.path / "trusted.json", msgspec.json.encode(trusted))
        except OSError as error:
            raise NotRecording(f"{self.path} cannot be written: {error.strerror}.") from error
        return len(trusted)

    def _trusted_bytes(self, session: str, journal: Path) -> int:
        """Return how many bytes of a journal, from its beginning, the user has vouched for.

        0 if ``trusted.json`` has no valid entry for the session, or these bytes have changed.
        """
        try:
            raw = (self.path / "trusted.json").read_bytes()
            entry = msgspec.json.decode(raw, type=dict[str, _TrustedJournal]).get(session)
        except (OSError, *UNREADABLE):
            return 0
        if entry is None:
            return 0
        statement = self._trust_statement(session, entry.size, entry.digest)
        if not self.key.verifies(statement, entry.mac):
            return 0
        with open(journal, "rb") as file:
            same = blake3(file.read(entry.size)).hexdigest() == entry.digest
        return entry.size if same else 0

    def _trust_statement(self, session: str, size: int, digest: str) -> bytes:
        """Return the bytes that are signed to say that a journal's beginning is trusted."""
        return f"trust {self.format.history} {session} {size} {digest}".encode()

    def journal(self, session: str) -> Path:
        """Return the path of a session's journal."""
        return self.path / "journal" / f"{session}.jsonl"

    def add_location(self, name: str, session: str, span: Span | JournalSpan) -> None:
        """Note where a session has just written a chunk, so that `get` finds it there."""
        locations = self._locations.setdefault(name, [])
        if (session, span) not in locations:
            locations.append((session, span))

    def close(self) -> None:
        """Close the packs that were read, and release the lease."""
        self._packs.close()
        if self.lease is not None:
            self.lease.close()


def write_file(path: Path, data: bytes, *, once: bool = False) -> None:
    """Write a small file whole, in place of the one that is there; on failure that one stays.

    Args:
        path: the file to write.
        data: its new content.
        once: if True, a file that is there already is left as it is.

    Raises:
        OSError: the disk refused.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    fd = os.open(aside, system.REPLACED, 0o600)
    try:
        try:
            write_all(fd, data)
            system.sync(fd)
        finally:
            os.close(fd)
        if not once:
            os.replace(aside, path)
            return
    except OSError:
        os.unlink(aside)
        raise
    with suppress(FileExistsError):
        system.give_name(aside, path)
