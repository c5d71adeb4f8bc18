"""Give a live object the content of a new one of its kind, so that it stays the same object.

Each function returns its inverse: a function that gives the object its old content back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from types import CellType, FunctionType
from typing import Any

from kishu.handlers.classes import fill_class, own_members
from kishu.handlers.code import Content
from kishu.handlers.instances import slot_names
from kishu.handlers.registry import is_compiled, treatment

Inverse = Callable[[], None]

_CONTAINERS: tuple[type, ...] = (list, dict, set, bytearray)


def updatable(cls: type) -> bool:
    """Tell whether objects of a type can be given another's content and stay the same object.

    This only spares attempts that cannot work: a restore verifies each object that it updated.
    """
    return (
        cls in _CONTAINERS or cls is CellType or treatment(cls).fill is not None or _is_plain(cls)
    )


def _is_plain(cls: type) -> bool:
    """Tell whether instances consist of attributes and a built-in container's content alone."""
    if cls.__module__ == "builtins" or issubclass(cls, (type, tuple, frozenset, BaseException)):
        return False
    compiled = [c for c in cls.__mro__ if is_compiled(c)]
    return all(c in (object, OrderedDict, *_CONTAINERS) for c in compiled)


def complete(shell: Any, made: Any) -> None:
    """Make a shell the object that was built for it.

    Args:
        shell: the object without content, which others refer to already.
        made: the object with the content, to which nothing else refers; of no use afterwards.
    """
    update(shell, made)
    if type(shell) not in _CONTAINERS and hasattr(shell, "__dict__"):
        # Not a copy: another component may refer to this very dict.
        object.__setattr__(shell, "__dict__", made.__dict__)
    spend(made)


def update(live: Any, new: Any) -> Inverse:
    """Give a live object the content, and the class, of a new one; return the inverse."""
    if type(live) is CellType:
        return _fill_cell(live, new)
    own = treatment(type(live)).fill
    if own is not None:
        return own(live, new)
    inverses: list[Inverse] = []
    if type(live) is not type(new):
        inverses.append(_set_class(live, type(new)))
    for base in _CONTAINERS:
        if issubclass(type(live), base):
            inverses.append(_fill_container(base, live, new))
    if type(live) not in _CONTAINERS:
        inverses.append(_fill_slots(live, new))
        if hasattr(live, "__dict__"):
            inverses.append(_fill_container(dict, live.__dict__, new.__dict__))
    return lambda: run_all(inverses)


class _Spent:
    """Stand in as the class of an object whose content a live object has taken over."""


def spend(made: Any) -> None:
    """Keep an object's ``__del__`` from running, because a live object now has its content.

    The ``__del__`` would free what the live object still uses.
    """
    if hasattr(type(made), "__del__"):
        # The class of an object with slots, say, cannot be changed: its ``__del__`` will run.
        with suppress(TypeError):
            object.__setattr__(made, "__class__", _Spent)


def run_all(inverses: list[Inverse]) -> None:
    """Run inverses, the last one first; all of them, even if some fail.

    Raises:
        BaseException: the first failure, after all have run.
    """
    failure: BaseException | None = None
    for inverse in reversed(inverses):
        try:
            inverse()
        except BaseException as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _fill_container(base: type, live: Any, new: Any) -> Inverse:
    """Give a container the elements of another, past all methods that a subclass overrides.

    Args:
        base: the built-in container type that both are, or derive from.
        live: the container to be changed.
        new: the container with the elements to be put in.
    """
    old = base(live) if base is not dict else dict.copy(live)

    def put(content: Any) -> None:
        if base is list:
            list.__setitem__(live, slice(None), content)
        elif base is bytearray:
            bytearray.__setitem__(live, slice(None), content)
        elif base is set:
            set.clear(live)
            set.update(live, content)
        elif type(live) is dict:
            live.clear()
            live.update(content)
        else:
            table: Any = OrderedDict if issubclass(type(live), OrderedDict) else dict
            table.clear(live)
            for key, value in content.items():
                table.__setitem__(live, key, value)

    put(dict.copy(new) if base is dict else new)
    return lambda: put(old)


def _set_class(live: Any, cls: type) -> Inverse:
    """Give a live object another class, if Python allows it.

    If not, the object is left as it is: the restore finds the old class when it verifies.
    """
    before = type(live)
    try:
        object.__setattr__(live, "__class__", cls)
    except TypeError:
        return lambda: None
    return lambda: object.__setattr__(live, "__class__", before)


_EMPTY = object()
"""Stands for the content of a slot or a closure's cell that has none."""


def _fill_slots(live: Any, new: Any) -> Inverse:
    """Give an object's slots what another's hold; empty those that are empty there."""
    old = {slot: getattr(live, slot, _EMPTY) for slot in slot_names(type(live))}
    for slot in old:
        _set_slot(live, slot, getattr(new, slot, _EMPTY))

    def back() -> None:
        for slot, value in old.items():
            _set_slot(live, slot, value)

    return back


def _set_slot(live: Any, slot: str, value: Any) -> None:
    """Set a slot past the class's own ``__setattr__``, or empty it."""
    if value is not _EMPTY:
        object.__setattr__(live, slot, value)
    elif getattr(live, slot, _EMPTY) is not _EMPTY:
        object.__delattr__(live, slot)


def _fill_cell(live: CellType, new: CellType) -> Inverse:
    """Give a closure's cell the content of another, or none if that has none."""
    old = _content(live)
    _set_cell(live, _content(new))
    return lambda: _set_cell(live, old)


def _content(cell: CellType) -> Any:
    """Return the content of a closure's cell, `_EMPTY` if it has none."""
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _set_cell(cell: CellType, content: Any) -> None:
    """Set the content of a closure's cell, or empty the cell."""
    if content is _EMPTY:
        try:
            del cell.cell_contents
        except ValueError:
            pass
    else:
        cell.cell_contents = content


def update_class(cls: type, members: Content) -> Inverse:
    """Give a live class other members; return the inverse."""
    old = own_members(cls)
    fill_class(cls, members)
    return lambda: fill_class(cls, old)


def update_function(function: FunctionType, new: FunctionType) -> Inverse:
    """Give a live function the code, defaults, attributes and cells' contents of another.

    Args:
        function: the live function.
        new: a function with as many cells in its closure.

    Returns:
        The inverse.

    Raises:
        ValueError: their closures have different numbers of cells.
    """
    inverses: list[Inverse] = []
    for live, wanted in zip(function.__closure__ or (), new.__closure__ or (), strict=True):
        if live is not wanted:
            inverses.append(_fill_cell(live, wanted))
    names = ["__defaults__", "__kwdefaults__", "__qualname__", "__name__", "__module__",
             "__doc__", "__annotations__"]  # fmt: skip
    if function.__code__ != new.__code__:
        names.append("__code__")
    old = {name: getattr(function, name) for name in names}
    for name in names:
        setattr(function, name, getattr(new, name))
    inverses.append(_fill_container(dict, function.__dict__, new.__dict__))

    def back() -> None:
        for name, value in old.items():
            setattr(function, name, value)

    return lambda: run_all([*inverses, back])
