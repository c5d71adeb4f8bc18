"""The lease: who uses a history shares it, and nobody loses the share while somebody collects."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

import pytest

from kishu import limits
from kishu.errors import InUse, NotRecording
from kishu.store.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

flock = fcntl.flock


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Lease, Lease]]:
    """Two shares of one history; to the system they are as those of two processes."""
    both = Lease(tmp_path), Lease(tmp_path)
    yield both
    for each in both:
        each.close()


def test_who_is_alone_has_the_history_and_then_shares_it_again(tmp_path: Path) -> None:
    one = Lease(tmp_path)
    with one.alone():
        pass
    other = Lease(tmp_path)
    with pytest.raises(InUse), one.alone():
        pass
    other.close()
    with one.alone():
        pass
    one.close()


def test_nobody_comes_in_while_somebody_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LEASE_SECONDS", 0.0)
    one = Lease(tmp_path)
    with one.alone(), pytest.raises(NotRecording):
        Lease(tmp_path)
    one.close()


def test_a_share_is_not_lost_between_any_two_steps_of_a_refused_try(
    two: tuple[Lease, Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each call of the system that one makes, the other tries to have the history alone."""
    one, other = two
    granted: list[str] = []

    def between(fd: int, how: int) -> None:
        try:
            flock(fd, how)
        finally:
            with monkeypatch.context() as undisturbed, contextlib.suppress(InUse):
                undisturbed.setattr(fcntl, "flock", flock)
                with other.alone():
                    granted.append("alone, though another holds its share")

    monkeypatch.setattr(fcntl, "flock", between)
    with pytest.raises(InUse), one.alone():
        pass
    assert granted == []
