"""What the golden histories hold: cells, and what expressions give after each of them."""

from __future__ import annotations

from typing import NamedTuple

GENERATED = frozenset({"generated"})
"""Functions whose text nobody kept: another Python than the one that wrote them runs their cell
again, or says that they are missing."""


class Step(NamedTuple):
    """A cell, and expressions with their reprs after it, in any kernel that goes back there."""

    source: str
    gives: dict[str, str]


STEPS = (
    Step(
        "import datetime, enum, functools, re\n"
        "numbers = [1, 2.5, 'three', None, True, 3 + 4j, b'five']; alias = numbers\n"
        "table = {'numbers': numbers, 'nested': {'set': {1, 2, 3}}, 'frozen': frozenset('ab')}\n"
        "when = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)\n"
        "pattern = re.compile('a+')",
        {
            "numbers": "[1, 2.5, 'three', None, True, (3+4j), b'five']",
            "alias is numbers is table['numbers']": "True",
            "sorted(table['nested']['set'])": "[1, 2, 3]",
            "when.isoformat()": "'2026-01-02T03:04:00+00:00'",
            "pattern.findall('caat')": "['aa']",
        },
    ),
    Step(
        "def add(a, b=[1]):\n    'Add.'\n    return [a, *b, scale]\nscale = 10\n"
        "first, second = lambda x: x + 1, lambda x: x + 2\n"
        "def counter():\n    count = 0\n    def step():\n        nonlocal count\n"
        "        count += 1\n        return count\n    return step\n"
        "step = counter(); step()\n"
        "made = [lambda: n for n in range(2)]\n"
        "@functools.wraps(add)\ndef wrapped(*args): return add(*args)",
        {
            "add(0), add.__doc__": "([0, 1, 10], 'Add.')",
            "first(1), second(1)": "(2, 3)",
            "step.__closure__[0].cell_contents": "1",
            "[each() for each in made]": "[1, 1]",
            "wrapped(5)": "[5, 1, 10]",
            "add.__globals__ is globals()": "True",
        },
    ),
    Step(
        "class Base:\n    registry = []\n    def who(self): return 'base'\n"
        "class Own(Base):\n    '''One of ours.'''\n    __slots__ = ('x',)\n"
        "    def __init__(self, x): self.x = x\n    def who(self): return super().who() + ' own'\n"
        "    @property\n    def twice(self): return self.x * 2\n"
        "    @classmethod\n    def make(cls): return cls(7)\n"
        "    @staticmethod\n    def nothing(): return None\n"
        "    class Inner:\n        value = [1]\n"
        "own = Own(3); own.extra = own; bound = own.who; Base.registry.append(own)\n"
        "exec('def generated(): return [1, 2.5]')\n"
        "class Color(enum.Enum):\n    RED = 1\n    BLUE = 2\n"
        "red = {Color.RED: 'r'}",
        {
            "own.who(), bound(), own.twice, own.extra is own": "('base own', 'base own', 6, True)",
            "type(own) is Own, Own.make().x, Own.nothing()": "(True, 7, None)",
            "Own.Inner.value, Own.Inner.__qualname__": "([1], 'Own.Inner')",
            "Base.registry[0] is own, Own.__doc__": "(True, 'One of ours.')",
            "generated()": "[1, 2.5]",
            "red[Color(1)], Color.BLUE.name": "('r', 'BLUE')",
        },
    ),
    Step(
        "from __future__ import annotations",
        {"annotations.compiler_flag > 0": "True"},
    ),
    Step(
        "def later(a: Unknown) -> list[Nothing]:\n    return a\n"
        "async def waits(n):\n    return n\n"
        "def gives():\n    yield from range(3)",
        {
            "later(1), later.__annotations__": "(1, {'a': 'Unknown', 'return': 'list[Nothing]'})",
            "list(gives())": "[0, 1, 2]",
            "waits.__code__.co_flags & 128 > 0": "True",
        },
    ),
    Step(
        "import numpy as np\narray = np.arange(12.0).reshape(3, 4).copy(); view = array[1]\n"
        "words = np.array(['a', 'bc', None], object); many = [None] * 5000\n"
        "row = {'n': 3}; many[3] = row",
        {
            "array.sum(), view.base is array": "(np.float64(66.0), True)",
            "words.tolist(), many[-1]": "(['a', 'bc', None], None)",
            "many[3] is row, len(many)": "(True, 5000)",
        },
    ),
    Step(
        "import pandas as pd\nframe = pd.DataFrame({'n': [1, 2, 3], 't': ['x', 'y', None]})\n"
        "series = frame['n'].rename('m')",
        {
            "frame['n'].sum(), frame['t'].isna().sum()": "(np.int64(6), np.int64(1))",
            "series.tolist(), series.name": "([1, 2, 3], 'm')",
        },
    ),
    Step(
        "%time numbers.append(6)\narray[0, 0] = 100.0; many[10] = 'ten'; row['n'] = -1\n"
        "del pattern; own.x = 4",
        {
            "numbers[-1], alias is numbers": "(6, True)",
            "array[0, 0], many[10], many[3]": "(np.float64(100.0), 'ten', {'n': -1})",
            "'pattern' in globals(), own.twice": "(False, 8)",
        },
    ),
)
