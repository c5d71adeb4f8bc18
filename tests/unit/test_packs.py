"""Packs: a chunk is what its name says, or it is damaged; short writes lose nothing."""

from __future__ import annotations

import array
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kishu import limits
from kishu.errors import Damaged
from kishu.store.packs import PackReader, PackWriter, Span, chunk_name, pack_path, write_all
from tests.unit.builders import files_no_longer_than, flip, mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

CHUNKS = [b"first", b"", b"\0" * 5000, b"last"]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[PackWriter]:
    (tmp_path / "packs").mkdir()
    writer = PackWriter(tmp_path, "s")
    yield writer
    writer.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[PackReader]:
    reader = PackReader(tmp_path)
    yield reader
    reader.close()


def test_chunks_come_back_by_span_and_name(writer: PackWriter, reader: PackReader) -> None:
    spans = [writer.append(chunk) for chunk in CHUNKS]
    assert [reader.read("s", *named) for named in zip(spans, map(chunk_name, CHUNKS))] == CHUNKS


def test_any_buffer_is_its_bytes(writer: PackWriter, reader: PackReader) -> None:
    numbers = array.array("d", [1.5, 2.5])
    for buffer in (numbers, memoryview(numbers), bytearray(b"abc"), memoryview(b"abcd")[::1]):
        data = bytes(memoryview(buffer).cast("B"))
        assert reader.read("s", writer.append(buffer), chunk_name(data)) == data  # type: ignore[arg-type]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary())
def test_a_name_is_160_bits_of_blake3(data: bytes) -> None:
    assert chunk_name(data) == blake3(data).hexdigest()[:40]


def test_a_pack_that_is_full_is_followed_by_another(
    tmp_path: Path, writer: PackWriter, reader: PackReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PACK_BYTES", 10)
    chunks = [b"x" * length for length in (6, 4, 1, 9, 30, 2)]
    spans = [writer.append(chunk) for chunk in chunks]
    assert [span.pack for span in spans] == [1, 1, 2, 2, 3, 4]
    for span, chunk in zip(spans, chunks, strict=True):
        assert reader.read("s", span, chunk_name(chunk)) == chunk
    assert {mode(path) for path in (tmp_path / "packs").iterdir()} == {0o600}


def test_a_pack_is_never_written_by_two_sessions(tmp_path: Path, writer: PackWriter) -> None:
    writer.append(b"mine")
    with pytest.raises(FileExistsError):
        PackWriter(tmp_path, "s").append(b"theirs")


def test_the_chunk_after_a_refused_one_is_found(writer: PackWriter, reader: PackReader) -> None:
    first = writer.append(b"first")
    with files_no_longer_than(100), pytest.raises(OSError, match="File too large"):
        writer.append(b"x" * 200)
    last = writer.append(b"last")
    assert reader.read("s", first, chunk_name(b"first")) == b"first"
    assert reader.read("s", last, chunk_name(b"last")) == b"last"


@pytest.mark.parametrize("at", range(4))
def test_a_changed_byte_is_damage_that_names_the_chunk(
    tmp_path: Path, writer: PackWriter, reader: PackReader, at: int
) -> None:
    span, name = writer.append(b"data"), chunk_name(b"data")
    flip(pack_path(tmp_path, "s", 1), at)
    with pytest.raises(Damaged, match=name):
        reader.read("s", span, name)


@pytest.mark.parametrize(
    "span",
    [
        *(Span(2, 0, 4), Span(1, 0, 3), Span(1, 1, 4), Span(1, 9, 4), Span(1, -1, 4)),
        *(Span(1, 0, -4), Span(1, 0, 1 << 60), Span(1, 1 << 70, 4)),
    ],
)
def test_a_span_that_leads_nowhere_is_damage_that_names_the_chunk(
    writer: PackWriter, reader: PackReader, span: Span
) -> None:
    writer.append(b"data")
    with pytest.raises(Damaged, match=chunk_name(b"data")):
        reader.read("s", span, chunk_name(b"data"))


def test_a_write_that_comes_out_short_is_gone_on_with() -> None:
    """A signal cuts the first write off when the pipe is full; only then is the pipe read."""
    data = os.urandom(1 << 20)
    reading, writing = os.pipe()
    cut_short = threading.Event()
    received = bytearray()

    def receive() -> None:
        cut_short.wait()
        while chunk := os.read(reading, 1 << 16):
            received.extend(chunk)

    def on_signal(number: int, frame: FrameType | None) -> None:
        cut_short.set()

    before = signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    receiver = threading.Thread(target=receive)
    receiver.start()
    try:
        write_all(writing, data)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        os.close(writing)
        receiver.join()
        os.close(reading)
    assert received == data
