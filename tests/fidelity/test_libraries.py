"""Every kind of the library table is as it should be, but for those that are known not to be."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from tests.fidelity.known import KNOWN_KINDS
from tests.fidelity.libraries import KINDS
from tests.fidelity.play import Stage
from tests.fidelity.trying import Trying

_ALL = {kind.id: kind for kind in KINDS}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.mark.parametrize("id", _ALL)
def test_a_kind_is_as_it_should_be(stage: Stage, id: str) -> None:
    kind = _ALL[id]
    if importlib.util.find_spec(kind.library) is None:
        pytest.skip(f"{kind.library} is not installed here")
    trying = Trying(kind)
    stage.run(trying)
    tried = trying.tried
    if id in KNOWN_KINDS:
        assert not tried.whole, "it is as it should be now: take it out of KNOWN_KINDS"
    else:
        assert tried.whole, tried.problems


def test_a_library_has_five_kinds_and_each_a_name_of_its_own() -> None:
    assert len(_ALL) == len(KINDS)
    libraries = {kind.library for kind in KINDS}
    assert all(sum(kind.library == name for kind in KINDS) >= 5 for name in libraries)


def test_what_is_known_is_a_kind() -> None:
    assert KNOWN_KINDS.keys() <= _ALL.keys()
