"""Packs: append-only files of chunks, each found by its offset and length."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from kishu.errors import Damaged
from kishu.store import system

Buffer = bytes | bytearray | memoryview

ROLL_BYTES = 256 * 1024 * 1024
NAME_BYTES = 20


class Span(NamedTuple):
    """Where a chunk lies: the session's pack number, byte offset and byte length."""

    pack: int
    offset: int
    length: int


def chunk_name(data: Buffer) -> str:
    """The name of a chunk: the first 160 bits of its BLAKE3, in hex."""
    return blake3(data).hexdigest(length=NAME_BYTES)


def write_all(fd: int, data: Buffer) -> None:
    """Write every byte of ``data``, however short single writes come out."""
    view = memoryview(data).cast("B")
    while len(view):
        view = view[os.write(fd, view) :]


class PackWriter:
    """Appends one session's chunks to its packs; a new pack begins at 256 MiB.

    Args:
        last: the number of the session's last pack so far.
    """

    def __init__(self, directory: Path, session: str, last: int = 0) -> None:
        self._directory = directory
        self._session = session
        self._fd = -1
        self._number = last

    def append(self, data: Buffer) -> Span:
        """Write one chunk.

        Raises:
            OSError: the disk refused; nothing refers to what was written of the chunk.
        """
        length = memoryview(data).nbytes
        if self._fd < 0 or self._end() + length > ROLL_BYTES:
            self._roll()
        # Asked each time: a write that failed, or was interrupted, may have left a part.
        offset = self._end()
        write_all(self._fd, data)
        return Span(self._number, offset, length)

    def _end(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_END)

    def _roll(self) -> None:
        path = pack_path(self._directory, self._session, self._number + 1)
        fd = os.open(path, system.NEW, 0o600)
        if self._fd >= 0:
            system.sync(self._fd)
            os.close(self._fd)
        self._fd, self._number = fd, self._number + 1

    @property
    def fd(self) -> int:
        """The open pack's descriptor, -1 before the first chunk."""
        return self._fd

    def sync(self) -> None:
        """Have what was written on the disk."""
        if self._fd >= 0:
            system.sync(self._fd)

    def close(self) -> None:
        """Close the pack; chunks written stay."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class PackReader:
    """Reads chunks of any session's packs by their span."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fds: dict[tuple[str, int], int] = {}

    def read(self, session: str, span: Span, name: str) -> bytes:
        """The chunk's bytes, checked against its name.

        Raises:
            Damaged: the pack is missing, too short, or its bytes are not that chunk.
        """
        try:
            fd = self._fd(session, span.pack)
            within = 0 <= span.offset <= os.fstat(fd).st_size - span.length
            data = system.read_at(fd, span.length, span.offset) if within else b""
        except (OSError, ValueError, OverflowError) as error:
            raise Damaged(f"Chunk {name} cannot be read: {error}.") from error
        if len(data) != span.length or chunk_name(data) != name:
            raise Damaged(f"Chunk {name} in pack {session}-{span.pack} is damaged.")
        return data

    def _fd(self, session: str, number: int) -> int:
        fd = self._fds.get((session, number))
        if fd is None:
            fd = os.open(pack_path(self._directory, session, number), system.READ)
            self._fds[session, number] = fd
        return fd

    def close(self) -> None:
        """Close the files read from."""
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()


def pack_path(directory: Path, session: str, number: int) -> Path:
    """The file of a session's pack."""
    return directory / "packs" / f"{session}-{number}.pack"
