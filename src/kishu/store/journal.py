r"""Write and read journals: append-only files of signed, checksummed lines, one file a session.

A line is ``<MAC, 64 hex> <xxh3_64, 16 hex> <JSON>\n``. The checksum finds damage without a key;
the MAC proves that it was written with this user's key. A last line without a newline was torn
by a kill, and is ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import xxhash

from kishu.store import system
from kishu.store.key import MAC_HEX, Key
from kishu.store.packs import write_all

_CHECKSUM_HEX = 16
_JSON_AT = MAC_HEX + 1 + _CHECKSUM_HEX + 1


class Line(NamedTuple):
    """Hold one line of a journal as it was read.

    Attributes:
        offset: where the line begins in the file, in bytes.
        length: the line's length in bytes, newline included.
        json: the JSON that it carries, not decoded; worth nothing where it is not intact.
        intact: True if the checksum matches.
        signed: True if the line is intact and its MAC was made with the reader's key.
    """

    offset: int
    length: int
    json: bytes
    intact: bool
    signed: bool


class JournalWriter:
    """Create a session's journal, append lines to it, and keep it locked until closed.

    The lock tells other processes that the session is alive.

    Args:
        path: the journal's file, which must not exist.
        key: the key with which lines are signed.

    Raises:
        OSError: the file exists, or cannot be made.
    """

    def __init__(self, path: Path, key: Key) -> None:
        self._key = key
        # Git, and some tools that copy or synchronize, leave empty folders out.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._fd = os.open(path, system.NEW, 0o600)
        self._size = 0
        try:
            system.lock(self._fd, exclusive=True)
        except OSError:
            # A file system without locks: to others this session then looks ended, but such a
            # history is never collected.
            pass

    def append(self, json: bytes) -> tuple[int, int]:
        """Write one line whole or not at all, and return its offset and length in bytes.

        Raises:
            OSError: the disk refused; the journal is as it was.
        """
        line = format_line(json, self._key)
        try:
            write_all(self._fd, line)
        except BaseException:
            os.ftruncate(self._fd, self._size)
            raise
        offset = self._size
        self._size += len(line)
        return offset, len(line)

    @property
    def fd(self) -> int:
        """Return the journal's file descriptor; -1 once it is closed."""
        return self._fd

    @property
    def size(self) -> int:
        """Return the number of bytes written so far."""
        return self._size

    def close(self) -> None:
        """Close the journal, and release its lock; do nothing if that was done before."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def format_line(json: bytes, key: Key) -> bytes:
    """Return the journal line that carries some JSON: MAC, checksum, JSON, newline."""
    return b"%s %s %s\n" % (
        key.sign(json).encode(),
        xxhash.xxh3_64_hexdigest(json).encode(),
        json,
    )


def read_lines(path: Path, key: Key) -> Iterator[Line]:
    """Read a journal, and yield its lines in order, except a last one without a newline.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    offset = 0
    while (end := data.find(b"\n", offset)) >= 0:
        line = data[offset:end]
        yield _parse(line, offset, key)
        offset = end + 1


def _parse(line: bytes, offset: int, key: Key) -> Line:
    """Divide a line, given without its newline, and check its checksum and MAC."""
    json = line[_JSON_AT:]
    mac = line[:MAC_HEX]
    checksum = line[MAC_HEX + 1 : _JSON_AT - 1]
    intact = checksum == xxhash.xxh3_64_hexdigest(json).encode()
    signed = intact and mac.isascii() and key.verifies(json, mac.decode())
    return Line(offset, len(line) + 1, json, intact, signed)


def is_locked(path: Path) -> bool:
    """Return True if a living process keeps the journal locked.

    False also where the file system has no locks, or the file cannot be opened.
    """
    try:
        fd = os.open(path, system.READ)
    except OSError:
        return False
    try:
        system.lock(fd, exclusive=False)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False
