"""Random notebook programs over a few names, made to share, to mutate and to fail.

A cell may meet any state: what a name holds by then may be missing or of another kind, and the
cell then fails, perhaps half way. Every cell is deterministic: nothing is random, timed or
printed, nothing iterates over a set, and nothing doubles in size at each run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NAMES = ("a", "b", "c", "d", "e", "f", "g", "p", "q", "_x", "K", "L")
OPENING = (  # gives every name something of the kind it usually holds
    "import numpy as np, pandas as pd",
    "a, b, c, d = [[1], 2, 3], [4, 5], {'k': []}, {1: 2, 'k': [3], 'it': {1, 2}}",
    "e = np.arange(6.0)\n_x = pd.DataFrame({'x': [1, 2, 3], 'y': [4, 5, 6]})",
    "def f(x=a):\n    x.append(len(x))\n    return x\nf.calls = []\ng = lambda x=None: [x]",
    (
        "class K:\n    items = []\n    def __init__(self, x=0):\n        self.x = [x]\n"
        "    def push(self, v):\n        self.items.append(v)\n        return v"
    ),
    "class L(K):\n    pass\np, q = K(), L(a)",
)


def _mostly(home: str) -> SearchStrategy[str]:
    """One of the names that usually hold such a thing, but now and then any name."""
    return st.sampled_from((*home.split() * (30 // len(home.split())), *NAMES))


_any = st.sampled_from(NAMES)
_list, _dict, _set = _mostly("a b"), _mostly("c d"), _mostly("d q")
_array, _frame, _buffer = _mostly("e _x"), _mostly("_x"), _mostly("q")
_call, _class, _thing = _mostly("f g"), _mostly("K L"), _mostly("p q")

_number = st.integers(0, 9).map(str)
_key = st.sampled_from(("'k'", "'key'", "0", "1", "(1, 2)"))
_atom = st.sampled_from(("0", "1", "-7", "2.5", "None", "True", "b'y'", "'x'", "'word'", "1 << 70"))
_literal: SearchStrategy[str] = st.recursive(
    _atom,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda items: f"({', '.join(items)})"),
        st.tuples(_key, inner).map(lambda item: f"{{{item[0]}: {item[1]}}}"),
        st.just("{1, 2, 'set'}"),
    ),
    max_leaves=5,
)
_value: SearchStrategy[str] = st.one_of(
    _literal,
    _any,
    st.builds("[{}, {}]".format, _any, _any),
    st.builds("{{{}: {}}}".format, _key, _any),
    st.builds("({}, 1)".format, _any),  # of one name: two would double at each run
)
_holes = (
    {"ANY": _any, "OTHER": _any, "N": _number, "KEY": _key, "LITERAL": _literal, "VALUE": _value}
    | {"LIST": _list, "DICT": _dict, "SET": _set, "BUFFER": _buffer, "ARRAY": _array}
    | {"FRAME": _frame, "CALL": _call, "CLASS": _class, "BASE": _class, "THING": _thing}
)


def _filled(template: str) -> SearchStrategy[str]:
    """The template with its names in capitals replaced, each by the same text throughout."""
    holes = {hole: _holes[hole] for hole in sorted(set(re.findall("<([A-Z]+)>", template)))}
    return st.fixed_dictionaries(holes).map(
        lambda texts: re.sub("<([A-Z]+)>", lambda hole: texts[hole[1]], template)
    )


def _family(*lines: str) -> SearchStrategy[str]:
    """One of the templates, of which a line holds several with ` | ` between them."""
    return st.sampled_from([one for line in lines for one in line.split(" | ")]).flatmap(_filled)


_IN_A_THREAD = (
    "def outer(*given):\n    import threading\n"
    "    thread = threading.Thread(target=given[0], args=given[1:])\n"
    "    thread.start()\n    thread.join()\n"
)

kinds: dict[str, SearchStrategy[str]] = {
    "create": _family(
        "<LIST> = [<LITERAL>, <N>, <N>] | <DICT> = {<KEY>: <LITERAL>, 'k': []}",
        "<SET> = {1, <N>, 'key'} | <ANY> = <LITERAL> | <ANY>: int = <N> | <ANY> = object()",
        "<BUFFER> = bytearray(b'bytes')",
        "from collections import deque\n<BUFFER> = deque([<N>, <VALUE>], maxlen=4)",
        "from collections import defaultdict\n<DICT> = defaultdict(list)",
        "from collections import Counter\n<DICT> = Counter('abca')",
    ),
    "mutate": _family(
        "<LIST>.append(<VALUE>) | <LIST>[0] = <VALUE> | <LIST>[0:2] = [<N>, <VALUE>]",
        "<LIST>.sort() | <LIST>.reverse() | <LIST>.insert(0, <VALUE>) | <LIST>.pop(0)",
        "<LIST> += [<LITERAL>] | <LIST>[0].append(<N>) | <LIST>.extend(<OTHER>[:2])",
        "<DICT>[<KEY>] = <VALUE> | <DICT>.update(k=<VALUE>) | <DICT>.setdefault('x', <VALUE>)",
        "<DICT>['k'].append(<VALUE>) | <DICT>['new'].append(<N>) | <DICT>.clear()",
        "<SET>.add(<N>) | <SET>.add(<ANY>) | <SET>.discard(1) | <SET> |= {7, 'xyz'}",
        "<BUFFER>[0] = <N> | <BUFFER>.appendleft(<N>) | <BUFFER>.rotate(1)",
        "<BUFFER>[1:2] = b'z' | for _x in range(<N>):\n    <LIST>.append(_x)",
    ),
    "alias": _family(
        "<ANY> = <OTHER> | <ANY> = [<OTHER>, <OTHER>] | <DICT>['k'] = <OTHER>",
        "<ANY> = <OTHER>[0] | <ANY> = <OTHER>['k'] | <ANY> = (<OTHER>, 1) | <ANY> = <OTHER>[:]",
        "<ANY> = <THING>.x | <ANY> = <CLASS>.items | <ANY> = <LIST>.append",
        "<LIST>, <ANY> = [<OTHER>], <OTHER> | <ANY> = {'it': <OTHER>}",
        "<ANY> = vars(<THING>) if type(<THING>).__module__ == '__main__' else None",
        "import copy\n<ANY> = copy.copy(<OTHER>) | import copy\n<ANY> = copy.deepcopy(<OTHER>)",
    ),
    "array": _family(
        "import numpy as np\n<ARRAY> = np.arange(<N>, <N> + 6)",
        "import numpy as np\n<ARRAY> = np.arange(12.0).reshape(3, 4)",
        "import numpy as np\n<ARRAY> = np.array([<N>, 'x', <ANY>, []], dtype=object)",
        "import numpy as np\n<ANY> = np.frombuffer(bytearray(b'shared bytes'), dtype=np.uint8)",
        "import numpy as np\n<ARRAY> = np.frombuffer(<BUFFER>, dtype=np.uint8)",
        "import numpy as np\nnp.add(<ARRAY>, 1, out=<ARRAY>)",
        "<ARRAY> = <ARRAY>[::-1] | <ANY> = <ARRAY>[1:] | <ANY> = <ARRAY>.T | <ANY> = <ARRAY>[0]",
        "<ARRAY>[0] = <N> | <ARRAY>[1:] = <N> | <ARRAY> += 1 | <ARRAY>.fill(<N>)",
        "<ANY> = <ARRAY>.copy() | <ANY> = <ARRAY>.reshape(-1) | <ARRAY>.flags.writeable = False",
    ),
    "frame": _family(
        "import pandas as pd\n<FRAME> = pd.DataFrame({'x': [1, 2, 3], 'y': ['u', 'v', None]})",
        "import pandas as pd\n<FRAME> = pd.Series([1.5, <N>], index=['u', 'v'], name='s')",
        "import pandas as pd\n<FRAME> = pd.DataFrame({'x': [[], [<N>], {'k': <ANY>}, []], 'y': 1})",
        "<FRAME>.loc[1, 'x'].append(<ANY>) | <ANY> = <FRAME>.loc[1, 'x']",
        "<ANY> = <FRAME>.iloc[1:3] | <ANY> = <FRAME>.copy()",
        "<FRAME>.at[0, 'x'] = <FRAME>.at[3, 'x'] | <FRAME>.at[0, 'x'] = []",
        "<FRAME>['z'] = <N> | <FRAME>['y'] = <LITERAL> | del <FRAME>['x']",
        "<FRAME>.loc[0, 'x'] = <N> | <FRAME>.iloc[1] = <N> | <FRAME>.attrs['k'] = <VALUE>",
        "<FRAME>.drop(columns='y', inplace=True)",
        "<FRAME>.rename(columns={'x': 'w'}, inplace=True)",
        "<ANY> = <FRAME>['x'] | <ANY> = <FRAME>[['x']] | <ANY> = <FRAME>.T",
    ),
    "view": _family(
        "<ANY> = memoryview(<BUFFER>) | <ANY> = memoryview(<OTHER>)[1:] | <ANY>[0] = <N>",
        "<ANY>[:2] = <OTHER>[1:3] | <ANY> = <DICT>.values() | <ANY> = <DICT>.keys()",
        "import types\n<ANY> = types.MappingProxyType(<DICT>)",
        "import numpy as np\n<ARRAY> = np.zeros(3, dtype=[('k', int), ('x', float, 2)])",
        "<ANY> = <ARRAY>['k'] | <ANY> = <ARRAY>['x'][1:] | <ARRAY>['x'][0] = <N>",
        "<ANY> = <ARRAY>[::2] | <ANY> = <ARRAY>.T[1:] | <ANY>.flags.writeable = False",
        "import numpy as np\n<ARRAY> = np.asfortranarray(np.arange(6).reshape(2, 3))",
        "import numpy as np\n<ANY> = np.broadcast_to(<ARRAY>, (2, *<ARRAY>.shape))",
        "import numpy as np\n<ANY> = np.ma.masked_greater(<ARRAY>, <N>)",
    ),
    "function": _family(
        "def <CALL>(x=<ANY>):\n    x.append(<N>)\n    return x",
        "def <CALL>(*, x=<VALUE>):\n    return [x, <ANY>]",
        "def <CALL>(x=1):\n    global <ANY>\n    <ANY> = [x, <LITERAL>]",
        "def <CALL>(x=None):\n    <LIST>.append(<N>)\n    return <DICT>",
        "def outer(held):\n    n = <N>\n    def step():\n        nonlocal n\n        n += 1\n"
        "        held.append(n)\n        return n\n    def look():\n        return n, held\n"
        "    return step, look\nf, g = outer([])\n<ANY> = f",
        "def outer(held):\n    return lambda x=None: held\n<CALL> = outer(<ANY>)",
        "<LIST> = [lambda: i for i in range(2)] | <CALL>.__name__ = 'named'",
        "import functools\n<CALL> = functools.partial(<OTHER>, <VALUE>)",
        "import functools\n<CALL> = functools.partial(<LIST>.append, [<N>])",
        "<ANY> = <CALL>.__closure__[0] | <ANY>.cell_contents = <VALUE> | <ANY> = <CALL>.__code__",
        "def outer(inner):\n    def call(*given):\n        call.count += 1\n"
        "        return inner(*given)\n    call.count = <N>\n    return call\n"
        "<CALL> = outer(<OTHER>)",
        "<CALL>.calls = [<ANY>] | <CALL>.calls.append(<N>) | <CALL>.__defaults__ = (<ANY>,)",
    ),
    "call": _family(
        "<CALL>() | <CALL>(<ANY>) | <ANY> = <CALL>() | <ANY> = <CALL>(<OTHER>) | f()\ng()",
        "<THING>.push(<VALUE>) | <ANY> = <THING>.push | <ANY> = <THING>.push(<OTHER>)",
    ),
    "class": _family(
        "class <CLASS>:\n    items = []\n    def __init__(self, x=<N>):\n        self.x = x\n"
        "    def push(self, v):\n        self.items.append(v)\n        return self",
        "class <CLASS>(<BASE>):\n    more = <ANY>\n    def push(self, v):\n        self.x = [v]\n"
        "        return super().push(v)",
        "class <CLASS>:\n    __slots__ = ('x', 'y')\n    def __init__(self, x=None):\n"
        "        self.x = x\n    def push(self, v):\n        self.y = v",
        "from dataclasses import dataclass, field\n@dataclass\nclass <CLASS>:\n    x: int = <N>\n"
        "    items: list = field(default_factory=list)\n    def push(self, v):\n"
        "        self.items.append(v)",
        "from enum import Enum\nclass <CLASS>(Enum):\n    x = <N>\n    y = 'z'\n<ANY> = <CLASS>.y",
        "class <CLASS>(list):\n    items = <ANY>\n    def __init__(self, x=()):\n"
        "        super().__init__(x[:2])\n    @classmethod\n    def push(cls, v):\n"
        "        cls.items = [v]\n    @property\n    def x(self):\n        return len(self)",
        "class <CLASS>:\n    x = <N>\n    def __reduce__(self):\n        raise TypeError('stays')",
        "from typing import NamedTuple\nclass <CLASS>(NamedTuple):\n    x: object = <N>",
        "class <CLASS>:\n    class Inner:\n        held = <ANY>\n    def __init__(self, x=None):\n"
        "        self.x = self.Inner()\n    def push(self, v):\n        self.Inner.held = v",
        "class Meta(type):\n    def __call__(cls, *given):\n"
        "        cls.made.append(super().__call__(*given))\n        return cls.made[-1]\n"
        "class <CLASS>(metaclass=Meta):\n    made = []\n    x = <N>",
        "from abc import ABC, abstractmethod\nclass <BASE>(ABC):\n    @abstractmethod\n"
        "    def push(self, v): ...\n<BASE>.register(<CLASS>)",
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass <CLASS>(Generic[T]):\n"
        "    def __init__(self, x=<N>):\n        self.x = x",
        "class <CLASS>:\n    def __init__(self, x=<N>):\n        self.__dict__['x'] = x\n"
        "    def __getattr__(self, name):\n        return (name, <N>)\n"
        "    def __setattr__(self, name, value):\n        self.__dict__[name] = [value]",
        "class <CLASS>(dict):\n    def __init__(self, x=()):\n        self.x = x\n"
        "    def __missing__(self, key):\n        self[key] = made = []\n        return made",
        "<CLASS>.items.append(<VALUE>) | <CLASS>.shared = <ANY> | del <CLASS>.push",
        "<CLASS>.push = lambda self, v=<ANY>: v",
        "def <CALL>(self, v):\n    self.x = v\n<CLASS>.push = <CALL>",
    ),
    "instance": _family(
        "<THING> = <CLASS>() | <THING> = <CLASS>(<ANY>) | p, q = <CLASS>(), <CLASS>()",
        "<THING>.x = <VALUE> | <THING>.y = <THING> | <THING>.x.append(<N>) | del <THING>.x",
        "if type(<THING>).__module__ == '__main__':\n    <THING>.__class__ = <CLASS>",
        "<ANY> = [<CLASS>() for _ in range(2)] | import weakref\n<ANY> = weakref.ref(<THING>)",
        "<ANY> = <THING>['new'] | <ANY> = super(<CLASS>, <THING>).push | <ANY> = type(<THING>)",
    ),
    "delete": _family("del <ANY> | del <ANY>, <OTHER> | del <LIST>[0] | del <DICT>['k']"),
    "cycle": _family(
        "<LIST>.append(<LIST>) | <DICT>['self'] = <DICT> | <THING>.me = <THING>",
        "a = [b]\nb = [a] | a = []\na.append(a) | <LIST> = [<LIST>] | <CALL>.me = <CALL>",
    ),
    "namespace": _family(
        "globals()['<ANY>'] = <VALUE> | globals().update(<ANY>=<VALUE>, new=<N>)",
        "globals().pop('<ANY>')",
    ),
    "iterator": _family(
        "<ANY> = (i for i in range(<N>)) | <ANY> = iter(range(<N>)) | next(<ANY>)",
        "<ANY> = zip(<LIST>, range(<N>)) | <ANY> = enumerate(<LIST>) | <ANY> = reversed(<LIST>)",
        "<ANY> = map(<CALL>, [<OTHER>, <OTHER>]) | <ANY> = filter(None, <LIST>)",
        "import itertools\n<ANY> = itertools.count(<N>)",
        "import itertools\n<ANY> = itertools.chain(<LIST>, [<N>])",
        "import itertools\n<ANY> = itertools.islice(<OTHER>, 1, None)",
        "import itertools\n<ANY> = itertools.cycle([<N>, <VALUE>])",
        "import random\n<ANY> = random.Random(<N>) | <ANY>.random() | <ANY> = <OTHER>.random()",
        "<ANY> = iter(<OTHER>) if isinstance(<OTHER>, (list, tuple, dict)) else None",
        "def outer(held):\n    for n in held:\n        held[0] = n\n        yield n\n"
        "<ANY> = outer([1, 2])\nnext(<ANY>)",
    ),
    "thread": _family(
        _IN_A_THREAD + "outer(<LIST>.append, <ANY>) | <ANY> = <OTHER>",
        _IN_A_THREAD + "outer(<CALL>, [<N>]) | <ANY>, <OTHER> = <OTHER>, <ANY>",
        _IN_A_THREAD + "outer(lambda made: globals().update(<ANY>=made), <VALUE>)",
        "def outer(do):\n    from concurrent.futures import ThreadPoolExecutor\n"
        "    with ThreadPoolExecutor(1) as pool:\n        return pool.submit(do).result()\n"
        "<ANY> = outer(<LIST>.copy)",
    ),
    "module": _family(
        "import types\n<THING> = types.ModuleType('made')\n<THING>.x = <VALUE>",
        # Under names of their own: what is set on a library's module is no state of the notebook's.
        "import math as m | from math import floor as <CALL> | import collections.abc as n",
        "import types\n<ANY> = types.SimpleNamespace(x=<VALUE>, y=<OTHER>)",
        "import types\n<THING> = types.ModuleType('made')\n"
        "exec('def push(v):\\n    held.append(v)\\n    return held\\nheld = []', vars(<THING>))\n"
        "del <THING>.__builtins__",
    ),
    "failure": _family(
        "<LIST>.append(<N>)\nraise ValueError('half way')\n<LIST> = None",
        "<ANY> = <VALUE>\n<DICT>['k'] = <ANY>\n1 / 0 | raise KeyError",
        "<LIST>.append(1)\n<ANY> = = 2 | <ANY> = ( | if 1:\n  <ANY> = 1\n    <ANY> = 2",
        "try:\n    <LIST>.append(<N>)\n    raise ValueError(<VALUE>)\n"
        "except ValueError as e:\n    <ANY> = e",
    ),
}


def cells(*families: str) -> SearchStrategy[str]:
    """The source of a cell: a few statements of `families`, or by default of every family."""
    statement = st.one_of([kinds[family] for family in families or kinds])
    return st.lists(statement, min_size=1, max_size=3).map("\n".join)


def programs(max_cells: int = 20) -> SearchStrategy[list[str]]:
    """Cells one after the other, most often after an opening that lets more of them succeed."""
    opening = st.sampled_from(([*OPENING], [*OPENING], []))
    return st.builds(list.__add__, opening, st.lists(cells(), max_size=max_cells))
