"""Read a history's files with nothing of Kishu: what each byte holds, and what each state needs."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

MAC, SUM = 64, 16
"""How long a line's MAC and checksum are, in hex; a space follows each, then comes the JSON."""
_CHUNK = re.compile(r'"([0-9a-f]{40})"')


class Record(NamedTuple):
    """A journal's line: the bytes it is, its newline included, and the operation that it holds.

    Attributes:
        chunks: the content of those that stand in the line, by name.
        packed: of each chunk in a pack: the pack, the offset, the length.
    """

    start: int
    end: int
    operation: dict[str, Any]
    chunks: dict[str, bytes]
    packed: dict[str, tuple[int, int, int]]

    @property
    def json(self) -> int:
        """Where its JSON begins."""
        return self.start + MAC + 1 + SUM + 1


class History:
    """The files of a history that one session wrote, as docs/dev/format.md describes them."""

    def __init__(self, path: Path) -> None:
        (self.journal,) = (path / "journal").iterdir()
        self.records: list[Record] = []
        self.chunks: dict[str, bytes] = {}
        self.spans: dict[str, tuple[Path, int, int]] = {}
        start = 0
        for line in self.journal.read_bytes().splitlines(keepends=True):
            self._read(path, start, line)
            start += len(line)
        self.commits = {
            commit["id"]: (commit, number)
            for number, record in enumerate(self.records)
            for commit in record.operation.get("commits", ())
        }
        self.versions = {
            version: (recipe, number)
            for number, record in enumerate(self.records)
            for version, recipe in record.operation.get("versions", {}).items()
        }

    def _read(self, path: Path, start: int, line: bytes) -> None:
        envelope = json.loads(line[MAC + 1 + SUM + 1 :])
        inline = {name: base64.b64decode(text) for name, text in envelope.get("inline", {}).items()}
        packed = {name: tuple(span) for name, span in envelope.get("packed", {}).items()}
        end = start + len(line)
        self.records.append(Record(start, end, envelope["body"], inline, packed))
        self.chunks |= inline
        for name, (pack, offset, length) in packed.items():
            file = path / "packs" / f"{self.journal.stem}-{pack}.pack"
            self.spans[name] = file, offset, length
            self.chunks[name] = file.read_bytes()[offset : offset + length]

    def ancestry(self, commit: str) -> list[str]:
        """The commit and those whose differences its state is made of, newest first."""
        line = []
        while commit:
            line.append(commit)
            commit = self.commits[commit][0].get("parent", "")
        return line

    def state(self, commit: str) -> dict[str, str]:
        """Which version each entity has."""
        state: dict[str, str] = {}
        for id in reversed(self.ancestry(commit)):
            changed = self.commits[id][0]
            for name in changed.get("gone", ()):
                state.pop(name, None)
            state |= changed.get("set", {})
        return state

    def records_of(self, commit: str) -> set[int]:
        """The records without which the state cannot be known."""
        named = {self.commits[id][1] for id in self.ancestry(commit)}
        return named | {self.versions[version][1] for version in self.state(commit).values()}

    def chunks_of(self, commit: str, name: str) -> set[str]:
        """The chunks that a variable may need: its version's, and those of all definitions.

        A chunk is named in a recipe, or in a chunk that is JSON itself: a page of segments.
        """
        found: set[str] = set()
        state = self.state(commit)
        entities = {name, *(entity for entity in state if entity.startswith("#"))}
        texts = [json.dumps(self.versions[state[entity]][0]) for entity in entities]
        while texts:
            for chunk in set(_CHUNK.findall(texts.pop())) - found:
                found.add(chunk)
                if self.chunks[chunk].startswith(b"["):
                    texts.append(self.chunks[chunk].decode())
        return found
