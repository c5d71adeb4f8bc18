"""Reduce and rebuild functions under `functools.lru_cache`, with the results that they cached."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

from kishu import limits
from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles
from kishu.handlers.typeinfo import importable

Call = tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]
"""The positional arguments of a call, and its keyword arguments as pairs of name and value."""


@handles("functools._lru_cache_wrapper")
def reduce_lru_cache(walk: Walk, wrapper: Any) -> Reduced:
    """Reduce a cached function to the function beneath, its cached results and its attributes.

    NotImplemented for one that a library's module has by its name: pickle refers to that one.
    """
    if importable(wrapper):
        return NotImplemented
    parameters = wrapper.cache_parameters()
    attributes = {k: v for k, v in wrapper.__dict__.items() if k != "cache_parameters"}
    arguments = (wrapper.__wrapped__, parameters["maxsize"], parameters["typed"])
    info = wrapper.cache_info()
    cached = _cached(wrapper, parameters["typed"])
    walk.ignore_sharing(attributes)
    state = (attributes, cached, info.hits, info.misses)
    return make_lru_cache, arguments, state, None, None, fill_lru_cache


def _cached(wrapper: Any, typed: bool) -> tuple[tuple[Call, Any], ...]:
    """Return the calls whose results a function has cached, each with its result, oldest first.

    CPython shows them to its garbage collector only. A cache with a ``maxsize`` refers to the key,
    the result and the link type of each call, and then to its dict; a cache without one refers to
    its dict, which maps the keys to the results.

    Args:
        wrapper: the cached function.
        typed: True if the cache tells equal arguments of different types apart.
    """
    referents = gc.get_referents(wrapper)
    at = 1 if referents and referents[0] is type(wrapper) else 0
    pairs: list[tuple[Any, Any]] = []
    while at + 2 < len(referents) and _is_link_type(referents[at + 2]):
        pairs.append((referents[at], referents[at + 1]))
        at += 3
    table = referents[at]
    if not pairs and type(table) is dict:
        pairs = list(table.items())
    separator = next((o for o in referents[at + 1 :] if type(o) is object), None)
    return tuple((_call_of(key, separator, typed), result) for key, result in pairs)


def _is_link_type(cls: object) -> bool:
    """Return True if an object is the type of the links between a cache's entries."""
    return isinstance(cls, type) and cls.__name__ == "_lru_list_elem"


def _call_of(key: Any, separator: object, typed: bool) -> Call:
    """Return the call that a cache made a key for.

    Args:
        key: the only argument itself, or a tuple of the arguments, the separator, the names and
            values of the keyword arguments in turn, and, if ``typed``, the types of all values.
        separator: the object that stands before the keyword arguments, where there are any.
        typed: True if the cache tells equal arguments of different types apart.
    """
    if type(key) is not tuple:
        return (key,), ()
    at = next((i for i, item in enumerate(key) if item is separator), None)
    if at is None:
        return key[: len(key) // 2 if typed else len(key)], ()
    # All but the separator are: a value, or with ``typed`` a value and a type, for each positional
    # argument; a name and a value, or a name, a value and a type, for each keyword argument.
    count = (len(key) - 2 * at - 1) // 3 if typed else (len(key) - at - 1) // 2
    pairs = key[at + 1 : at + 1 + 2 * count]
    return key[:at], tuple(zip(pairs[::2], pairs[1::2], strict=True))


@builder
def make_lru_cache(function: Callable[..., Any], maxsize: int | None, typed: bool) -> Any:
    """Wrap a function in a new, empty cache.

    The cache calls the function through a `functools.partial`, whose function can be replaced:
    `fill_lru_cache` does so to fill the cache without running the user's function.
    """
    wrapper = functools.lru_cache(maxsize, typed)(functools.partial(function))
    functools.update_wrapper(wrapper, function)
    return wrapper


@builder
def fill_lru_cache(
    wrapper: Any, state: tuple[dict[str, Any], tuple[tuple[Call, Any], ...], int, int]
) -> None:
    """Fill a new cache with results, and give the cached function its attributes.

    The user's function is not run. The counts of hits and misses are brought up to what they were
    by as many calls, but by at most `limits.COUNTED_CALLS` each.

    Args:
        wrapper: a cached function that `make_lru_cache` made.
        state: the function's attributes, the cached calls with their results, and the numbers of
            hits and misses.
    """
    attributes, cached, hits, misses = state
    partial: Any = next(o for o in gc.get_referents(wrapper) if type(o) is functools.partial)
    function = partial.func
    results: list[Any] = []

    def next_result(*_: Any, **__: Any) -> Any:
        if not results:
            raise LookupError
        return results.pop()

    partial.__setstate__((next_result, (), {}, None))
    try:
        # A call that raises counts as a miss and leaves nothing in the cache.
        for _ in range(min(misses - len(cached), limits.COUNTED_CALLS)):
            try:
                wrapper(_Never())
            except LookupError:
                continue
        for index, ((arguments, keywords), result) in enumerate(cached):
            results.append(result)
            wrapper(*arguments, **dict(keywords))
            for _ in range(min(hits, limits.COUNTED_CALLS) if index == 0 else 0):
                wrapper(*arguments, **dict(keywords))
    finally:
        partial.__setstate__((function, (), {}, None))
    wrapper.__dict__.update(attributes)


class _Never:
    """Stand for an argument that no cached call had."""
