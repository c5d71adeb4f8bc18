"""Much at a time is written by a thread: in order, in bounded memory, and never lost in silence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kishu import limits
from kishu.errors import NotRecording
from kishu.limits import AT_ONCE_BYTES
from kishu.store.packs import Buffer, PackWriter, Span
from kishu.store.store import Store
from kishu.store.writer import Writer
from tests.unit.builders import files_no_longer_than

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kishu.store.key import Key

CHUNK = 256 * 1024
MUCH = AT_ONCE_BYTES // CHUNK + 4


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Closed, it keeps packs from being written."""
    opened = threading.Event()
    real = PackWriter.append

    def append(self: PackWriter, data: Buffer) -> Span:
        assert opened.wait(60)
        return real(self, data)

    monkeypatch.setattr(PackWriter, "append", append)
    return opened


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    writer = Writer(store, "s1", 0, 0)
    yield writer
    writer.close()


def put_much(writer: Writer) -> dict[str, bytes]:
    """More chunks than are written at once, by name."""
    chunks = [os.urandom(CHUNK) for _ in range(MUCH)] + [os.urandom(100)]
    return {writer.put(chunk): chunk for chunk in chunks}


def bodies(store: Store, key: Key) -> list[bytes]:
    """The records that another process would see."""
    return [record.body for record in Store.open(store.path, key).records()]


def wait_for_refusal(writer: Writer) -> None:
    deadline = time.monotonic() + 60
    while not writer.refusal:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_much_is_written_later_and_can_be_read_at_once(
    store: Store, writer: Writer, key: Key, gate: threading.Event
) -> None:
    chunks = put_much(writer)
    writer.append(b"1", "soon")
    assert bodies(store, key) == []
    assert all(store.has(name) and store.get(name) == data for name, data in chunks.items())
    again = writer.chunks_written
    assert [writer.put(data) for data in chunks.values()] == list(chunks)
    assert writer.chunks_written == again
    gate.set()
    writer.flush()
    assert bodies(store, key) == [b"1"]
    assert store.waiting == {}
    reader = Store.open(store.path, key)
    assert len(list(reader.records())) == 1
    assert all(reader.get(name) == store.get(name) == data for name, data in chunks.items())


def test_a_record_that_must_be_written_now_waits_for_those_before_it(
    store: Store, writer: Writer, key: Key, gate: threading.Event
) -> None:
    put_much(writer)
    writer.append(b"1", "soon")
    writer.append(b"2", "soon")
    threading.Timer(0.05, gate.set).start()
    writer.append(b"3", "now")
    assert bodies(store, key) == [b"1", b"2", b"3"]


def test_what_waits_is_bounded(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BACKLOG_BYTES", AT_ONCE_BYTES + 2 * CHUNK)
    most = 0
    for _ in range(200):
        writer.put(os.urandom(CHUNK))
        most = max(most, sum(map(len, store.waiting.values())))
    assert most <= AT_ONCE_BYTES + 3 * CHUNK


def test_little_is_on_the_disk_when_it_is_said_to_be(
    store: Store, writer: Writer, key: Key
) -> None:
    name = writer.put(os.urandom(CHUNK))
    writer.append(b"1", "soon")
    assert bodies(store, key) == [b"1"]
    assert name not in store.waiting


def test_a_disk_that_refuses_the_thread_is_told_and_gets_all_of_it_later(
    store: Store, writer: Writer, key: Key, gate: threading.Event
) -> None:
    with files_no_longer_than(CHUNK + 100):
        chunks = put_much(writer)
        writer.append(b"1", "soon")
        gate.set()
        wait_for_refusal(writer)
        assert "too large" in writer.refusal
        with pytest.raises(NotRecording, match="too large"):
            writer.put(os.urandom(CHUNK))
        with pytest.raises(NotRecording, match="too large"):
            writer.append(b"2", "now")
        writer.append(b"3", "some day")
        assert all(store.get(name) == data for name, data in chunks.items())
    writer.append(b"4", "soon")
    assert writer.refusal == ""
    assert bodies(store, key) == [b"1", b"3", b"4"]
    reader = Store.open(store.path, key)
    assert len(list(reader.records())) == 3
    assert all(reader.get(name) == data for name, data in chunks.items())


ENDS = """
import os, sys
from pathlib import Path
from kishu.store.key import Key
from kishu.store.store import Store
from kishu.store.writer import Writer
writer = Writer(Store.open(Path(sys.argv[1]), Key(bytes(32))), "s2", 0, 0)
for _ in range(200):
    writer.put(os.urandom(256 * 1024))
writer.append(b"1", "soon")
"""


def test_a_process_that_ends_writes_what_waits(store: Store, key: Key) -> None:
    subprocess.run([sys.executable, "-c", ENDS, str(store.path)], check=True, timeout=60)
    reader = Store.open(store.path, key)
    assert [record.body for record in reader.records()] == [b"1"]
    assert [len(reader.get(name)) for name in reader.chunk_names()] == [CHUNK] * 200


def test_a_chunk_is_found_after_the_records_were_read_anew(store: Store, writer: Writer) -> None:
    writer.append(b"1")
    data = os.urandom(CHUNK)
    name = writer.put(data)
    writer.flush()
    assert len(list(store.records())) == 1
    writer.append(b"2")
    assert store.get(name) == data
