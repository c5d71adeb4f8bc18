"""Lock a history: sessions that use it share the lease, a garbage collection has it alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kishu import limits
from kishu.errors import InUse, NotRecording
from kishu.store import system


class Lease:
    """Hold a shared lock on the file ``lease`` in a history's directory, until closed.

    Making an instance waits, 30 seconds at most, for a garbage collection to end. Where the file
    system has no locks, the history is used without one, and its garbage is never collected.

    Args:
        directory: the history's directory.

    Raises:
        NotRecording: another process is still collecting garbage after 30 seconds.
        OSError: the file cannot be opened or made.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fd = os.open(directory / "lease", system.SHARED, 0o600)
        self._locks = True
        until = time.monotonic() + limits.LEASE_SECONDS
        while self._locks:
            try:
                system.lock(self._fd, exclusive=False)
            except BlockingIOError:
                if time.monotonic() > until:
                    self.close()
                    raise NotRecording(
                        f"The garbage of {directory.name} is being collected.", "Try again later."
                    ) from None
                time.sleep(limits.LEASE_POLL_SECONDS)
            except OSError:
                self._locks = False
            else:
                return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock exclusively within a ``with`` block; afterwards it is shared again.

        The system cannot turn a shared lock into an exclusive one in one step: for a moment this
        process has none. Only the process that holds the lock on ``lease.gate`` may try, so that
        no other can have the history alone in that moment, and the shared lock can always be
        taken again.

        Raises:
            InUse: another session uses the history or is collecting its garbage, or the file
                system has no locks, so that nobody can tell.
        """
        if not self._locks:
            raise InUse("This file system has no locks: nobody can tell who else is here.")
        with self._gate():
            try:
                system.lock(self._fd, exclusive=True)
            except BlockingIOError:
                system.lock(self._fd, exclusive=False, wait=True)
                raise InUse("Another kernel uses this history.") from None
            try:
                yield
            finally:
                system.lock(self._fd, exclusive=False, wait=True)

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """Hold the lock that a process needs before it may ask for the exclusive lease.

        Raises:
            InUse: another process holds it.
        """
        try:
            fd = os.open(self._directory / "lease.gate", system.SHARED, 0o600)
        except OSError as error:
            raise NotRecording(f"Garbage was not collected: {error.strerror}.") from error
        try:
            try:
                system.lock(fd, exclusive=True)
            except BlockingIOError:
                raise InUse("Another kernel is collecting this history's garbage.") from None
            yield
        finally:
            os.close(fd)

    def close(self) -> None:
        """Release the lock; do nothing if that was done before."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
