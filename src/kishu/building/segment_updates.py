"""Giving a live long container new elements where its segments differ, with the way back."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from kishu.building.update import Inverse, run_all
from kishu.handlers.geometry import in_memory_order
from kishu.handlers.numpy import fill_object_array


class Edit(NamedTuple):
    """New elements for a run of old ones.

    Attributes:
        at, end: the run, in the container's order as it is before any edit.
        new: a list of elements; for a dict two, keys and values; for a set, which has no order,
            the elements that go and those that come.
    """

    at: int
    end: int
    new: Any


def update_segments(live: Any, edits: list[Edit]) -> Inverse:
    """Do the edits, which are in ascending order; gives the function that takes them back.

    Only what is replaced is kept for the way back: a second holder of all the elements would make
    the look that verifies the restore believe that they are shared.
    """
    if type(live) is list:
        return _update_list(live, edits)
    if type(live) is dict:
        return _update_dict(live, edits)
    if type(live) is set:
        return _update_set(live, edits)
    return _update_array(live, edits)


def _update_list(live: list[Any], edits: list[Edit]) -> Inverse:
    undo: list[Edit] = []
    shift = 0
    for at, end, new in edits:
        place = at + shift
        old = live[place : place + end - at]
        live[place : place + end - at] = new
        undo.append(Edit(place, place + len(new), old))
        shift += len(new) - len(old)

    def back() -> None:
        for place, end, old in reversed(undo):
            live[place:end] = old

    return back


def _update_array(live: Any, edits: list[Edit]) -> Inverse:
    """An array keeps its size: where elements move along, all behind them is put in again."""
    if all(edit.end - edit.at == len(edit.new) for edit in edits):
        line = in_memory_order(live)
        undo = [(edit.at, line[edit.at : edit.end].tolist()) for edit in edits]
        for edit in edits:
            fill_object_array(live, edit.new, edit.at)
    else:
        items = in_memory_order(live).tolist()
        undo = [(0, items.copy())]
        _update_list(items, edits)
        fill_object_array(live, items)
    return lambda: run_all([partial(fill_object_array, live, old, at) for at, old in undo])


def _update_dict(live: dict[Any, Any], edits: list[Edit]) -> Inverse:
    keys = list(live)
    inverses: list[Inverse] = []
    for index, (at, end, (new_keys, new_values)) in enumerate(edits):
        if not _are_same(keys[at:end], new_keys):
            inverses.append(_replace_tail(live, keys, edits[index:]))
            break
        inverses.append(_set_values(live, new_keys, new_values))
    return lambda: run_all(inverses)


def _are_same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(map(_is_same_key, some, others))


def _is_same_key(key: Any, other: Any) -> bool:
    return key is other or (type(key) is type(other) and bool(key == other))


def _set_values(live: dict[Any, Any], keys: list[Any], values: list[Any]) -> Inverse:
    old = [live[key] for key in keys]
    live.update(zip(keys, values, strict=True))
    return lambda: live.update(zip(keys, old, strict=True))


def _replace_tail(live: dict[Any, Any], keys: list[Any], edits: list[Edit]) -> Inverse:
    """Take away all from the first edit on, and put in what follows from there."""
    at = edits[0].at
    old = [(key, live[key]) for key in keys[at:]]
    new: list[tuple[Any, Any]] = []
    kept = at
    for edit in edits:
        new += old[kept - at : edit.at - at]
        new += zip(*edit.new, strict=True)
        kept = edit.end
    new += old[kept - at :]
    new_keys = [key for key, _ in new]
    _put_tail(live, [key for key, _ in old], new)
    return lambda: _put_tail(live, new_keys, old)


def _put_tail(live: dict[Any, Any], away: list[Any], items: list[tuple[Any, Any]]) -> None:
    for key in away:
        live.pop(key, None)
    live.update(items)


def _update_set(live: set[Any], edits: list[Edit]) -> Inverse:
    old = [element for edit in edits for element in edit.new[0]]
    new = [element for edit in edits for element in edit.new[1]]
    live.difference_update(old)
    live.update(new)

    def back() -> None:
        live.difference_update(new)
        live.update(old)

    return back
