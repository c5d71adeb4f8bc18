"""What the engine needs from outside: where cells run, what decides results, who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kishu.history.records import CommitId, Document

Progress = Callable[[str, int, int], None]
"""Told how far a long piece of work is: what was done (``read``), how much, of how much."""


def counting(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    """Make a function that takes in bytes as they are done, and tells how many are done by then."""
    done = 0

    def count(nbytes: int) -> None:
        nonlocal done
        done += nbytes
        progress(what, min(done, total), total)

    return count


class Ambient(Protocol):
    """The state outside of the variables: named settings, each what cells changed of it."""

    def values(self) -> Mapping[str, Any]:
        """Give the settings that cells changed; the same objects as long as nothing changes."""

    def put(self, name: str, value: Any) -> Callable[[], None]:
        """Bring a setting to such a value, None: to what the kernel began with.

        Gives the function that takes it back.
        """

    def being(self, wanted: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Make the settings these and no others, for a while."""

    def why_not(self, name: str, value: Any) -> str:
        """Say why a setting cannot be brought to a value here; empty if it can."""

    def lost(self, name: str, value: Any) -> str:
        """Say what of a value will not come back, and why; empty if all of it will."""


class Host(Protocol):
    """Where cells run: what a session needs of the kernel."""

    @property
    def namespace(self) -> dict[str, Any]:
        """The globals of the notebook's cells; always the same dict."""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """What is bound in the namespace before the user binds anything, by name."""

    @property
    def ambient(self) -> Ambient:
        """The state outside of the variables."""

    def variables(self, ignored: set[str]) -> dict[str, Any]:
        """Give the user's variables as they are now."""

    def run_again(
        self,
        source: str,
        variables: dict[str, Any],
        settings: Mapping[str, Any],
        expected: str,
    ) -> dict[str, Any]:
        """Run a cell in the namespace holding ``variables`` alone, its output dropped.

        Args:
            source: the cell's text.
            variables: what it may read.
            settings: what cells had changed outside of the variables by then.
            expected: the name of the exception that may end it, as it did when it first ran.

        Gives the variables it leaves behind; the namespace is as before. Raises what it raises.
        """


class Notebook(Protocol):
    """The notebook's cells as they are now, beside the history."""

    def for_commit(self, parent: CommitId) -> Document:
        """Say what a commit on top of ``parent`` has of the cells."""

    def differs_from(self, id: CommitId) -> bool:
        """Tell whether the cells are others than those that the history has for a commit."""
