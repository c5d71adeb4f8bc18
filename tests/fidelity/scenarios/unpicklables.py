"""What no pickle can hold: brought back, or named with the reason."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
