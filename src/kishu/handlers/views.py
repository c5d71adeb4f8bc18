"""Reduce and rebuild memory views, views of dicts and mapping proxies.

Each is stored as a reference to the object that it shows, so that it shows that object again.
"""

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
    """Mirror CPython's ``Py_buffer``, which says what memory an object exports."""

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
"""``PyBUF_FULL_RO``: any layout is accepted, and nothing will be written."""


def address_of(exporter: object) -> int:
    """Return the address of the first byte that an object exports through the buffer protocol.

    Raises:
        BufferError: the object exports no memory of that kind.
        TypeError: the object exports none.
    """
    buffer = _Buffer()
    pointer = ctypes.byref(buffer)
    obj: Any = ctypes.py_object(exporter)
    ctypes.pythonapi.PyObject_GetBuffer(obj, pointer, _FULL_READ_ONLY)
    address = buffer.buf or 0
    ctypes.pythonapi.PyBuffer_Release(pointer)
    return address


@handles("builtins.memoryview")
def reduce_memoryview(walk: Walk, view: memoryview) -> Reduced:
    """Reduce a memory view to the object whose memory it shows, and its place in that memory."""
    try:
        obj: Any = view.obj
        format = view.format
    except ValueError:
        # The view was released: it gives none of its attributes any more.
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
    """Return a memory view of a place in an object's memory.

    Args:
        obj: the object that exports the memory.
        offset: the view's first element, in bytes from the beginning of the memory.
        format: the elements' format, as `struct` names it.
        shape: how many elements there are along each dimension.
        step: the distance of neighbours in elements, negative for a reversed view; only a view of
            one dimension has another than 1.
        readonly: whether the memory cannot be written to through the view.
    """
    import struct

    whole: Any = memoryview(obj)
    if whole.ndim == 1 and (whole.format, whole.shape, step) == (format, shape, 1) and not offset:
        result: Any = whole
    else:
        size = struct.calcsize(format)
        plain = whole if whole.format == "B" and whole.ndim == 1 else whole.cast("B")
        if len(shape) == 1:
            # From the first element to the last, in bytes; negative for a reversed view.
            span = max(shape[0] - 1, 0) * step * size
            first = offset + min(span, 0)
            last = offset + max(span, 0) + (size if shape[0] else 0)
            result = plain[first:last]
            result = result if format == "B" else result.cast("B").cast(format)
            result = result[::step] if step != 1 else result
        else:
            length = size
            for extent in shape:
                length *= extent
            result = plain[offset : offset + length].cast(format, shape)
    view: memoryview = result.toreadonly() if readonly and not result.readonly else result
    return view


@builder
def released_view() -> memoryview:
    """Return a memory view that was released."""
    view = memoryview(b"")
    view.release()
    return view


@handles("builtins.dict_keys", "builtins.dict_values", "builtins.dict_items")
def reduce_dict_view(walk: Walk, view: Any) -> Reduced:
    """Reduce the keys, values or items of a dict to the dict."""
    # Only the garbage collector tells the dict: ``mapping`` gives a read-only proxy of it.
    (mapping,) = gc.get_referents(view)
    return make_dict_view, (mapping, type(view).__name__.removeprefix("dict_"))


@builder
def make_dict_view(mapping: Any, kind: str) -> Any:
    """Return a view of a mapping; ``kind`` is ``keys``, ``values`` or ``items``."""
    return getattr(mapping, kind)()


@handles("builtins.mappingproxy", sharing_is_state=False)
def reduce_mappingproxy(walk: Walk, proxy: types.MappingProxyType[Any, Any]) -> Reduced:
    """Reduce a read-only proxy to the mapping that it shows.

    The proxy of a class's attributes is reduced to the class, and the one empty proxy that
    `dataclasses` gives to all fields without metadata to its place in that module.
    """
    place = singletons.place_of(proxy)
    if place is not None:
        return singletons.find_singleton, place
    # A class's attributes hold these descriptors, which name the class.
    for descriptor in (proxy.get("__dict__"), proxy.get("__weakref__")):
        cls = getattr(descriptor, "__objclass__", None)
        if type(descriptor) is types.GetSetDescriptorType and isinstance(cls, type):
            return vars, (cls,)
    (mapping,) = gc.get_referents(proxy)
    return types.MappingProxyType, (mapping,)
