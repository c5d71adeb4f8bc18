"""Divide the suite among processes: what shares kernels stays together, longest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

_TESTS = Path(__file__).parent

_TOGETHER = ("tests/browser/",)
"""Folders whose tests share servers: one process runs all of them."""

_APART = (
    "tests/crash/test_sigkill.py",
    "tests/faults/test_write_points.py",
    "tests/property/test_travel.py",
)
"""Files whose tests share nothing and take long: any process may run any of them."""

_BY_FAMILY = "tests/fidelity/test_scenarios.py"
"""Its tests are named ``family-scenario``; those of a family share kernels."""

_FIRST = (
    "browser/", "property/test_travel.py", "crash/test_sigkill.py", "fidelity/test_scenarios.py",
    "fidelity/", "e2e/", "faults/test_kernels.py", "unit/test_longs.py", "faults/",
)  # fmt: skip
"""What takes longest, in the order in which it is begun, so that no process ends alone."""

_PART = ("unit/", "golden/")
"""Folders of the part of the suite that every supported Python runs."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the part."""
    if _place(item).startswith(_PART):
        item.add_marker(pytest.mark.part)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first."""
    items.sort(key=lambda item: _rank(_place(item)))


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).as_posix()


def _rank(place: str) -> int:
    return next((n for n, first in enumerate(_FIRST) if place.startswith(first)), len(_FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a process a whole group at a time.

    Not by the mark ``xdist_group``: pytest-xdist 3.8 passes it over, without a word, under
    pytest 9.2, whose tests do not let their ids be changed.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return ByGroup(config, log)


def group(id: str) -> str:
    """Name the group of a test by its id: its file, unless one of the tables says otherwise."""
    place, _, test = id.partition("::")
    if place in _APART:
        return id
    if place == _BY_FAMILY:
        return f"{place} {test.partition('[')[2].partition('-')[0]}"
    return next((folder for folder in _TOGETHER if place.startswith(folder)), place)
