"""Collecting garbage: what may go goes, what is kept comes back, and nobody is in the way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kernel import Kernel

Start = Callable[..., Kernel]
MAKE = "import numpy as np; a = np.random.default_rng({i}).random(50_000)"
CONFIG = "[keep]\ncommits = 1\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the kernels keep their histories."""
    return tmp_path / "home"


def attached(start: Start, notebook: Path) -> Kernel:
    kernel = start(notebook)
    kernel.ok("%load_ext kishu")
    return kernel


def worked(start: Start, notebook: Path, home: Path) -> list[str]:
    """A session that made six arrays of 400 KB, named the second and tagged the fourth."""
    home.mkdir(exist_ok=True)
    (home / "config.ini").write_text(CONFIG)
    kernel = attached(start, notebook)
    commits = []
    for i in range(6):
        kernel.ok(MAKE.replace("{i}", str(i)))
        if i == 1:
            kernel.kishu("commit -m 'the second'")
        if i == 3:
            kernel.kishu("tag best")
        commits.append(kernel.kishu("status")["head"])
    kernel.ok("a = None")
    kernel.kishu("status")
    kernel.kill()
    return commits


def size(home: Path) -> int:
    return int(
        subprocess.run(["du", "-sb", home], capture_output=True, check=True).stdout.split()[0]
    )


def value(kernel: Kernel, commit: str) -> Any:
    return kernel.value(f"float(__import__('kishu').session().at('{commit}')['a'][7])")


def test_gc_lets_go_of_what_only_old_automatic_commits_need(
    start: Start, notebook: Path, home: Path
) -> None:
    commits = worked(start, notebook, home)
    kernel = attached(start, notebook)
    before = size(home)
    would = kernel.kishu("gc --dry-run")
    assert size(home) - before < 10_000, "asking changes nothing"
    assert would["dry_run"]
    done = kernel.kishu("gc")
    assert done["nbytes"] == would["nbytes"] >= 3 * 400_000
    assert sorted(done["commits"]) == sorted(would["commits"])
    assert before - size(home) > 2.9 * 400_000
    assert kernel.kishu("gc")["chunks"] == 0, "all that could go went"
    kernel.ok("import numpy as np")
    for index, commit in enumerate(commits):
        if index in (1, 3):
            kernel.ok(f"expected = float(np.random.default_rng({index}).random(50_000)[7])")
            assert value(kernel, commit) == kernel.value("expected")
        elif commit in done["commits"]:
            refusal = kernel.kishu(f"checkout {commit}")
            assert refusal["error"] == "not-recoverable"
            assert "gc" in refusal["message"]
    assert kernel.kishu("check") == []
    kernel.kishu("restore")
    assert kernel.value("a") is None
    assert any(entry["forgotten"] for entry in kernel.kishu("log"))


def test_the_same_content_made_again_after_gc_is_stored_again(
    start: Start, notebook: Path, home: Path
) -> None:
    worked(start, notebook, home)
    kernel = attached(start, notebook)
    assert kernel.kishu("gc")["chunks"]
    kernel.ok(MAKE.replace("{i}", "0"))
    again = kernel.kishu("status")["head"]
    was = kernel.value("float(a[7])")
    kernel.kill()
    kernel = attached(start, notebook)
    assert value(kernel, again) == was
    assert kernel.kishu("check") == []


def test_gc_with_another_kernel_at_work_refuses(start: Start, notebook: Path, home: Path) -> None:
    worked(start, notebook, home)
    first, second = attached(start, notebook), attached(start, notebook)
    refusal = second.kishu("gc")
    assert refusal["error"] == "in-use"
    first.kill()
    assert second.kishu("gc")["chunks"]


@pytest.mark.parametrize("end", ["detach", "kill"])
def test_gc_keeps_what_another_session_named_since_this_one_began(
    start: Start, notebook: Path, home: Path, end: str
) -> None:
    worked(start, notebook, home)
    collecting, other = attached(start, notebook), attached(start, notebook)
    other.ok(MAKE.replace("{i}", "11"))
    named = other.kishu("commit -m 'theirs'")["id"]
    other.ok(MAKE.replace("{i}", "12"))
    other.kishu("tag keep")
    tagged = other.kishu("status")["head"]
    other.ok(MAKE.replace("{i}", "13"))
    tip = other.kishu("status")["head"]
    other.ok("%kishu detach") if end == "detach" else other.kill()
    assert collecting.kishu("gc")["chunks"], "what nobody needs went"
    collecting.ok("import numpy as np")
    collecting.kill()
    kernel = attached(start, notebook)
    assert kernel.kishu("check") == []
    kernel.ok("import numpy as np")
    for commit, seed in ((named, 11), (tagged, 12), (tip, 13)):
        kernel.ok(f"expected = float(np.random.default_rng({seed}).random(50_000)[7])")
        assert value(kernel, commit) == kernel.value("expected")


def test_a_pack_that_a_kill_left_behind_is_garbage(
    start: Start, notebook: Path, home: Path
) -> None:
    worked(start, notebook, home)
    kernel = attached(start, notebook)
    kernel.kishu("gc")
    (directory,) = home.glob("*/packs")
    session = next(path.stem.split("-")[0] for path in directory.iterdir())
    orphan = directory / f"{session}-99.pack"
    orphan.write_bytes(os.urandom(1000))
    assert kernel.kishu("gc")["nbytes"] == 1000
    assert not orphan.exists()


def test_a_damaged_history_is_not_collected(start: Start, notebook: Path, home: Path) -> None:
    worked(start, notebook, home)
    (pack,) = home.glob("*/packs/*.pack")
    data = bytearray(pack.read_bytes())
    for at in range(0, len(data), 1000):
        data[at] ^= 1
    pack.write_bytes(data)
    before = pack.read_bytes()
    kernel = attached(start, notebook)
    kernel.ok("%kishu gc")
    assert pack.read_bytes() == before, "what may still be read is not thrown away"
