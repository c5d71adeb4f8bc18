"""Give a live segmented container new elements where its segments differ from the target's."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from kishu.building.update import Inverse, run_all
from kishu.handlers.geometry import in_memory_order
from kishu.handlers.numpy import fill_object_array


class Edit(NamedTuple):
    """Replace a run of a container's elements by new ones.

    Attributes:
        at: the position of the run's first element, as it is before any edit; 0 for a set.
        end: the position after the run's last element, as it is before any edit; 0 for a set.
        new: a list of the new elements. For a dict, two lists: keys and values. For a set, which
            has no order, two lists: the elements to be removed and those to be added.
    """

    at: int
    end: int
    new: Any


def update_segments(live: Any, edits: list[Edit]) -> Inverse:
    """Make edits to a live container, and return the function that takes them back.

    That function holds replaced elements alone. If it held all of them, the walk that verifies the
    restore would take them for elements that something else shares.

    Args:
        live: a list, dict or set, or an array of objects.
        edits: the edits, in ascending order; they do not overlap.
    """
    if type(live) is list:
        return _update_list(live, edits)
    if type(live) is dict:
        return _update_dict(live, edits)
    if type(live) is set:
        return _update_set(live, edits)
    return _update_array(live, edits)


def _update_list(live: list[Any], edits: list[Edit]) -> Inverse:
    """Make edits to a list; return the inverse."""
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
    """Make edits to an array of objects, whose size stays; return the inverse.

    Where elements move to other positions, all elements are put in again.
    """
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
    """Make edits to a dict, order of keys included; return the inverse.

    From the first edit on that changes keys, all items are put in again, because only so does a
    dict get the right order.
    """
    keys = list(live)
    inverses: list[Inverse] = []
    for index, (at, end, (new_keys, new_values)) in enumerate(edits):
        if not _are_same(keys[at:end], new_keys):
            inverses.append(_replace_tail(live, keys, edits[index:]))
            break
        inverses.append(_set_values(live, new_keys, new_values))
    return lambda: run_all(inverses)


def _are_same(some: list[Any], others: list[Any]) -> bool:
    """Tell whether two lists hold the same keys in the same order."""
    return len(some) == len(others) and all(map(_is_same_key, some, others))


def _is_same_key(key: Any, other: Any) -> bool:
    """Tell whether two keys are one object, or equal and of one type (1 and True are not)."""
    return key is other or (type(key) is type(other) and bool(key == other))


def _set_values(live: dict[Any, Any], keys: list[Any], values: list[Any]) -> Inverse:
    """Give keys that a dict has new values; return the inverse."""
    old = [live[key] for key in keys]
    live.update(zip(keys, values, strict=True))
    return lambda: live.update(zip(keys, old, strict=True))


def _replace_tail(live: dict[Any, Any], keys: list[Any], edits: list[Edit]) -> Inverse:
    """Replace all items of a dict from the first edit on; return the inverse.

    Args:
        live: the dict.
        keys: its keys, in order, as they were before any edit.
        edits: the edits that are still to be made.
    """
    at = edits[0].at
    old = [(key, live[key]) for key in keys[at:]]
    new: list[tuple[Any, Any]] = []
    done = at
    for edit in edits:
        new += old[done - at : edit.at - at]
        new += zip(*edit.new, strict=True)
        done = edit.end
    new += old[done - at :]
    new_keys = [key for key, _ in new]
    _put_tail(live, [key for key, _ in old], new)
    return lambda: _put_tail(live, new_keys, old)


def _put_tail(live: dict[Any, Any], removed: list[Any], items: list[tuple[Any, Any]]) -> None:
    """Remove keys from a dict, and put items in at its end."""
    for key in removed:
        live.pop(key, None)
    live.update(items)


def _update_set(live: set[Any], edits: list[Edit]) -> Inverse:
    """Remove elements from a set, and add others; return the inverse."""
    old = [element for edit in edits for element in edit.new[0]]
    new = [element for edit in edits for element in edit.new[1]]
    live.difference_update(old)
    live.update(new)

    def back() -> None:
        live.difference_update(new)
        live.update(old)

    return back
