"""Write and read packs: append-only files of chunks, each found by its offset and length."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from kishu import limits
from kishu.errors import Damaged
from kishu.store import system

Buffer = bytes | bytearray | memoryview

NAME_BYTES = 20


class Span(NamedTuple):
    """Say where a chunk lies among a session's packs.

    Attributes:
        pack: the pack's number.
        offset: where the chunk begins in the pack, in bytes.
        length: the chunk's length in bytes.
    """

    pack: int
    offset: int
    length: int


def chunk_name(data: Buffer) -> str:
    """Return the name of a chunk: the first 160 bits of its BLAKE3 hash, in hexadecimal."""
    return blake3(data).hexdigest(length=NAME_BYTES)


def write_all(fd: int, data: Buffer) -> None:
    """Write all bytes to a file descriptor, in several writes where one does not take them all.

    Raises:
        OSError: the disk refused; some of the bytes may have been written.
    """
    view = memoryview(data).cast("B")
    while len(view):
        view = view[os.write(fd, view) :]


class PackWriter:
    """Append one session's chunks to its packs; begin a new pack before one exceeds 256 MiB.

    Args:
        directory: the history's directory.
        session: the session's id.
        last: the number of the session's last pack so far; 0 if it has none.
    """

    def __init__(self, directory: Path, session: str, last: int = 0) -> None:
        self._directory = directory
        self._session = session
        self._fd = -1
        self._number = last

    def append(self, data: Buffer) -> Span:
        """Write one chunk to the end of the pack, and return where it lies.

        Raises:
            OSError: the disk refused; what was written of the chunk is left behind unused.
        """
        length = memoryview(data).nbytes
        if self._fd < 0 or self._end() + length > limits.PACK_BYTES:
            self._begin_pack()
        # Asked anew each time, as a write that failed or was interrupted may have left bytes.
        offset = self._end()
        write_all(self._fd, data)
        return Span(self._number, offset, length)

    def _end(self) -> int:
        """Return the open pack's size in bytes, as the file system tells it."""
        return os.lseek(self._fd, 0, os.SEEK_END)

    def _begin_pack(self) -> None:
        """Create the pack with the next number, then sync and close the one before."""
        path = pack_path(self._directory, self._session, self._number + 1)
        # Git, and some tools that copy or synchronize, leave empty folders out.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(path, system.NEW, 0o600)
        if self._fd >= 0:
            system.sync(self._fd)
            os.close(self._fd)
        self._fd, self._number = fd, self._number + 1

    @property
    def fd(self) -> int:
        """Return the open pack's file descriptor; -1 if no pack is open."""
        return self._fd

    def sync(self) -> None:
        """Wait until all chunks written are on the disk, where they survive a power cut."""
        if self._fd >= 0:
            system.sync(self._fd)

    def close(self) -> None:
        """Close the open pack, without syncing it; do nothing if none is open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class PackReader:
    """Read chunks from the packs of all sessions of one history.

    Args:
        directory: the history's directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fds: dict[tuple[str, int], int] = {}

    def read(self, session: str, span: Span, name: str) -> bytes:
        """Return a chunk's bytes, after checking that they hash to its name.

        Raises:
            Damaged: the pack is missing, unreadable or too short, or the bytes are others.
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
        """Return the descriptor of a pack, which is opened at its first use and stays open."""
        fd = self._fds.get((session, number))
        if fd is None:
            fd = os.open(pack_path(self._directory, session, number), system.READ)
            self._fds[session, number] = fd
        return fd

    def close(self) -> None:
        """Close all packs that were opened for reading."""
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()


def pack_path(directory: Path, session: str, number: int) -> Path:
    """Return the path of the session's pack of that number."""
    return directory / "packs" / f"{session}-{number}.pack"
