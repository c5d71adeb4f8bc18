"""Laws of the NumPy handler: any view can be made again as a view of the same memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kishu.handlers.geometry import owner_of, place_in, view_array

_RECORDS = [("n", "i4"), ("item", object), ("inner", [("x", "f8"), ("held", object)])]
_KINDS: list[Any] = ["f8", "i2", "U3", object, _RECORDS, np.dtypes.StringDType()]


@st.composite
def _views(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """An array that owns its memory, and something taken from it in up to three steps."""
    kind = draw(st.sampled_from(_KINDS))
    shape = draw(st.sampled_from([(5,), (4, 3), (2, 3, 2)]))
    owner = np.empty(shape, kind)
    view = owner
    for _ in range(draw(st.integers(0, 3))):
        view = draw(st.sampled_from(_ways(view, draw)))
    return owner, view


def _ways(view: np.ndarray[Any, Any], draw: st.DrawFn) -> list[np.ndarray[Any, Any]]:
    steps = draw(st.tuples(*[st.sampled_from([1, 2, -1]) for _ in view.shape]))
    starts = draw(st.tuples(*[st.integers(0, 2) for _ in view.shape]))
    ways = [
        view[tuple(slice(at, None, step) for at, step in zip(starts, steps, strict=True))],
        view[::-1],
        view[1:],
    ]
    if view.dtype.names:
        ways += [view[name] for name in view.dtype.names]
    if view.dtype.kind != "T":
        ways += [view.T, view.reshape(-1) if view.flags.c_contiguous else view]
    return [way for way in ways if way.ndim]


@settings(max_examples=1_000, deadline=None)
@given(_views())
def test_a_view_is_made_again_where_it_was(
    made: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
) -> None:
    owner, view = made
    # Texts that are looked at with any other strides come back as a copy, and that is said.
    even = view.strides == np.empty(view.shape, view.dtype).strides
    assume(view.dtype.kind != "T" or view.ndim == 1 or even)
    assert owner_of(view) is owner
    again = view_array(*place_in(owner, view))
    assert again.shape == view.shape
    assert again.dtype == view.dtype
    if view.size:
        assert again.__array_interface__["data"] == view.__array_interface__["data"]
        steps = [stride for stride, n in zip(view.strides, view.shape, strict=True) if n > 1]
        assert steps == [s for s, n in zip(again.strides, view.shape, strict=True) if n > 1]
