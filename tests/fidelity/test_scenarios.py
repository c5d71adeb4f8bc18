"""Every scenario keeps what it promises, but for those that are known not to."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.fidelity.known import KNOWN
from tests.fidelity.play import Stage
from tests.fidelity.scenario import Scenario, Score
from tests.fidelity.scenarios import FAMILIES

_ALL = {
    f"{family}-{each.name}": each for family, scenarios in FAMILIES.items() for each in scenarios
}


_EACH_TENTH = 10
"""Of a family: these are in the part of the suite that every supported Python runs."""


def _played() -> Iterator[ParameterSet]:
    for family, scenarios in FAMILIES.items():
        for number, each in enumerate(scenarios):
            marks = [pytest.mark.part] if number % _EACH_TENTH == 0 else []
            name = f"{family}-{each.name}"
            yield pytest.param(family, name, id=name, marks=marks)


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    """Two kernels for all scenarios of a family, its parameter."""
    with Stage(tmp_path_factory.mktemp(request.param)) as opened:
        yield opened


@pytest.mark.parametrize(("stage", "name"), list(_played()), indirect=["stage"])
def test_a_scenario_keeps_what_it_promises(stage: Stage, name: str, tmp_path: Path) -> None:
    scenario = _ALL[name]
    if scenario.needs and importlib.util.find_spec(scenario.needs) is None:
        pytest.skip(f"{scenario.needs} is not installed here")
    score = _score(scenario, stage)
    if score.keeps(scenario) is (name in KNOWN):
        # Hundreds were played in these kernels before: what counts is what it does in its own.
        with Stage(tmp_path) as own:
            score = _score(scenario, own)
    if name in KNOWN:
        assert not score.keeps(scenario), "it keeps its promise now: take it out of KNOWN"
    else:
        assert score.keeps(scenario), f"{scenario.why}: {score}"


def _score(scenario: Scenario, stage: Stage) -> Score:
    try:
        return stage.play(scenario)
    except Exception as error:
        return Score(change="wrong", problems=(f"{type(error).__name__}: {error}",))


def test_what_is_known_is_a_scenario() -> None:
    assert KNOWN.keys() <= _ALL.keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_scenarios_of_a_family_have_names_of_their_own(family: str) -> None:
    names = [each.name for each in FAMILIES[family]]
    assert len(set(names)) == len(names)
