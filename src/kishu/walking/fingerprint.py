"""Compute fingerprints: hashes that are equal for values that are the same in all that is state.

The digest of a `kishu.walking.walk.Walk` is quicker but stricter: it differs for equal strings that
are shared differently, and for equal sets in another order. A fingerprint does not, and holds no
address. It is slow, and is computed only where digests differ and it matters whether the values do:
in a round-trip check, and after a restore.
"""

from __future__ import annotations

import pickle
from types import FunctionType
from typing import Any, ClassVar

import xxhash
from blake3 import blake3

from kishu.handlers import loading
from kishu.handlers.typeinfo import type_name
from kishu.history.reasons import UnstorableKind
from kishu.walking.walk import Reducing

_Python: Any = pickle._Pickler


class Canonical(Reducing, _Python):  # type: ignore[misc]
    """A walk, run by the pickler that is written in Python, that writes equal bytes for equals.

    Strings and bytes are written out each time, whichever object holds them. The elements of a set
    are written in the order of their own hashes.
    """

    dispatch: ClassVar[dict[type, Any]] = dict(_Python.dispatch)

    def fingerprint(self, value: object) -> str:
        """Return the fingerprint of a value, in which sharing within the value counts.

        An instance serves for one value.
        """
        self.dump(value)
        content = blake3(b"".join(self._stream))
        for memory in (*self._buffers, *self._oob):
            content.update(memory.digests)
        return content.hexdigest(length=20)

    def reducer_override(self, obj: Any) -> Any:
        """Return how an object is reduced, or NotImplemented if the pickler itself writes it.

        The pickler in C asks about those objects alone that it does not write itself; the one in
        Python asks about all.
        """
        if type(obj) is loading.Missing:
            return self._described_by(*obj.unnumbered())
        return NotImplemented if type(obj) in self._own else super().reducer_override(obj)

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Any:
        """Describe an object that cannot be stored by its type, the kind of reason, and content.

        Its object id is left out: that differs between a live object and what stands for it after
        a load.
        """
        return self._described_by(type_name(type(obj)), kind, content or None)

    def _described_by(self, *known: object) -> Any:
        """Return the reduction of an object that cannot be stored, made of what is known of it."""
        self.ignore_sharing(known)
        return loading.Missing, known

    def _save_str(self, text: str) -> None:
        """Write a string in full, though it was written before: its identity is no state."""
        data = text.encode("utf-8", "surrogatepass")
        self.write(pickle.BINUNICODE8 + len(data).to_bytes(8, "little") + data)

    def _save_bytes(self, data: bytes) -> None:
        """Write bytes in full, though they were written before: their identity is no state."""
        self.write(pickle.BINBYTES8 + len(data).to_bytes(8, "little") + data)

    def _save_set(self, items: set[Any] | frozenset[Any]) -> None:
        """Write a set's elements in an order that their content alone decides."""
        self.memoize(items)
        self.write(b"(" + type(items).__name__.encode())
        for item in sorted(items, key=self._sort_key):
            self.save(item)
        self.write(b")")

    def _sort_key(self, item: object) -> bytes:
        """Return a hash of an element's content, from a walk of its own."""
        inner = Canonical(self._context, self._tolerant)
        inner.dump(item)
        return xxhash.xxh3_128_digest(b"".join(inner._stream))

    # The types that the pickler in Python writes without asking. Functions and classes it would
    # write by name; those of the notebook are walked.
    _own = frozenset(dispatch) - {FunctionType, type}

    dispatch[str] = _save_str
    dispatch[bytes] = _save_bytes
    dispatch[set] = _save_set
    dispatch[frozenset] = _save_set
