"""Every scenario keeps what it promises."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from tests.fidelity.play import Stage
from tests.fidelity.scenario import Scenario
from tests.fidelity.scenarios import FAMILIES

_ALL = [(family, each) for family, scenarios in FAMILIES.items() for each in scenarios]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.mark.parametrize(
    "scenario", [each for _, each in _ALL], ids=[f"{family}-{each.name}" for family, each in _ALL]
)
def test_a_scenario_keeps_what_it_promises(stage: Stage, scenario: Scenario) -> None:
    if scenario.needs and importlib.util.find_spec(scenario.needs) is None:
        pytest.skip(f"{scenario.needs} is not installed here")
    score = stage.play(scenario)
    assert score.keeps(scenario), f"{scenario.why}: {score}"


@pytest.mark.parametrize("family", FAMILIES)
def test_scenarios_of_a_family_have_names_of_their_own(family: str) -> None:
    names = [each.name for each in FAMILIES[family]]
    assert len(set(names)) == len(names)
