"""Tell how arrays lie in memory: which array owns it, where a view begins, in what order it is.

The handlers of arrays, frames and tensors use this, and so does the walk of large containers.
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
    """Hold the addresses of memory that the arrays among the variables own.

    Addresses alone: the arrays are not kept alive.

    Attributes:
        ranges: the first address of each owner's memory, the address behind it, and the name of a
            variable that is the owner or a view of it; sorted.
        writeable: the ``id`` of each owner that a variable can write to.
    """

    ranges: list[tuple[int, int, str]]
    writeable: frozenset[int]


def owned(walk: Walk) -> Owned:
    """Return which memory the arrays among the variables own.

    It is worked out once for all walks that verify the same state of the variables.
    """
    found: Owned = walk.once("numpy", lambda: _owned(walk.user_globals.copy()))
    return found


def _owned(variables: dict[str, Any]) -> Owned:
    """Work out which memory the arrays among these variables own."""
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
    """Find the array whose memory contains this range, among the owners of the variables' arrays.

    Args:
        walk: the walk that asks.
        address: where the range begins.
        nbytes: its size.

    Returns:
        The array, and by how many bytes the range begins later than its memory; None if there is
        no such array.
    """
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
    """Return True if an array is a container of Python objects, as a list is.

    It must own its memory, have no gaps, no fields and some elements, be writeable, and its first
    or last element must be more than a number, text or the like.
    """
    if not array.dtype.hasobject or array.dtype.names or array.base is not None:
        return False
    if not array.size or not array.flags.writeable or not array.flags.forc:
        return False
    line = in_memory_order(array)
    return type(line[0]) not in ATOMS or type(line[-1]) not in ATOMS


def form_of(array: Array) -> tuple[tuple[int, ...], tuple[int, ...] | None, bool]:
    """Return shape, order of axes and writeability: `make_object_array`'s arguments."""
    return array.shape, layout_of(array), array.flags.writeable


def owner_of(array: Array) -> Array:
    """Return the array whose memory this one looks at: itself, or the end of its chain of bases.

    It is the array itself, too, if only one of the two has elements that are Python objects, unless
    the array at the end of the chain has fields.
    """
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
    """Return the arguments with which `view_array` makes such a view of its owner."""
    offset = address_of(array) - address_of(owner)
    return owner, array.dtype, array.shape, array.strides, offset, array.flags.writeable


def address_of(array: Array) -> int:
    """Return the address of an array's first element."""
    address: int = array.__array_interface__["data"][0]
    return address


def is_dense(array: Array) -> bool:
    """Return True if an array's memory has no gaps."""
    return flat(array) is not None


def flat(array: Array) -> Array | None:
    """Return a one-dimensional view of an array in memory order; None if there are gaps."""
    if array.flags.c_contiguous:
        return array.reshape(-1)
    if array.flags.f_contiguous:
        return array.T.reshape(-1)
    turned = array.transpose(_axes(array))
    return turned.reshape(-1) if turned.flags.c_contiguous else None


def in_memory_order(array: Array) -> Array:
    """Return an array's elements in one dimension.

    It is a view in memory order; where there are gaps, a copy in C order.
    """
    line = flat(array)
    return array.reshape(-1) if line is None else line


def _axes(array: Array) -> tuple[int, ...]:
    """Return an array's axes, from the widest stride to the narrowest."""
    return tuple(sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis)))


def layout_of(array: Array) -> tuple[int, ...] | None:
    """Return the order of an array's axes in memory; None for C order, and if there are gaps."""
    if array.flags.c_contiguous or not is_dense(array):
        return None
    return _axes(array)


def flat_bytes(array: Array) -> memoryview:
    """Return an array's bytes: its own memory in memory order, or a copy if there are gaps."""
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
    """Make a view of an array's memory.

    Args:
        owner: the array that owns the memory, without gaps.
        dtype: the type of the view's elements.
        shape: the view's shape.
        strides: the view's strides, in bytes.
        offset: where the view's first element lies in the memory, in bytes.
        writeable: True if the view can be written to.

    Raises:
        TypeError: the owner has texts or Python objects, and no field of that type lies there.
    """
    import numpy as np

    line = flat(owner.view(np.ndarray))
    assert line is not None, "an owner of memory has no gaps"
    if line.dtype.kind == "T" or line.dtype.hasobject:
        # numpy refuses a view of bytes here: the memory has pointers to texts or objects.
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
    """Return the field at an offset in each record of an array, or the array if it has the type.

    Args:
        line: the array, in one dimension.
        dtype: the field's type.
        offset: the field's offset in a record, in bytes.

    Raises:
        TypeError: no field of that type lies there.
    """
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
    """Make a view of a one-dimensional array's items; by slicing, where a slice can make it.

    Args:
        line: the array.
        start: the index of the view's first item.
        size: how many bytes the items lie apart.
        shape: the view's shape.
        strides: the view's strides, in bytes.
    """
    import numpy as np

    if len(shape) == 1 and strides[0] % size == 0 and strides[0]:
        step = strides[0] // size
        stop = start + shape[0] * step
        return line[start : stop if stop >= 0 else None : step][: shape[0]]
    if strides == tuple(size * math.prod(shape[axis + 1 :]) for axis in range(len(shape))):
        return line[start : start + math.prod(shape)].reshape(shape)
    return np.lib.stride_tricks.as_strided(line[start:], shape, strides)
