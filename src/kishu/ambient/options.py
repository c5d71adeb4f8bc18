"""Read and set options of Python's own modules and of libraries that decide what cells do."""

from __future__ import annotations

import decimal
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from kishu.ambient.settings import ABSENT, Reading, Setting


class Pandas(Setting):
    """Read and set the options that ``pd.set_option`` sets."""

    name = "pandas"

    def read(self) -> Reading | None:
        """Return all options by their full names; None while pandas is not loaded."""
        config = sys.modules.get("pandas._config.config")
        options = getattr(config, "_global_config", None)
        return None if options is None else dict(_leaves(options))

    def initial(self, reading: Reading) -> Reading:
        """Return the defaults with which the options were registered."""
        registered = sys.modules["pandas._config.config"]._registered_options
        return {
            name: registered[name].defval if name in registered else value
            for name, value in reading.items()
        }

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set options by ``pd.set_option``, which passes some on to other parts of pandas."""
        import pandas as pd

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, value in changes.items():
                if value is not ABSENT:
                    pd.set_option(name, value)

    def difference(self, base: Reading, now: Reading) -> Any:
        """Return what differs from ``base``, which is extended in passing.

        Parts of pandas register options when they are loaded, later than the first reading: the
        values that these options have when they are first read count as what the kernel began with.
        """
        for name in now.keys() - base.keys():
            base[name] = now[name]
        return super().difference(base, now)


def _leaves(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk a nested dict of options, and give full names with dots, and values."""
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


class Numpy(Setting):
    """Read and set how NumPy prints, and what it does on floating point errors."""

    name = "numpy"
    _DEFAULTS: ClassVar[Reading] = {
        "print.edgeitems": 3, "print.threshold": 1000, "print.precision": 8,
        "print.linewidth": 75, "print.suppress": False, "print.nanstr": "nan",
        "print.infstr": "inf", "print.sign": "-", "print.formatter": None,
        "print.floatmode": "maxprec", "error.divide": "warn", "error.over": "warn",
        "error.under": "ignore", "error.invalid": "warn",
    }  # fmt: skip

    def read(self) -> Reading | None:
        """Return the options of ``np.set_printoptions`` and ``np.seterr``.

        None while NumPy is not loaded.
        """
        np: Any = sys.modules.get("numpy")
        if not hasattr(np, "geterr") or not hasattr(np, "get_printoptions"):
            return None
        printing: Reading = {
            f"print.{name}": value for name, value in np.get_printoptions().items()
        }
        return printing | {f"error.{name}": value for name, value in np.geterr().items()}

    def initial(self, reading: Reading) -> Reading:
        """Return NumPy's defaults; of an option that is not known here, the value first read."""
        return {name: self._DEFAULTS.get(name, value) for name, value in reading.items()}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set options by ``np.set_printoptions`` and ``np.seterr``."""
        import numpy as np

        for prefix, set_options in (("print.", np.set_printoptions), ("error.", np.seterr)):
            chosen: dict[str, Any] = {
                name.removeprefix(prefix): value
                for name, value in changes.items()
                if name.startswith(prefix) and value is not ABSENT
            }
            if chosen:
                set_options(**chosen)


class Matplotlib(Setting):
    """Read and set matplotlib's ``rcParams``, except for the backend and interactive mode."""

    name = "matplotlib"
    _LEFT_ALONE = ("backend", "backend_fallback", "interactive")

    def read(self) -> Reading | None:
        """Return all parameters but those of the backend; None while matplotlib is not loaded."""
        params = getattr(sys.modules.get("matplotlib"), "rcParams", None)
        if params is None:
            return None
        return {
            name: list(value) if type(value) is list else value
            for name, value in dict.items(params)
            if name not in self._LEFT_ALONE
        }

    def initial(self, reading: Reading) -> Reading:
        """Return the parameters as matplotlib had them when it had just been loaded."""
        originals: Any = sys.modules["matplotlib"].rcParamsOrig
        return {name: dict.get(originals, name, value) for name, value in reading.items()}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set parameters without matplotlib's checks, which they have passed before."""
        params: Any = sys.modules["matplotlib"].rcParams
        for name, value in changes.items():
            if value is ABSENT:
                dict.pop(params, name, None)
            else:
                dict.__setitem__(params, name, value)


