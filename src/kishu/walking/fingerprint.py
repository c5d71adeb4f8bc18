"""The exact fingerprint: equal for values that are the same in every way that is state.

The walk's digest is quicker but stricter: it also tells apart equal strings by identity and sets
by their order. The fingerprint does not, holds no address, and is computed only where digests
differ and the answer matters: after a restore, to compare what came back with what was stored.
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
    """A walk in Python that writes equal bytes for equal values."""

    dispatch: ClassVar[dict[type, Any]] = dict(_Python.dispatch)

    def fingerprint(self, value: object) -> str:
        """The fingerprint of a value, sharing within it included."""
        self.dump(value)
        content = blake3(b"".join(self._stream))
        for memory in (*self._buffers, *self._oob):
            content.update(memory.digests)
        return content.hexdigest(length=20)

    def reducer_override(self, obj: Any) -> Any:
        """The Python pickler asks about every object; those it knows itself are its own."""
        if type(obj) is loading.Missing:
            return self._unnumbered(*obj.unnumbered())
        return NotImplemented if type(obj) in self._own else super().reducer_override(obj)

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Any:
        """By what is known of it: its number is another each time."""
        return self._unnumbered(type_name(type(obj)), kind, content or None)

    def _unnumbered(self, *known: object) -> Any:
        self.ignore_sharing(known)
        return loading.Missing, known

    def _save_str(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self.write(pickle.BINUNICODE8 + len(data).to_bytes(8, "little") + data)

    def _save_bytes(self, data: bytes) -> None:
        self.write(pickle.BINBYTES8 + len(data).to_bytes(8, "little") + data)

    def _save_set(self, items: set[Any] | frozenset[Any]) -> None:
        self.memoize(items)
        self.write(b"(" + type(items).__name__.encode())
        for item in sorted(items, key=self._sort_key):
            self.save(item)
        self.write(b")")

    def _sort_key(self, item: object) -> bytes:
        inner = Canonical(self._context, self._tolerant)
        inner.dump(item)
        return xxhash.xxh3_128_digest(b"".join(inner._stream))

    _own = frozenset(dispatch) - {FunctionType, type}

    dispatch[str] = _save_str
    dispatch[bytes] = _save_bytes
    dispatch[set] = _save_set
    dispatch[frozenset] = _save_set
