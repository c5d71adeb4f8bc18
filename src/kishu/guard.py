"""Guards for when Kishu works in the user's process: silence, and nothing left half done."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Silenced:
    """A stream that drops what one thread writes and passes on what others do.

    Attributes:
        stream: the stream that it stands for.
    """

    def __init__(self, stream: Any, thread: int) -> None:
        self.stream = stream
        self._thread = thread

    def write(self, text: str) -> int:
        """Write a text, unless the silenced thread does."""
        if threading.get_ident() == self._thread:
            return len(text)
        written: int = self.stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def quietly() -> Iterator[None]:
    """Work on the user's objects: what their methods print is dropped, and no garbage is collected.

    What a user's own methods print while a value is walked or rebuilt is not a cell's. The garbage
    collector would look at half-built objects; without it, loading is eight times faster, too.
    """
    thread = threading.get_ident()
    before = sys.stdout, sys.stderr
    collects = gc.isenabled()
    sys.stdout, sys.stderr = (Silenced(stream, thread) for stream in before)
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        sys.stdout, sys.stderr = before


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a KeyboardInterrupt back until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held and callable(before):
        before(*held[0])
