"""The global generators of random numbers: where each of them stands."""

from __future__ import annotations

import array
import random
import sys
from collections.abc import Mapping
from typing import Any

from kishu.ambient.settings import Reading, Setting, Value


class _Generator(Setting):
    """A generator is always part of the state: a cell that runs again needs where it stood."""

    def difference(self, base: Reading, now: Reading) -> Value:
        """Where it stands."""
        return tuple(sorted(now.items()))


class Random(_Generator):
    """The generator of the module `random`."""

    name = "random"

    def read(self) -> Reading:
        """The Mersenne twister's words as bytes."""
        version, words, gauss = random.getstate()
        return {"state": (version, array.array("I", words).tobytes(), gauss)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the twister's words."""
        version, words, gauss = changes["state"]
        random.setstate((version, tuple(array.array("I", words)), gauss))


class Numpy(_Generator):
    """NumPy's global generator, which ``np.random.seed`` seeds."""

    name = "numpy.random"

    def read(self) -> Reading | None:
        """The name of the bit generator, and its state."""
        generator = _numpys()
        return None if generator is None else {"state": _flat(generator.get_state(legacy=False))}

    def begin(self, reading: Reading) -> Reading:
        """Where it stood when NumPy made it, which a cell may have drawn from since.

        NumPy loads it when it is first used; unless it was seeded, it knows what it began with.
        """
        bits = _numpys()._bit_generator
        seed = getattr(bits, "seed_seq", None)
        if seed is None or type(bits).__name__ != "MT19937":
            return reading
        fresh = {**type(bits)(seed).state, "has_gauss": 0, "gauss": 0.0}
        return {"state": _flat(fresh)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the state; the bit generator must be the same."""
        import numpy as np
        import numpy.random

        state: dict[str, Any] = {}
        for path, kind, content in changes["state"]:
            place = state
            for step in path[:-1]:
                place = place.setdefault(step, {})
            place[path[-1]] = np.frombuffer(content, kind).copy() if kind else content
        _numpys().set_state(state)


def _numpys() -> Any:
    """NumPy's global generator; None while it is not loaded."""
    return getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)


def _flat(state: Mapping[str, Any], path: tuple[str, ...] = ()) -> Value:
    """A nested state as entries of path, dtype of an array (else empty), and content."""
    entries: list[Any] = []
    for key, value in sorted(state.items()):
        if isinstance(value, Mapping):
            entries += _flat(value, (*path, key))
        elif hasattr(value, "tobytes"):
            entries.append(((*path, key), value.dtype.str, value.tobytes()))
        else:
            entries.append(((*path, key), "", value))
    return tuple(entries)


class Torch(_Generator):
    """torch's default generators: of main memory, and of those GPUs that are in use."""

    name = "torch.random"

    def read(self) -> Reading | None:
        """The state of each device's generator, as bytes."""
        torch = _torch()
        if torch is None:
            return None
        states = {"cpu": torch.default_generator.get_state().numpy().tobytes()}
        if torch.cuda.is_initialized():
            for index, state in enumerate(torch.cuda.get_rng_state_all()):
                states[f"cuda:{index}"] = state.numpy().tobytes()
        return states

    def begin(self, reading: Reading) -> Reading:
        """What the seed gives that it was begun with, which a cell may have drawn from since."""
        torch = _torch()
        fresh = torch.Generator().manual_seed(torch.default_generator.initial_seed())
        return {**reading, "cpu": fresh.get_state().numpy().tobytes()}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the state of each device's generator."""
        import torch

        for device, content in changes.items():
            state = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            if device == "cpu":
                torch.default_generator.set_state(state)
            else:
                torch.cuda.set_rng_state(state, device)

    def why_not(self, value: Value) -> str:
        """A GPU's generator needs the GPU."""
        devices = [device for device, _ in value if device != "cpu"]
        if not devices:
            return ""
        import torch

        present = torch.cuda.device_count() if torch.cuda.is_available() else 0
        missing = [name for name in devices if int(name.partition(":")[2]) >= present]
        return f"there is no {', '.join(missing)} here" if missing else ""


def _torch() -> Any:
    """torch, once it is loaded whole."""
    module = sys.modules.get("torch")
    return module if hasattr(module, "default_generator") else None
