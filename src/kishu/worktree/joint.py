"""Joint walks: the variables of one co-variable verified in one pass over what they share.

A figure and its axes are one heap of objects under two names. Walked together it is walked once;
only when the joint token differs are the variables walked one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from kishu.walking.walk import Token, Walk
from kishu.worktree.covariables import CoVariable


class SharedCohorts:
    """Tokens of co-variables that have stayed the same for a look.

    One that changes at every cell would be walked once more for nothing: so a change ends the
    joint walks of a co-variable, and a look that found it unchanged begins them again.
    """

    def __init__(self) -> None:
        self._fit: frozenset[CoVariable] = frozenset()
        self._calm: set[CoVariable] = set()
        self._vain: set[CoVariable] = set()
        self._tokens: dict[CoVariable, Token] = {}
        self._seen: dict[CoVariable, Token] = {}

    def unchanged(
        self, values: Mapping[str, Any], new_walk: Callable[[], Walk], until: float | None
    ) -> Iterator[str]:
        """The variables whose co-variable has the token it had when `accept` was last called.

        Args:
            until: when to stop, as `time.perf_counter` tells it; None for never.
        """
        self._seen = {}
        for co_variable in self._calm:
            if until is not None and time.perf_counter() > until:
                return
            if not values.keys() >= set(co_variable):
                continue
            token = new_walk().joint([values[name] for name in co_variable])
            if token is not None:
                self._seen[co_variable] = token
                if self._tokens.get(co_variable) == token:
                    yield from co_variable

    def forget(self, names: set[str]) -> None:
        """Take no earlier token of these variables for true, nor what was seen since `accept`."""
        self._seen = {}
        for co_variable in [
            co_variable for co_variable in self._tokens if not names.isdisjoint(co_variable)
        ]:
            del self._tokens[co_variable]

    def retain(self, fit: Iterable[CoVariable]) -> None:
        """Know of these co-variables alone."""
        self._fit = frozenset(fit)
        self._vain &= self._fit
        self._tokens = {g: token for g, token in self._tokens.items() if g in self._fit}

    def accept(self, changed: Collection[CoVariable]) -> None:
        """Take the tokens just seen for true; ``changed`` are not the same as before."""
        for co_variable, token in self._seen.items():
            if self._tokens.get(co_variable, token) != token:
                # Walked in vain: its reduces make objects that are new each time.
                self._vain.add(co_variable)
        self._vain.difference_update(changed)
        self._calm = set(self._fit.difference(self._vain, changed))
        seen, self._seen = self._seen, {}
        self._tokens.update(
            (co_variable, seen[co_variable]) for co_variable in self._calm & seen.keys()
        )
