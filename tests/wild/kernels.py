"""Kernels in which notebooks are played: they may die and may be too slow, and this is noticed."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from tests.kernel import Kernel

_ROOT = Path(__file__).parents[2]
_POLL = 1.0
_NOWHERE = "http://127.0.0.1:9"
_ENVIRONMENT = {
    "PYTHONPATH": str(_ROOT),
    # The same order of sets, sums and threads each time, so that two plays say the same.
    "PYTHONHASHSEED": "0",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # A notebook that wants the network is told at once that there is none.
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE),
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
_QUIET = "c = get_config()\nc.IPKernelApp.log_level = 40\n"
_INSIDE = "__import__('tests.wild.inside', fromlist=['_'])"


class KernelDied(Exception):
    """The kernel's process has ended."""


class OutOfTime(Exception):
    """The time for this notebook is over."""


class PlayedKernel(Kernel):
    """A kernel in a notebook's folder.

    Args:
        notebook: where the notebook is; the kernel works in its folder.
        home: the histories' folder; also for files that the kernel writes for the player.
        deadline: when to give up, by `time.monotonic`.
    """

    def __init__(self, notebook: Path, home: Path, deadline: float) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._deadline = deadline
        self._files = home / "told"
        self._files.mkdir(exist_ok=True)
        self._count = itertools.count()
        profile = home / "ipython" / "profile_default"
        profile.mkdir(parents=True, exist_ok=True)
        (profile / "ipython_kernel_config.py").write_text(_QUIET, encoding="utf-8")
        own = {"KISHU_HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
        super().__init__(notebook.parent, notebook, {**_ENVIRONMENT, **own})
        self.client.allow_stdin = False

    def inside(self, call: str) -> Any:
        """Call one of the functions of `tests.wild.inside` in the kernel."""
        return self.value(f"{_INSIDE}.{call}")

    def written(self, function: str, *arguments: str) -> dict[str, Any]:
        """Call one that writes its answer to a file, and read that."""
        path = self._files / f"{os.getpid()}-{next(self._count)}.json"
        given = "".join(f"{argument!r}, " for argument in arguments)
        self.inside(f"{function}({given}{str(path)!r})")
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
        return answer

    def _next(self, get: Callable[..., dict[str, Any]], timeout: float = 0) -> dict[str, Any]:
        """Get the next message, however long that takes before the deadline.

        Raises:
            OutOfTime: the deadline is over.
            KernelDied: the kernel has ended.
        """
        while True:
            if time.monotonic() > self._deadline:
                raise OutOfTime
            try:
                return get(timeout=_POLL)
            except Empty:
                if not self.manager.is_alive():
                    raise KernelDied from None
