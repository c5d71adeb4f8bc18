"""Do what differs between systems: locks, syncs, reads at a place, free space.

Linux, macOS and Windows. A system without locks raises OSError where one is asked for: whoever asks
then goes on without.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

_fcntl: Any
try:
    import fcntl as _fcntl
except ImportError:
    # Windows.
    _fcntl = None

_BINARY = getattr(os, "O_BINARY", 0)
"""The flag by which Windows leaves line ends alone."""

READ = os.O_RDONLY | _BINARY
"""How a file is opened to read from it."""
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _BINARY
"""How a file is opened that must not be there yet, to append to it."""
REPLACED = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY
"""How a file is opened that may be there, to write it anew."""
SHARED = os.O_RDWR | os.O_CREAT | _BINARY
"""How a file is opened that several processes lock."""


def lock(fd: int, *, exclusive: bool, wait: bool = False) -> None:
    """Lock an open file, shared or for itself alone; a lock that it had before is exchanged.

    It is let go of when the file is closed, or its process ends.

    Raises:
        BlockingIOError: somebody else has it, and ``wait`` is not set. What the file had before may
            be gone.
        OSError: this file system has no locks.
    """
    if _fcntl is not None:
        how = _fcntl.LOCK_EX if exclusive else _fcntl.LOCK_SH
        _fcntl.flock(fd, how if wait else how | _fcntl.LOCK_NB)
    elif sys.platform == "win32":
        _lock_on_windows(fd, exclusive, wait)
    else:
        raise OSError(errno.ENOLCK, "this system has no locks")


_FAR = 1 << 62
"""Where the locked byte lies: beyond all content, for Windows locks keep others from reading."""
_LOCK_EXCLUSIVE, _FAIL_IMMEDIATELY = 2, 1
_LOCK_VIOLATION = 33


def _lock_on_windows(fd: int, exclusive: bool, wait: bool) -> None:
    import ctypes

    platform: Any = ctypes
    runtime: Any = __import__("msvcrt")

    class Overlapped(ctypes.Structure):
        """The structure of that name: only the place counts."""

        _fields_ = (
            ("internal", ctypes.c_void_p), ("internal_high", ctypes.c_void_p),
            ("offset", ctypes.c_uint32), ("offset_high", ctypes.c_uint32),
            ("event", ctypes.c_void_p),
        )  # fmt: skip

    kernel = platform.WinDLL("kernel32", use_last_error=True)
    handle = ctypes.c_void_p(runtime.get_osfhandle(fd))
    place = Overlapped(offset=_FAR & 0xFFFFFFFF, offset_high=_FAR >> 32)
    kernel.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(place))
    flags = (_LOCK_EXCLUSIVE if exclusive else 0) | (0 if wait else _FAIL_IMMEDIATELY)
    if not kernel.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(place)):
        error = platform.get_last_error()
        if error == _LOCK_VIOLATION:
            raise BlockingIOError(errno.EAGAIN, "locked by another process")
        raise OSError(errno.ENOLCK, f"not locked: Windows error {error}")


def sync(fd: int) -> None:
    """Have a file's content on the disk itself before returning.

    Raises:
        OSError: the disk refused.
    """
    full = getattr(_fcntl, "F_FULLFSYNC", None)
    if full is not None:
        # On macOS `fsync` leaves it in the drive's cache; some network drives know no other.
        with contextlib.suppress(OSError):
            _fcntl.fcntl(fd, full)
            return
    os.fsync(fd)


_seeking = threading.Lock()


def read_at(fd: int, length: int, offset: int) -> bytes:
    """Read from a place in a file, whatever others read from it meanwhile.

    Raises:
        OSError: the disk refused.
    """
    if hasattr(os, "pread"):
        return os.pread(fd, length, offset)
    with _seeking:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, length)


def free_bytes(fd: int, path: Path) -> int:
    """Return how many bytes are free for this user on the disk of an open file.

    Args:
        fd: the file.
        path: its directory, where the system can only be asked by path.
    """
    if hasattr(os, "fstatvfs"):
        disk = os.fstatvfs(fd)
        return disk.f_bavail * disk.f_frsize
    return shutil.disk_usage(path).free


def is_unlinked(fd: int) -> bool:
    """Tell whether an open file has no name any more; on Windows it cannot lose it."""
    return sys.platform != "win32" and os.fstat(fd).st_nlink == 0


def give_name(aside: Path, path: Path) -> None:
    """Give a finished file its name, unless something has that name; the one it had is gone.

    Raises:
        FileExistsError: something has the name already.
        OSError: the disk refused.
    """
    try:
        try:
            os.link(aside, path)
        except FileExistsError:
            raise
        except OSError:
            # No second names on this file system: whoever comes second finds the first.
            if path.exists():
                raise FileExistsError(path) from None
            os.rename(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
