r"""Journals: append-only files of signed, checksummed lines of JSON, one file a session.

A line is ``<MAC, 64 hex> <xxh3_64, 16 hex> <JSON>\n``. The checksum finds damage without a key;
the MAC says that this user's Kishu wrote it. A last line without its newline never counted.
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

_SUM_HEX = 16
_JSON_AT = MAC_HEX + 1 + _SUM_HEX + 1


class Line(NamedTuple):
    """One line as read: its place, its JSON, and what its checksum and its MAC say."""

    offset: int
    length: int
    json: bytes
    intact: bool
    signed: bool


class JournalWriter:
    """Appends lines to a journal of its own and holds a lock that says: this session lives."""

    def __init__(self, path: Path, key: Key) -> None:
        self._key = key
        self._fd = os.open(path, system.NEW, 0o600)
        self._size = 0
        try:
            system.lock(self._fd, exclusive=True)
        except OSError:
            # A file system without locks: other sessions then judge by the process id alone.
            pass

    def append(self, json: bytes) -> tuple[int, int]:
        """Write one line whole or not at all; gives its (offset, length).

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
        """The journal's descriptor, -1 once closed."""
        return self._fd

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def close(self) -> None:
        """Close the journal and with it the lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def format_line(json: bytes, key: Key) -> bytes:
    """The line of a journal that carries ``json``."""
    return b"%s %s %s\n" % (
        key.sign(json).encode(),
        xxhash.xxh3_64_hexdigest(json).encode(),
        json,
    )


def read_lines(path: Path, key: Key) -> Iterator[Line]:
    """The lines of a journal in order; a torn last line is left out."""
    data = path.read_bytes()
    offset = 0
    while (end := data.find(b"\n", offset)) >= 0:
        line = data[offset:end]
        yield _parse(line, offset, key)
        offset = end + 1


def _parse(line: bytes, offset: int, key: Key) -> Line:
    json = line[_JSON_AT:]
    mac = line[:MAC_HEX]
    checksum = line[MAC_HEX + 1 : _JSON_AT - 1]
    intact = checksum == xxhash.xxh3_64_hexdigest(json).encode()
    signed = intact and mac.isascii() and key.verifies(json, mac.decode())
    return Line(offset, len(line) + 1, json, intact, signed)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the journal (as far as the file system can tell)."""
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
