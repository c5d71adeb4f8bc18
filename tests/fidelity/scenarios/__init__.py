"""The scenarios, a family to a module."""

from tests.fidelity.scenario import Scenario
from tests.fidelity.scenarios import (
    ambient,
    arrays,
    containers,
    definitions,
    frames,
    roads,
    tensors,
    unpicklables,
)

FAMILIES: dict[str, tuple[Scenario, ...]] = {
    module.__name__.rpartition(".")[2]: module.SCENARIOS
    for module in (
        containers,
        arrays,
        frames,
        tensors,
        definitions,
        roads,
        unpicklables,
        ambient,
    )
}
