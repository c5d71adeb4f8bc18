"""Reduce and rebuild what frames and series consist of: blocks, indexes, flags, extension arrays.

Frames share memory behind copy-on-write, so that sharing it is not state: each frame holds its
blocks by value. An index or array that a variable has taken from a frame is stored as a reference
to the frame, never the reverse, so that frames do not become one co-variable by what they share.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, NamedTuple

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.geometry import address_of, flat, owned, owner_of, view_array
from kishu.handlers.instances import without_caches
from kishu.handlers.numpy import finds_views
from kishu.handlers.treatments import are_values, handles
from kishu.handlers.typeinfo import Library, has_caches, know

know(
    Library(
        ("pandas",),
        faithful=True,
        cached_properties=frozenset({"CachedProperty", "CachedAttribute", "cache_readonly"}),
    )
)


@handles("pandas._libs.internals.Block", subclasses=True, sharing_is_state=False)
def reduce_block(walk: Walk, block: Any) -> Reduced:
    """Say that sharing a block's memory is not state, and leave the rest to pandas' own reduce.

    Before pandas 3, copy-on-write was a choice: without it a Series taken from a frame writes into
    the frame, and sharing memory is state as with any array. So it is where the frame was made of
    an array, without a copy, that a variable can write to.
    """
    if _copies_on_write() and not _is_writeable_by_variable(walk, block.values):
        _ignore_memory_sharing(walk, block.values)
    return NotImplemented


def _is_writeable_by_variable(walk: Walk, values: Any) -> bool:
    """Return True if a variable's array can write to the memory of a block's values.

    It is then the array that the frame was made of, without a copy: the arrays that pandas gives
    away of a frame are read-only.
    """
    if type(values) is not sys.modules["numpy"].ndarray or values.base is None:
        return False
    return id(owner_of(values)) in owned(walk).writeable


@handles("pandas.core.flags.Flags", "pandas.Flags")
def reduce_flags(walk: Walk, flags: Any) -> Reduced:
    """Reduce the flags that a frame or series has to that frame or series."""
    frame = flags._obj()
    if frame is None or frame.flags is not flags:
        return NotImplemented
    return flags_of_frame, (frame,)


@builder
def flags_of_frame(frame: Any) -> Any:
    """Return the flags of a frame or series."""
    return frame.flags


@handles("pandas.core.generic.NDFrame", subclasses=True)
def reduce_frame(walk: Walk, frame: Any) -> Reduced:
    """Reduce a frame or series with the attributes that cells set on it, which pandas drops.

    One without such attributes is left to pandas' own reduce.
    """
    cls = type(frame)
    for axis in frame.axes:
        walk.ignore_sharing(axis)
    # The class's own list of attribute names, which every frame's state refers to.
    walk.ignore_sharing(cls._metadata)
    usual = (
        _pandas_attributes()
        | getattr(cls, "_accessors", set())
        | getattr(cls, "_hidden_attrs", set())
    )
    extra = {name: value for name, value in vars(frame).items() if name not in usual}
    if not extra:
        return NotImplemented
    make, arguments, state = frame.__reduce_ex__(4)[:3]
    return make, arguments, (state, extra), None, None, fill_frame


@builder
def fill_frame(frame: Any, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Give a frame or series its content, and the attributes that cells set on it.

    Args:
        frame: the frame or series, as yet empty.
        state: what pandas' ``__setstate__`` takes, and the attributes that cells set.
    """
    pandas_state, extra = state
    frame.__setstate__(pandas_state)
    vars(frame).update(extra)


@functools.cache
def _pandas_attributes() -> frozenset[str]:
    """Return the names of the attributes that pandas itself sets on frames and series."""
    pandas: Any = sys.modules["pandas"]
    return frozenset(
        {"_item_cache", "_is_copy", "_cacher", "_attrs", "_flags", "_name", "_index", "_typ"}
    ).union(vars(pandas.DataFrame()), vars(pandas.Series(dtype=float)))


@handles("pandas.core.indexes.base.Index", "pandas.Index", subclasses=True, sharing_is_state=False)
def reduce_index(walk: Walk, index: Any) -> Reduced:
    """Say that sharing an index's labels is not state, for they never change.

    An index's name can change. So one that is a variable's value, and also an axis of a frame that
    is another's, is reduced to that axis: changing its name changes the frame again.
    """
    if walk.is_scanned(index) and not walk.ignores_sharing(index):
        name, axis = _places_in_frames(walk).axes.get(id(index), ("", 0))
        frame = walk.user_globals.get(name)
        if frame is not None and frame.axes[axis] is index:
            return axis_of_frame, (frame, axis)
    _ignore_memory_sharing(walk, index._data if hasattr(index, "_data") else index)
    return NotImplemented


@builder
def axis_of_frame(frame: Any, axis: int) -> Any:
    """Return an axis of a frame or series: 0 is the index, 1 a frame's columns."""
    return frame.axes[axis]


