"""What a program of cells leaves behind when it is simply run, from the first cell to the last."""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
import types
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from tests.oracle.describe import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path(__file__).parents[2]
_PRELOADED = ("numpy", "pandas")  # for the speed of the cells that import them
_SECONDS = 60  # a program that runs longer is killed


class Reference:
    """A process that runs programs, each in a fresh `__main__` of a forked child.

    Args:
        hash_seed: the seed of the process's hashes; None for a random one.
    """

    def __init__(self, hash_seed: int | None = None) -> None:
        self._seed = "random" if hash_seed is None else str(hash_seed)
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the process."""
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": self._seed, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def run(self, cells: Sequence[str]) -> str:
        """The description of the variables after `cells`; a cell that fails stops only itself."""
        stdin, stdout = self._pipes()
        stdin.write(json.dumps(list(cells)) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError("the reference process has died")
        state, error = json.loads(line)
        if state is None:
            raise RuntimeError(f"the reference could not describe the state\n{error}")
        return str(state)

    def __exit__(self, *_: object) -> None:
        """Kill the process, and a program that still runs."""
        if self._server is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        for pipe in self._pipes():
            pipe.close()
        self._server.wait()
        self._server = None

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        if self._server is None or self._server.stdin is None or self._server.stdout is None:
            raise RuntimeError("the reference runs only inside its `with` block")
        return self._server.stdin, self._server.stdout


def serve() -> None:
    """Answer each line of cells with a line of the state they leave, until the input ends."""
    for name in _PRELOADED:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        state, error = _in_a_child(json.loads(line))
        print(json.dumps([state, error]), flush=True)


def _in_a_child(cells: list[str]) -> tuple[str | None, str]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            answer: list[str | None] = [_state_after(cells), ""]
        except BaseException:
            answer = [None, traceback.format_exc()]
        with open(writer, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    state, error = json.loads(text) if text else (None, f"the program ended with {status}")
    return state, error


def _state_after(cells: list[str]) -> str:
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    signal.alarm(_SECONDS)
    session = types.ModuleType("__main__")
    sys.modules["__main__"] = session
    for cell in cells:
        with suppress(BaseException):
            exec(compile(cell, "<cell>", "exec", dont_inherit=True), session.__dict__)
    return describe(session.__dict__)


if __name__ == "__main__":
    serve()
