"""Kishu can be imported, and records, where a system lacks what Linux has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kishu.store import system

WITHOUT = """
import sys
import IPython.core.interactiveshell, asyncio, logging, random, shutil, uuid
import concurrent.futures.thread
for lacking in {lacking!r}:
    sys.modules[lacking] = None
import os
for name in {names!r}:
    if hasattr(os, name):
        delattr(os, name)
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
from kishu.kernel.attached import attach, detach
shell = InteractiveShell(config=Config({{"HistoryManager": {{"enabled": False}}}}))
at = attach(shell, Path(sys.argv[1]))
shell.run_cell("x = [1]; big = list(range(100_000))", store_history=True)
shell.run_cell("x.append(2)", store_history=True)
assert at.session.status().recording, at.session.status().why
at.session.undo()
assert shell.user_ns["x"] == [1]
assert at.session.check() == []
detach()
at = attach(shell, Path(sys.argv[1]))
assert at.recording.resumed
detach()
print("recorded")
"""


@pytest.mark.parametrize(
    ("lacking", "names"),
    [
        (["fcntl"], []),
        (["fcntl"], ["pread", "fstatvfs", "register_at_fork"]),
    ],
    ids=["no locks", "nor what else Windows lacks"],
)
def test_a_session_is_recorded_where_the_system_lacks(
    lacking: list[str], names: list[str], tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(lacking=lacking, names=names), tmp_path / "n.ipynb"],
        env={**os.environ, "KISHU_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.stdout.endswith("recorded\n"), ran.stderr


def test_a_file_gets_its_name_once_where_there_are_no_second_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuses)
    for content in ("first", "second"):
        (tmp_path / content).write_text(content)
    system.give_name(tmp_path / "first", tmp_path / "named")
    with pytest.raises(FileExistsError):
        system.give_name(tmp_path / "second", tmp_path / "named")
    assert (tmp_path / "named").read_text() == "first"