class _FramePlaces(NamedTuple):
    """Hold where in the variables' frames and series each index and each memory is found.

    Attributes:
        axes: for an index's address: the variable's name, and the number of the axis.
        owners: for the address of an array that owns a block's memory: the variable's name, and the
            number of the block.
    """

    axes: dict[int, tuple[str, int]]
    owners: dict[int, tuple[str, int]]


def _places_in_frames(walk: Walk) -> _FramePlaces:
    """Return the places in all variables' frames and series; they are found once a look."""
    places: _FramePlaces = walk.once("pandas", lambda: _find_places(walk.user_globals.copy()))
    return places


def _find_places(variables: dict[str, Any]) -> _FramePlaces:
    """Find the indexes and the owners of memory in frames and series that are variables' values."""
    pandas: Any = sys.modules["pandas"]
    places = _FramePlaces({}, {})
    for name, value in variables.items():
        # Such a name may be IPython's, as ``_``, which stands for another frame after each cell.
        if name[0:1] == "_" or not issubclass(type(value), (pandas.DataFrame, pandas.Series)):
            continue
        for axis, index in enumerate(value.axes):
            places.axes.setdefault(id(index), (name, axis))
        for place, block in enumerate(getattr(value._mgr, "blocks", ())):
            if type(block.values) is sys.modules["numpy"].ndarray:
                places.owners.setdefault(id(owner_of(block.values)), (name, place))
    return places


@finds_views
def reduce_view_of_frame(walk: Walk, array: Any) -> Reduced | None:
    """Reduce a variable's array that shows memory of a frame's block to its place in that block.

    Returns:
        Pickle's reduce tuple; None if the memory belongs to no variable's frame.
    """
    if "pandas" not in sys.modules or not walk.is_scanned(array) or array.dtype.hasobject:
        return None
    name, place = _places_in_frames(walk).owners.get(id(owner_of(array)), ("", 0))
    frame = walk.user_globals.get(name)
    if frame is None or place >= len(frame._mgr.blocks):
        return None
    values = frame._mgr.blocks[place].values
    line = flat(values) if type(values) is type(array) else None
    if line is None or owner_of(values) is not owner_of(array):
        return None
    offset = address_of(array) - address_of(values)
    if not 0 <= offset < line.nbytes:
        return None
    return view_of_frame, (frame, place, array.dtype, array.shape, array.strides, offset)


@builder
def view_of_frame(
    frame: Any,
    place: int,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
) -> Any:
    """Return a read-only array that shows the memory of a frame's block.

    Args:
        frame: the frame or series.
        place: the number of the block.
        dtype: the array's type of elements.
        shape: the array's shape.
        strides: the distances of neighbours along each axis, in bytes.
        offset: the first element's place in the block's memory, in bytes.
    """
    values = frame._mgr.blocks[place].values
    return view_array(values, dtype, shape, strides, offset, writeable=False)


@handles(
    "pandas.core.arrays.base.ExtensionArray", "pandas.api.extensions.ExtensionArray",
    subclasses=True,
)  # fmt: skip
def reduce_extension_array(walk: Walk, array: Any) -> Reduced:
    """Reduce an extension array without what reading left behind in it.

    Where sharing the array is not state, neither is sharing the arrays that it consists of.
    """
    if walk.ignores_sharing(array):
        for inner in vars(array).values() if hasattr(array, "__dict__") else ():
            _ignore_memory_sharing(walk, inner)
        inner = getattr(array, "_ndarray", None)
        if inner is not None:
            _ignore_memory_sharing(walk, inner)
    if not has_caches(type(array)):
        return NotImplemented
    reduced = array.__reduce_ex__(5)
    make, arguments, state, *rest = without_caches(walk, array, reduced)
    if type(state) is tuple and type(state[-1]) is dict and not state[-1]:
        # pandas adds this dict only where reading has left something behind.
        state = state[:-1]
    return make, arguments, state, *rest


def _ignore_memory_sharing(walk: Walk, values: Any) -> None:
    """Say that sharing some values is not state, nor, for an array, sharing its memory."""
    walk.ignore_sharing(values)
    if type(values).__module__ == "numpy" and hasattr(values, "base"):
        walk.ignore_sharing(owner_of(values))


def _copies_on_write() -> bool:
    """Return True if pandas copies shared memory before it writes to it."""
    pandas: Any = sys.modules["pandas"]
    return int(pandas.__version__.partition(".")[0]) >= 3 or bool(pandas.options.mode.copy_on_write)


are_values(
    "pandas.core.dtypes.base.ExtensionDtype",
    "pandas.api.extensions.ExtensionDtype",
    "pandas.core.dtypes.dtypes.PandasExtensionDtype",
    "pandas._libs.internals.BlockPlacement",
    "pandas._libs.tslibs.offsets.BaseOffset",
    subclasses=True,
)
