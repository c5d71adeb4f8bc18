"""The cells that the workers run, and what must be there after each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

FIRST = """
import numpy as np
import pandas as pd
numbers = []
alias = numbers
array = np.zeros(1 << 18)
frame = pd.DataFrame({"x": np.zeros(50), "word": ["a", "b"] * 25})
"""
CHANGE = """
numbers.append(n * n)
del numbers[:-20]
array[n * 7919 % array.size] += n
frame.loc[n % 50, "x"] = n / 3
text = f"cell {n}"
if n % 7 == 0:
    extra = {"n": [n]}
elif n % 7 == 4:
    del extra
"""


def cell(n: int) -> str:
    """The n-th cell; it leaves ``n`` behind."""
    return f"n = {n}\n" + (FIRST if n == 0 else "") + CHANGE


class Expected:
    """The variables after each cell, from running the cells and nothing else."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self._next = 0

    def after(self, n: int) -> dict[str, Any]:
        """The variables after the n-th cell; to be asked for in ascending order."""
        for number in range(self._next, n + 1):
            exec(cell(number), self.variables)
        self._next = n + 1
        self.variables.pop("__builtins__", None)
        return self.variables


def differing(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """The variables that are not as expected; also the tie between two of them."""
    wrong = sorted(found.keys() ^ expected.keys())
    wrong += [
        name for name in found.keys() & expected.keys() if not _same(found[name], expected[name])
    ]
    if found.get("alias") is not found.get("numbers"):
        wrong.append("alias is numbers")
    return wrong


def _same(one: Any, two: Any) -> bool:
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and np.array_equal(one, two)
    if isinstance(one, pd.DataFrame):
        return one.equals(two) and list(one.dtypes) == list(two.dtypes)
    return bool(one == two)
