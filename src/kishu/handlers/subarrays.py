"""Reduce and rebuild arrays of subclasses of NumPy's, memory-mapped ones among them.

Their memory is stored as that of plain arrays, their attributes beside it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from kishu.format1 import builder
from kishu.handlers import loading
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.geometry import flat_bytes, owner_of, place_in, view_array
from kishu.handlers.typeinfo import importable

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def reduce_subarray(walk: Walk, array: Any) -> Reduced:
    """Reduce an array of a subclass of NumPy's or the notebook's to its memory and attributes.

    Returns:
        Pickle's reduce tuple; NotImplemented, so that the array's own reduce is used, for arrays of
        Python objects, for `numpy.ma.masked`, for other libraries' classes, for those of the
        notebook that have a reduce of their own, and for memory with gaps or of an owner that is
        no array.
    """
    cls = type(array)
    ndarray: Any = sys.modules["numpy"].ndarray
    is_numpys = cls.__module__.partition(".")[0] == "numpy"
    if array.dtype.hasobject or cls.__name__ == "MaskedConstant":
        # The only instance of that class, `numpy.ma.masked`, is found by its name.
        return NotImplemented
    if not is_numpys and (importable(cls) or cls.__reduce__ is not ndarray.__reduce__):
        return NotImplemented
    owner = owner_of(array)
    state = _state_of(array)
    if owner is not array:
        return view_subarray, (cls, *place_in(owner, array)), state, None, None, fill_subarray
    if not array.flags.forc or (array.base is not None and _mapped_file(array) is None):
        return NotImplemented
    order = "C" if array.flags.c_contiguous else "F"
    index = walk.memory(flat_bytes(array.view(ndarray)), own=array.flags.writeable)
    form = (index, array.dtype, array.shape, order, array.flags.writeable)
    mapped_file = _mapped_file(array)
    if mapped_file is not None:
        return open_memmap, (*mapped_file, *form)
    return make_subarray, (cls, *form), state, None, None, fill_subarray


def _mapped_file(array: Any) -> tuple[str, str, int] | None:
    """Return the path, mode and offset of the file that an array maps; None if it maps none."""
    if getattr(array, "_mmap", None) is None or getattr(array, "filename", None) is None:
        return None
    return os.fspath(array.filename), array.mode, array.offset


def _state_of(array: Any) -> dict[str, Any] | None:
    """Return the attributes of an array that are state; None if it has none.

    None for a mapped file, too: opening the file sets its attributes.
    """
    state: dict[str, Any] = dict(getattr(array, "__dict__", {}))
    if "_mmap" in state:
        return None
    fill = state.get("_fill_value")
    if fill is not None and "_mask" in state:
        default = sys.modules["numpy"].ma.default_fill_value(array.dtype)
        if array.dtype.names is None and bool(fill == default):
            # Reading ``fill_value`` sets this attribute to the default.
            state["_fill_value"] = None
    return state or None


@builder
def make_subarray(
    cls: Any, index: int, dtype: Any, shape: tuple[int, ...], order: str, writeable: bool
) -> Any:
    """Return an array of a class that owns its memory, with the bytes of a buffer.

    Args:
        cls: the class.
        index: the buffer's position in the stored value.
        dtype: the elements' type.
        shape: the array's shape.
        order: ``C`` or ``F``, the order of its axes in memory.
        writeable: whether the array can be written to.
    """
    import numpy as np

    make: Any = np.ndarray.__new__
    array = make(cls, shape, dtype, order=order)
    _fill(array, index)
    if not writeable:
        array.flags.writeable = False
    return array


def _fill(array: Any, index: int) -> None:
    """Copy the buffer at a position in the stored value into an array's memory."""
    import numpy as np

    loading.now().memory(index, flat_bytes(array.view(np.ndarray)))


@builder
def view_subarray(cls: Any, *place: Any) -> Any:
    """Return an array of a class that is a view; ``place`` is what `view_array` is called with."""
    return view_array(*place).view(cls)


@builder
def fill_subarray(array: Any, state: dict[str, Any]) -> None:
    """Replace all attributes of an array."""
    array.__dict__.clear()
    array.__dict__.update(state)


@builder
def open_memmap(
    path: str, mode: str, offset: int, index: int, dtype: Any, shape: tuple[int, ...],
    order: str, writeable: bool,
) -> Any:  # fmt: skip
    """Return an array that maps a file, or one in memory with that content if it cannot be opened.

    The content is copied into the mapped memory unless the mode is ``r``. The restore's report says
    so where the file cannot be opened, or one that may only be read has other content by now.

    Args:
        path: the file's path.
        mode: the mode as `numpy.memmap` has it; ``w+`` would empty the file, and opens it as
            ``r+``.
        offset: the array's place in the file, in bytes.
        index: the position, in the stored value, of the buffer with the content.
        dtype: the elements' type.
        shape: the array's shape.
        order: ``C`` or ``F``, the order of its axes in memory.
        writeable: whether the array can be written to, if it is made in memory.
    """
    import numpy as np

    opened: Any
    try:
        mode_now = "r+" if mode == "w+" else mode
        opened = np.memmap(path, dtype, mode_now, offset, shape, order)  # type: ignore[call-overload]
        opened.mode = mode
    except (OSError, ValueError) as error:
        loading.now().note(f"{path} cannot be mapped ({error}): it is an array in memory")
        return make_subarray(np.memmap, index, dtype, shape, order, writeable)
    if mode != "r":
        _fill(opened, index)
        return opened
    stored = np.empty(shape, dtype, order)  # type: ignore[call-overload]
    _fill(stored, index)
    if opened.tobytes() != stored.tobytes():
        loading.now().note(f"{path} has another content by now")
    return opened
