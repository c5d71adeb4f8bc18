"""Functions and classes of the notebook, and what refers to them."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS: tuple[S, ...] = ()
