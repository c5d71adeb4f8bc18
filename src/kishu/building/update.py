"""Giving one object the content of another of its kind, with the way back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from types import CellType, FunctionType
from typing import Any

from kishu.handlers.classes import fill_class, own_members
from kishu.handlers.code import Content
from kishu.handlers.treatments import treatment
from kishu.handlers.typeinfo import is_compiled, slot_names

Inverse = Callable[[], None]

_CONTAINERS: tuple[type, ...] = (list, dict, set, bytearray)


def updatable(cls: type) -> bool:
    """Whether an object of that type can take over another's content and be the same object.

    What passes is verified after filling; this only spares attempts that cannot work.
    """
    return (
        cls in _CONTAINERS or cls is CellType or treatment(cls).fill is not None or _is_plain(cls)
    )


def _is_plain(cls: type) -> bool:
    """Whether instances are attributes, and at most a built-in container's content, alone."""
    if cls.__module__ == "builtins" or issubclass(cls, (type, tuple, frozenset, BaseException)):
        return False
    compiled = [c for c in cls.__mro__ if is_compiled(c)]
    return all(c in (object, OrderedDict, *_CONTAINERS) for c in compiled)


def complete(shell: Any, made: Any) -> None:
    """Make of an object without content what ``made`` is, which nobody else has."""
    update(shell, made)
    if type(shell) not in _CONTAINERS and hasattr(shell, "__dict__"):
        # The very dict: something else may hold it.
        object.__setattr__(shell, "__dict__", made.__dict__)
    spend(made)


def update(live: Any, new: Any) -> Inverse:
    """Give ``live`` the content of ``new``; gives the function that takes it back."""
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
    """What an object was whose content another has taken over."""


def spend(made: Any) -> None:
    """See that the end of an object whose content another has is nobody's end.

    Its ``__del__`` would free what the other still uses.
    """
    if hasattr(type(made), "__del__"):
        # An object of another layout cannot change its class.
        with suppress(TypeError):
            object.__setattr__(made, "__class__", _Spent)


def run_all(inverses: list[Inverse]) -> None:
    """Run inverses, the last first; one that fails does not keep the others from running."""
    failure: BaseException | None = None
    for inverse in reversed(inverses):
        try:
            inverse()
        except BaseException as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _fill_container(base: type, live: Any, new: Any) -> Inverse:
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
    """Take over the class, too; where that cannot be, whoever verifies finds the old one."""
    before = type(live)
    try:
        object.__setattr__(live, "__class__", cls)
    except TypeError:
        return lambda: None
    return lambda: object.__setattr__(live, "__class__", before)


_EMPTY = object()


def _fill_slots(live: Any, new: Any) -> Inverse:
    old = {slot: getattr(live, slot, _EMPTY) for slot in slot_names(type(live))}
    for slot in old:
        _set_slot(live, slot, getattr(new, slot, _EMPTY))

    def back() -> None:
        for slot, value in old.items():
            _set_slot(live, slot, value)

    return back


def _set_slot(live: Any, slot: str, value: Any) -> None:
    if value is not _EMPTY:
        object.__setattr__(live, slot, value)
    elif getattr(live, slot, _EMPTY) is not _EMPTY:
        object.__delattr__(live, slot)


def _fill_cell(live: CellType, new: CellType) -> Inverse:
    old = _content(live)
    _set_cell(live, _content(new))
    return lambda: _set_cell(live, old)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _set_cell(cell: CellType, content: Any) -> None:
    if content is _EMPTY:
        try:
            del cell.cell_contents
        except ValueError:
            pass
    else:
        cell.cell_contents = content


def update_class(cls: type, members: Content) -> Inverse:
    """Give a live class other members."""
    old = own_members(cls)
    fill_class(cls, members)
    return lambda: fill_class(cls, old)


def update_function(function: FunctionType, new: FunctionType) -> Inverse:
    """Give a live function the code, defaults, attributes and cells' contents of another."""
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
