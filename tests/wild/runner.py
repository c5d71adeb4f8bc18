"""Plays notebooks one after the other and keeps what each gave."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.wild.journey import Journey
from tests.wild.kernels import KernelDied, OutOfTime
from tests.wild.notebook import Notebook
from tests.wild.play import Play
from tests.wild.record import Record, path_of


def play(notebook: Notebook, limit: float) -> Record:
    """Play one notebook whole.

    Args:
        limit: seconds after which it is given up; what was seen by then is in the record.
    """
    with tempfile.TemporaryDirectory(prefix="wild-", ignore_cleanup_errors=True) as folder:
        played = Play(notebook, Path(folder), time.monotonic() + limit)
        record = played.record
        try:
            played.run_alone()
            kernel = played.run_attached()
            record.figures["disk"] = nbytes(played.place / "home-with")
            Journey(played, kernel).travel()
        except (KernelDied, OutOfTime) as error:
            done = len(record.facts["cells"]), len(record.facts["journey"])
            where = f"after {done[0]} cells and {done[1]} steps"
            record.facts["ended"] = f"with Kishu: {type(error).__name__} {where}"
        finally:
            played.stop()
        record.figures["disk_at_end"] = nbytes(played.place / "home-with")
        return record


def nbytes(folder: Path) -> int:
    """Sum up the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def play_all(notebooks: list[Notebook], kept: Path, limit: float, fresh: bool) -> list[Record]:
    """Play notebooks, but for those that are kept already.

    Args:
        kept: the folder of the records.
        fresh: whether to play all anew.
    """
    records: list[Record] = []
    for notebook in notebooks:
        if fresh or not path_of(kept, notebook.name).exists():
            began = time.monotonic()
            record = play(notebook, limit)
            record.figures["seconds"] = time.monotonic() - began
            record.save(kept)
            print(f"{notebook.name}: played in {record.figures['seconds']:.0f} s", flush=True)
        records.append(Record.load(kept, notebook.name))
    return records
