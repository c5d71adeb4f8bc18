"""Give the variables of another state, leaving the live session as it is."""

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
    """Map the names of another state's variables to their values, each built when it is asked for.

    Args:
        state: the version of each entity in that state.
        build: the build of that state.
        flaws: the versions that cannot be loaded, or are another when they are, with what is wrong;
            asking for such a variable warns.
    """

    def __init__(self, state: State, build: Build, flaws: Mapping[VersionId, Flaw]) -> None:
        self._state = {entity: v for entity, v in state.items() if is_variable(entity)}
        self._build = build
        self._flaws = flaws

    def __getitem__(self, name: str) -> Any:
        """Build a variable's value, or return the one built before.

        Raises:
            KeyError: the state has no such variable.
            NotRecoverable: the value cannot be built.
            Damaged: a record or chunk that the value needs is lost.
        """
        if name not in self._state:
            raise KeyError(name)
        with quietly():
            value = self._build.value(name)
        flaw = self._flaws.get(self._state[name])
        if flaw is not None:
            warnings.warn(f"{name} {flaw.text}", stacklevel=2)
        return value

    def __iter__(self) -> Iterator[str]:
        """Iterate over the variables' names, in alphabetical order."""
        return iter(sorted(self._state))

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._state)

    def __repr__(self) -> str:
        """Name the variables; none is built."""
        return f"<state of {len(self)} variables: {', '.join(self)}>"
