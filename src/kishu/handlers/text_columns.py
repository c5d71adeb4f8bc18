"""Store text columns (object arrays of strings, numbers and None) as one buffer.

Strings cannot change, so an array of them is unchanged while it refers to the same objects. To know
that, a bounded cache keeps references to the elements of the arrays last seen, 8 bytes an element.
It keeps a replaced string alive until the next look, so that no other takes its address.
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
    """Hold what was stored of an array when it was last looked at.

    Attributes:
        references: a copy of the array, in one dimension, that refers to the same elements.
        digests: the hashes of the stored bytes.
        size: the number of stored bytes.
    """

    references: Any
    digests: bytes
    size: int


_cache: OrderedDict[int, _Seen] = OrderedDict()
"""The arrays last seen, by the address of the array; the oldest first."""


def reduce_atoms(walk: Walk, array: Array, line: Array) -> tuple[int, int] | None:
    """Take an object array's elements out of the stream as one buffer, if all are atoms.

    Args:
        walk: the walk that reduces the array.
        array: the array.
        line: the array's elements in one dimension, in memory order.

    Returns:
        The buffer's position and its size in bytes; None if the array is small, or an element is
        of another type.
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
    """Put an array into the cache, unless it is too large, and drop the oldest that do not fit."""
    _cache.pop(id(array), None)
    if line.size > limits.TEXT_CACHE_ELEMENTS:
        return
    _cache[id(array)] = _Seen(line.copy(), digests, size)
    while sum(seen.references.size for seen in _cache.values()) > limits.TEXT_CACHE_ELEMENTS:
        _cache.popitem(last=False)


def _same_references(line: Array, references: Array) -> bool:
    """Return True if two object arrays of one dimension refer to the same objects."""
    numpy: Any = sys.modules["numpy"]
    if line.shape != references.shape:
        return False
    return bool(numpy.array_equal(_addresses(line), _addresses(references)))


class _Addresses:
    """Offer the memory of an object array to NumPy as integers, the addresses of its elements.

    Attributes:
        line: the array, which has one dimension.
    """

    def __init__(self, line: Array) -> None:
        self.line = line
        self.__array_interface__ = {**line.__array_interface__, "typestr": "<i8"}
        self.__array_interface__.pop("descr", None)


def _addresses(line: Array) -> Array:
    """Return an array of the addresses of an object array's elements, without copying them."""
    numpy: Any = sys.modules["numpy"]
    addresses: Array = numpy.asarray(_Addresses(line))
    return addresses


def _encode(line: Array) -> memoryview:
    """Pickle the elements one by one: equal ones give equal bytes, shared or not."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 5)
    pickler.fast = True
    pickler.dump(line.tolist())
    return stream.getbuffer()


def decode(index: int, size: int) -> list[Any]:
    """Return the elements that a buffer holds; equal strings become one object.

    Args:
        index: the buffer's position in the stored value.
        size: its size in bytes.
    """
    data = bytearray(size)
    loading.now().memory(index, memoryview(data))
    items: list[Any] = pickle.loads(data)
    strings: dict[str, str] = {}
    return [strings.setdefault(item, item) if type(item) is str else item for item in items]
