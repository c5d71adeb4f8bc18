"""NumPy: arrays by their memory, views as views of the array that owns it."""

from __future__ import annotations

import array as array_
import bisect
import io
import math
import pickle
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from kishu.format1 import builder
from kishu.handlers import loading, subarrays, text_columns
from kishu.handlers.registry import ATOMS, PASSING, Reduced, Walk, declare, handles, treatment

_MANY = 4096
_EXPORTERS: frozenset[type] = frozenset({bytes, bytearray, array_.array})

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@handles("numpy.ndarray", subclasses=True)
def reduce_array(walk: Walk, array: Array) -> Reduced:
    """The owner of memory with its bytes; a view as a place within its owner."""
    if type(array) is not sys.modules["numpy"].ndarray:
        return subarrays.reduce_subarray(walk, array)
    if array.base is None and array.flags.c_contiguous and not array.dtype.hasobject:
        # The commonest by far, and figures hold hundreds of them.
        return _reduce_plain(walk, array, None)
    looking = None if walk.ignores_sharing(array) else _reduce_view(walk, array)
    if looking is not None and "pandas" in sys.modules and not array.flags.writeable:
        from kishu.handlers.pandas import reduce_view_of_frame

        looking = reduce_view_of_frame(walk, array) or looking
    if looking is not None:
        return looking
    if array.dtype.hasobject:
        return _reduce_objects(walk, array)
    return _reduce_plain(walk, array, _layout(array))


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
    if type(base).__module__.partition(".")[0] == "torch":
        offset = address_of(array) - base.untyped_storage().data_ptr()
        return array_over_tensor, (base, *form, offset, array.flags.writeable)
    return None


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


@builder
def array_over_tensor(
    tensor: Any,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    writeable: bool,
) -> Array:
    """An array that looks at a tensor's memory."""
    import numpy as np
    import torch

    with torch.no_grad():
        whole = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())
    array = np.ndarray(shape, dtype, whole.numpy(), offset, strides)
    if not writeable:
        array.flags.writeable = False
    return array


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
    if len(items) >= _MANY:
        live_segments = walk.live_segments(items, owner, extra=1)
        if live_segments is not None:
            return make_segmented_array, (*live_segments, *form_of(array))
    fill = fill_object_array if array.flags.writeable else freeze_object_array
    return make_object_array, form_of(array), items, None, None, fill


def _reduce_plain(walk: Walk, array: Array, layout: tuple[int, ...] | None) -> Reduced:
    """An array of numbers that owns its memory, or stands for what it sees."""
    writeable = array.flags.writeable
    own = writeable and not walk.ignores_sharing(array) and _is_dense(array)
    index = walk.memory(flat_bytes(array), own)
    return make_array, (index, array.dtype, array.shape, layout, writeable)


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
    return array.shape, _layout(array), array.flags.writeable


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


def _is_dense(array: Array) -> bool:
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


def _layout(array: Array) -> tuple[int, ...] | None:
    """The order of axes in memory; None for C order, and for arrays with gaps."""
    if array.flags.c_contiguous or not _is_dense(array):
        return None
    return _axes(array)


def flat_bytes(array: Array) -> memoryview:
    """The array's bytes in memory order: its own memory where it has no gaps, else a copy."""
    if array.size == 0:
        return memoryview(b"")
    return memoryview(in_memory_order(array).view(sys.modules["numpy"].uint8))


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


declare("numpy.generic", subclasses=True, sharing_is_state=False)
declare("numpy.ufunc", sharing_is_state=False)


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
