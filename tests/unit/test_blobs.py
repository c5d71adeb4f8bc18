"""Blobs: any bytes come back, and a change costs what it changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kishu.errors import Damaged
from kishu.history.blobs import leaf_names, read, read_chunks, write_tree
from kishu.limits import CHUNK_BYTES, FAN_OUT
from kishu.store.store import Store
from kishu.store.writer import Naming, Writer
from tests.unit.builders import flip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kishu.history.records import Blob

MB = 1 << 20
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    writer = Writer(store, "s", 0, 0)
    yield writer
    writer.close()


def write(data: bytes, writer: Writer | Naming) -> Blob:
    names = [writer.put(data[at : at + CHUNK_BYTES]) for at in range(0, len(data), CHUNK_BYTES)]
    return write_tree(names, len(data), writer)


@quick
@given(data=st.binary())
def test_any_bytes_come_back(store: Store, writer: Writer, data: bytes) -> None:
    blob = write(data, writer)
    writer.append(b"0")
    assert (read(blob, store), blob.size) == (data, len(data))


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("chunks", [1, FAN_OUT, FAN_OUT + 1])
def test_bytes_around_a_bound_come_back(
    store: Store, writer: Writer, chunks: int, over: int
) -> None:
    data = os.urandom(chunks * CHUNK_BYTES + over)
    blob = write(data, writer)
    writer.append(b"0")
    assert b"".join(read_chunks(blob, store)) == data
    assert max(map(len, read_chunks(blob, store))) <= CHUNK_BYTES


@quick
@given(count=st.integers(0, 4 * FAN_OUT**2))
def test_a_tree_keeps_any_number_of_names_in_order_and_no_node_is_wide(
    store: Store, writer: Writer, count: int
) -> None:
    names = [f"{number:040x}" for number in range(count)]
    blob = write_tree(names, 0, writer)
    writer.append(b"0")
    assert leaf_names(blob, store) == names
    assert len(blob.names) <= FAN_OUT
    assert FAN_OUT**blob.depth < max(count, 2)


@pytest.mark.parametrize("size", [8 * MB, 8 * MB + 1, 20 * MB])
@quick
@given(place=st.floats(0, 1, exclude_max=True))
def test_one_changed_byte_costs_its_chunk_and_the_nodes_above_it(
    store: Store, writer: Writer, size: int, place: float
) -> None:
    data = bytearray(bytes(range(256)) * (size // 256 + 1))[:size]
    for at in range(0, size, CHUNK_BYTES):
        data[at : at + 8] = at.to_bytes(8, "big")[: size - at]
    first = write(bytes(data), writer)
    before = writer.chunks_written
    # A value that no byte of an earlier example has, so that its chunk is new.
    data[int(place * size)] ^= 1 + before % 255
    second = write(bytes(data), writer)
    assert (first == second) is False
    assert writer.chunks_written - before <= 1 + second.depth
    changed = zip(names_of(first, store, writer), names_of(second, store, writer), strict=True)
    assert sum(one != two for one, two in changed) == 1


def test_one_changed_chunk_of_a_gigabyte_costs_few_names(writer: Writer) -> None:
    names = [f"{number:040x}" for number in range(4096)]
    write_tree(names, 1 << 30, writer)
    before = writer.bytes_written
    names[1234] = "f" * 40
    blob = write_tree(names, 1 << 30, writer)
    assert 0 < writer.bytes_written - before + len(msgspec.json.encode(blob)) < 2048


def names_of(blob: Blob, store: Store, writer: Writer) -> list[str]:
    writer.append(b"0")
    return leaf_names(blob, store)


@quick
@given(data=st.binary(max_size=3 * 4096))
def test_naming_alone_gives_the_same_blob(store: Store, writer: Writer, data: bytes) -> None:
    assert write(data, Naming()) == write(data, writer)
    assert write(data * 300, Naming()) == write(data * 300, writer)


def test_a_damaged_node_and_a_damaged_chunk_are_told(store: Store, writer: Writer) -> None:
    data = os.urandom((FAN_OUT + 1) * CHUNK_BYTES)
    blob = write(data, writer)
    writer.append(b"0")
    flip(store.path / "packs" / "s-1.pack", 5)
    with pytest.raises(Damaged, match=leaf_names(blob, store)[0]):
        read(blob, store)
    odd = write_tree([writer.put(b"no names")], 8, writer)
    writer.append(b"0")
    with pytest.raises(Damaged, match="broken"):
        leaf_names(type(odd)(8, odd.names, 1), store)
