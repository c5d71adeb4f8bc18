"""One history's directory: its format, and the chunks and records that can be read there."""

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
    """``format.json``: what a reader must know before it reads anything else."""

    version: int
    history: str
    requires: list[str] = []


class Envelope(msgspec.Struct, omit_defaults=True):
    """What a journal line holds: a record's body and the chunks that came with it."""

    history: str
    session: str
    seq: int
    body: msgspec.Raw
    packed: dict[str, Span] = {}
    inline: dict[str, bytes] = {}


class Record(NamedTuple):
    """A record as read: who wrote it, its body (JSON), and whether it may be trusted."""

    session: str
    seq: int
    body: bytes
    trusted: bool


class _Trusted(msgspec.Struct):
    """A journal's first ``size`` bytes (their BLAKE3), vouched for by this key's MAC."""

    size: int
    digest: str
    mac: str


class InJournal(NamedTuple):
    """Where a line lies in its journal: byte offset and byte length."""

    offset: int
    length: int


_Place = tuple[str, Span | InJournal]
"""A session and where in its pack or journal."""

UNREADABLE = (msgspec.MsgspecError, ValueError)
"""What decoding raises for what is not the JSON it should be, broken UTF-8 included."""


class Store:
    """Chunks and records of one history.

    Args:
        path: the history's directory.
        key: signs what is written and checks what is read.

    Attributes:
        damaged: records that could not be read.
        waiting: chunks on their way to the disk, by name.
    """

    def __init__(self, path: Path, key: Key, format: Format) -> None:
        self.path = path
        self.key = key
        self.format = format
        self.damaged: list[str] = []
        self.lease: Lease | None = None
        self.waiting: dict[str, bytes] = {}
        self._packs = PackReader(path)
        self._where: dict[str, list[_Place]] = {}
        self._claimed: dict[str, list[_Place]] = {}
        self._line: tuple[tuple[str, InJournal], dict[str, bytes]] | None = None

    @classmethod
    def create(cls, path: Path, key: Key, history: str) -> Store:
        """Make an empty history whose UUID is ``history``.

        Where another process made it in the meantime, that one is opened.

        Raises:
            NotRecording: the directory cannot be made or written.
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
            StoreError: there is no history there, or its format.json is unreadable.
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
        """Why this version must not write here, or None when it may."""
        if self.format.version > FORMAT_VERSION:
            return f"its format {self.format.version} is newer than {FORMAT_VERSION}"
        if self.format.requires:
            return f"it needs {', '.join(self.format.requires)}"
        return None

    def sessions(self) -> list[str]:
        """The ids of all sessions that ever wrote here, sorted."""
        return sorted(path.stem for path in (self.path / "journal").glob("*.jsonl"))

    def is_alive(self, session: str) -> bool:
        """Whether that session's process still holds its journal."""
        return is_locked(self.journal(session))

    def records(self) -> Iterator[Record]:
        """Every intact record, session by session, in the order it was written.

        Damaged lines are left out and named in `damaged`.
        """
        self.damaged.clear()
        self._where.clear()
        self._claimed.clear()
        self._line = None
        for session in self.sessions():
            yield from self._session_records(session)

    def _session_records(self, session: str) -> Iterator[Record]:
        for line, envelope, trusted in self.envelopes(session):
            if envelope is None:
                journal = self.journal(session).name
                self.damaged.append(f"record at byte {line.offset} of {journal}")
                continue
            known = self._where if trusted else self._claimed
            for name, span in envelope.packed.items():
                known.setdefault(name, []).append((session, span))
            for name in envelope.inline:
                place = (session, InJournal(line.offset, line.length))
                known.setdefault(name, []).append(place)
            yield Record(session, envelope.seq, bytes(envelope.body), trusted)

    def envelopes(self, session: str) -> Iterator[tuple[Line, Envelope | None, bool]]:
        """The lines of a journal: what each holds, None if damaged, and whether to trust it."""
        path = self.journal(session)
        vouched = self._vouched_bytes(session, path)
        for line in read_lines(path, self.key):
            try:
                if not line.intact:
                    raise msgspec.DecodeError("checksum")
                envelope = msgspec.json.decode(line.json, type=Envelope)
            except UNREADABLE:
                yield line, None, False
                continue
            ours = envelope.history == self.format.history and envelope.session == session
            trusted = (line.signed and ours) or line.offset + line.length <= vouched
            yield line, envelope, trusted

    def has(self, name: str) -> bool:
        """Whether the chunk is here, as a trusted record says, or is on its way."""
        return name in self._where or name in self.waiting

    def get(self, name: str) -> bytes:
        """A chunk's bytes, checked against its name; one whole copy is enough.

        Raises:
            Damaged: it is missing, or no copy is what its name says.
        """
        data = self.waiting.get(name)
        if data is not None:
            return data
        failure = Damaged(f"Chunk {name} is missing.")
        for session, where in (*self._where.get(name, ()), *self._claimed.get(name, ())):
            try:
                if isinstance(where, Span):
                    return self._packs.read(session, where, name)
                return self._read_inline(session, where, name)
            except Damaged as error:
                failure = error
        if name in self._where:
            # It must not pass for stored when the same content comes up again.
            self._claimed.setdefault(name, []).extend(self._where.pop(name))
        raise failure

    def read_packed(self, session: str, span: Span, name: str) -> bytes:
        """One copy of a chunk.

        Raises:
            Damaged: it is not what its name says.
        """
        return self._packs.read(session, span, name)

    def _read_inline(self, session: str, where: InJournal, name: str) -> bytes:
        try:
            data = self._inline_of(session, where)[name]
        except (OSError, IndexError, KeyError, *UNREADABLE) as error:
            raise Damaged(f"Chunk {name} in journal {session} is damaged.") from error
        if chunk_name(data) != name:
            raise Damaged(f"Chunk {name} in journal {session} is damaged.")
        return data

    def _inline_of(self, session: str, where: InJournal) -> dict[str, bytes]:
        """The chunks in a journal's line; the line read last is at hand, for its neighbours."""
        place = (session, where)
        if self._line is None or self._line[0] != place:
            with open(self.journal(session), "rb") as file:
                line = system.read_at(file.fileno(), where.length, where.offset)
            envelope = msgspec.json.decode(line.rstrip(b"\n").split(b" ", 2)[2], type=Envelope)
            self._line = place, envelope.inline
        return self._line[1]

    def chunk_names(self) -> list[str]:
        """The names of all chunks that the records brought."""
        return list(self._where.keys() | self._claimed.keys())

    def size(self) -> int:
        """Bytes on disk of all journals and packs."""
        return sum(
            entry.stat().st_size
            for folder in ("journal", "packs")
            for entry in os.scandir(self.path / folder)
        )

    def hold(self) -> None:
        """Share the lease on the history until it is closed: nobody collects its garbage now.

        Raises:
            NotRecording: somebody does so just now, or the directory cannot be written.
        """
        try:
            self.lease = Lease(self.path)
        except OSError as error:
            raise NotRecording(f"{self.path} cannot be written: {error.strerror}.") from error

    def trust(self) -> int:
        """Vouch, with this machine's key, for every record now here; gives how many journals.

        Raises:
            NotRecording: the directory cannot be written.
        """
        trusted = {}
        for session in self.sessions():
            data = self.journal(session).read_bytes()
            digest = blake3(data).hexdigest()
            mac = self.key.sign(self._vow(session, len(data), digest))
            trusted[session] = _Trusted(len(data), digest, mac)
        try:
            write_file(self.path / "trusted.json", msgspec.json.encode(trusted))
        except OSError as error:
            raise NotRecording(f"{self.path} cannot be written: {error.strerror}.") from error
        return len(trusted)

    def _vouched_bytes(self, session: str, journal: Path) -> int:
        try:
            raw = (self.path / "trusted.json").read_bytes()
            entry = msgspec.json.decode(raw, type=dict[str, _Trusted]).get(session)
        except (OSError, *UNREADABLE):
            return 0
        if entry is None:
            return 0
        if not self.key.verifies(self._vow(session, entry.size, entry.digest), entry.mac):
            return 0
        with open(journal, "rb") as file:
            same = blake3(file.read(entry.size)).hexdigest() == entry.digest
        return entry.size if same else 0

    def _vow(self, session: str, size: int, digest: str) -> bytes:
        return f"trust {self.format.history} {session} {size} {digest}".encode()

    def journal(self, session: str) -> Path:
        """A session's journal."""
        return self.path / "journal" / f"{session}.jsonl"

    def learn(self, name: str, session: str, where: Span | InJournal) -> None:
        """Know where a chunk now lies."""
        places = self._where.setdefault(name, [])
        if (session, where) not in places:
            places.append((session, where))

    def close(self) -> None:
        """Close the files read from, and let go of the lease."""
        self._packs.close()
        if self.lease is not None:
            self.lease.close()


def write_file(path: Path, data: bytes, *, once: bool = False) -> None:
    """Replace a small file whole, or leave it as it was.

    Args:
        once: leave a file that is there already as it is.

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
