"""pandas: frames share memory behind copy-on-write, so their blocks are values, not views.

What a variable has of a frame, its index or an array that looks at its memory, refers to the frame,
and not the frame to it: frames are not tied to each other, nor others by taking something from one.
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
    """A block holds its values' content; who else looks at that memory is not state.

    Before pandas 3, copy-on-write was a choice: without it a Series taken from a frame writes
    into the frame, and its memory is state as any array's.
    """
    if _copies_on_write() and not _looks_at_variable(walk, block.values):
        _take_by_value(walk, block.values)
    return NotImplemented


def _looks_at_variable(walk: Walk, values: Any) -> bool:
    """Whether a variable can write to it: the array that the frame was made on, without a copy.

    What pandas gives away of a frame, it gives away read-only.
    """
    if type(values) is not sys.modules["numpy"].ndarray or values.base is None:
        return False
    return id(owner_of(values)) in owned(walk).writeable


@handles("pandas.core.flags.Flags", "pandas.Flags")
def reduce_flags(walk: Walk, flags: Any) -> Reduced:
    """The flags of a frame are a part of it."""
    frame = flags._obj()
    if frame is None or frame.flags is not flags:
        return NotImplemented
    return flags_of_frame, (frame,)


@builder
def flags_of_frame(frame: Any) -> Any:
    """The flags of a frame."""
    return frame.flags


@handles("pandas.core.generic.NDFrame", subclasses=True)
def reduce_frame(walk: Walk, frame: Any) -> Reduced:
    """A frame or series as pandas has it, and the attributes set on it, which pandas drops."""
    cls = type(frame)
    for axis in frame.axes:
        walk.ignore_sharing(axis)
    # The class's own list of attribute names, which every frame's state refers to.
    walk.ignore_sharing(cls._metadata)
    known = _internals() | getattr(cls, "_accessors", set()) | getattr(cls, "_hidden_attrs", set())
    extra = {name: value for name, value in vars(frame).items() if name not in known}
    if not extra:
        return NotImplemented
    make, arguments, state = frame.__reduce_ex__(4)[:3]
    return make, arguments, (state, extra), None, None, fill_frame


@builder
def fill_frame(frame: Any, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Give a frame its state and the attributes set on it."""
    own, extra = state
    frame.__setstate__(own)
    vars(frame).update(extra)


@functools.cache
def _internals() -> frozenset[str]:
    """The instance attributes that pandas itself gives to frames and series."""
    pandas: Any = sys.modules["pandas"]
    return frozenset(
        {"_item_cache", "_is_copy", "_cacher", "_attrs", "_flags", "_name", "_index", "_typ"}
    ).union(vars(pandas.DataFrame()), vars(pandas.Series(dtype=float)))


@handles("pandas.core.indexes.base.Index", "pandas.Index", subclasses=True, sharing_is_state=False)
def reduce_index(walk: Walk, index: Any) -> Reduced:
    """An index's labels never change: frames that hold the same one are not tied by it.

    A variable's own is a frame's if a frame has it: its name can be changed.
    """
    if walk.is_scanned(index) and not walk.ignores_sharing(index):
        name, axis = _held(walk).axes.get(id(index), ("", 0))
        frame = walk.user_globals.get(name)
        if frame is not None and frame.axes[axis] is index:
            return axis_of_frame, (frame, axis)
    _take_by_value(walk, index._data if hasattr(index, "_data") else index)
    return NotImplemented


@builder
def axis_of_frame(frame: Any, axis: int) -> Any:
    """A frame's index or columns."""
    return frame.axes[axis]


class _Held(NamedTuple):
    """What the frames that have a name hold, by address, and where.

    Attributes:
        axes: of an index: the frame's name, and which of its axes it is.
        owners: of an array that owns the memory of a block: the frame's name, and which block.
    """

    axes: dict[int, tuple[str, int]]
    owners: dict[int, tuple[str, int]]


def _held(walk: Walk) -> _Held:
    found: _Held = walk.once("pandas", lambda: _find_held(walk.user_globals.copy()))
    return found


def _find_held(variables: dict[str, Any]) -> _Held:
    pandas: Any = sys.modules["pandas"]
    held = _Held({}, {})
    for name, value in variables.items():
        # Names that begin so may be IPython's, which has another frame behind them.
        if name[0:1] == "_" or not issubclass(type(value), (pandas.DataFrame, pandas.Series)):
            continue
        for axis, index in enumerate(value.axes):
            held.axes.setdefault(id(index), (name, axis))
        for place, block in enumerate(getattr(value._mgr, "blocks", ())):
            if type(block.values) is sys.modules["numpy"].ndarray:
                held.owners.setdefault(id(owner_of(block.values)), (name, place))
    return held


@finds_views
def reduce_view_of_frame(walk: Walk, array: Any) -> Reduced | None:
    """A variable's array that looks at the memory of a frame's block, as pandas gives it away."""
    if "pandas" not in sys.modules or not walk.is_scanned(array) or array.dtype.hasobject:
        return None
    name, place = _held(walk).owners.get(id(owner_of(array)), ("", 0))
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
    """An array that looks at the memory of a frame's block, and cannot be written to."""
    values = frame._mgr.blocks[place].values
    return view_array(values, dtype, shape, strides, offset, writeable=False)


@handles(
    "pandas.core.arrays.base.ExtensionArray", "pandas.api.extensions.ExtensionArray",
    subclasses=True,
)  # fmt: skip
def reduce_extension_array(walk: Walk, array: Any) -> Reduced:
    """An extension array that a frame holds by value has its own arrays by value too.

    What looking at it leaves behind is no part of it.
    """
    if walk.ignores_sharing(array):
        for inner in vars(array).values() if hasattr(array, "__dict__") else ():
            _take_by_value(walk, inner)
        inner = getattr(array, "_ndarray", None)
        if inner is not None:
            _take_by_value(walk, inner)
    if not has_caches(type(array)):
        return NotImplemented
    reduced = array.__reduce_ex__(5)
    make, arguments, state, *rest = without_caches(walk, array, reduced)
    if type(state) is tuple and type(state[-1]) is dict and not state[-1]:
        # It stands there only where something was left behind.
        state = state[:-1]
    return make, arguments, state, *rest


def _take_by_value(walk: Walk, values: Any) -> None:
    walk.ignore_sharing(values)
    if type(values).__module__ == "numpy" and hasattr(values, "base"):
        walk.ignore_sharing(owner_of(values))


def _copies_on_write() -> bool:
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
