"""Open JupyterLab on the notebook that teaches Kishu, in a folder of its own: ``make lab``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

NOTEBOOK = Path(__file__).with_name("Kishu in five minutes.ipynb")


def main() -> None:
    """Copy the notebook, so that it can be tried again, and become JupyterLab."""
    place = Path(".lab").absolute()
    place.mkdir(exist_ok=True)
    copy = place / NOTEBOOK.name
    if not copy.exists():
        shutil.copy(NOTEBOOK, copy)
    os.environ.setdefault("KISHU_HOME", str(place / "kishu"))
    print(f"The notebook and its history are in {place}; delete it to begin anew.", flush=True)
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    os.execv(
        sys.executable,
        [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={place}",
         # Without it the addresses that are printed lead to an empty JupyterLab, and only the
         # browser that is opened from here, where there is one, to the notebook.
         f"--LabApp.default_url=/lab/tree/{quote(copy.name)}", *root, *sys.argv[1:]],
    )  # fmt: skip


if __name__ == "__main__":
    main()
