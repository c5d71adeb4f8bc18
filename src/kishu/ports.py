"""Define what the engine needs from outside: a place where cells run, settings, cells, progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kishu.history.records import CommitId, Document

Progress = Callable[[str, int, int], None]
"""Is called while work goes on: with what was done (``read``), how many bytes, of how many."""


def counting(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    """Return a function that adds up bytes and reports their sum as progress.

    Args:
        progress: the function that is called with the sum.
        what: the word for what is done with the bytes, as ``read``.
        total: the number of bytes when all is done.
    """
    done = 0

    def count(nbytes: int) -> None:
        nonlocal done
        done += nbytes
        progress(what, min(done, total), total)

    return count


class Ambient(Protocol):
    """Read and change the state outside of the variables, by named settings.

    A setting's value is the difference from what the kernel began with.
    """

    def values(self) -> Mapping[str, Any]:
        """Return the values of the settings that cells changed, by name.

        A value is the very same object for as long as the setting does not change.
        """

    def put(self, name: str, value: Any) -> Callable[[], None]:
        """Bring one setting to a value, and return a function that brings it back.

        Args:
            name: the setting's name.
            value: the value; None for what the kernel began with.
        """

    def being(self, wanted: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Bring all settings to other values for a while.

        Args:
            wanted: the values by name; a setting that is not named is as the kernel began with.
        """

    def why_not(self, name: str, value: Any) -> str:
        """Say why a setting cannot be brought to a value here; empty if it can."""

    def lost(self, name: str, value: Any) -> str:
        """Say which part of a value will not come back, and why; empty if all of it will."""


class Host(Protocol):
    """Give a session what it needs of the place where cells run."""

    @property
    def namespace(self) -> dict[str, Any]:
        """Return the globals of the notebook's cells; always the same dict."""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Return what is bound in the namespace before the user binds anything, by name."""

    @property
    def ambient(self) -> Ambient:
        """Return the state outside of the variables."""

    def variables(self, ignored: set[str]) -> dict[str, Any]:
        """Return the user's variables as they are now, but for those named by ``ignored``."""

    def run_again(
        self,
        source: str,
        variables: dict[str, Any],
        settings: Mapping[str, Any],
        expected: str,
    ) -> dict[str, Any]:
        """Run a cell with the given variables alone, and return the variables that it leaves.

        What the cell prints is dropped. Afterwards the namespace and the settings are as before.

        Args:
            source: the cell's text.
            variables: the variables that the namespace holds while the cell runs.
            settings: the settings while the cell runs; those not named are as the kernel began.
            expected: the class name of the exception with which the cell may end, as the first
                run did; ``ok`` for none.

        Raises:
            Exception: the cell raised it, and its class is not called ``expected``.
        """


class Notebook(Protocol):
    """Compare the notebook's present cells with the history."""

    def for_commit(self, parent: CommitId) -> Document:
        """Return the cells as a new commit records them: the difference from its parent's."""

    def differs_from(self, id: CommitId) -> bool:
        """Return True if the history has other cells, or none, for a commit."""
