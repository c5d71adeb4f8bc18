"""Silence: what a user's own methods print while a value is walked or rebuilt is not a cell's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Hushed:
    """A stream that drops what one thread writes and passes on what others do."""

    def __init__(self, stream: Any, thread: int) -> None:
        self._stream = stream
        self._thread = thread

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            return len(text)
        written: int = self._stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def hushed() -> Iterator[None]:
    """Drop what this thread prints."""
    thread = threading.get_ident()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Hushed(stream, thread) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
