"""Reduce and rebuild NumPy's arrays, views, records, data types and iterators.

An array that owns its memory is stored as that memory; a view, as a place in its owner's memory.
"""

from __future__ import annotations

import array as array_
import io
import math
import pickle
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kishu import limits
from kishu.format1 import builder
from kishu.handlers import loading, subarrays, text_columns
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.geometry import (
    address_of,
    flat,
    flat_bytes,
    form_of,
    in_memory_order,
    is_dense,
    layout_of,
    owner_of,
    place_in,
    view_array,
)
from kishu.handlers.treatments import are_values, handles, treatment
from kishu.handlers.typeinfo import ATOMS, PASSING, Library, know

_EXPORTERS: frozenset[type] = frozenset({bytes, bytearray, array_.array})
"""Types of objects, other than arrays, whose memory an array may show."""

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


_views: list[Callable[[Walk, Array], Reduced | None]] = []
_foreign: list[Callable[[Array, Any, tuple[Any, ...]], Reduced | None]] = []


def finds_views(find: Callable[[Walk, Array], Reduced | None]) -> Any:
    """Register a function that reduces read-only views of what another library owns; a decorator.

    Args:
        find: called with the walk and the view; returns pickle's reduce tuple, or None where the
            view is to be reduced as any other.
    """
    _views.append(find)
    return find


def finds_foreign_memory(find: Callable[[Array, Any, tuple[Any, ...]], Reduced | None]) -> Any:
    """Register a function that reduces arrays over memory of a library's objects; a decorator.

    Args:
        find: called with the array, its base, and a tuple of its dtype, shape and strides; returns
            pickle's reduce tuple, or None where the base is no object of that library.
    """
    _foreign.append(find)
    return find


@handles("numpy.ndarray", subclasses=True)
def reduce_array(walk: Walk, array: Array) -> Reduced:
    """Reduce an array to the memory that it owns, or a view to its place in its owner's memory."""
    if type(array) is not sys.modules["numpy"].ndarray:
        return subarrays.reduce_subarray(walk, array)
    if array.base is None and array.flags.c_contiguous and not array.dtype.hasobject:
        # A short cut for most arrays: figures hold hundreds of these.
        return _reduce_plain(walk, array, None)
    view = None if walk.ignores_sharing(array) else _reduce_view(walk, array)
    if view is not None and not array.flags.writeable:
        view = next(filter(None, (find(walk, array) for find in _views)), view)
    if view is not None:
        return view
    if array.dtype.hasobject:
        return _reduce_objects(walk, array)
    return _reduce_plain(walk, array, layout_of(array))


def _reduce_view(walk: Walk, array: Array) -> Reduced | None:
    """Reduce an array that shows another object's memory; return None if its memory is its own.

    None, too, where the object is of a type that no handler knows, or NumPy cannot make the view
    again: the array is then stored as a copy.
    """
    owner = owner_of(array)
    if owner is not array:
        place = place_in(owner, array)
        if owner.dtype.hasobject and not _can_view(place, array):
            # Objects and texts lie outside of the memory, so NumPy cannot show them at any offset.
            walk.opaque("numpy.ndarray that looks at another's objects")
            return None
        return view_array, place
    base: Any = array.base.obj if isinstance(array.base, memoryview) else array.base
    form = array.dtype, array.shape, array.strides
    if type(base) in _EXPORTERS:
        offset = address_of(array) - address_of(sys.modules["numpy"].frombuffer(base, "u1"))
        return array_over_bytes, (base, *form, offset, array.flags.writeable)
    return next(filter(None, (find(array, base, form) for find in _foreign)), None)


