"""numpy: views, memory, dtypes, flags."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
