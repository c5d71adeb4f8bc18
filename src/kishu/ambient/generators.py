"""Read and set the positions of the global random generators of Python, NumPy and torch."""

from __future__ import annotations

import array
import random
import sys
from collections.abc import Mapping
from typing import Any

from kishu.ambient.settings import Reading, Setting, Value


class _Generator(Setting):
    """Read and set a generator whose position is always part of the state.

    A cell that is run again needs the position at which the generator stood then, also if no cell
    had drawn from it.
    """

    def difference(self, base: Reading, now: Reading) -> Value:
        """Return the generator's present position, whether or not it is the one in ``base``."""
        return tuple(sorted(now.items()))


class Random(_Generator):
    """Read and set the global generator of the module `random`."""

    name = "random"

    def read(self) -> Reading:
        """Return the Mersenne twister's state, its 625 words as bytes."""
        version, words, gauss = random.getstate()
        return {"state": (version, array.array("I", words).tobytes(), gauss)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the Mersenne twister's state."""
        version, words, gauss = changes["state"]
        random.setstate((version, tuple(array.array("I", words)), gauss))


class Numpy(_Generator):
    """Read and set NumPy's global generator, which ``np.random.seed`` seeds."""

    name = "numpy.random"

    def read(self) -> Reading | None:
        """Return the bit generator's name and state; None while NumPy is not loaded."""
        generator = _numpy_generator()
        return None if generator is None else {"state": _flat(generator.get_state(legacy=False))}

    def initial(self, reading: Reading) -> Reading:
        """Return the position at which NumPy made the generator, which a cell may have used since.

        It is computed from the seed sequence that the generator was made with. Where there is none
        (a cell has seeded the generator), or where the bit generator is not NumPy's usual one, the
        present position is taken.
        """
        bit_generator = _numpy_generator()._bit_generator
        seed = getattr(bit_generator, "seed_seq", None)
        if seed is None or type(bit_generator).__name__ != "MT19937":
            return reading
        fresh = {**type(bit_generator)(seed).state, "has_gauss": 0, "gauss": 0.0}
        return {"state": _flat(fresh)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the bit generator's state.

        Raises:
            ValueError: NumPy uses another kind of bit generator now.
        """
        import numpy as np
        import numpy.random

        state: dict[str, Any] = {}
        for path, kind, content in changes["state"]:
            level = state
            for key in path[:-1]:
                level = level.setdefault(key, {})
            level[path[-1]] = np.frombuffer(content, kind).copy() if kind else content
        _numpy_generator().set_state(state)


def _numpy_generator() -> Any:
    """Return NumPy's global generator; None while NumPy is not loaded."""
    return getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)


def _flat(state: Mapping[str, Any], path: tuple[str, ...] = ()) -> Value:
    """Return a nested state as a flat tuple, an entry for each value that is no mapping.

    Args:
        state: the state, a mapping of mappings.
        path: the keys that lead to ``state`` from the outermost mapping.

    Returns:
        Triples of the keys that lead to a value, the dtype if it is an array, else empty, and the
        value, an array as bytes.
    """
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
    """Read and set torch's default generators, of the CPU and of those GPUs that are in use."""

    name = "torch.random"

    def read(self) -> Reading | None:
        """Return the state of each device's generator as bytes; None while torch is not loaded."""
        torch = _torch()
        if torch is None:
            return None
        states = {"cpu": torch.default_generator.get_state().numpy().tobytes()}
        if torch.cuda.is_initialized():
            for index, state in enumerate(torch.cuda.get_rng_state_all()):
                states[f"cuda:{index}"] = state.numpy().tobytes()
        return states

    def initial(self, reading: Reading) -> Reading:
        """Return the states right after seeding; a GPU's is taken as it is now.

        A cell may have drawn numbers since; torch keeps the seed.
        """
        torch = _torch()
        fresh = torch.Generator().manual_seed(torch.default_generator.initial_seed())
        return {**reading, "cpu": fresh.get_state().numpy().tobytes()}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the states of the devices' generators."""
        import torch

        for device, content in changes.items():
            state = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            if device == "cpu":
                torch.default_generator.set_state(state)
            else:
                torch.cuda.set_rng_state(state, device)

    def why_not(self, value: Value) -> str:
        """Say which GPUs are missing whose generators the value holds; empty if none are."""
        devices = [device for device, _ in value if device != "cpu"]
        if not devices:
            return ""
        import torch

        present = torch.cuda.device_count() if torch.cuda.is_available() else 0
        missing = [name for name in devices if int(name.partition(":")[2]) >= present]
        return f"there is no {', '.join(missing)} here" if missing else ""


def _torch() -> Any:
    """Return the module torch; None unless it has been loaded completely."""
    module = sys.modules.get("torch")
    return module if hasattr(module, "default_generator") else None
