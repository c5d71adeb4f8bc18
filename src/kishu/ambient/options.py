"""Options of Python's own modules and of libraries that decide what later cells do."""

from __future__ import annotations

import decimal
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from kishu.ambient.settings import ABSENT, Reading, Setting


class Pandas(Setting):
    """What ``pd.set_option`` sets."""

    name = "pandas"

    def read(self) -> Reading | None:
        """All options by their full names."""
        config = sys.modules.get("pandas._config.config")
        options = getattr(config, "_global_config", None)
        return None if options is None else dict(_leaves(options))

    def begin(self, reading: Reading) -> Reading:
        """The defaults that the options were registered with."""
        registered = sys.modules["pandas._config.config"]._registered_options
        return {
            name: registered[name].defval if name in registered else value
            for name, value in reading.items()
        }

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set options as users do: some tell other parts of pandas."""
        import pandas as pd

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, value in changes.items():
                if value is not ABSENT:
                    pd.set_option(name, value)

    def difference(self, base: Reading, now: Reading) -> Any:
        """Options that a part of pandas brought when it was loaded are as it brought them."""
        for name in now.keys() - base.keys():
            base[name] = now[name]
        return super().difference(base, now)


def _leaves(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


class Numpy(Setting):
    """How NumPy prints, and what it does on floating point errors."""

    name = "numpy"
    _DEFAULTS: ClassVar[Reading] = {
        "print.edgeitems": 3, "print.threshold": 1000, "print.precision": 8,
        "print.linewidth": 75, "print.suppress": False, "print.nanstr": "nan",
        "print.infstr": "inf", "print.sign": "-", "print.formatter": None,
        "print.floatmode": "maxprec", "error.divide": "warn", "error.over": "warn",
        "error.under": "ignore", "error.invalid": "warn",
    }  # fmt: skip

    def read(self) -> Reading | None:
        """The options of ``np.set_printoptions`` and ``np.seterr``."""
        np: Any = sys.modules.get("numpy")
        if not hasattr(np, "geterr") or not hasattr(np, "get_printoptions"):
            return None
        printing: Reading = {
            f"print.{name}": value for name, value in np.get_printoptions().items()
        }
        return printing | {f"error.{name}": value for name, value in np.geterr().items()}

    def begin(self, reading: Reading) -> Reading:
        """NumPy's defaults."""
        return {name: self._DEFAULTS.get(name, value) for name, value in reading.items()}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set options as users do."""
        import numpy as np

        for kind, put in (("print.", np.set_printoptions), ("error.", np.seterr)):
            chosen: dict[str, Any] = {
                name.removeprefix(kind): value
                for name, value in changes.items()
                if name.startswith(kind) and value is not ABSENT
            }
            if chosen:
                put(**chosen)


class Matplotlib(Setting):
    """``rcParams``, but for which backend draws."""

    name = "matplotlib"
    _LEFT_ALONE = ("backend", "backend_fallback", "interactive")

    def read(self) -> Reading | None:
        """All parameters."""
        params = getattr(sys.modules.get("matplotlib"), "rcParams", None)
        if params is None:
            return None
        return {
            name: list(value) if type(value) is list else value
            for name, value in dict.items(params)
            if name not in self._LEFT_ALONE
        }

    def begin(self, reading: Reading) -> Reading:
        """What matplotlib was loaded with."""
        first: Any = sys.modules["matplotlib"].rcParamsOrig
        return {name: dict.get(first, name, value) for name, value in reading.items()}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set parameters: they were checked when they were first set."""
        params: Any = sys.modules["matplotlib"].rcParams
        for name, value in changes.items():
            if value is ABSENT:
                dict.pop(params, name, None)
            else:
                dict.__setitem__(params, name, value)


class Decimal(Setting):
    """The present decimal context: precision, rounding, limits, traps and flags."""

    name = "decimal"
    _FIELDS = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def read(self) -> Reading:
        """Its fields."""
        context = decimal.getcontext()
        fields: Reading = {field: getattr(context, field) for field in self._FIELDS}
        for kind in ("traps", "flags"):
            signals = getattr(context, kind)
            fields[kind] = tuple(sorted(s.__name__ for s, on in signals.items() if on))
        return fields

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set fields of the context that is there."""
        context = decimal.getcontext()
        for field, value in changes.items():
            if field in ("traps", "flags"):
                signals = getattr(context, field)
                for signal in signals:
                    signals[signal] = signal.__name__ in value
            else:
                setattr(context, field, value)


class Warnings(Setting):
    """The filters of `warnings`."""

    name = "warnings"

    def read(self) -> Reading:
        """The filters in order."""
        return {"filters": tuple(warnings.filters)}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the filters, in the list that is there."""
        filters: Any = warnings.filters
        filters[:] = changes["filters"]
        # What was shown once may be shown again.
        warnings._filters_mutated()  # type: ignore[attr-defined]


class Logging(Setting):
    """Loggers: level, whether they are on and pass on, filters and handlers."""

    name = "logging"
    _ROOT = ""
    _NEW = (logging.NOTSET, False, True, (), ())

    def read(self) -> Reading:
        """What loggers have that a new one has not."""
        found: Reading = {}
        loggers: list[tuple[str, Any]] = [(self._ROOT, logging.root)]
        loggers += list(logging.root.manager.loggerDict.items())
        for name, logger in loggers:
            if isinstance(logger, logging.Logger):
                handlers = tuple((each, each.level) for each in logger.handlers)
                filters = tuple(logger.filters)
                state = (logger.level, logger.disabled, logger.propagate, handlers, filters)
                if state != self._NEW:
                    found[name] = state
        found["disable"] = logging.root.manager.disable
        return found

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set levels and handlers."""
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
            # It drops what loggers remember of who is on.
            logger.setLevel(level)


class Torch(Setting):
    """Defaults of torch: types, gradients, determinism."""

    name = "torch"

    def read(self) -> Reading | None:
        """The defaults that have getters."""
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "default_generator"):
            return None
        return {
            "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
            "grad_enabled": torch.is_grad_enabled(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "threads": torch.get_num_threads(),
        }

    def begin(self, reading: Reading) -> Reading:
        """Torch's defaults."""
        first = {"default_dtype": "float32", "grad_enabled": True, "deterministic": False}
        return {**reading, **first}

    def write(self, changes: Mapping[str, Any]) -> None:
        """Set the defaults."""
        import torch

        put = {
            "default_dtype": lambda name: torch.set_default_dtype(getattr(torch, name)),
            "grad_enabled": torch.set_grad_enabled,
            "deterministic": torch.use_deterministic_algorithms,
            "threads": torch.set_num_threads,
        }
        for name, value in changes.items():
            put[name](value)
