"""Views of memory: tied to what owns it."""

from __future__ import annotations

import ctypes
import gc
import types
from typing import Any, ClassVar

from kishu.format1 import builder
from kishu.handlers import singletons
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


class _Buffer(ctypes.Structure):
    """CPython's ``Py_buffer``."""

    _fields_: ClassVar = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


_FULL_READ_ONLY = 0x011C


def address_of(exporter: object) -> int:
    """The address of the memory that an object exports."""
    found = _Buffer()
    buffer = ctypes.byref(found)
    view: Any = ctypes.py_object(exporter)
    ctypes.pythonapi.PyObject_GetBuffer(view, buffer, _FULL_READ_ONLY)
    address = found.buf or 0
    ctypes.pythonapi.PyBuffer_Release(buffer)
    return address


@handles("builtins.memoryview")
def reduce_memoryview(walk: Walk, view: memoryview) -> Reduced:
    """By the object that it looks into, and where in it."""
    try:
        obj: Any = view.obj
        format = view.format
    except ValueError:
        return released_view, ()
    if view.ndim != 1 and not view.c_contiguous:
        return walk.unstorable(view, "live", "it is a view of several dimensions with gaps")
    if obj is None:
        return walk.unstorable(view, "live", "nobody owns the memory that it looks at")
    offset = address_of(view) - address_of(obj)
    strides = view.strides or ()
    step = strides[0] // view.itemsize if view.ndim == 1 and view.itemsize else 1
    place = (offset, format, view.shape, step, view.readonly)
    return make_memoryview, (obj, *place)


@builder
def make_memoryview(
    obj: Any, offset: int, format: str, shape: tuple[int, ...], step: int, readonly: bool
) -> memoryview:
    """A view into what an object exports."""
    import struct

    whole: Any = memoryview(obj)
    if whole.ndim == 1 and (whole.format, whole.shape, step) == (format, shape, 1) and not offset:
        found: Any = whole
    else:
        size = struct.calcsize(format)
        plain = whole if whole.format == "B" and whole.ndim == 1 else whole.cast("B")
        if len(shape) == 1:
            undo_stack = max(shape[0] - 1, 0) * step * size
            first, last = (
                offset + min(undo_stack, 0),
                offset + max(undo_stack, 0) + (size if shape[0] else 0),
            )
            found = plain[first:last]
            found = found if format == "B" else found.cast("B").cast(format)
            found = found[::step] if step != 1 else found
        else:
            length = size
            for extent in shape:
                length *= extent
            found = plain[offset : offset + length].cast(format, shape)
    view: memoryview = found.toreadonly() if readonly and not found.readonly else found
    return view


@builder
def released_view() -> memoryview:
    """A view that was let go of."""
    view = memoryview(b"")
    view.release()
    return view


@handles("builtins.dict_keys", "builtins.dict_values", "builtins.dict_items")
def reduce_dict_view(walk: Walk, view: Any) -> Reduced:
    """By the dict that it looks at."""
    (looked_at,) = gc.get_referents(view)
    return make_dict_view, (looked_at, type(view).__name__.removeprefix("dict_"))


@builder
def make_dict_view(looked_at: Any, kind: str) -> Any:
    """A view of a dict."""
    return getattr(looked_at, kind)()


@handles("builtins.mappingproxy", sharing_is_state=False)
def reduce_mappingproxy(walk: Walk, proxy: types.MappingProxyType[Any, Any]) -> Reduced:
    """By the mapping behind it; a class's by the class; that of fields without metadata is one."""
    place = singletons.place_of(proxy)
    if place is not None:
        return singletons.find_singleton, place
    for descriptor in (proxy.get("__dict__"), proxy.get("__weakref__")):
        cls = getattr(descriptor, "__objclass__", None)
        if type(descriptor) is types.GetSetDescriptorType and isinstance(cls, type):
            return vars, (cls,)
    (mapping,) = gc.get_referents(proxy)
    return types.MappingProxyType, (mapping,)
