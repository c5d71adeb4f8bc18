"""Columns of text and other atoms in object arrays: looked at by reference, stored by content.

Strings cannot change, so an array of them is unchanged while it refers to the same objects. To know
that, the references of the arrays last seen are kept: a bounded cache, 8 bytes an element, which
also keeps a replaced string alive until the next observation, so that no address is taken twice.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from kishu import limits
from kishu.handlers import loading
from kishu.handlers.api import Walk

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_ATOMS = {str, bytes, int, float, bool, type(None)}


class _Seen(NamedTuple):
    references: Any
    digests: bytes
    size: int


_cache: OrderedDict[int, _Seen] = OrderedDict()


def reduce_atoms(walk: Walk, array: Array, line: Array) -> tuple[int, int] | None:
    """Take an object array's elements out of the stream as one buffer, if all are atoms.

    Args:
        line: the array's elements as a one-dimensional view in memory order.

    Gives the buffer's position and its size in bytes; None if the elements may change or share.
    """
    if line.size < limits.TEXT_COLUMN_ELEMENTS:
        return None
    seen = _cache.get(id(array))
    if seen is not None and _same_references(line, seen.references):
        return walk.content(lambda: _encode(line), seen.digests, seen.size), seen.size
    if not set(map(type, line)) <= _ATOMS:
        return None
    data = _encode(line)
    index = walk.content(lambda: data, b"", len(data))
    _remember(array, line, walk.digests(index), len(data))
    return index, len(data)


def _remember(array: Array, line: Array, digests: bytes, size: int) -> None:
    _cache.pop(id(array), None)
    if line.size > limits.TEXT_CACHE_ELEMENTS:
        return
    _cache[id(array)] = _Seen(line.copy(), digests, size)
    while sum(seen.references.size for seen in _cache.values()) > limits.TEXT_CACHE_ELEMENTS:
        _cache.popitem(last=False)


def _same_references(line: Array, references: Array) -> bool:
    numpy: Any = sys.modules["numpy"]
    if line.shape != references.shape:
        return False
    return bool(numpy.array_equal(_addresses(line), _addresses(references)))


class _Addresses:
    """The memory of an object array, seen as the addresses of its elements."""

    def __init__(self, line: Array) -> None:
        self.line = line
        self.__array_interface__ = {**line.__array_interface__, "typestr": "<i8"}
        self.__array_interface__.pop("descr", None)


def _addresses(line: Array) -> Array:
    numpy: Any = sys.modules["numpy"]
    found: Array = numpy.asarray(_Addresses(line))
    return found


def _encode(line: Array) -> memoryview:
    """The elements by value alone: equal elements give equal bytes, whoever shares them."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 5)
    pickler.fast = True
    pickler.dump(line.tolist())
    return stream.getbuffer()


def decode(index: int, size: int) -> list[Any]:
    """The elements of a buffer; equal strings become one."""
    data = bytearray(size)
    loading.now().memory(index, memoryview(data))
    items: list[Any] = pickle.loads(data)
    one: dict[str, str] = {}
    return [one.setdefault(item, item) if type(item) is str else item for item in items]
