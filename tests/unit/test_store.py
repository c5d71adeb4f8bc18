"""The store: chunks before records, damage named, nothing foreign trusted, limits kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kishu.errors import Damaged, NotRecording, StoreError, Unsupported
from kishu.limits import INLINE_BYTES
from kishu.store.journal import format_line
from kishu.store.key import Key
from kishu.store.packs import chunk_name
from kishu.store.store import Record, Store, write_file
from kishu.store.writer import Naming, Writer
from tests.unit.builders import files_no_longer_than, flip, mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL, BIG = b"small", bytes(range(256)) * 64
OTHER = Key(b"x" * 32)


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    writer = Writer(store, "s1", 0, 0)
    yield writer
    writer.close()


@pytest.fixture
def written(store: Store, writer: Writer) -> Path:
    """A history with two records, a small chunk and a big one."""
    writer.put(SMALL)
    writer.put(BIG)
    writer.append(b'{"n":1}')
    writer.append(b'{"n":2}')
    return store.path


def read(path: Path, key: Key) -> tuple[Store, list[Record]]:
    """The history as someone else opens it."""
    store = Store.open(path, key)
    return store, list(store.records())


def journal(path: Path, session: str = "s1") -> Path:
    return path / "journal" / f"{session}.jsonl"


def forge(path: Path, body: object, session: str = "s1", key: Key = OTHER) -> None:
    """Append a line that another key signed."""
    envelope = {"history": "uuid", "session": session, "seq": 9, "body": body}
    with journal(path, session).open("ab") as file:
        file.write(format_line(json.dumps(envelope).encode(), key))


# Putting and getting


def test_what_was_appended_is_read_by_all_who_open_it(written: Path, key: Key) -> None:
    store, records = read(written, key)
    assert records == [Record("s1", 0, b'{"n":1}', True), Record("s1", 1, b'{"n":2}', True)]
    assert [store.get(chunk_name(data)) for data in (SMALL, BIG)] == [SMALL, BIG]
    assert store.damaged == []


def test_each_session_writes_behind_the_others(store: Store, writer: Writer, key: Key) -> None:
    second = Writer(Store.open(store.path, key), "s2", 0, 0)
    for number in range(3):
        writer.append(b"%d" % number)
        second.append(b"%d" % (number + 10))
    second.close()
    records = read(store.path, key)[1]
    assert [record.body for record in records] == [b"0", b"1", b"2", b"10", b"11", b"12"]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    length=st.sampled_from([0, 1, INLINE_BYTES - 1, INLINE_BYTES, INLINE_BYTES + 1, 70_000]),
    fill=st.binary(min_size=1, max_size=9),
)
def test_chunks_of_any_length_come_back(
    store: Store, writer: Writer, key: Key, length: int, fill: bytes
) -> None:
    data = (fill * length)[:length]
    name = writer.put(data)
    writer.append(b"0")
    assert (name, store.get(name)) == (chunk_name(data), data)
    assert read(store.path, key)[0].get(name) == data


def test_small_chunks_lie_in_the_journal_and_big_ones_in_packs(written: Path) -> None:
    assert [path.name for path in (written / "packs").iterdir()] == ["s1-1.pack"]
    assert (written / "packs" / "s1-1.pack").read_bytes() == BIG


def test_a_chunk_is_written_once(store: Store, writer: Writer, key: Key) -> None:
    for data in (SMALL, BIG, SMALL, BIG):
        writer.put(data)
    writer.append(b"0")
    second = Store.open(store.path, key)
    list(second.records())
    later = Writer(second, "s2", 0, 0)
    for again in (writer, later):
        before = again.chunks_written
        for data in (SMALL, BIG):
            assert again.put(data) == chunk_name(data) == Naming().put(data)
        assert again.chunks_written == before
    later.close()


def test_a_chunk_without_a_record_is_no_part_of_the_history(
    store: Store, writer: Writer, key: Key
) -> None:
    name = writer.put(BIG)
    reader = read(store.path, key)[0]
    assert not reader.has(name)
    with pytest.raises(Damaged, match=name):
        reader.get(name)


def test_a_record_brings_its_own_chunks_and_no_others(written: Path) -> None:
    first, second = journal(written).read_bytes().splitlines()
    for data in (SMALL, BIG):
        assert chunk_name(data).encode() in first
        assert chunk_name(data).encode() not in second


def test_the_writer_knows_how_big_the_history_is(store: Store, writer: Writer) -> None:
    for data in (SMALL, BIG, b"another small one"):
        writer.put(data)
        writer.append(b'{"n":1}')
        assert writer.size == store.size()


def test_files_and_directories_are_their_owners_alone(written: Path) -> None:
    modes = {mode(path) for path in written.rglob("*") if path.is_file()}
    assert modes == {0o600}
    folders = [written, written / "journal", written / "packs"]
    assert {mode(folder) for folder in folders} == {0o700}


def test_a_session_lives_until_its_writer_ends(store: Store) -> None:
    writer = Writer(store, "s1", 0, 0)
    assert store.sessions() == ["s1"]
    assert (store.is_alive("s1"), store.is_alive("s0")) == (True, False)
    writer.close()
    assert not store.is_alive("s1")


# Damage


def test_a_changed_pack_is_damage_that_names_the_chunk(written: Path, key: Key) -> None:
    flip(written / "packs" / "s1-1.pack", 0)
    store, records = read(written, key)
    with pytest.raises(Damaged, match=chunk_name(BIG)):
        store.get(chunk_name(BIG))
    assert store.get(chunk_name(SMALL)) == SMALL
    assert len(records) == 2


def test_a_chunk_that_two_sessions_wrote_is_lost_only_when_both_copies_are(
    store: Store, writer: Writer, key: Key
) -> None:
    second = Writer(Store.open(store.path, key), "s2", 0, 0)
    for each in (writer, second):
        each.put(BIG)
        each.append(b"0")
    second.close()
    flip(store.path / "packs" / "s1-1.pack", 0)
    assert read(store.path, key)[0].get(chunk_name(BIG)) == BIG
    flip(store.path / "packs" / "s2-1.pack", 0)
    with pytest.raises(Damaged, match=chunk_name(BIG)):
        read(store.path, key)[0].get(chunk_name(BIG))


@pytest.mark.parametrize("lost", ["journal", "packs"])
def test_a_lost_file_is_damage_that_names_the_chunk(written: Path, key: Key, lost: str) -> None:
    store = read(written, key)[0]
    for path in (written / lost).iterdir():
        path.unlink()
    name = chunk_name(SMALL if lost == "journal" else BIG)
    with pytest.raises(Damaged, match=name):
        store.get(name)


def test_a_changed_record_is_named_and_left_out(written: Path, key: Key) -> None:
    flip(journal(written), -3)
    store, records = read(written, key)
    assert [record.body for record in records] == [b'{"n":1}']
    assert len(store.damaged) == 1
    assert "s1.jsonl" in store.damaged[0]


def test_a_small_chunk_that_changes_after_opening_is_damage_that_names_it(
    written: Path, key: Key
) -> None:
    """Whatever byte of its line changes, the chunk is right or named as damaged."""
    store, name, path = read(written, key)[0], chunk_name(SMALL), journal(written)
    whole, faults = path.read_bytes(), []
    for at in range(whole.index(b"\n")):
        for bits in (1, 0x80):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
            try:
                assert store.get(name) == SMALL
            except Damaged as error:
                assert name in error.message
            except Exception as error:
                faults.append(f"byte {at}: {error!r}")
    assert faults == []


def test_a_record_torn_by_a_kill_never_was(written: Path, key: Key) -> None:
    os.truncate(journal(written), journal(written).stat().st_size - 1)
    store, records = read(written, key)
    assert (len(records), store.damaged) == (1, [])


@pytest.mark.parametrize("found", [b"", b"{}", b"[]", b'{"version": 1, "history": "\xff"}'])
def test_an_unreadable_format_is_damage(written: Path, key: Key, found: bytes) -> None:
    (written / "format.json").write_bytes(found)
    with pytest.raises(Damaged, match="format.json"):
        Store.open(written, key)


def test_a_directory_without_a_history_is_told(tmp_path: Path, key: Key) -> None:
    with pytest.raises(StoreError, match="holds no history"):
        Store.open(tmp_path, key)


# A newer format


@pytest.mark.parametrize("newer", [{"version": 2}, {"requires": ["sharding"]}])
def test_a_newer_format_is_read_but_not_written(
    written: Path, key: Key, newer: dict[str, object]
) -> None:
    path = written / "format.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | newer))
    before = sorted(written.rglob("*"))
    store, records = read(written, key)
    with pytest.raises(Unsupported, match="2" if "version" in newer else "sharding"):
        Writer(store, "s2", 0, 0)
    assert len(records) == 2
    assert store.get(chunk_name(BIG)) == BIG
    assert sorted(written.rglob("*")) == before


# Trust


def test_another_key_trusts_nothing_until_told_to(written: Path) -> None:
    store, records = read(written, OTHER)
    assert [record.trusted for record in records] == [False, False]
    assert store.trust() == 1
    assert [record.trusted for record in read(written, OTHER)[1]] == [True, True]


def test_trust_is_for_this_key_alone(written: Path) -> None:
    read(written, OTHER)[0].trust()
    stranger = Key(b"y" * 32)
    assert [record.trusted for record in read(written, stranger)[1]] == [False, False]


def test_what_comes_after_trust_is_not_covered_by_it(written: Path) -> None:
    read(written, OTHER)[0].trust()
    forge(written, "evil", key=Key(b"y" * 32))
    assert [record.trusted for record in read(written, OTHER)[1]] == [True, True, False]
    flip(journal(written), 70)
    assert not any(record.trusted for record in read(written, OTHER)[1])


def test_a_vow_is_for_those_bytes_of_that_history_alone(tmp_path: Path, written: Path) -> None:
    read(written, OTHER)[0].trust()
    vow = written / "trusted.json"
    other = Store.create(tmp_path / "other", OTHER, "other uuid").path
    for file in (vow, journal(written)):
        shutil.copy(file, other / file.relative_to(written))
    assert not any(record.trusted for record in read(other, OTHER)[1])
    before = journal(written).read_bytes()
    body = before.replace(b'{"n":2}', b'{"n":3}').splitlines()[1].split(b" ", 2)[2]
    changed = before.splitlines(keepends=True)[0] + format_line(body, Key(b"y" * 32))
    assert len(changed) == len(before)
    journal(written).write_bytes(changed)
    old, new = (blake3(data).hexdigest() for data in (before, changed))
    vow.write_text(vow.read_text().replace(old, new))
    assert [record.body for record in read(written, OTHER)[1]][1] == b'{"n":3}'
    assert not any(record.trusted for record in read(written, OTHER)[1])


def test_a_torn_line_completed_after_trust_is_not_covered_by_it(written: Path) -> None:
    whole = journal(written).read_bytes()
    journal(written).write_bytes(whole[:-10])
    read(written, OTHER)[0].trust()
    journal(written).write_bytes(whole)
    assert [record.trusted for record in read(written, OTHER)[1]] == [True, False]


def test_records_of_another_history_or_session_are_not_trusted(
    tmp_path: Path, written: Path, key: Key
) -> None:
    other = Store.create(tmp_path / "other", key, "other uuid")
    shutil.copy(journal(written), journal(other.path))
    shutil.copy(journal(written), journal(written, "s2"))
    assert not any(record.trusted for record in other.records())
    trusted = [(record.session, record.trusted) for record in read(written, key)[1]]
    assert trusted == [("s1", True), ("s1", True), ("s2", False), ("s2", False)]


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"s1":{"size":1,"digest":"","mac":"\xff"}}',
        '{"s1":{"size":1,"digest":"","mac":"é"}}'.encode(),
        b'{"s1":{"size":-1,"digest":"","mac":"00"}}',
    ],
)
def test_a_spoilt_list_of_trust_trusts_nothing_and_stops_nothing(
    written: Path, found: bytes
) -> None:
    (written / "trusted.json").write_bytes(found)
    assert [record.trusted for record in read(written, OTHER)[1]] == [False, False]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        b'"\xff"',
        b'{"history":"\xff"}',
        b'{"history":"","session":"","seq":0,"body":"\xff"}',
        b'{"history":"","session":"","seq":0,"body":0,"inline":{"00":"\xff"}}',
        b"[" * 5000,
    ],
)
def test_a_foreign_line_stops_no_other(written: Path, key: Key, line: bytes) -> None:
    with journal(written).open("ab") as file:
        file.write(format_line(line, OTHER))
    store, records = read(written, key)
    assert [record.body for record in records if record.trusted] == [b'{"n":1}', b'{"n":2}']
    assert [store.get(chunk_name(data)) for data in (SMALL, BIG)] == [SMALL, BIG]


def test_a_foreign_record_that_misplaces_chunks_hides_none(written: Path, key: Key) -> None:
    """Its session sorts first, so that it is read first."""
    envelope = {"history": "uuid", "session": "s0", "seq": 0, "body": 0}
    forged = envelope | {"packed": {chunk_name(SMALL): [1, 0, 9], chunk_name(BIG): [1, 0, 9]}}
    journal(written, "s0").write_bytes(format_line(json.dumps(forged).encode(), OTHER))
    store = read(written, key)[0]
    assert [store.get(chunk_name(data)) for data in (SMALL, BIG)] == [SMALL, BIG]


def test_a_chunk_that_only_a_foreign_record_claims_is_stored_all_the_same(
    store: Store, writer: Writer, key: Key
) -> None:
    envelope = {"history": "uuid", "session": "s0", "seq": 0, "body": 0}
    forged = envelope | {"packed": {chunk_name(BIG): [1, 0, len(BIG)]}}
    journal(store.path, "s0").write_bytes(format_line(json.dumps(forged).encode(), OTHER))
    list(store.records())
    writer.put(BIG)
    writer.append(b"0")
    assert store.get(chunk_name(BIG)) == BIG
    assert read(store.path, key)[0].get(chunk_name(BIG)) == BIG


# Limits


def test_the_cap_stops_recording_and_loses_nothing(written: Path, key: Key) -> None:
    store = read(written, key)[0]
    capped = Writer(store, "s2", 0, store.size() + 1000)
    with pytest.raises(NotRecording, match="cap"):
        capped.put(os.urandom(INLINE_BYTES))
    with pytest.raises(NotRecording, match="cap"):
        capped.append(b'"%s"' % (b"x" * 1000))
    capped.close()
    reopened, records = read(written, key)
    assert (len(records), reopened.damaged) == (2, [])
    raised = Writer(reopened, "s3", 0, reopened.size() + 10_000)
    raised.append(b"3")
    raised.close()
    assert [record.body for record in read(written, key)[1]] == [b'{"n":1}', b'{"n":2}', b"3"]


def test_the_floor_stops_recording_and_loses_nothing(written: Path, key: Key) -> None:
    store = read(written, key)[0]
    below = Writer(store, "s2", 1 << 60, 0)
    for refused in (lambda: below.put(BIG[1:]), lambda: below.append(b"3")):
        with pytest.raises(NotRecording, match="free"):
            refused()
    below.close()
    above = Writer(store, "s3", 0, 0)
    above.append(b"3")
    above.close()
    assert len(read(written, key)[1]) == 3


def test_a_full_disk_refuses_the_record_and_the_next_one_brings_its_chunks(
    store: Store, writer: Writer, key: Key
) -> None:
    writer.append(b"1")
    name = writer.put(SMALL)
    with files_no_longer_than(store.size() + 20), pytest.raises(NotRecording, match="too large"):
        writer.append(b"2")
    assert len(read(store.path, key)[1]) == 1
    writer.append(b"3")
    reader, records = read(store.path, key)
    assert [(record.seq, record.body) for record in records] == [(0, b"1"), (1, b"3")]
    assert (reader.get(name), reader.damaged) == (SMALL, [])


def test_a_full_disk_refuses_the_chunk_and_later_takes_it(
    store: Store, writer: Writer, key: Key
) -> None:
    name = writer.put(BIG)
    with files_no_longer_than(100), pytest.raises(NotRecording, match="too large"):
        writer.append(b"1")
    assert read(store.path, key)[1] == []
    assert writer.put(BIG) == name
    writer.append(b"2")
    reader, records = read(store.path, key)
    assert [(record.seq, record.body) for record in records] == [(0, b"2")]
    assert reader.get(name) == BIG


def test_a_small_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    write_file(path, b"before")
    with files_no_longer_than(10), pytest.raises(OSError, match="too large"):
        write_file(path, b"longer than ten bytes")
    assert path.read_bytes() == b"before"
    write_file(path, b"longer than ten bytes")
    assert path.read_bytes() == b"longer than ten bytes"


def test_a_history_that_cannot_be_made_is_named(tmp_path: Path, key: Key) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotRecording, match="file"):
        Store.create(tmp_path / "file" / "history", key, "uuid")


@pytest.mark.parametrize("made", [[], ["journal"], ["journal", "packs"]])
def test_a_history_whose_making_was_cut_off_is_made_again(
    tmp_path: Path, key: Key, made: list[str]
) -> None:
    for folder in ("", *made):
        (tmp_path / "history" / folder).mkdir()
    store = Store.create(tmp_path / "history", key, "uuid")
    writer = Writer(store, "s1", 0, 0)
    writer.append(b"1")
    writer.close()
    assert len(read(store.path, key)[1]) == 1


def test_a_history_whose_empty_folders_git_left_out_is_read_and_written(
    tmp_path: Path, key: Key
) -> None:
    made = Store.create(tmp_path / "history", key, "uuid")
    for folder in ("journal", "packs"):
        (made.path / folder).rmdir()
    store, records = read(made.path, key)
    assert (records, store.sessions(), store.size()) == ([], [], 0)
    writer = Writer(store, "s1", 0, 0)
    writer.put(BIG)
    writer.append(b"1")
    writer.close()
    reader, records = read(made.path, key)
    assert ([record.body for record in records], reader.get(chunk_name(BIG))) == ([b"1"], BIG)


# Other processes

MANY = """
import sys
from pathlib import Path
from kishu.store.key import Key
from kishu.store.store import Store
from kishu.store.writer import Writer
path, session = Path(sys.argv[1]), sys.argv[2]
writer = Writer(Store.open(path, Key(bytes(32))), session, 0, 0)
for number in range(200):
    writer.put(b"%s %d " % (session.encode(), number) * 1000)
    writer.append(b"%d" % number)
    print(number, flush=True)
