"""The geometry of memory: which array owns it, where a view lies in it, and in what order.

Shared by arrays, frames, tensors and large containers.
"""

from __future__ import annotations

import bisect
import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from kishu.format1 import builder
from kishu.handlers.api import Walk
from kishu.handlers.typeinfo import ATOMS

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Owned(NamedTuple):
    """Which memory the arrays that have a name own; addresses alone, which hold nothing alive.

    Attributes:
        ranges: where each owner's memory begins and ends, and a name that leads to it; sorted.
        writeable: addresses of the owners that a variable can write to.
    """

    ranges: list[tuple[int, int, str]]
    writeable: frozenset[int]


def owned(walk: Walk) -> Owned:
    """What the variables own of memory, found once a look."""
    found: Owned = walk.once("numpy", lambda: _owned(walk.user_globals.copy()))
    return found


def _owned(variables: dict[str, Any]) -> Owned:
    ndarray = sys.modules["numpy"].ndarray
    owners = {
        name: (value, owner_of(value))
        for name, value in variables.items()
        if type(value) is ndarray
    }
    ranges = {
        address_of(owner): (address_of(owner), address_of(owner) + owner.nbytes, name)
        for name, (_, owner) in owners.items()
        if owner.base is None
    }
    writeable = {id(owner) for value, owner in owners.values() if value.flags.writeable}
    return Owned(sorted(ranges.values()), frozenset(writeable))


def owner_at(walk: Walk, address: int, nbytes: int) -> tuple[Array, int] | None:
    """The array with a name that owns this memory, and from which of its bytes on."""
    ranges = owned(walk).ranges
    at = bisect.bisect_right(ranges, (address, sys.maxsize, "")) - 1
    if at < 0 or address + nbytes > ranges[at][1]:
        return None
    begin, _, name = ranges[at]
    value: Any = walk.user_globals.get(name)
    if type(value) is not sys.modules["numpy"].ndarray or address_of(owner_of(value)) != begin:
        return None
    return owner_of(value), address - begin


def holds_objects(array: Array) -> bool:
    """Whether an array is a container of its own, of Python objects that are no mere atoms."""
    if not array.dtype.hasobject or array.dtype.names or array.base is not None:
        return False
    if not array.size or not array.flags.writeable or not array.flags.forc:
        return False
    line = in_memory_order(array)
    return type(line[0]) not in ATOMS or type(line[-1]) not in ATOMS


def form_of(array: Array) -> tuple[tuple[int, ...], tuple[int, ...] | None, bool]:
    """What `make_object_array` needs to make such an array without its elements."""
    return array.shape, layout_of(array), array.flags.writeable


def owner_of(array: Array) -> Array:
    """The array whose memory this one looks at: itself, or the end of its chain of bases."""
    ndarray = sys.modules["numpy"].ndarray
    owner: Any = array
    while True:
        base = owner.base
        if type(base).__name__ == "DummyArray" and type(base).__module__.startswith("numpy."):
            # What `as_strided` and `sliding_window_view` put between a view and its base.
            base = base.base
        if not isinstance(base, ndarray):
            break
        owner = base
    if owner.dtype.hasobject != array.dtype.hasobject and not owner.dtype.names:
        return array
    found: Array = owner
    return found


def place_in(owner: Array, array: Array) -> tuple[Any, ...]:
    """What `view_array` needs to make such a view of its owner."""
    offset = address_of(array) - address_of(owner)
    return owner, array.dtype, array.shape, array.strides, offset, array.flags.writeable


def address_of(array: Array) -> int:
    """Where its first element lies."""
    address: int = array.__array_interface__["data"][0]
    return address


def is_dense(array: Array) -> bool:
    """Tell whether an array's memory has no gaps."""
    return flat(array) is not None


def flat(array: Array) -> Array | None:
    """The array's memory as a one-dimensional view in memory order; None if it has gaps."""
    if array.flags.c_contiguous:
        return array.reshape(-1)
    if array.flags.f_contiguous:
        return array.T.reshape(-1)
    turned = array.transpose(_axes(array))
    return turned.reshape(-1) if turned.flags.c_contiguous else None


def in_memory_order(array: Array) -> Array:
    """The elements in one dimension: the array's own memory where it has no gaps, else a copy."""
    line = flat(array)
    return array.reshape(-1) if line is None else line


def _axes(array: Array) -> tuple[int, ...]:
    """The axes from the widest stride to the narrowest."""
    return tuple(sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis)))


def layout_of(array: Array) -> tuple[int, ...] | None:
    """The order of axes in memory; None for C order, and for arrays with gaps."""
    if array.flags.c_contiguous or not is_dense(array):
        return None
    return _axes(array)


def flat_bytes(array: Array) -> memoryview:
    """The array's bytes in memory order: its own memory where it has no gaps, else a copy."""
    if array.size == 0:
        return memoryview(b"")
    return memoryview(in_memory_order(array).view(sys.modules["numpy"].uint8))


@builder
def view_array(
    owner: Array,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    writeable: bool,
) -> Array:
    """A view of an owner's memory."""
    import numpy as np

    line = flat(owner.view(np.ndarray))
    assert line is not None, "an owner of memory has no gaps"
    if line.dtype.kind == "T" or line.dtype.hasobject:
        # No bytes can be looked at: texts and objects are outside of its memory.
        size = line.dtype.itemsize
        line = _field_at(line, dtype, offset % size)
        view = _view_items(line, offset // size, size, shape, strides)
    else:
        raw = line.view(np.uint8) if line.size else line
        view = np.ndarray(shape, dtype, raw, offset, strides)
    if not writeable:
        view.flags.writeable = False
    return view


def _field_at(line: Array, dtype: Any, offset: int) -> Array:
    """The field of that type in each record, so many bytes into it."""
    while line.dtype != dtype:
        for name, (kind, at, *_) in (line.dtype.fields or {}).items():
            if at <= offset < at + kind.itemsize and kind.shape == ():
                line, offset = line[name], offset - at
                break
        else:
            raise TypeError(f"{line.dtype} has no {dtype} there")
    return line


def _view_items(
    line: Array, start: int, size: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> Array:
    """A view of items that lie ``size`` bytes apart; by slicing, where a slice makes it."""
    import numpy as np

    if len(shape) == 1 and strides[0] % size == 0 and strides[0]:
        step = strides[0] // size
        stop = start + shape[0] * step
        return line[start : stop if stop >= 0 else None : step][: shape[0]]
    if strides == tuple(size * math.prod(shape[axis + 1 :]) for axis in range(len(shape))):
        return line[start : start + math.prod(shape)].reshape(shape)
    return np.lib.stride_tricks.as_strided(line[start:], shape, strides)
