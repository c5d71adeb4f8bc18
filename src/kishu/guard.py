"""Drop output, pause garbage collection and hold interrupts back while Kishu works."""

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
    """Stand for an output stream, drop what one thread writes, and pass on all else.

    Args:
        stream: the stream.
        thread: the identifier of the thread, as `threading.get_ident` returns it.

    Attributes:
        stream: the stream.
    """

    def __init__(self, stream: Any, thread: int) -> None:
        self.stream = stream
        self.thread = thread

    def write(self, text: str) -> int:
        """Write a text and return its length; on the silenced thread, write nothing."""
        if threading.get_ident() == self.thread:
            return len(text)
        written: int = self.stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the stream."""
        return getattr(self.stream, name)


def _silenced(stream: Any, thread: int) -> Any:
    """Return a stream that drops what a thread writes; itself, where it does so already."""
    if isinstance(stream, Silenced) and stream.thread == thread:
        return stream
    return Silenced(stream, thread)


@contextmanager
def quietly() -> Iterator[None]:
    """Drop what this thread prints, and collect no garbage, for the length of a block.

    What the methods of the user's objects print while Kishu walks or builds them is no cell's
    output. The garbage collector would visit objects that are half built; without it loading is
    eight times faster, too.
    """
    thread = threading.get_ident()
    before = sys.stdout, sys.stderr
    was_enabled = gc.isenabled()
    sys.stdout, sys.stderr = (_silenced(stream, thread) for stream in before)
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        sys.stdout, sys.stderr = before


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold an interrupt (SIGINT) back until the block has ended, then deliver the first one.

    Only the main thread gets interrupts: on others this does nothing.
    """
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