class Decimal(Setting):
    """Read and set the present decimal context: precision, rounding, limits, traps, flags."""

    name = "decimal"
    _FIELDS = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def read(self) -> Reading:
        """Return the context's fields; of traps and flags the names of those that are set."""
        context = decimal.getcontext()
        fields: Reading = {field: getattr(context, field) for field in self._FIELDS}
        for kind in ("traps", "flags"):
            signals = getattr(context, kind)
            fields[kind] = tuple(sorted(s.__name__ for s, on in signals.items() if on))
        return fields

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set fields of the present context, which stays the same object."""
        context = decimal.getcontext()
        for field, value in changes.items():
            if field in ("traps", "flags"):
                signals = getattr(context, field)
                for signal in signals:
                    signals[signal] = signal.__name__ in value
            else:
                setattr(context, field, value)


class Warnings(Setting):
    """Read and set the filters of the module `warnings`."""

    name = "warnings"

    def read(self) -> Reading:
        """Return the filters in order."""
        return {"filters": tuple(warnings.filters)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Replace the filters in place: other modules may hold the list."""
        filters: Any = warnings.filters
        filters[:] = changes["filters"]
        # Python remembers which warnings it has shown under the old filters; this drops that.
        warnings._filters_mutated()  # type: ignore[attr-defined]


class Logging(Setting):
    """Read and set the loggers of `logging`: levels, whether they are on, filters and handlers."""

    name = "logging"
    _ROOT = ""
    _NEW = (logging.NOTSET, False, True, (), ())
    """Level, disabled, propagate, handlers and filters of a logger that was just made."""

    def read(self) -> Reading:
        """Return the state of each logger that is not as a new one is, and ``logging.disable``."""
        reading: Reading = {}
        loggers: list[tuple[str, Any]] = [(self._ROOT, logging.root)]
        loggers += list(logging.root.manager.loggerDict.items())
        for name, logger in loggers:
            if isinstance(logger, logging.Logger):
                handlers = tuple((each, each.level) for each in logger.handlers)
                filters = tuple(logger.filters)
                state = (logger.level, logger.disabled, logger.propagate, handlers, filters)
                if state != self._NEW:
                    reading[name] = state
        reading["disable"] = logging.root.manager.disable
        return reading

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the states of loggers; one whose state is `ABSENT` becomes as a new one is."""
        for name, state in changes.items():
            if name == "disable":
                logging.disable(state)
                continue
            logger = logging.getLogger(name or None)
            level, disabled, propagate, handlers, filters = self._NEW if state is ABSENT else state
            logger.disabled, logger.propagate = disabled, propagate
            for handler, its_level in handlers:
                handler.setLevel(its_level)
            logger.handlers[:] = [handler for handler, _ in handlers]
            logger.filters[:] = filters
            # This also clears the caches in which loggers remember which levels are on.
            logger.setLevel(level)


class Torch(Setting):
    """Read and set torch's defaults: dtype, gradients, determinism, number of threads."""

    name = "torch"

    def read(self) -> Reading | None:
        """Return the defaults that torch has getters for; None while torch is not loaded."""
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "default_generator"):
            return None
        return {
            "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
            "grad_enabled": torch.is_grad_enabled(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "threads": torch.get_num_threads(),
        }

    def initial(self, reading: Reading) -> Reading:
        """Return torch's defaults; the number of threads is taken as it was first read."""
        defaults = {"default_dtype": "float32", "grad_enabled": True, "deterministic": False}
        return {**reading, **defaults}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the defaults."""
        import torch

        setters = {
            "default_dtype": lambda name: torch.set_default_dtype(getattr(torch, name)),
            "grad_enabled": torch.set_grad_enabled,
            "deterministic": torch.use_deterministic_algorithms,
            "threads": torch.set_num_threads,
        }
        for name, value in changes.items():
            setters[name](value)