"""


def test_sessions_that_write_at_once_and_are_killed_lose_no_finished_record(
    store: Store, key: Key
) -> None:
    names = ["a", "b", "c"]
    command = [sys.executable, "-c", MANY, str(store.path)]
    writers = [subprocess.Popen([*command, name], stdout=subprocess.PIPE) for name in names]
    said = []
    for index, process in enumerate(writers):
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10 * (index + 1))]
        process.kill()
        said.append(len([line for line in [*lines, *process.stdout] if line.endswith(b"\n")]))
        process.wait()
        process.stdout.close()
    reader, records = read(store.path, key)
    for name, finished in zip(names, said, strict=True):
        bodies = [record.body for record in records if record.session == name]
        assert bodies == [b"%d" % number for number in range(len(bodies))]
        assert finished <= len(bodies) <= finished + 1
    assert reader.damaged == []
    assert all(reader.get(name) for name in reader.chunk_names())
    assert len(reader.chunk_names()) == len(records)


def test_bodies_are_kept_to_the_byte(store: Store, writer: Writer, key: Key) -> None:
    body = b'{ "order" : [1,  2.50], "text" : "\\u00e9\xc3\xa9" }'
    writer.append(body)
    assert read(store.path, key)[1][0].body == body
    assert msgspec.json.decode(body)
