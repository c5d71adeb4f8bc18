"""`functools.lru_cache`: what has been cached is state."""

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
"""Arguments, and keyword arguments as pairs."""


@handles("functools._lru_cache_wrapper")
def reduce_lru_cache(walk: Walk, wrapper: Any) -> Reduced:
    """A cached function by the function it caches, and what it has cached."""
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
    """The calls that it knows, with what they gave, the oldest first.

    CPython shows them to its garbage collector only: for a bounded cache as triples of key, result
    and the type of its links, then the table; for one without bound, the table has them.
    """
    held = gc.get_referents(wrapper)
    at = 1 if held and held[0] is type(wrapper) else 0
    pairs: list[tuple[Any, Any]] = []
    while at + 2 < len(held) and _is_link(held[at + 2]):
        pairs.append((held[at], held[at + 1]))
        at += 3
    table = held[at]
    if not pairs and type(table) is dict:
        pairs = list(table.items())
    mark = next((o for o in held[at + 1 :] if type(o) is object), None)
    return tuple((_call(key, mark, typed), result) for key, result in pairs)


def _is_link(cls: object) -> bool:
    return isinstance(cls, type) and cls.__name__ == "_lru_list_elem"


def _call(key: Any, mark: object, typed: bool) -> Call:
    """The call that a key stands for."""
    if type(key) is not tuple:
        return (key,), ()
    at = next((i for i, part in enumerate(key) if part is mark), None)
    if at is None:
        return key[: len(key) // 2 if typed else len(key)], ()
    # Typed: the mark is followed by the keywords, and these by the types of all values.
    count = (len(key) - 2 * at - 1) // 3 if typed else (len(key) - at - 1) // 2
    pairs = key[at + 1 : at + 1 + 2 * count]
    return key[:at], tuple(zip(pairs[::2], pairs[1::2], strict=True))


@builder
def make_lru_cache(function: Callable[..., Any], maxsize: int | None, typed: bool) -> Any:
    """The function, cached anew.

    What is called is a partial of it, which can be exchanged: so the cache can be filled without
    running it.
    """
    made = functools.lru_cache(maxsize, typed)(functools.partial(function))
    functools.update_wrapper(made, function)
    return made


@builder
def fill_lru_cache(
    wrapper: Any, state: tuple[dict[str, Any], tuple[tuple[Call, Any], ...], int, int]
) -> None:
    """Give it its attributes, what it had cached, and its counts."""
    attributes, cached, hits, misses = state
    called: Any = next(o for o in gc.get_referents(wrapper) if type(o) is functools.partial)
    function = called.func
    results: list[Any] = []

    def give(*_: Any, **__: Any) -> Any:
        if not results:
            raise LookupError
        return results.pop()

    called.__setstate__((give, (), {}, None))
    try:
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
        called.__setstate__((function, (), {}, None))
    wrapper.__dict__.update(attributes)


class _Never:
    """An argument that nothing was called with."""
