"""Another state's variables, without going there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kishu.history.history import State
from kishu.history.records import is_variable
from kishu.observe.hush import hushed
from kishu.travel.build import Build, without_collecting


class At(Mapping[str, Any]):
    """The variables of another state, each built aside when it is asked for."""

    def __init__(self, state: State, build: Build) -> None:
        self._state = {entity: v for entity, v in state.items() if is_variable(entity)}
        self._build = build

    def __getitem__(self, name: str) -> Any:
        if name not in self._state:
            raise KeyError(name)
        with hushed(), without_collecting():
            return self._build.value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._state))

    def __len__(self) -> int:
        return len(self._state)

    def __repr__(self) -> str:
        return f"<state of {len(self)} variables: {', '.join(self)}>"
