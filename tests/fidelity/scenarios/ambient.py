"""Random numbers, directory, environment, options; and the language's own corners."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
