"""torch: tensors, modules, optimizers, what ties them together."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
