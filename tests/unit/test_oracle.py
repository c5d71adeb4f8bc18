"""The oracle can tell apart what it must, and tells the same of what is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.describe import describe
from tests.oracle.programs import OPENING, kinds, programs
from tests.oracle.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTER = """
def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
    def look():
        return n
    return step, look
"""
FROM_BUFFERS = ("b = np.frombuffer(a)", "b = np.frombuffer(c)")
RICH = [
    "import numpy as np, pandas as pd, enum, dataclasses, collections, functools, datetime, abc",
    "a = [1, 2.5, 'x', b'y', None, {1, 'two', (3, 4)}, frozenset('abc'), 1 << 90]; a.append(a)",
    "b = np.arange(12).reshape(3, 4); c = b.T[1:]; d = np.array([a, b], dtype=object)",
    "e = pd.DataFrame({'x': [1, 2], 'y': ['u', None], 'z': pd.Categorical(['p', 'q'])})",
    "e.attrs['k'] = a; f = e['x']; g = pd.MultiIndex.from_product([[1, 2], ['u', 'v']])",
    COUNTER + "step, look = counter(); step(); step.calls = a",
    "class K:\n    __slots__ = ('x', 'y')\n    @property\n    def z(self): return self.x",
    "k = K(); k.x = {K, int, 'str', len}; m = [k.__class__.__init__, 'x'.join, a.append]",
    "@dataclasses.dataclass(order=True)\nclass P:\n    x: int = 0\np = {P(1) for _ in ()}",
    "class E(enum.Enum):\n    one = 1\n    two = 'b'\nq = {E.one: E.two}",
    "class Q(abc.ABC, list):\n    @abc.abstractmethod\n    def go(self): ...",
    "class N(collections.namedtuple('N', 'x y')): pass\nn = N(a, k)",
    "r = functools.partial(counter, x=a); s = functools.lru_cache(counter); t = iter(a); next(t)",
    "u = (v for v in a); next(u); w = datetime.date(2020, 1, 1); x = ValueError(a)",
    "y = memoryview(bytearray(b'abc')); z = a\nfor _ in range(300): z = [(z,)]",
    "v = frozenset()\nfor _ in range(60): v = frozenset([v, 1])",
]


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    with Reference(hash_seed=1) as started:
        yield started


@pytest.fixture(scope="module")
def other() -> Iterator[Reference]:
    with Reference(hash_seed=2) as started:
        yield started


@pytest.mark.parametrize(
    ("before", "one", "two"),
    [
        ("", "a = []; b = a", "a = []; b = []"),
        ("", "a = {1: []}; b = [a[1]]", "a = {1: []}; b = [[]]"),
        ("", "a = {'x': 1, 'y': 2}", "a = {'y': 2, 'x': 1}"),
        ("", "a = [[1, {'k': (2, [3])}]]", "a = [[1, {'k': (2, [4])}]]"),
        ("", "a = 1", "a = True"),
        ("", "a = 0.0", "a = -0.0"),
        ("", "a = {1, 2}", "a = {1, 3}"),
        ("", "a = []; a.append(a)", "a = []; a.append([a])"),
        ("x, y = [], []", "a = {(1,): x, (2,): y}", "a = {(1,): y, (2,): x}"),
        ("class K: pass\nx, y = K(), K()", "s = {x}", "s = {y}"),
        (COUNTER, "f, g = counter()", "f, _x = counter(); _x, g = counter(); del _x"),
        (COUNTER, "f, g = counter()", "f, g = counter(); f()"),
        ("", "def f(x=[1]): pass", "def f(x=[2]): pass"),
        ("", "def f(): return 1", "def f(): return 2"),
        ("a = []", "def f(x=a): pass", "def f(x=[]): pass"),
        ("def f(): return a", "pass", "f = type(f)(f.__code__, dict(globals()))"),
        ("import numpy as np\na = np.arange(4)", "b = a[1:]", "b = a[1:].copy()"),
        ("import numpy as np\na = np.arange(4)", "b = a[1:3]", "b = a[::2] * 1; b[:] = a[1:3]"),
        ("import numpy as np\na = np.zeros(4)", "b = a[:2], a[2:]", "b = a[:2], a[:2]"),
        ("import numpy as np\na = bytearray(8)", "b = np.frombuffer(a)", "b = np.zeros(1)"),
        ("import numpy as np\na, c = bytearray(8), bytearray(8)", *FROM_BUFFERS),
        ("import numpy as np\na = np.arange(4)", "pass", "a.flags.writeable = False"),
        ("class K: pass\nold = K\nclass K: pass", "a = K()", "a = old()"),
        ("class K:\n    x = []", "a = K.x", "a = []"),
        ("class K: pass\np = K()", "p.x = p", "p.x = K()"),
        ("class K: pass\np = K(); p.x = 1", "a = vars(p)", "a = dict(vars(p))"),
        ("class K:\n    __slots__ = ('x', 'y')\np = K()", "p.x = 1", "p.y = 1"),
        ("import pandas as pd\na = pd.DataFrame({'x': [1, 2]})", "pass", "a.loc[0, 'x'] = 2"),
        ("import pandas as pd\na = pd.Series(['u', 'v'])", "pass", "a.attrs['k'] = 1"),
        ("u = (i for i in [1, 2, 3]); v = iter([1, 2])", "next(u)", "next(v)"),
        ("a = ValueError([1])", "pass", "a.args[0].append(2)"),
    ],
)
def test_states_that_differ_are_told_apart(
    reference: Reference, before: str, one: str, two: str
) -> None:
    assert reference.run([before, one]) != reference.run([before, two])


def test_a_failing_cell_keeps_what_it_did_and_stops_nothing(reference: Reference) -> None:
    program = ["a = [1]", "a.append(2)\nraise SystemExit\na.append(3)", "b = = a", "b = a"]
    assert reference.run(program) == reference.run(["a = b = [1, 2]"])


def test_the_shell_and_what_is_skipped_are_left_out() -> None:
    shell: dict[str, object] = {name: [] for name in ("__name__", "In", "_", "_i", "_oh", "_i12")}
    assert describe(shell | {"a": 1, "mine": 2}, skip={"mine"}) == describe({"a": 1})
    assert describe({"_x": 1}) != describe({})


def test_a_rich_state_is_told_the_same_whatever_the_hash_seed(
    reference: Reference, other: Reference
) -> None:
    told = reference.run(RICH)
    assert told == other.run(RICH)
    assert " at 0x" not in told
    assert all(f'"{name}": ' in told.split('"objects"')[0] for name in "abcdefgkmnpqrstuwxyz")


def test_telling_changes_nothing() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for cell in RICH:
        exec(cell, namespace)
    names = list(namespace)
    assert describe(namespace) == describe(namespace)
    assert list(namespace) == names


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(program=programs())
def test_random_programs_are_deterministic(
    reference: Reference, other: Reference, program: list[str]
) -> None:
    assert reference.run(program) == other.run(program)


@pytest.mark.parametrize("family", kinds)
def test_each_family_changes_the_state(reference: Reference, family: str) -> None:
    """A family whose cells always fail would test nothing."""
    before, changes = reference.run(OPENING), set()

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(cell=kinds[family])
    def collect(cell: str) -> None:
        changes.add(reference.run([*OPENING, cell]))

    collect()
    assert len(changes - {before}) > 5
