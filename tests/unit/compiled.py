"""A type made in C without a compiler: its instances have memory that Python does not see."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar

_HIDDEN_BYTES = 48


class _Slot(ctypes.Structure):
    _fields_: ClassVar = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


class _Spec(ctypes.Structure):
    _fields_: ClassVar = [
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    ]


_MAY_BE_A_BASE = 1 << 10
_kept: list[Any] = []


def make_type(name: str) -> type:
    """Make a type named ``module.name`` that nobody can import and that pickle knows nothing of."""
    slots = (_Slot * 1)(_Slot(0, None))
    spec = _Spec(
        name.encode(), object.__basicsize__ + _HIDDEN_BYTES, 0, _MAY_BE_A_BASE,
        ctypes.cast(slots, ctypes.POINTER(_Slot)),
    )  # fmt: skip
    # The interpreter goes on using the name's bytes.
    _kept.append((slots, spec))
    make = ctypes.pythonapi.PyType_FromSpec
    make.restype, make.argtypes = ctypes.py_object, [ctypes.POINTER(_Spec)]
    made: type = make(ctypes.byref(spec))
    return made
