"""Plays the scenarios and prints the table: ``python -m tests.fidelity [FAMILY[-NAME] ...]``."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

from tests.fidelity.play import Stage
from tests.fidelity.scenario import Scenario, Score
from tests.fidelity.scenarios import FAMILIES


def main(wanted: list[str]) -> int:
    """Play those whose name begins like one of these (all without any); 1 if one is broken."""
    broken = 0
    for family, scenarios in FAMILIES.items():
        chosen = [
            each
            for each in scenarios
            if not wanted or any(f"{family}-{each.name}".startswith(text) for text in wanted)
        ]
        with tempfile.TemporaryDirectory() as home, Stage(Path(home)) as stage:
            broken += sum(not _shown(family, each, stage) for each in chosen)
    print(f"{broken} broken" if broken else "all as promised")
    return 1 if broken else 0


def _shown(family: str, scenario: Scenario, stage: Stage) -> bool:
    if scenario.needs and importlib.util.find_spec(scenario.needs) is None:
        print(f"{family}-{scenario.name:<40} needs {scenario.needs}")
        return True
    try:
        score = stage.play(scenario)
    except Exception as error:
        score = Score(change="wrong", problems=(f"{type(error).__name__}: {error}",))
    kept = score.keeps(scenario)
    outcomes = " ".join(f"{outcome:<9}" for outcome in score.columns.values())
    print(f"{family + '-' + scenario.name:<48} {outcomes} {'' if kept else 'BROKEN'}", flush=True)
    if not kept:
        for problem in score.problems:
            print(f"      {problem[:600]}", flush=True)
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
