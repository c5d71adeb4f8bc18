"""Plays the scenarios and prints the table: ``python -m tests.fidelity [--write] [NAME ...]``."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fidelity.known import KNOWN
from tests.fidelity.play import Stage
from tests.fidelity.scenario import Scenario, Score
from tests.fidelity.scenarios import FAMILIES

_PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
_COLUMNS = Score().columns
_HEAD = """# What comes back

Made by `make fidelity`, which plays each scenario of `tests/fidelity` in real kernels: cells that
set something up, a cell that changes it, and an expression that tells the two states apart.

- *change*: the log names the change; where a cell only looks, it names none.
- *undo*, *redo*: in the session.
- *branch*: both states, checked out from a branch that has neither.
- *cold*: both states in another kernel.
- *kept*: scenarios that keep what they promise in all of these.

"""


def main(arguments: list[str]) -> int:
    """Play those whose names begin like one of the arguments, all without any.

    Gives 1 if one that is not known to be broken is.
    """
    write = "--write" in arguments
    wanted = tuple(argument for argument in arguments if argument != "--write")
    scores: dict[str, Score] = {}
    for family, scenarios in FAMILIES.items():
        named = {f"{family}-{each.name}": each for each in scenarios}
        chosen = {n: each for n, each in named.items() if not wanted or n.startswith(wanted)}
        with tempfile.TemporaryDirectory() as home, Stage(Path(home)) as stage:
            for name, scenario in chosen.items():
                score = _score(scenario, stage)
                if score is not None:
                    scores[name] = score
                _print(name, scenario, score)
    broken = [name for name, score in scores.items() if not score.keeps(_scenario(name))]
    new = sorted(set(broken) - KNOWN.keys())
    print(f"{len(scores)} played, {len(broken)} broken, not known: {', '.join(new) or 'none'}")
    if write and not wanted:
        _PAGE.write_text(_page(scores), encoding="utf-8")
    return 1 if new else 0


def _score(scenario: Scenario, stage: Stage) -> Score | None:
    """How it came out; None where its library is not installed."""
    if scenario.needs and importlib.util.find_spec(scenario.needs) is None:
        return None
    try:
        return stage.play(scenario)
    except Exception as error:
        return Score(change="wrong", problems=(f"{type(error).__name__}: {error}",))


def _print(name: str, scenario: Scenario, score: Score | None) -> None:
    if score is None:
        print(f"{name:<48} needs {scenario.needs}", flush=True)
        return
    kept = score.keeps(scenario)
    outcomes = " ".join(f"{outcome:<9}" for outcome in score.columns.values())
    print(f"{name:<48} {outcomes} {'' if kept else 'BROKEN'}", flush=True)
    for problem in () if kept else score.problems:
        print(f"      {problem[:600]}", flush=True)


def _scenario(name: str) -> Scenario:
    family, _, own = name.partition("-")
    return next(each for each in FAMILIES[family] if each.name == own)


def _page(scores: dict[str, Score]) -> str:
    lines = [
        f"| family | scenarios | kept | {' | '.join(_COLUMNS)} |",
        f"| --- | --- | --- | {' | '.join('---' for _ in _COLUMNS)} |",
    ]
    for family in FAMILIES:
        mine = {name: score for name, score in scores.items() if name.startswith(f"{family}-")}
        kept = sum(score.keeps(_scenario(name)) for name, score in mine.items())
        cells = []
        for column in _COLUMNS:
            count = Counter(score.columns[column] for score in mine.values())
            parts = [f"{count[o]} {o}" for o in ("restored", "said", "wrong") if count[o]]
            cells.append(", ".join(parts))
        lines.append(f"| {family} | {len(mine)} | {kept} | {' | '.join(cells)} |")
    lines += ["", "## What does not come back as it should", ""]
    lines += [f"- `{name}`: {reason}." for name, reason in KNOWN.items()]
    lines += ["", "## What is said instead of being restored, as promised", ""]
    lines += [
        f"- `{family}-{each.name}`: {each.why}."
        for family, scenarios in FAMILIES.items()
        for each in scenarios
        if "said" in (each.undo, each.cold)
    ]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
