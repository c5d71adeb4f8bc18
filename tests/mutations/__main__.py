"""Put each fault back into a copy of the source and see that its tests fail: `make mutations`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
FAILED = 1
"""What pytest ends with if tests failed, and nothing else went wrong."""


def main(words: list[str]) -> int:
    """Try the mutations whose fault contains one of the words, all without any; 1 if one lives."""
    chosen = [each for each in MUTATIONS if not words or any(w in each.fault for w in words)]
    ended, told = run_tests(SOURCE, {test for each in chosen for test in each.tests})
    if ended:
        print(f"Without any mutation the tests must pass:\n{told}")
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        alive = [told for told in threads.map(survives, chosen) if told]
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutations were found")
    return 1 if alive else 0


def survives(mutation: Mutation) -> str:
    """Say which tests did not find a mutation; empty if all did."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "src"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
        found = [p for p in source.rglob("*.py") if mutation.before in p.read_text("utf-8")]
        texts = [path.read_text("utf-8") for path in found]
        if [text.count(mutation.before) for text in texts] != [1]:
            alive = f"its text stands in {[path.name for path in found]}, not once in one file"
        else:
            found[0].write_text(texts[0].replace(mutation.before, mutation.after), "utf-8")
            ends = {test: run_tests(source, [test]) for test in mutation.tests}
            lines = [f"{test}: {told}" for test, (ended, told) in ends.items() if ended != FAILED]
            alive = "\n".join(lines)
    print(f"{'ALIVE' if alive else 'found'}  {mutation.fault}\n{alive}".rstrip(), flush=True)
    return alive


def run_tests(source: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests with the source that is there; gives how it ended, and the last that was said."""
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-pno:cacheprovider", "--tb=no", *sorted(tests)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return done.returncode, "\n".join(done.stdout.splitlines()[-12:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
