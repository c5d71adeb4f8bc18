"""All the ways in which a variable can change."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