def _reduce_objects(walk: Walk, array: Array) -> Reduced:
    """Reduce an array of Python objects to its elements."""
    if array.dtype.names or array.dtype.kind != "O":
        return NotImplemented
    line = in_memory_order(array)
    atoms = text_columns.reduce_atoms(walk, array, line)
    if atoms is not None:
        return make_atom_array, (*atoms, *form_of(array))
    items = line.tolist()
    owner = owner_of(array)
    if any(
        cls in PASSING or treatment(cls).sharing_is_state for cls in set(map(type, items)) - ATOMS
    ):
        # Two frames may share this array, which is not state; that they share its elements is.
        walk.track_content_sharing(owner)
    if len(items) >= limits.LARGE_ELEMENTS:
        taken = walk.take_elements(items, owner, extra=1)
        if taken is not None:
            return make_segmented_array, (*taken, *form_of(array))
    fill = fill_object_array if array.flags.writeable else freeze_object_array
    return make_object_array, form_of(array), items, None, None, fill


def _reduce_plain(walk: Walk, array: Array, layout: tuple[int, ...] | None) -> Reduced:
    """Reduce an array without objects to its bytes.

    A restore may write into that memory where it is the array's alone, without gaps.
    """
    writeable = array.flags.writeable
    own = writeable and not walk.ignores_sharing(array) and is_dense(array)
    index = walk.memory(flat_bytes(array), own)
    return make_array, (index, array.dtype, array.shape, layout, writeable)


@builder
def make_array(
    index: int, dtype: Any, shape: tuple[int, ...], layout: tuple[int, ...] | None, writeable: bool
) -> Array:
    """Return an array that owns its memory, with the bytes of a buffer.

    Args:
        index: the buffer's position in the stored value.
        dtype: the elements' type.
        shape: the array's shape.
        layout: the axes from the widest stride to the narrowest; None for C order.
        writeable: whether the array can be written to.
    """
    array = _empty(shape, dtype, layout)
    if array.size:
        loading.now().memory(index, flat_bytes(array))
    if not writeable:
        array.flags.writeable = False
    return array


def _empty(shape: tuple[int, ...], dtype: Any, layout: tuple[int, ...] | None) -> Array:
    """Return a new array that owns its memory, with its axes in the order of ``layout``."""
    import numpy as np

    if layout is None:
        return np.empty(shape, dtype)
    if layout == tuple(reversed(range(len(shape)))):
        return np.empty(shape, dtype, order="F")
    dense = np.empty(tuple(shape[axis] for axis in layout), dtype)
    # A transposed array is a view; copying it in its own order makes one that owns its memory.
    return dense.transpose(tuple(map(layout.index, range(len(layout))))).copy(order="K")


def _can_view(place: tuple[Any, ...], array: Array) -> bool:
    """Return True if `view_array` makes the same view of the same memory from a place."""
    try:
        view = view_array(*place)
    except (TypeError, ValueError, IndexError):
        return False
    form = view.shape, view.strides, view.dtype
    is_at_same_address = not array.size or address_of(view) == address_of(array)
    return is_at_same_address and form == (array.shape, array.strides, array.dtype)


@builder
def array_over_bytes(
    base: Any,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    writeable: bool,
) -> Array:
    """Return an array that shows the memory of a bytes-like object, which is its base.

    Args:
        base: the object.
        dtype: the elements' type.
        shape: the array's shape.
        strides: the distances of neighbours along each axis, in bytes.
        offset: the first element's place in the object's memory, in bytes.
        writeable: whether the array can be written to; never true for a read-only object.
    """
    import numpy as np

    if (
        math.prod(shape) == memoryview(base).nbytes // dtype.itemsize
        and len(shape) == 1
        and not offset
    ):
        array = np.frombuffer(base, dtype)
    else:
        array = np.ndarray(shape, dtype, base, offset, strides)
    if not writeable and array.flags.writeable:
        array.flags.writeable = False
    return array


@builder
def make_atom_array(
    index: int,
    size: int,
    shape: tuple[int, ...],
    layout: tuple[int, ...] | None,
    writeable: bool,
) -> Array:
    """Return an object array of strings, numbers and None, read from a buffer.

    Args:
        index: the buffer's position in the stored value.
        size: the buffer's size in bytes.
        shape: the array's shape.
        layout: the axes from the widest stride to the narrowest; None for C order.
        writeable: whether the array can be written to.
    """
    array = _empty(shape, object, layout)
    fill_object_array(array, text_columns.decode(index, size))
    if not writeable:
        array.flags.writeable = False
    return array


