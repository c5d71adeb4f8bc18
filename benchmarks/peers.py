"""The earlier Kishu, from PyPI, in an environment of its own: the same cells, for comparison."""

from __future__ import annotations

import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import PATIENCE, took
from benchmarks.sessions import Session
from tests.kernel import Kernel

PEER = "kishu==0.3.4"
ROUNDS = 3
"""Cells that are measured: one of them may take a minute."""

_EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
_ATTACH = """
def _attach():
    import builtins
    from pathlib import Path
    from kishu.jupyterint import KishuForJupyter
    from kishu.notebook_id import NotebookId
    notebook = NotebookId('bench', Path('n.ipynb').absolute(), 'bench')
    peer = KishuForJupyter(notebook, ip=get_ipython())
    peer._test_mode = True  # no front end is there to save the notebook
    peer.set_session_id(1)
    peer.install_kishu_hooks()
    builtins._peer = peer
_attach()
"""
_UNDO = """
def _undo():
    import time
    from pathlib import Path
    from kishu.storage.commit_graph import KishuCommitGraph
    from kishu.storage.path import KishuPath
    graph = KishuCommitGraph.new_var_graph(KishuPath.database_path(Path('n.ipynb').absolute()))
    before = graph.list_history()[1].commit_id
    start = time.perf_counter()
    _peer.checkout(before, skip_notebook=True)
    print((time.perf_counter() - start) * 1e3)
_undo()
"""


class PeerResult(NamedTuple):
    """What one session cost with the earlier Kishu.

    Attributes:
        added: milliseconds that a cell took longer than in a kernel without (median).
        stored: bytes that its database grew by for a cell (median).
        undo: milliseconds to undo one cell; None where that fails.
        failed: what went wrong, if something did.
    """

    added: float
    stored: int
    undo: float | None
    failed: str


def environment(folder: Path) -> str:
    """An environment with the earlier Kishu and what the sessions need; gives its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        needs = ["ipykernel", "numpy", "pandas", "scikit-learn", "matplotlib"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER, *needs], check=True)
    return str(python)


def measure_peer(session: Session, home: Path, python: str) -> PeerResult:
    """Run a session in a kernel with the earlier Kishu and in one without, in turn."""
    theirs_home, plain_home = home / "peer", home / "peerless"
    variables = {
        "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "KISHU_PATH_ROOT": str(theirs_home),
        "PYTHONPATH": "",
    }  # fmt: skip
    for folder in (theirs_home, plain_home):
        folder.mkdir()
    (theirs_home / "n.ipynb").write_text(_EMPTY)
    with (
        Kernel(theirs_home, environment=variables, python=python) as theirs,
        Kernel(plain_home, environment=variables, python=python) as plain,
    ):
        theirs.run(_ATTACH)
        for cell in session.setup:
            took(theirs, cell)
            took(plain, cell)
        added, sizes = [], [_size(theirs_home)]
        for index in range(ROUNDS):
            cell = session.cells[index % len(session.cells)].replace("{i}", str(index))
            added.append(took(theirs, cell)[1] - took(plain, cell)[1])
            sizes.append(_size(theirs_home))
        undone = theirs.run(_UNDO, PATIENCE)
        return PeerResult(
            statistics.median(added),
            int(statistics.median(after - before for before, after in pairwise(sizes))),
            float(undone.stdout.split()[-1]) if not undone.error else None,
            undone.error,
        )


def _size(home: Path) -> int:
    """Bytes of the database, with what it has not yet taken in."""
    return sum(path.stat().st_size for path in home.glob("n.kishudb*"))
