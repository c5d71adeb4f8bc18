"""Plays scenarios and library kinds: ``python -m tests.fidelity [--write] [NAME ...]``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fidelity.known import KNOWN, KNOWN_KINDS
from tests.fidelity.libraries import KINDS, Kind
from tests.fidelity.play import Stage
from tests.fidelity.scenario import Scenario, Score
from tests.fidelity.scenarios import FAMILIES
from tests.fidelity.trying import Tried, Trying

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


_LIBRARIES = Path(__file__).parents[2] / "docs" / "libraries.md"
_LIBRARIES_HEAD = """# Classes of libraries

Made by `make fidelity`: each class in real kernels, with the versions of the libraries that are
named. A cell makes one, a cell looks at it, a cell changes it.

- *reads*: looking makes no new version.
- *change*: the log names the change.
- *undo*, *redo*, *cold*: the value is back, in the session and in another kernel.
- *aliases*: what else refers to it refers to it still.
- *stored*: what the change stored, in bytes; more than what changed is a fault.

"""


def main(arguments: list[str]) -> int:
    """Play those whose names begin like one of the arguments, all without any.

    Gives 1 if one that is not known to be broken is.
    """
    write = "--write" in arguments
    wanted = tuple(argument for argument in arguments if argument != "--write")
    return max(_play_scenarios(wanted, write), _try_kinds(wanted, write))


def _try_kinds(wanted: tuple[str, ...], write: bool) -> int:
    tried: dict[str, Tried] = {}
    chosen = [kind for kind in KINDS if not wanted or kind.id.startswith(wanted)]
    with tempfile.TemporaryDirectory() as home, Stage(Path(home)) as stage:
        for kind in chosen:
            if importlib.util.find_spec(kind.library) is None:
                print(f"{kind.id:<48} is not installed", flush=True)
                continue
            trying = Trying(kind)
            try:
                stage.run(trying)
                tried[kind.id] = trying.tried
            except Exception as error:
                tried[kind.id] = Tried(change=False, problems=(str(error)[-600:],))
            found = tried[kind.id]
            wrong = [name for name, right in found.columns.items() if not right]
            print(f"{kind.id:<48} {found.nbytes:>8} {', '.join(wrong)}", flush=True)
            for problem in found.problems:
                print(f"      {problem[:600]}", flush=True)
    new = sorted(id for id, found in tried.items() if not found.whole and id not in KNOWN_KINDS)
    if chosen:
        print(f"{len(tried)} tried, with a problem that is not known: {', '.join(new) or 'none'}")
    if write and not wanted:
        _LIBRARIES.write_text(_libraries_page(tried), encoding="utf-8")
    return 1 if new else 0


def _libraries_page(tried: dict[str, Tried]) -> str:
    columns = [name for name in Tried().columns if name != "size"]
    lines = [
        f"| library | class | {' | '.join(columns)} | stored |",
        f"| --- | --- | {' | '.join('---' for _ in columns)} | --- |",
    ]
    for kind in KINDS:
        found = tried.get(kind.id)
        if found is not None:
            right = " | ".join("yes" if found.columns[name] else "**no**" for name in columns)
            stored = f"{found.nbytes}" if found.size else f"**{found.nbytes}**"
            lines.append(f"| {_named(kind)} | {kind.name} | {right} | {stored} |")
    lines += ["", "## What is wrong", ""]
    lines += [f"- `{id}`: {reason}." for id, reason in KNOWN_KINDS.items()]
    return _LIBRARIES_HEAD + "\n".join(lines) + "\n"


def _named(kind: Kind) -> str:
    name = {"sklearn": "scikit-learn"}.get(kind.library, kind.library)
    return f"{name} {importlib.metadata.version(name)}"


def _play_scenarios(wanted: tuple[str, ...], write: bool) -> int:
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
    lines += [f"- `{name}`: {reason}." for name, reason in KNOWN.items()] or ["Nothing of these."]
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
