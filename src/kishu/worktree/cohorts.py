"""Verify variables in cohorts, several in one walk, because each alone would cost more.

A walk has a cost of its own, five times that of a small value: `SmallCohorts` walks small variables
of built-in containers 64 at a time. Variables that share most of what they hold, as a figure and
its axes do, would each walk all of that: `SharedCohorts` walks those of one co-variable at once.
Where a cohort's token differs from the accepted one, the observer walks its variables one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from kishu import limits
from kishu.walking.segmented import is_segmented
from kishu.walking.walk import Token, Walk
from kishu.worktree.covariables import CoVariable

_CONTAINERS = (list, dict, set, tuple)


class SmallCohorts:
    """Small variables of built-in containers, in cohorts of 64, with each cohort's token.

    A variable stays in the cohort that took it in, so that a new variable disturbs only the last.
    """

    def __init__(self) -> None:
        self._cohorts: list[list[str]] = []
        self._members: set[str] = set()
        self._tokens: dict[int, Token] = {}
        self._seen: dict[int, Token] = {}

    def unchanged(self, values: Mapping[str, Any], new_walk: Callable[[], Walk]) -> Iterator[str]:
        """Walk every cohort, and yield the variables of those whose token is the accepted one.

        A variable that is gone, or that a cohort may no longer walk, leaves its cohort.

        Args:
            values: the live variables, by name.
            new_walk: makes the walk of one cohort.
        """
        self._seen = {}
        for index, cohort in enumerate(self._cohorts):
            names = [name for name in cohort if _fits(values.get(name))]
            if len(names) < len(cohort):
                self._members.difference_update(set(cohort) - set(names))
                self._cohorts[index] = names
                self._tokens.pop(index, None)
            if not names:
                continue
            token = new_walk().plain_token([values[name] for name in names])
            if token is not None and self._tokens.get(index) == token:
                yield from names
            elif token is not None:
                self._seen[index] = token

    def forget(self, names: set[str]) -> None:
        """Drop the tokens of these variables' cohorts, and what was seen since `accept`."""
        self._seen = {}
        for index, cohort in enumerate(self._cohorts):
            if not names.isdisjoint(cohort):
                self._tokens.pop(index, None)

    def accept(self) -> None:
        """Make the tokens seen by the last `unchanged` those that the next one compares with."""
        self._tokens.update(self._seen)
        self._seen = {}

    def add(self, names: Iterable[str]) -> None:
        """Put variables that were found to be plain and small into the last cohort, or a new one.

        A variable that is in a cohort already stays there.
        """
        for name in names:
            if name in self._members:
                continue
            if not self._cohorts or len(self._cohorts[-1]) >= limits.COHORT_VARIABLES:
                self._cohorts.append([])
            self._cohorts[-1].append(name)
            self._tokens.pop(len(self._cohorts) - 1, None)
            self._members.add(name)


class SharedCohorts:
    """Co-variables whose variables are walked together, with the token of each co-variable.

    One that changes at every cell would be walked together and then one by one. So a change ends
    the walks of a co-variable as one, and a look that finds it unchanged begins them again.
    """

    def __init__(self) -> None:
        self._eligible: frozenset[CoVariable] = frozenset()
        self._calm: set[CoVariable] = set()
        self._unsteady: set[CoVariable] = set()
        self._tokens: dict[CoVariable, Token] = {}
        self._seen: dict[CoVariable, Token] = {}

    def unchanged(
        self, values: Mapping[str, Any], new_walk: Callable[[], Walk], until: float | None
    ) -> Iterator[str]:
        """Walk every calm co-variable, and yield the variables of those with the accepted token.

        Args:
            values: the live variables, by name.
            new_walk: makes the walk of one co-variable.
            until: when to stop, in seconds of `time.perf_counter`; None for never.
        """
        self._seen = {}
        for co_variable in self._calm:
            if until is not None and time.perf_counter() > until:
                return
            if not values.keys() >= set(co_variable):
                continue
            token = new_walk().shared_token([values[name] for name in co_variable])
            if token is not None:
                self._seen[co_variable] = token
                if self._tokens.get(co_variable) == token:
                    yield from co_variable

    def forget(self, names: set[str]) -> None:
        """Drop the tokens of these variables' co-variables, and what was seen since `accept`."""
        self._seen = {}
        for co_variable in [
            co_variable for co_variable in self._tokens if not names.isdisjoint(co_variable)
        ]:
            del self._tokens[co_variable]

    def retain(self, eligible: Iterable[CoVariable]) -> None:
        """Forget all co-variables but these, which may be walked as one."""
        self._eligible = frozenset(eligible)
        self._unsteady &= self._eligible
        self._tokens = {
            co_variable: token
            for co_variable, token in self._tokens.items()
            if co_variable in self._eligible
        }

    def accept(self, changed: Collection[CoVariable]) -> None:
        """Make the tokens seen by the last `unchanged` those that the next one compares with.

        Args:
            changed: the co-variables that the look found changed; they are not calm.
        """
        for co_variable, token in self._seen.items():
            if self._tokens.get(co_variable, token) != token:
                # The token differs though the content does not: some reduce in it makes objects
                # that are new each time, so that walking it as one never saves anything.
                self._unsteady.add(co_variable)
        self._unsteady.difference_update(changed)
        self._calm = set(self._eligible.difference(self._unsteady, changed))
        seen, self._seen = self._seen, {}
        self._tokens.update(
            (co_variable, seen[co_variable]) for co_variable in self._calm & seen.keys()
        )


def _fits(value: object) -> bool:
    """Return True for a built-in container that is too small to be walked in segments."""
    return type(value) in _CONTAINERS and not is_segmented(value)
