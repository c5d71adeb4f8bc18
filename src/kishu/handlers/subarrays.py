"""Subclasses of NumPy's array: their memory as any array's, their attributes beside it."""

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
    """NumPy's own subclasses and the notebook's; other libraries know theirs best."""
    cls = type(array)
    ndarray: Any = sys.modules["numpy"].ndarray
    of_numpy = cls.__module__.partition(".")[0] == "numpy"
    if array.dtype.hasobject or cls.__name__ == "MaskedConstant":
        # Of the latter there is one, `numpy.ma.masked`.
        return NotImplemented
    if not of_numpy and (importable(cls) or cls.__reduce__ is not ndarray.__reduce__):
        return NotImplemented
    owner = owner_of(array)
    state = _attributes(array)
    if owner is not array:
        return view_subarray, (cls, *place_in(owner, array)), state, None, None, fill_subarray
    if not array.flags.forc or (array.base is not None and _mapped(array) is None):
        return NotImplemented
    order = "C" if array.flags.c_contiguous else "F"
    index = walk.memory(flat_bytes(array.view(ndarray)), own=array.flags.writeable)
    form = (index, array.dtype, array.shape, order, array.flags.writeable)
    mapped = _mapped(array)
    if mapped is not None:
        return open_memmap, (*mapped, *form)
    return make_subarray, (cls, *form), state, None, None, fill_subarray


def _mapped(array: Any) -> tuple[str, str, int] | None:
    """The file, mode and offset of an array that is a file's memory."""
    if getattr(array, "_mmap", None) is None or getattr(array, "filename", None) is None:
        return None
    return os.fspath(array.filename), array.mode, array.offset


def _attributes(array: Any) -> dict[str, Any] | None:
    """The attributes that are state; a mapped file's come with its array."""
    state: dict[str, Any] = dict(getattr(array, "__dict__", {}))
    if "_mmap" in state:
        return None
    fill = state.get("_fill_value")
    if fill is not None and "_mask" in state:
        default = sys.modules["numpy"].ma.default_fill_value(array.dtype)
        if array.dtype.names is None and bool(fill == default):
            # Looking at it sets the default.
            state["_fill_value"] = None
    return state or None


@builder
def make_subarray(
    cls: Any, index: int, dtype: Any, shape: tuple[int, ...], order: str, writeable: bool
) -> Any:
    """An array of that class that owns its memory."""
    import numpy as np

    make: Any = np.ndarray.__new__
    array = make(cls, shape, dtype, order=order)
    _fill(array, index)
    if not writeable:
        array.flags.writeable = False
    return array


def _fill(array: Any, index: int) -> None:
    import numpy as np

    loading.now().memory(index, flat_bytes(array.view(np.ndarray)))


@builder
def view_subarray(cls: Any, *place: Any) -> Any:
    """An array of that class that looks into an owner's memory."""
    return view_array(*place).view(cls)


@builder
def fill_subarray(array: Any, state: dict[str, Any]) -> None:
    """Give it its attributes."""
    array.__dict__.clear()
    array.__dict__.update(state)


@builder
def open_memmap(
    path: str, mode: str, offset: int, index: int, dtype: Any, shape: tuple[int, ...],
    order: str, writeable: bool,
) -> Any:  # fmt: skip
    """A file's memory, with the content it had; without the file, an array with that content."""
    import numpy as np

    opened: Any
    try:
        again = "r+" if mode == "w+" else mode
        opened = np.memmap(path, dtype, again, offset, shape, order)  # type: ignore[call-overload]
        opened.mode = mode
    except (OSError, ValueError) as error:
        loading.now().note(f"{path} cannot be mapped ({error}): it is an array in memory")
        return make_subarray(np.memmap, index, dtype, shape, order, writeable)
    if mode != "r":
        _fill(opened, index)
        return opened
    wanted = np.empty(shape, dtype, order)  # type: ignore[call-overload]
    _fill(wanted, index)
    if opened.tobytes() != wanted.tobytes():
        loading.now().note(f"{path} has another content by now")
    return opened
