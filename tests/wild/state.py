"""A session's variables at one moment, as the oracle tells them, and how two moments differ."""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_AROUND = 160


class State(NamedTuple):
    """What the variables are.

    Attributes:
        names: the digest of each variable's description.
        ties: the variables with which each one shares objects or memory.
        together: the digest of all of them, with all that they share.
        definitions: where the functions and classes of the notebook are that have a name.
    """

    names: dict[str, str]
    ties: dict[str, list[str]]
    together: str
    definitions: dict[str, int]

    @property
    def without_addresses(self) -> dict[str, Any]:
        """All that is the same whenever the same cells are run."""
        return {"names": self.names, "ties": self.ties, "together": self.together}


NOTHING = State({}, {}, "", {})


class Difference(NamedTuple):
    """How the variables differ from what they were.

    Attributes:
        changed: whose own content is another, or that are new.
        gone: that are no more.
        tied: that share with others than before.
        defined: functions and classes that were defined again with the same text.
    """

    changed: list[str]
    gone: list[str]
    tied: list[str]
    defined: list[str]


def difference(before: State, after: State) -> Difference:
    """Compare two moments of a session."""
    common = before.names.keys() & after.names.keys()
    changed = [name for name in after.names if before.names.get(name) != after.names[name]]
    return Difference(
        changed=sorted(changed),
        gone=sorted(before.names.keys() - after.names.keys()),
        tied=sorted(n for n in common if before.ties[n] != after.ties[n] and n not in changed),
        defined=sorted(
            name
            for name in common & before.definitions.keys() & after.definitions.keys()
            if before.definitions[name] != after.definitions[name] and name not in changed
        ),
    )


def unlike(wanted: State, found: State) -> list[str]:
    """Name the variables that are not as they should be; ``*`` where only their sharing is not."""
    names = wanted.names.keys() | found.names.keys()
    wrong = {name for name in names if wanted.names.get(name) != found.names.get(name)}
    wrong |= {
        name
        for name in wanted.names.keys() & found.names.keys()
        if set(wanted.ties[name]) - wrong != set(found.ties[name]) - wrong
    }
    if not wrong and wanted.together != found.together:
        return ["*"]
    return sorted(wrong)


class Texts:
    """The descriptions that were seen, by their digests."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}

    def add(self, texts: dict[str, str]) -> None:
        """Keep some."""
        for digest, text in texts.items():
            if digest not in self._texts:
                self._texts[digest] = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)

    def __getitem__(self, digest: str) -> str:
        packed = self._texts.get(digest)
        return zlib.decompress(packed).decode("utf-8", "surrogatepass") if packed else ""

    def differ_by_addresses(self, one: str, other: str) -> bool:
        """Whether two descriptions are the same but for where objects are."""
        a, b = self[one], self[other]
        return bool(a) and _ADDRESS.sub("", a) == _ADDRESS.sub("", b)

    def excerpts(self, one: str, other: str) -> list[str]:
        """Quote two descriptions where they begin to differ."""
        a, b = self[one], self[other]
        pairs = enumerate(zip(a, b, strict=False))
        at = next((n for n, (x, y) in pairs if x != y), min(len(a), len(b)))
        start = max(0, at - _AROUND)
        return [text[start : at + _AROUND] for text in (a, b)]
