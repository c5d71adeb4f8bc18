"""Definitions built aside: functions, classes and bare objects of the notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partialmethod
from types import FunctionType
from typing import Any

from kishu.handlers.classes import fill_class, make_class
from kishu.handlers.code import fill_function, is_of_notebook, make_function


class Definition:
    """Hold what a live function or class will be filled with.

    Attributes:
        made: the function or class, built anew.
        content: the members that the live class will have, by name. Where the live class has a
            function of the same code, that function is the member, so that methods that are bound
            to it stay methods of the class.
        refills: those functions of the live class, each with the new function whose defaults,
            attributes and cells' contents it will get.
    """

    def __init__(
        self, live: Any, made: Any, content: dict[str, Any], user_globals: dict[str, Any]
    ) -> None:
        self.made = made
        self.content = content
        self.refills: list[tuple[FunctionType, FunctionType]] = []
        if isinstance(live, type):
            for name, new in content.items():
                old: Any = live.__dict__.get(name)
                if _can_refill(old, new, user_globals):
                    content[name] = old
                    self.refills.append((old, new))
            live_functions = {id(new): old for old, new in self.refills}
            for name, new in content.items():
                content[name] = _with_live_functions(new, live_functions)


def _with_live_functions(member: Any, live_functions: Mapping[int, FunctionType]) -> Any:
    """Return a member of a class, wrapping live functions in place of new ones.

    A ``partialmethod`` is changed, a ``property`` is made anew; all other members stay as they are.

    Args:
        member: the member of the newly built class.
        live_functions: the functions that the live class keeps, by the address of the new one.
    """
    if type(member) is partialmethod and id(member.func) in live_functions:
        member.func = live_functions[id(member.func)]
    elif type(member) is property:
        functions = [member.fget, member.fset, member.fdel]
        if not live_functions.keys().isdisjoint(map(id, functions)):
            wrapped: list[Any] = [live_functions.get(id(each), each) for each in functions]
            return property(wrapped[0], wrapped[1], wrapped[2], member.__doc__)
    return member


def _can_refill(old: Any, new: Any, user_globals: dict[str, Any]) -> bool:
    """Tell whether a class's live function can become the new one by setting its attributes.

    A function that was defined outside of the class has an identity of its own: it cannot.

    Args:
        old: the member of the live class; anything but a function gives False.
        new: the member of the newly built class of the same name.
        user_globals: the user's namespace.
    """
    return (
        type(old) is type(new) is FunctionType
        and not (is_of_notebook(old, user_globals) or is_of_notebook(new, user_globals))
        and old.__code__ == new.__code__
        and old.__globals__ is new.__globals__
        and len(old.__closure__ or ()) == len(new.__closure__ or ())
    )


def make_definition(skeleton: tuple[Any, ...]) -> Any:
    """Make a function, class or bare object without its content.

    Args:
        skeleton: what the first pickle of a definition's stream holds: the arguments of
            `make_function` or `make_class`; empty for a bare object.
    """
    if not skeleton:
        return object()
    if skeleton[0] in ("class", "enum"):
        return make_class(*skeleton)
    return make_function(*skeleton)


def fill_definition(made: Any, content: Any) -> None:
    """Give a new function or class its content; a bare object has none."""
    if isinstance(made, type):
        fill_class(made, content)
    elif isinstance(made, FunctionType):
        fill_function(made, content)
