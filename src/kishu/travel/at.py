"""Another state's variables, without going there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from kishu.building.build import Build
from kishu.guard import quietly
from kishu.history.history import State
from kishu.history.reasons import Flaw
from kishu.history.records import VersionId, is_variable


class At(Mapping[str, Any]):
    """The variables of another state, each built aside when it is asked for.

    Args:
        flaws: what is wrong with versions that are not what they were when they are built; asking
            for one warns.
    """

    def __init__(self, state: State, build: Build, flaws: Mapping[VersionId, Flaw]) -> None:
        self._state = {entity: v for entity, v in state.items() if is_variable(entity)}
        self._build = build
        self._flaws = flaws

    def __getitem__(self, name: str) -> Any:
        if name not in self._state:
            raise KeyError(name)
        with quietly():
            value = self._build.value(name)
        flaw = self._flaws.get(self._state[name])
        if flaw is not None:
            warnings.warn(f"{name} {flaw.text}", stacklevel=2)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._state))

    def __len__(self) -> int:
        return len(self._state)

    def __repr__(self) -> str:
        return f"<state of {len(self)} variables: {', '.join(self)}>"
