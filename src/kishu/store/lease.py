"""The lease on a history: who uses it shares it, who collects its garbage has it alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kishu.errors import InUse, NotRecording
from kishu.store import system

_PATIENCE = 30.0
_PAUSE = 0.05


class Lease:
    """A lock on ``lease`` in the history's directory, shared until it is closed.

    Where the file system has no locks, the history is used without, and never collected.

    Raises:
        NotRecording: somebody collects garbage and does not come to an end.
        OSError: the file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fd = os.open(directory / "lease", system.SHARED, 0o600)
        self._locks = True
        until = time.monotonic() + _PATIENCE
        while self._locks:
            try:
                system.lock(self._fd, exclusive=False)
            except BlockingIOError:
                if time.monotonic() > until:
                    self.close()
                    raise NotRecording(
                        f"The garbage of {directory.name} is being collected.", "Try again later."
                    ) from None
                time.sleep(_PAUSE)
            except OSError:
                self._locks = False
            else:
                return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the history to oneself.

        A lock cannot be widened in one step: the share is given up for a moment. Only who has the
        gate may do so, and nobody else can have the history alone meanwhile; so a share that is
        taken up again was never lost to anybody.

        Raises:
            InUse: another session, or another machine for all one can tell, uses it.
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
        """Be the only one who tries to have the history alone."""
        fd = os.open(self._directory / "lease.gate", system.SHARED, 0o600)
        try:
            try:
                system.lock(fd, exclusive=True)
            except BlockingIOError:
                raise InUse("Another kernel is collecting this history's garbage.") from None
            yield
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
