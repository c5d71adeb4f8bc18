"""NumPy: arrays by their memory, views as views of the array that owns it."""

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

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


_views: list[Callable[[Walk, Array], Reduced | None]] = []
_foreign: list[Callable[[Array, Any, tuple[Any, ...]], Reduced | None]] = []


def finds_views(find: Callable[[Walk, Array], Reduced | None]) -> Any:
    """Register a function that reduces read-only views of what another library owns.

    It is called with the walk and the array, and gives None where it knows no better.
    """
    _views.append(find)
    return find


def finds_foreign_memory(find: Callable[[Array, Any, tuple[Any, ...]], Reduced | None]) -> Any:
    """Register a function that reduces arrays over the memory of another library's object.

    It is called with the array, its base, and type, shape and strides; it gives None for others.
    """
    _foreign.append(find)
    return find


@handles("numpy.ndarray", subclasses=True)
def reduce_array(walk: Walk, array: Array) -> Reduced:
    """The owner of memory with its bytes; a view as a place within its owner."""
    if type(array) is not sys.modules["numpy"].ndarray:
        return subarrays.reduce_subarray(walk, array)
    if array.base is None and array.flags.c_contiguous and not array.dtype.hasobject:
        # The commonest by far, and figures hold hundreds of them.
        return _reduce_plain(walk, array, None)
    looking = None if walk.ignores_sharing(array) else _reduce_view(walk, array)
    if looking is not None and not array.flags.writeable:
        looking = next(filter(None, (find(walk, array) for find in _views)), looking)
    if looking is not None:
        return looking
    if array.dtype.hasobject:
        return _reduce_objects(walk, array)
    return _reduce_plain(walk, array, layout_of(array))


def _reduce_view(walk: Walk, array: Array) -> Reduced | None:
    """An array that looks at what something else owns; None if its memory is its own."""
    owner = owner_of(array)
    if owner is not array:
        place = place_in(owner, array)
        if owner.dtype.hasobject and not _can_view(place, array):
            # NumPy offers no way to look at objects and texts anyhow: it comes back as a copy.
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
    """An array of Python objects."""
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
        # Two frames may look at one array by value: what is in it they share.
        walk.track_content_sharing(owner)
    if len(items) >= limits.LARGE_ELEMENTS:
        live_segments = walk.live_segments(items, owner, extra=1)
        if live_segments is not None:
            return make_segmented_array, (*live_segments, *form_of(array))
    fill = fill_object_array if array.flags.writeable else freeze_object_array
    return make_object_array, form_of(array), items, None, None, fill


def _reduce_plain(walk: Walk, array: Array, layout: tuple[int, ...] | None) -> Reduced:
    """An array of numbers that owns its memory, or stands for what it sees."""
    writeable = array.flags.writeable
    own = writeable and not walk.ignores_sharing(array) and is_dense(array)
    index = walk.memory(flat_bytes(array), own)
    return make_array, (index, array.dtype, array.shape, layout, writeable)


@builder
def make_array(
    index: int, dtype: Any, shape: tuple[int, ...], layout: tuple[int, ...] | None, writeable: bool
) -> Array:
    """An array that owns its memory."""
    array = _empty(shape, dtype, layout)
    if array.size:
        loading.now().memory(index, flat_bytes(array))
    if not writeable:
        array.flags.writeable = False
    return array


def _empty(shape: tuple[int, ...], dtype: Any, layout: tuple[int, ...] | None) -> Array:
    import numpy as np

    if layout is None:
        return np.empty(shape, dtype)
    if layout == tuple(reversed(range(len(shape)))):
        return np.empty(shape, dtype, order="F")
    dense = np.empty(tuple(shape[axis] for axis in layout), dtype)
    # A transposed array is a view; copying it in its own order makes one that owns its memory.
    return dense.transpose(tuple(map(layout.index, range(len(layout))))).copy(order="K")


def _can_view(place: tuple[Any, ...], array: Array) -> bool:
    try:
        view = view_array(*place)
    except (TypeError, ValueError, IndexError):
        return False
    form = view.shape, view.strides, view.dtype
    there = not array.size or address_of(view) == address_of(array)
    return there and form == (array.shape, array.strides, array.dtype)


@builder
def array_over_bytes(
    base: Any,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    writeable: bool,
) -> Array:
    """An array that looks into the memory of a bytes-like object, which is its base."""
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
    """An object array of strings and other atoms."""
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
    """An array of plain Python objects that were taken out of the stream in pieces."""
    array = _empty(shape, object, layout)
    data = bytearray(size)
    loading.now().memory(index, memoryview(data))
    stream = io.BytesIO(data)
    at = 0
    while at < array.size:
        run = pickle.load(stream)
        fill_object_array(array, run, at)
        at += len(run)
    if not writeable:
        array.flags.writeable = False
    return array


@builder
def make_object_array(
    shape: tuple[int, ...], layout: tuple[int, ...] | None, writeable: bool
) -> Array:
    """An array of Python objects, empty at first: it may hold itself."""
    return _empty(shape, object, layout)


@builder
def fill_object_array(array: Array, items: list[Any], at: int = 0) -> None:
    """Put elements into an object array, in memory order, from the ``at``-th on."""
    line = flat(array)
    assert line is not None, "an array of objects has no gaps"
    try:
        if len(items) > 1:
            line[at : at + len(items)] = items
            return
    except ValueError:
        # Elements that are sequences themselves would be taken apart.
        pass
    for index, item in enumerate(items, at):
        line[index] = item


@builder
def freeze_object_array(array: Array, items: list[Any]) -> None:
    """Put an object array's elements in, after which it cannot be written to."""
    fill_object_array(array, items)
    array.flags.writeable = False


@handles("numpy.dtype", subclasses=True, sharing_is_state=False)
def reduce_dtype(walk: Walk, dtype: Any) -> Reduced:
    """By its own reduce; the table of a structured type's fields is the type's, not a value."""
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
    """A row of a structured array looks into that array."""
    base = record.base
    if not isinstance(base, sys.modules["numpy"].ndarray):
        return NotImplemented
    owner = owner_of(base)
    walk.track_sharing(record)
    offset = record.__array_interface__["data"][0] - address_of(owner)
    return view_record, (owner, record.dtype, offset)


@builder
def view_record(owner: Array, dtype: Any, offset: int) -> Any:
    """The row that lies at a place in an array's memory."""
    if owner.ndim == 1 and owner.dtype == dtype and owner.flags.c_contiguous:
        return owner[offset // dtype.itemsize]
    return view_array(owner, dtype, (1,), (dtype.itemsize,), offset, writeable=True)[0]


@handles("numpy.flatiter")
def reduce_flat_iterator(walk: Walk, iterator: Any) -> Reduced:
    """By its array, and where in it it stands."""
    return make_flat_iterator, (iterator.base, iterator.index)


@builder
def make_flat_iterator(array: Array, index: int) -> Any:
    """An iterator over an array's elements that has passed some."""
    iterator = array.flat
    for _ in range(index):
        next(iterator)
    return iterator


@handles("numpy.nditer")
def reduce_iterator(walk: Walk, iterator: Any) -> Reduced:
    """Where it stands tells that it moved."""
    place = "finished" if iterator.finished else iterator.iterindex
    return walk.unstorable(iterator, "moves-copies", "a place within arrays", place)
