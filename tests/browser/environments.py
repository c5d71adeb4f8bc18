"""Environments with other versions and neighbours: made once, kept in ``.environments``."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".environments"


def build_wheel(place: Path) -> Path:
    """The front end's wheel, built from what a clone of this work tree would have."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT / "jupyterlab_kishu", capture_output=True, check=True, text=True,
    )  # fmt: skip
    clone = place / "clone"
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / "jupyterlab_kishu" / name
        if source.is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, clone / name)
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(place), str(clone))
    (wheel,) = place.glob("*.whl")
    return wheel


def environment(name: str, wheel: Path, *requirements: str) -> str:
    """The Python of an environment with these packages, Kishu and the wheel; without Node."""
    path = KEPT / name
    python = path / "bin" / "python"
    wanted = "\n".join([*requirements, _content(wheel)])
    note = path / "made-of.txt"
    with _one_at_a_time():
        if not note.exists() or note.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(path)], check=True)
            _pip(str(python), "install", "--editable", str(ROOT), *requirements)
            _pip(str(python), "install", "--no-deps", str(wheel), without_node=True)
            note.write_text(wanted)
    return str(python)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Another run of the tests may make the same environment."""
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _content(wheel: Path) -> str:
    """A name for what a wheel holds, whenever it was built."""
    with zipfile.ZipFile(wheel) as opened:
        parts = sorted((info.filename, info.CRC) for info in opened.infolist())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _pip(python: str, *arguments: str, without_node: bool = False) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if without_node:
        environment["PATH"] = str(Path(python).parent)
    done = subprocess.run(
        [python, "-m", "pip", arguments[0], "--quiet", *arguments[1:]],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