@builder
def make_segmented_array(
    index: int,
    size: int,
    shape: tuple[int, ...],
    layout: tuple[int, ...] | None,
    writeable: bool,
) -> Array:
    """Return an object array whose elements were stored in segments, read from a buffer.

    Args:
        index: the position, in the stored value, of the buffer that holds the pickled segments.
        size: the buffer's size in bytes.
        shape: the array's shape.
        layout: the axes from the widest stride to the narrowest; None for C order.
        writeable: whether the array can be written to.
    """
    array = _empty(shape, object, layout)
    data = bytearray(size)
    loading.now().memory(index, memoryview(data))
    stream = io.BytesIO(data)
    filled = 0
    while filled < array.size:
        segment = pickle.load(stream)
        fill_object_array(array, segment, filled)
        filled += len(segment)
    if not writeable:
        array.flags.writeable = False
    return array


@builder
def make_object_array(
    shape: tuple[int, ...], layout: tuple[int, ...] | None, writeable: bool
) -> Array:
    """Return an object array without its elements, which are put in later: it may hold itself."""
    return _empty(shape, object, layout)


@builder
def fill_object_array(array: Array, items: list[Any], at: int = 0) -> None:
    """Put elements into an object array, in memory order, from position ``at`` on."""
    line = flat(array)
    assert line is not None, "an array of objects has no gaps"
    try:
        if len(items) > 1:
            line[at : at + len(items)] = items
            return
    except ValueError:
        # NumPy takes elements that are sequences apart: these are put in one by one.
        pass
    for index, item in enumerate(items, at):
        line[index] = item


@builder
def freeze_object_array(array: Array, items: list[Any]) -> None:
    """Put all elements into an object array, and make it read-only."""
    fill_object_array(array, items)
    array.flags.writeable = False


@handles("numpy.dtype", subclasses=True, sharing_is_state=False)
def reduce_dtype(walk: Walk, dtype: Any) -> Reduced:
    """Reduce a data type by its own reduce; sharing the table of its fields is not state."""
    reduced = dtype.__reduce__()
    for value in reduced[2] if len(reduced) > 2 and reduced[2] else ():
        if type(value) is dict:
            walk.ignore_sharing(value)
    return reduced


know(Library(("numpy",), faithful=True, weakly_referenced=False, made_in_passing=("ndarray",)))
are_values("numpy.generic", subclasses=True)
are_values("numpy.ufunc")


@handles("numpy.void", sharing_is_state=False)
def reduce_record(walk: Walk, record: Any) -> Reduced:
    """Reduce a record that shows a row of an array to its place in that array's memory."""
    base = record.base
    if not isinstance(base, sys.modules["numpy"].ndarray):
        return NotImplemented
    owner = owner_of(base)
    walk.track_sharing(record)
    offset = record.__array_interface__["data"][0] - address_of(owner)
    return view_record, (owner, record.dtype, offset)


@builder
def view_record(owner: Array, dtype: Any, offset: int) -> Any:
    """Return the record that shows an array's memory ``offset`` bytes from its beginning."""
    if owner.ndim == 1 and owner.dtype == dtype and owner.flags.c_contiguous:
        return owner[offset // dtype.itemsize]
    return view_array(owner, dtype, (1,), (dtype.itemsize,), offset, writeable=True)[0]


@handles("numpy.flatiter")
def reduce_flat_iterator(walk: Walk, iterator: Any) -> Reduced:
    """Reduce an iterator over an array's elements to the array and the iterator's index."""
    return make_flat_iterator, (iterator.base, iterator.index)


@builder
def make_flat_iterator(array: Array, index: int) -> Any:
    """Return an iterator over an array's elements that has passed the first ``index`` of them."""
    iterator = array.flat
    for _ in range(index):
        next(iterator)
    return iterator


@handles("numpy.nditer")
def reduce_iterator(walk: Walk, iterator: Any) -> Reduced:
    """Leave an `nditer` out: it cannot be stored; its position tells when it has moved."""
    place = "finished" if iterator.finished else iterator.iterindex
    return walk.unstorable(iterator, "moves-copies", "a place within arrays", place)
