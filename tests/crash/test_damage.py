"""Damage on the disk: named, never restored from, and it costs no more than it must."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from kishu.errors import Damaged, NothingToDo, StoreError, UnknownRef, Untrusted
from kishu.history.records import is_variable
from kishu.kernel.host import IPythonHost
from kishu.recording import Recording
from kishu.session import Session
from tests.crash.reading import MAC, History
from tests.unit.builders import flip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.notebook import Notebook


def journal(notebook: Notebook) -> Path:
    """The journal of the session that runs now."""
    return notebook.recording.store.path / "journal" / f"{notebook.recording.id}.jsonl"


@pytest.mark.parametrize("record", range(6))
def test_a_damaged_record_stops_neither_attaching_nor_restoring(
    notebook: Notebook, record: int
) -> None:
    """The record of the state found, or of one of five cells, each with a variable of its own."""
    commits = [notebook.run(f"v{number} = [{number}]") for number in range(5)]
    path = journal(notebook)
    lines = path.read_bytes().splitlines(keepends=True)
    flip(path, sum(map(len, lines[:record])) + len(lines[record]) // 2)
    notebook.restart()
    session = notebook.session
    assert len(session.status().damaged) == len(session.check()) == 1
    for number, commit in enumerate(commits[: record - 1] if record else []):
        assert session.at(commit)[f"v{number}"] == [number]
    variables, _ = notebook.recording.earlier
    assert variables >= record - 1, "the last state before the damage, at least"
    with pytest.raises(NothingToDo) if not variables else contextlib.nullcontext():
        session.restore()
    assert sum(map(is_variable, notebook.recording.worktree.observer.state)) == variables
    assert notebook.run("after = 1")


def test_a_damaged_chunk_costs_its_variable_and_no_other(notebook: Notebook) -> None:
    notebook.run("import numpy as np; big = np.arange(100_000); small = [1]; both = (small, 2)")
    commit = notebook.session.status().head
    pack = notebook.recording.store.path / "packs" / f"{notebook.recording.id}-1.pack"
    # What came last is the array; where torch is loaded, its generator's state came first.
    flip(pack, pack.stat().st_size - 1000)
    notebook.restart()
    notebook.run("small = 'mine'; other = 1")
    session = notebook.session
    (damaged,) = session.check()
    with pytest.raises(Damaged) as failure:
        session.at(commit)["big"]
    assert failure.value.message == damaged
    assert session.at(commit)["small"] == [1]
    report = session.checkout(commit)
    assert list(report.missing) == ["big"]
    assert damaged in report.missing["big"]
    assert "big" not in notebook
    assert notebook["both"][0] is notebook["small"]
    session.undo()
    assert (notebook["small"], notebook["other"]) == ("mine", 1)
    with pytest.raises(Damaged):
        session.checkout(commit, only=["big"])
    assert notebook["small"] == "mine"


def test_a_value_whose_chunk_was_damaged_is_stored_again(notebook: Notebook) -> None:
    """Once the damage is known, the chunk must not pass for one that is stored."""
    notebook.run("import numpy as np; big = np.arange(100_000)")
    flip(notebook.recording.store.path / "packs" / f"{notebook.recording.id}-1.pack", 1000)
    notebook.restart()
    assert notebook.session.check()
    commit = notebook.run("import numpy as np; big = np.arange(100_000)")
    notebook.restart()
    assert np.array_equal(notebook.session.at(commit)["big"], np.arange(100_000))


CELLS = (
    "import numpy as np; a = np.arange(60_000)",
    "a[7] = 0; words = ['one', 'two']",
    "rows = [{'n': i} for i in range(5_000)]",
    "rows[77]['n'] = -1; both = [words, words]",
    "def double(x): return 2 * x",
    "class Point:\n    def __init__(self, x): self.x = x",
    "point = Point(3); made = double",
)
SEED = 4
AT_RANDOM = 60
"""Bytes of the journal and of the packs that are flipped beside those at each border."""


class Flip(NamedTuple):
    """A flipped byte, and what it may cost at most.

    Attributes:
        lost: the records that cannot be read any more.
        doubted: the record whose signature is no longer right, if any.
        chunk: the chunk that is another, if any.
        between: it is, or was, one of the spaces between MAC, checksum and JSON. It may cost what
            it holds apart, or nothing.
    """

    file: Path
    at: int
    bits: int
    lost: frozenset[int] = frozenset()
    doubted: int | None = None
    chunk: str = ""
    between: bool = False


@pytest.fixture
def written(notebook: Notebook) -> dict[str, dict[str, Any]]:
    """A history that is closed: the variables at each of its commits."""
    expected = {}
    for cell in CELLS:
        commit = notebook.run(cell)
        expected[commit] = read_out(notebook)
    notebook.session.tag("end")
    notebook.session.detach()
    return expected


def flips_of_the_journal(history: History, chance: random.Random) -> Iterator[Flip]:
    """At the borders of each record and of what is in it, and anywhere."""
    ends = [at for r in history.records for at in (r.start, r.start + MAC, r.json, r.end)]
    borders = {at + beside for at in ends for beside in (-1, 0)}
    size = history.records[-1].end
    for at in sorted({*borders, *chance.sample(range(size), AT_RANDOM)} & set(range(size))):
        number = next(n for n, record in enumerate(history.records) if at < record.end)
        record, bits = history.records[number], 1 << chance.randrange(8)
        torn = history.journal.read_bytes()[at] ^ bits == ord("\n")
        if at in (record.start + MAC, record.json - 1) and not torn:
            # A space between MAC, checksum and JSON.
            yield Flip(history.journal, at, bits, lost=frozenset({number}), between=True)
        elif at < record.start + MAC and not torn:
            slips = history.journal.read_bytes()[at] ^ bits == ord(" ")
            yield Flip(history.journal, at, bits, doubted=number, between=slips)
        else:
            # Without its newline, a line is one with the next.
            joined = {number + 1} if at == record.end - 1 and record.end < size else set()
            yield Flip(history.journal, at, bits, lost=frozenset({number} | joined))


def flips_of_the_packs(history: History, chance: random.Random) -> Iterator[Flip]:
    """At both ends of each chunk, and anywhere in it."""
    each = AT_RANDOM // len(history.spans)
    for name, (file, offset, length) in history.spans.items():
        within = chance.sample(range(offset, offset + length), each)
        for at in sorted({offset, offset + length - 1, *within}):
            yield Flip(file, at, 1 << chance.randrange(8), chunk=name)


class Damaging:
    """A closed history, of which copies are damaged and opened."""

    def __init__(
        self, notebook: Notebook, place: Path, expected: dict[str, dict[str, Any]]
    ) -> None:
        self.path = notebook.recording.store.path
        self.history = History(self.path)
        self.expected = expected
        self._notebook, self._home = notebook, place / "damaged"

    @contextlib.contextmanager
    def opened(self, file: Path, at: int, bits: int) -> Iterator[Session]:
        """A session with a copy in which one byte is another."""
        notebook = self._notebook
        shutil.copytree(notebook.home, self._home, copy_function=os.link)
        copy = self._home / file.relative_to(notebook.home)
        copy.unlink()
        shutil.copyfile(file, copy)
        flip(copy, at, bits)
        try:
            host = IPythonHost(notebook.shell)
            recording = Recording(host, self._home, notebook.path, notebook.config)
            try:
                assert recording.store.path.name == self.path.name, "it began another history"
                yield Session(recording)
            finally:
                recording.detach()
        finally:
            shutil.rmtree(self._home)

    def check(self, session: Session, flipped: Flip) -> None:
        """What the damage does not touch comes back; what it does is right, or refused by name."""
        for commit, values in self.expected.items():
            needed = self.history.records_of(commit)
            try:
                state = session.at(commit)
            except UnknownRef:
                assert self.history.commits[commit][1] in flipped.lost, flipped
                continue
            except Damaged:
                assert needed & flipped.lost, f"{flipped}: {commit} was not touched"
                continue
            except Untrusted:
                assert flipped.doubted in needed, f"{flipped}: {commit} was not touched"
                continue
            gone = needed & (flipped.lost | {flipped.doubted})
            assert not gone or flipped.between, f"{flipped}: {commit} cannot be known"
            assert set(state) == set(values), flipped
            for name in values:
                try:
                    found = plain(state[name])
                except Damaged:
                    touched = self.history.chunks_of(commit, name) & self._hit(flipped)
                    assert touched, f"{flipped}: {name} at {commit} was not touched"
                    # What was begun must not be taken for what it would have been.
                    state = session.at(commit)
                else:
                    assert found == values[name], f"{flipped}: {name} at {commit}"
        self._check_names(session.check(), flipped)

    def _hit(self, flipped: Flip) -> set[str]:
        """The chunks that may be other than they were."""
        inline = [self.history.records[number].chunks for number in flipped.lost]
        return {flipped.chunk, *itertools.chain(*inline)}

    def _check_names(self, named: list[str], flipped: Flip) -> None:
        """Exactly what is damaged is named."""
        if flipped.between:
            return
        if flipped.chunk:
            assert [flipped.chunk in line for line in named] == [True], flipped
        elif flipped.lost and flipped.at != self.history.records[-1].end - 1:
            start = self.history.records[min(flipped.lost)].start
            assert f"record at byte {start} of {self.history.journal.name}" in named, flipped
        else:
            # A last line without its newline never counted.
            assert named == [], flipped


@pytest.mark.parametrize("flips", [flips_of_the_journal, flips_of_the_packs])
def test_a_flipped_byte_costs_what_it_holds_and_nothing_else(
    notebook: Notebook,
    tmp_path: Path,
    written: dict[str, dict[str, Any]],
    flips: Callable[[History, random.Random], Iterator[Flip]],
) -> None:
    damaging = Damaging(notebook, tmp_path, written)
    for flipped in flips(damaging.history, random.Random(SEED)):
        with damaging.opened(flipped.file, flipped.at, flipped.bits) as session:
            damaging.check(session, flipped)


def test_a_flipped_byte_in_what_names_the_notebook_costs_nothing(
    notebook: Notebook, tmp_path: Path, written: dict[str, dict[str, Any]]
) -> None:
    """Its notebook is no longer where it says, so that the history follows one of the name."""
    damaging, chance = Damaging(notebook, tmp_path, written), random.Random(SEED)
    file = damaging.path / "notebook.json"
    for at in range(file.stat().st_size):
        flipped = Flip(file, at, 1 << chance.randrange(8))
        with damaging.opened(*flipped[:3]) as session:
            damaging.check(session, flipped)


def test_a_flipped_byte_in_what_names_the_format_refuses_all_or_nothing(
    notebook: Notebook, tmp_path: Path, written: dict[str, dict[str, Any]]
) -> None:
    """Unreadable or of a later format, nothing is opened; of another id, no record is its own."""
    damaging, chance = Damaging(notebook, tmp_path, written), random.Random(SEED)
    file = damaging.path / "format.json"
    whole = json.loads(file.read_bytes())
    for at in range(file.stat().st_size):
        bits = 1 << chance.randrange(8)
        flipped = Flip(file, at, bits)
        data = bytearray(file.read_bytes())
        data[at] ^= bits
        try:
            told = json.loads(data)
            newer = told["version"] > 1
            same = told["history"] == whole["history"]
        except (ValueError, LookupError, TypeError):
            told, newer, same = None, False, True
        try:
            with damaging.opened(file, at, bits) as session:
                assert not newer, f"{flipped}: {told}"
                if same:
                    damaging.check(session, flipped)
                for commit in written if not same else ():
                    with pytest.raises(Untrusted):
                        session.at(commit)
        except StoreError as error:
            assert told is None or newer, f"{flipped}: {error}"
            assert error.kind == ("unsupported" if newer else "damaged"), flipped


def test_what_a_failed_build_began_is_given_to_nobody(notebook: Notebook) -> None:
    notebook.run("words = ['one', 'two' * 3_000]; both = [words, words]")
    commit = notebook.recording.head
    notebook.session.detach()
    history = History(notebook.recording.store.path)
    (name,) = (name for name, data in history.chunks.items() if b"twotwo" in data)
    file, offset, _ = history.spans[name]
    flip(file, offset + 1000)
    notebook.restart()
    state = notebook.session.at(commit)
    with pytest.raises(Damaged):
        state["both"]
    with pytest.raises(Damaged):
        state["words"]


def read_out(notebook: Notebook) -> dict[str, Any]:
    """The variables as `plain` has them."""
    names = notebook.session.at("HEAD")
    return {name: plain(notebook[name]) for name in names}


def plain(value: Any) -> Any:
    """Something to compare a variable by."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, type):
        return sorted(value.__dict__)
    if isinstance(value, FunctionType):
        return value(21)
    if isinstance(value, ModuleType):
        return value.__name__
    return vars(value) if type(value).__name__ == "Point" else repr(value)
