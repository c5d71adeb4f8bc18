"""Makes the golden history of the Python that runs this: ``python -m tests.golden``.

Until the first release a change of the format remakes all of them, in the same commit; from then on
they are frozen, for they are what people have.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.golden.cells import STEPS
from tests.golden.histories import NAME, of_python
from tests.kernel import Kernel


def make() -> Path:
    """Run the cells in a kernel of this Python and keep its history."""
    kept = of_python(sys.implementation.cache_tag)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with Kernel(home, home / f"{NAME}.ipynb") as kernel:
            kernel.ok("%load_ext kishu\nimport kishu\nkishu.session().ignore('kishu');")
            for number, step in enumerate(STEPS):
                kernel.ok(step.source)
                kernel.kishu(f"tag step-{number}")
                for expression, expected in step.gives.items():
                    given = kernel.value(f"repr(({expression}))")
                    assert given == expected, f"{expression}: {given}"
            kernel.ok("%kishu detach")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(home / NAME, kept)
    # Where it was made is nobody's business; it is found by its name.
    (kept / "notebook.json").write_text('{"path":"","uuid":""}')
    for empty in kept.glob("lease*"):
        empty.unlink()
    return kept


if __name__ == "__main__":
    made = make()
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    print(f"{made.name}: {size:,} bytes")
