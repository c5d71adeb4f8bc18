"""Journals: what was written is read back; what was torn, changed or forged never passes for it."""

from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kishu.store.journal import JournalWriter, format_line, is_locked, read_lines
from kishu.store.key import Key
from tests.unit.builders import files_no_longer_than, mode

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = [b'{"a":1}', b'{"b": "two words"}', b'{"c":[3,4]}']
HOLDER = """
import sys
from pathlib import Path
from kishu.store.journal import JournalWriter
from kishu.store.key import Key
writer = JournalWriter(Path(sys.argv[1]), Key(bytes(32)))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path, key: Key) -> Path:
    path = tmp_path / "s.jsonl"
    writer = JournalWriter(path, key)
    for record in RECORDS:
        writer.append(record)
    writer.close()
    return path


def signed(path: Path, key: Key) -> list[bytes]:
    """The records of a journal that count."""
    return [line.json for line in read_lines(path, key) if line.intact and line.signed]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.binary().filter(lambda data: b"\n" not in data)))
def test_lines_come_back_in_order_from_where_they_were_put(
    tmp_path: Path, key: Key, records: list[bytes]
) -> None:
    path = tmp_path / "any.jsonl"
    path.unlink(missing_ok=True)
    writer = JournalWriter(path, key)
    places = [writer.append(record) for record in records]
    assert writer.size == path.stat().st_size
    writer.close()
    assert [(line.offset, line.length) for line in read_lines(path, key)] == places
    assert signed(path, key) == records


def test_only_the_owner_may_read_a_journal(path: Path) -> None:
    assert mode(path) == 0o600
    assert stat.S_ISREG(path.stat().st_mode)


def test_a_journal_is_never_written_by_two_sessions(path: Path, key: Key) -> None:
    with pytest.raises(FileExistsError):
        JournalWriter(path, key)
    assert signed(path, key) == RECORDS


def test_a_line_torn_anywhere_never_counted(path: Path, key: Key) -> None:
    whole = path.read_bytes()
    last = len(whole) - len(format_line(RECORDS[-1], key))
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        assert [line.json for line in read_lines(path, key)] == RECORDS[:-1]


def test_a_byte_changed_anywhere_costs_its_own_line_at_most(path: Path, key: Key) -> None:
    whole = path.read_bytes()
    ends = [index for index, byte in enumerate(whole) if byte == ord("\n")]
    for at in range(len(whole)):
        hit = sum(end < at for end in ends)
        # The newline lost: the line and the one behind it are one, which is neither.
        spoilt = {hit, hit + 1} if at in ends else {hit}
        for bits in (1, 0x80, whole[at] ^ ord("\n")):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
            count = signed(path, key)
            assert [r for r in count if r not in RECORDS] == []
            assert [r for i, r in enumerate(RECORDS) if i not in spoilt and r not in count] == []


@pytest.mark.parametrize(("part", "at"), [("mac", 0), ("checksum", 65), ("json", 83)])
def test_a_line_says_which_part_of_it_is_wrong(path: Path, key: Key, part: str, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    first = next(read_lines(path, key))
    assert (first.intact, first.signed) == (part == "mac", False)


def test_lines_of_another_key_are_whole_but_unsigned(path: Path) -> None:
    lines = list(read_lines(path, Key(b"x" * 32)))
    assert [(line.json, line.intact, line.signed) for line in lines] == [
        (record, True, False) for record in RECORDS
    ]


def test_a_refused_line_leaves_the_journal_as_it_was(tmp_path: Path, key: Key) -> None:
    path = tmp_path / "s.jsonl"
    writer = JournalWriter(path, key)
    writer.append(RECORDS[0])
    before = path.read_bytes()
    with files_no_longer_than(len(before) + 50), pytest.raises(OSError, match="File too large"):
        writer.append(RECORDS[1])
    assert path.read_bytes() == before
    assert writer.append(RECORDS[2])[0] == len(before)
    writer.close()
    assert signed(path, key) == [RECORDS[0], RECORDS[2]]


def test_the_lock_ends_with_the_writer(tmp_path: Path, key: Key) -> None:
    path = tmp_path / "s.jsonl"
    assert not is_locked(path)
    writer = JournalWriter(path, key)
    assert is_locked(path)
    assert is_locked(path), "looking must not take the lock away"
    writer.close()
    writer.close()
    assert (is_locked(path), writer.fd) == (False, -1)


def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_locked(path)
        holder.kill()
        holder.wait()
        assert not is_locked(path)
