"""What the variables of `churn.ipynb` are worth, measured without Kishu, inside the kernel.

A measure is a line of text. Two values have the same measure if the analysis could not tell them
apart: frames by their data, models by their predictions, functions by what they return, figures by
what they draw, instances by their class and attributes, and shared objects by the names they have.
"""

from __future__ import annotations

import copy
import pickle
import zlib
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
from IPython.core.getipython import get_ipython
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.pipeline import Pipeline

# Customers whom no model has seen, so that predictions do not depend on the session's frames.
STRANGERS = pd.DataFrame(
    {
        "region": ["north", "south", "east", "west"],
        "plan": ["basic", "plus", "premium", "basic"],
        "months": [1, 7, 30, 110],
        "support_calls": [4, 0, 2, 1],
        "charge": [25.0, 41.5, 80.0, 22.0],
        "calls_per_year": [8.0, 0.0, 0.8, 0.1],
        "dear": [1.1, 1.0, 1.3, 0.9],
    }
)

LONGEST = 60
"""Characters of a value that are shown as they are; a longer one is cut and summed up."""

# How the notebook's functions are called; the seeds make what they return repeatable.
CALLS: dict[str, Callable[[Any, Mapping[str, Any]], object]] = {
    "simulate": lambda simulate, _: simulate(200, np.random.default_rng(5)),
    "clean": lambda clean, names: clean(names["simulate"](200, np.random.default_rng(6))),
}


def variables() -> dict[str, Any]:
    """The notebook's variables: the names of the session that IPython did not put there."""
    shell: Any = get_ipython()
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in shell.user_ns.items()
        if not name.startswith("_") and name not in hidden
    }


def worth() -> dict[str, str]:
    """The measure of every variable."""
    names = variables()
    return {name: _measure(name, value, names) for name, value in names.items()}


def addresses() -> dict[str, int]:
    """Where each variable's object is: the same address is the same object."""
    return {name: id(value) for name, value in variables().items()}


def pickled() -> int:
    """The bytes of one pickle of the variables: what saving the whole state would write.

    Modules cannot be pickled, and figures are changed by it: they are left out.
    """
    left_out = ModuleType | Figure | Axes
    data = {name: v for name, v in variables().items() if not isinstance(v, left_out)}
    return len(pickle.dumps(data, protocol=5))


def _measure(name: str, value: Any, names: Mapping[str, Any]) -> str:
    match value:
        case ModuleType():
            line = f"module {value.__name__}"
        case pd.DataFrame() | pd.Series():
            line = _frame(value)
        case Pipeline():
            line = _model(value)
        case Figure():
            line = f"figure of {len(value.axes)} axes that draw {_sum(_drawn(value))}"
        case Axes():
            line = f"axes {value.get_title()!r} of the figure {_name_of(value.figure, names)}"
        case np.random.Generator():
            line = f"generator that goes on with {copy.deepcopy(value).random():.6f}"
        case FunctionType() if name in CALLS:
            result = _measure("", CALLS[name](value, names), names)
            line = f"function that returns {result}"
        case type() | FunctionType():
            own = [key for key in vars(value) if not key.startswith("__")]
            line = " ".join([f"{value.__module__}.{value.__qualname__}", *sorted(own)])
        case _ if type(value).__module__ == "__main__":
            line = _instance(value, names)
        case _:
            line = f"{type(value).__name__} {_short(value)}"
    return line


def _frame(value: pd.DataFrame | pd.Series) -> str:
    columns = list(value.columns) if isinstance(value, pd.DataFrame) else [value.name]
    types = [str(kind) for kind in np.atleast_1d(np.asarray(value.dtypes, dtype=object))]
    rows = pd.util.hash_pandas_object(value).to_numpy()
    return f"{len(value)} rows of {', '.join(map(str, columns))}: {_sum(rows)} {_sum(types)}"


def _model(value: Pipeline) -> str:
    # A model may want columns that it makes no use of; their values are of no weight.
    asked = STRANGERS.reindex(columns=value.feature_names_in_, fill_value=0)
    chances = value.predict_proba(asked).round(12)
    return f"{type(value[-1]).__name__} that predicts {_sum(chances)}"


def _instance(value: Any, names: Mapping[str, Any]) -> str:
    # An attribute that is another variable's object must be it again, not its equal.
    attributes = [
        f"{key} = {_name_of(held, names) or _measure('', held, names)}"
        for key, held in vars(value).items()
    ]
    return f"instance of {_name_of(type(value), names) or 'a class of no name'}: " + "; ".join(
        attributes
    )


def _name_of(value: object, names: Mapping[str, Any]) -> str:
    mutable = not isinstance(value, int | float | str | None)
    return next((name for name, other in names.items() if other is value), "") if mutable else ""


def _drawn(figure: Figure) -> list[object]:
    # Rendering, copying, even asking for limits changes a figure; what it was given does not.
    drawn: list[object] = []
    for axes in figure.axes:
        drawn += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        drawn += [np.asarray(line.get_data(orig=True)).tolist() for line in axes.lines]
        drawn += [bar.get_bbox().bounds for bar in axes.patches if isinstance(bar, Rectangle)]
    return drawn


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}… {_sum(text)}"


def _sum(value: object) -> str:
    data = value.tobytes() if isinstance(value, np.ndarray) else value
    return f"{zlib.crc32(data if isinstance(data, bytes) else repr(data).encode()):08x}"
