"""Measuring one session: the same cells in a kernel with Kishu and in one without, in turn."""

from __future__ import annotations

import importlib.util
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.sessions import Session
from tests.kernel import Kernel

PATIENCE = 600.0


class Spread(NamedTuple):
    """Milliseconds: the middle one, the 95th percentile, the largest."""

    median: float
    p95: float
    largest: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of measured values."""
        ordered = sorted(values)
        return cls(
            statistics.median(ordered),
            ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
            ordered[-1],
        )


class Result(NamedTuple):
    """What one session cost.

    Attributes:
        slowdown: time of the user's own code with Kishu, as a multiple of the time without;
            from a cell's start to its reply.
        added: milliseconds from the start of a cell until the kernel is ready for the next, with
            Kishu less without.
        reading: the same for the cell that reads alone.
        first: the same for the set-up's last cell, which makes the state.
        stored: bytes that the history grew by for a cell (median), and its size in the end.
        undo, checkout: milliseconds to undo one cell, to go to the first measured commit and back.
        held, peak: megabytes of memory more than the kernel without, at the end and at most.
        pickle, dill: milliseconds and bytes for saving the last state whole.
    """

    session: Session
    slowdown: float
    added: Spread
    reading: Spread
    first: float
    stored: int
    stored_in_all: int
    undo: float
    checkout: float
    held: float
    peak: float
    pickle: tuple[float, int] | None
    dill: tuple[float, int] | None


def missing(session: Session) -> list[str]:
    """The modules that the session needs and this environment lacks."""
    return [name for name in session.needs if importlib.util.find_spec(name) is None]


def measure(session: Session, home: Path) -> Result:
    """Run a session in both kernels."""
    with_home, plain_home = home / "with", home / "without"
    environment = {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    for folder in (with_home, plain_home):
        folder.mkdir()
    with (
        Kernel(with_home, with_home / "n.ipynb", environment) as ours,
        Kernel(plain_home, environment=environment) as plain,
    ):
        ours.ok("%load_ext kishu")
        for cell in session.setup:
            first = took(ours, cell)[1] - took(plain, cell)[1]
        start = ours.kishu("status")["head"]
        cells = [
            session.cells[i % len(session.cells)].replace("{i}", str(i))
            for i in range(session.rounds)
        ]
        replies, added = [], []
        sizes = [ours.kishu("status")["nbytes"]]
        for index, cell in enumerate(cells):
            (with_reply, with_ready), (reply, ready) = _both(ours, plain, cell, index)
            replies.append((with_reply, reply))
            added.append(with_ready - ready)
            sizes.append(ours.kishu("status")["nbytes"])
        # What is on its way to the disk is no memory held for good.
        ours.kishu("tag measured")
        reading = []
        for index in range(7):
            (_, with_ready), (_, ready) = _both(ours, plain, session.reading, index)
            reading.append(with_ready - ready)
        held = _memory(ours, "VmRSS") - _memory(plain, "VmRSS")
        peak = _memory(ours, "VmHWM") - _memory(plain, "VmHWM")
        undo = statistics.median(
            [ours.kishu(f"undo {8 if n == 0 else 1}")["ms"] for n in range(4)][1:]
        )
        here = ours.kishu("status")["head"]
        checkout = [ours.kishu(f"checkout {ref}")["ms"] for ref in (start, here)]
        return Result(
            session,
            sum(with_ for with_, _ in replies) / sum(without for _, without in replies),
            Spread.of(added),
            Spread.of(reading),
            first,
            int(statistics.median(after - before for before, after in pairwise(sizes))),
            sizes[-1],
            undo,
            max(checkout),
            held,
            peak,
            _saved(plain, _PICKLE),
            _saved(plain, _DILL),
        )


def _both(ours: Kernel, plain: Kernel, cell: str, index: int) -> Any:
    """The cell in both kernels, now this one first, now the other."""
    if index % 2:
        without = took(plain, cell)
        return took(ours, cell), without
    return took(ours, cell), took(plain, cell)


def took(kernel: Kernel, cell: str) -> tuple[float, float]:
    """Milliseconds from sending a cell to its reply, and to the kernel's being ready again."""
    start = time.perf_counter()
    sent = kernel.send(cell)
    while kernel.client.get_shell_msg(timeout=PATIENCE)["parent_header"].get("msg_id") != sent:
        pass
    replied = time.perf_counter()
    ran = kernel.wait(sent, PATIENCE)
    assert not ran.error, ran.traceback
    kernel.value("0")
    return (replied - start) * 1e3, (time.perf_counter() - start) * 1e3


def _memory(kernel: Kernel, field: str) -> float:
    """Megabytes, as the system counts them."""
    status = Path(f"/proc/{kernel.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1e3


_PICKLE = """
import os, pickle, tempfile, time, types
_names = {}
for _name, _value in list(globals().items()):
    if _name[0] != '_' and not isinstance(_value, types.ModuleType) and _name not in (
        'In', 'Out', 'exit', 'quit', 'open', 'get_ipython'):
        _names[_name] = _value
with tempfile.TemporaryFile(dir='.') as _file:
    _start = time.perf_counter()
    for _value in [_names]:
        pickle.dump(_value, _file, protocol=5)
    print((time.perf_counter() - _start) * 1e3, _file.tell())
"""
_DILL = """
import os, dill, time, warnings
warnings.simplefilter('ignore')
_start = time.perf_counter()
dill.dump_session('session.pkl')
print((time.perf_counter() - _start) * 1e3, os.path.getsize('session.pkl'))
os.unlink('session.pkl')
"""


def _saved(plain: Kernel, code: str) -> tuple[float, int] | None:
    """Milliseconds and bytes of saving the state whole; None where that fails."""
    ran = plain.run(code, PATIENCE)
    if ran.error:
        return None
    took, size = ran.stdout.split()[-2:]
    return float(took), int(size)
