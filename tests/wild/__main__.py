"""``python -m tests.wild [FOLDER or NOTEBOOK]``: plays notebooks and judges what comes back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.wild import baseline, table
from tests.wild.notebook import find
from tests.wild.runner import play_all

_OWN = Path(__file__).parent / "notebooks"
_KEPT = Path(__file__).parents[2] / ".wild"


def main(arguments: list[str]) -> int:
    """Play, print the table; give 1 for a silent fault, a death, or facts unlike the baseline."""
    parser = argparse.ArgumentParser(prog="python -m tests.wild", description=__doc__)
    parser.add_argument("notebooks", nargs="?", type=Path, default=_OWN)
    parser.add_argument("--kept", type=Path, default=_KEPT, help="the folder of the records")
    parser.add_argument(
        "--baseline",
        type=Path,
        nargs="+",
        default=[],
        help="records of earlier runs to compare with; what these disagree on is passed over",
    )
    parser.add_argument("--fresh", action="store_true", help="play again what is kept")
    parser.add_argument("--limit", type=float, default=900, help="seconds for each notebook")
    given = parser.parse_args(arguments)
    notebooks = find(given.notebooks)
    if not notebooks:
        print(f"There are no notebooks in {given.notebooks}.")
        return 1
    records = play_all(notebooks, given.kept, given.limit, given.fresh)
    rows = [table.row(record) for record in records]
    print(table.show(rows))
    told: list[str] = []
    if given.baseline:
        for record in records:
            told += baseline.changes(record, given.baseline)
        print("\n".join(told) or "All facts are those of the baseline.")
    return 1 if told or any(row.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
