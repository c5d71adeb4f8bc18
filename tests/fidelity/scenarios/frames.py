"""pandas: frames and series, what is taken from them, what they hold."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
