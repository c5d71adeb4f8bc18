"""With Kishu attached, the language is what it is without: the same cells print the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.asking import log, runs
from tests.e2e.conftest import Start
from tests.kernel import Kernel, Ran

PROGRAMS: dict[str, list[str]] = {
    "pickle an instance": [
        "import pickle\nclass K:\n    def __init__(self, x): self.x = x\nk = K([1])",
        "copy = pickle.loads(pickle.dumps(k)); print(type(copy) is K, copy.x, copy.x is k.x)",
        "print(pickle.dumps(k) == pickle.dumps(k), b'__main__' in pickle.dumps(k))",
    ],
    "pickle a function": [
        "import pickle\ndef f(x): return x + 1",
        "print(pickle.loads(pickle.dumps(f)) is f, pickle.dumps(f))",
        "print(f.__module__, f.__qualname__, f.__globals__ is globals())",
    ],
    "pickle with custom methods": [
        "import pickle, copyreg\nclass K:\n    def __reduce__(self): return (K, ())\nk = K()",
        "print(type(pickle.loads(pickle.dumps(k))) is K, K in copyreg.dispatch_table)",
    ],
    "deepcopy": [
        "import copy\nclass K: pass\nk = K(); k.me = k; k.items = [k]",
        "c = copy.deepcopy(k); print(c.me is c, c.items[0] is c, c is k, type(c) is K)",
    ],
    "fork pool": [
        "import multiprocessing\nbase = 10\ndef f(x): return base + x",
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(f, range(5)))",
    ],
    "process pool executor": [
        "import multiprocessing, concurrent.futures\nclass K:\n"
        "    def __init__(self, x): self.x = x",
        "def f(k): return K(k.x + 1)",
        "fork = multiprocessing.get_context('fork')\n"
        "with concurrent.futures.ProcessPoolExecutor(2, mp_context=fork) as pool:\n"
        "    print([(k.x, type(k) is K) for k in pool.map(f, [K(1), K(2)])])",
    ],
    "type hints": [
        "import typing\nclass K:\n    x: 'K'\n    y: list['int']\ndef f(a: 'K') -> 'list[K]': ...",
        "print(typing.get_type_hints(K) == {'x': K, 'y': list[int]})",
        "print(typing.get_type_hints(f) == {'a': K, 'return': list[K]})",
    ],
    "dataclasses": [
        "import dataclasses\n@dataclasses.dataclass(order=True)\nclass P:\n"
        "    x: int\n    y: list = dataclasses.field(default_factory=list)",
        "p = P(1); q = dataclasses.replace(p, x=2); print(p, p < q, p == P(1), q.y is p.y)",
        "print([f.name for f in dataclasses.fields(P)], dataclasses.asdict(q))",
    ],
    "enums": [
        "import enum\nclass E(enum.Enum):\n    one = 1\nsame = E.one",
        "print(E.one is same, E(1) is same, list(E), E['one'] is same)",
    ],
    "__main__": [
        "x = 1\nimport sys, __main__",
        "print(__main__.x, __name__, sys.modules['__main__'].__dict__ is globals())",
        "__main__.y = 2\nprint(y)",
    ],
    "globals": [
        "first = id(globals()); x = 1",
        "print(type(globals()) is dict, id(globals()) == first)",
        "def f(): global made; made = 1\nf(); print(made, 'made' in globals())",
        "print(sorted(set(globals()) & set(vars())) == sorted(globals()), eval('x'), vars()['x'])",
    ],
    "vars and dir": [
        "class K:\n    'doc'\n    x = 1\n    def f(self): ...\nk = K(); k.y = 2",
        "print(sorted(vars(K)), vars(k), sorted(set(dir(k)) - set(dir(object))))",
        "print(list(vars(K)), K.__flags__, K.__subclasses__(), K.__mro__[1:])",
    ],
    "getsource": [
        "import inspect\ndef f():\n    # a comment\n    return 1\n",
        "class K:\n    def g(self): return 2\n",
        "print(inspect.getsource(f)); print(inspect.getsource(K.g)); print(inspect.signature(f))",
    ],
    "function identity": [
        "def f(): ...\nf.tag = [1]; table = {f: 1}",
        "print(table[f], f.tag, f.__code__.co_name, f.__closure__)",
    ],
    "tracebacks": [
        "def f(x): return 1 / x",
        "def g(x):\n    try: f(x)\n    except ZeroDivisionError as e: raise KeyError('k') from e",
        "g(0)",
        "print(undefined_name)",
        "x = = 1",
        "import sys, traceback\ntry: f(0)\nexcept Exception: print(len(traceback.extract_stack()))",
        "assert 1 == 2, 'told'",
        "raise ExceptionGroup('several', [ValueError(1)])",
    ],
    "excepthook and settrace": [
        "import sys, threading",
        "print(sys.gettrace(), sys.getprofile(), sys.excepthook.__qualname__)",
        "print(sys.unraisablehook is sys.__unraisablehook__, threading.excepthook.__name__)",
        "print(sys.getrecursionlimit(), sys.getswitchinterval(), sys.displayhook.__class__)",
    ],
    "warnings": [
        "import warnings\nwarnings.resetwarnings(); warnings.simplefilter('default')\n"
        "def warn(): warnings.warn('told once')",
        "for _ in range(3): warn()",
        "warn()\nprint([f[0] for f in warnings.filters])",
        "warnings.resetwarnings(); warnings.simplefilter('ignore')",
    ],
    "garbage collector": [
        "import gc",
        "print(gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), gc.callbacks == [])",
        "gc.disable()",
        "print(gc.isenabled()); gc.enable()",
    ],
    "reference counts": [
        "import sys\nclass K: pass",
        "k = K(); l = [1]; d = {'a': 1}; s = {1}; o = object()",
        "print([sys.getrefcount(x) for x in (k, l, d, s, o)])",
        "l.append(2); d['b'] = 1",
        "print([sys.getrefcount(x) for x in (k, l, d, s, o)])",
        "import numpy as np; a = np.zeros(10); v = a[2:]",
        "print(sys.getrefcount(a), sys.getrefcount(v))",
    ],
    "resizing in place": [
        "import numpy as np; a = np.zeros(10)",
        "a.resize(20, refcheck=False); print(a.shape)",
        "import io; b = bytearray(b'abc'); s = io.BytesIO(b'abc'); t = io.StringIO('abc')",
        "b.append(1); s.write(b'abcdef'); s.truncate(2); t.write('d'); print(b, s.getvalue())",
        "import array; c = array.array('i', [1]); m = memoryview(b'x')",
        "c.append(2); m.release(); print(c)",
    ],
    "sockets and threads": [
        "import threading\nlocal = threading.local(); local.x = 1; lock = threading.Lock()",
        "print(local.x, lock.acquire(False), lock.locked())",
    ],
    "random state": [
        "import random, numpy as np\n"
        "random.seed(7); np.random.seed(7); rng = np.random.default_rng(7)",
        "print(random.random(), np.random.rand(), rng.random())",
        "x = [random.random() for _ in range(3)]",
        "print(random.random(), np.random.rand(), rng.random())",
    ],
    "generators": [
        "def count():\n    for i in range(9): print('made', i); yield i",
        "g = count(); print(next(g))",
        "print(next(g))",
        "z = zip([1, 2, 3], iter('abc')); print(next(z))",
        "print(list(z), next(g))",
    ],
    "lazy values": [
        "import functools",
        "class K:\n    @functools.cached_property\n    def x(self): print('made'); return 1",
        "k = K()",
        "print(vars(k)); print(k.x); print(vars(k))",
    ],
    "environment": [
        "import os, sys, locale, signal",
        "print(sorted(k for k in os.environ if 'KISHU' in k), sys.path[:1], len(sys.meta_path))",
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, os.umask(0o22))",
    ],
    "copyreg": [
        "import copyreg",
        "print(len(copyreg.dispatch_table), len(copyreg._extension_registry))",
    ],
}  # fmt: skip

LIVE: dict[str, list[str]] = {
    "open files": [
        "import tempfile\nf = tempfile.TemporaryFile('w+'); print(f.write('abc'), f.seek(0))",
        "print(f.read(1), f.tell())",
        "f.close(); print(f.closed)",
    ],
    "function caches": [
        "import functools\n@functools.lru_cache\ndef f(x): return x\nprint(f(1), f(1))",
        "print(f(1), f.cache_info())",
    ],
    "weakref callback": [
        "import weakref\nclass K: pass\nk = K(); r = weakref.ref(k, lambda _: print('gone'))",
        "print(r() is k)",
        "del k; print('after')",
        "print(r())",
    ],
    "__del__": [
        "class K:\n    def __del__(self): print('ended')\nk = K(); keep = [k]",
        "del k; print('still kept')",
        "keep.clear(); print('after')",
    ],
    "rebinding": [
        "class K:\n    def __del__(self): print('ended')\nk = K()",
        "k = None; print('after')",
    ],
    "weak dictionaries": [
        "import weakref\nclass K: pass\nk = K(); d = weakref.WeakValueDictionary(k=k)",
        "print(len(d)); del k; print(len(d))",
    ],
    "a function's end": [
        "import weakref\ndef f(): ...\nr = weakref.ref(f)",
        "del f; print(r())",
    ],
    "an array's end": [
        "import weakref, numpy as np\na = np.zeros(1_000_000); r = weakref.ref(a)",
        "a[0] = 1",
        "del a; print(r())",
    ],
}


def seen(ran: Ran) -> tuple[str, ...]:
    """What a reader sees of a cell, execution numbers, processes and addresses left out."""
    text = re.sub(r"\x1b\[[\d;]*m", "", "\n".join([ran.stdout, ran.traceback, *ran.displayed]))
    text = re.sub(r"In ?\[\d+\]", "In[n]", text)
    text = re.sub(r"ipykernel_\d+/\d+\.py|0x[0-9a-f]+", "somewhere", text)
    warned = re.sub(r"ipykernel_\d+/\d+\.py|/tmp/\S*", "somewhere", ran.stderr)
    return text, warned, ran.error


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that never heard of Kishu."""
    with Kernel(tmp_path_factory.mktemp("plain")) as started:
        yield started


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("travelling", [False, True], ids=["recorded", "travelled"])
def test_a_program_prints_what_it_prints_without_kishu(
    plain: Kernel, kernel: Kernel, name: str, travelling: bool
) -> None:
    plain.ok("%reset -f")
    for cell in PROGRAMS[name]:
        expected = seen(plain.run(cell))
        assert seen(kernel.run(cell)) == expected, cell
        if travelling:
            kernel.kishu("undo")
            kernel.kishu("redo")


@pytest.mark.parametrize("name", LIVE)
def test_live_objects_live_and_end_as_without_kishu(
    plain: Kernel, kernel: Kernel, name: str
) -> None:
    plain.ok("%reset -f")
    for cell in LIVE[name]:
        expected = seen(plain.run(cell))
        assert seen(kernel.run(cell)) == expected, cell


def test_the_globals_stay_the_same_dict_over_every_verb(bare: Kernel) -> None:
    bare.ok("import gc; first = id(globals()); x = [1]")
    bare.ok("%load_ext kishu")
    bare.ok("x.append(2)\ndef f(): return x")
    for verb in ("undo", "redo", "checkout HEAD~1", "undo", "checkout HEAD --only x"):
        bare.kishu(verb)
        assert bare.value("[id(globals()) == first, type(globals()) is dict]") == [True, True]
    assert bare.value("f.__globals__ is globals()")


def test_attaching_adds_no_name(bare: Kernel) -> None:
    names = "sorted(n for n in globals() if not n.startswith('_'))"
    bare.ok("x = 1")
    before = bare.value(names)
    bare.ok("%load_ext kishu")
    bare.ok("y = 1")
    bare.kishu("undo")
    assert bare.value(names) == before
    assert bare.value("dir(__import__('builtins')) == sorted(dir(__import__('builtins')))")


def test_attaching_imports_kishu_and_what_it_needs_alone(start: Start, notebook: Path) -> None:
    kernel = start(notebook)
    kernel.ok("import sys; before = set(sys.modules); path = list(sys.path)")
    kernel.ok("%load_ext kishu")
    kernel.ok("x = [1]\ndef f(): return x")
    kernel.kishu("undo")
    ours = {"kishu", "msgspec", "xxhash", "blake3", "IPython", "ipykernel"}
    new = kernel.value("sorted({m.partition('.')[0] for m in set(sys.modules) - before})")
    standard = set(kernel.value("sorted(sys.stdlib_module_names)"))
    assert set(new) - standard <= ours
    assert kernel.value("path == sys.path")


def test_attaching_changes_no_library(start: Start, notebook: Path) -> None:
    kernel = start(notebook)
    kernel.ok(
        "import pickle, copyreg, gc, sys, copy, warnings, builtins, types, os, random, threading\n"
        "modules = (pickle, copyreg, gc, sys, copy, builtins, types, os, random, threading)\n"
        "def look():\n"
        "    return {(m.__name__, k): v for m in modules for k, v in vars(m).items()\n"
        "            if callable(v)}"
    )
    kernel.ok("table = dict(copyreg.dispatch_table); filters = list(warnings.filters)")
    # Kept where it is no variable: an undo may give a variable new objects for what it holds.
    kernel.ok("sys.looked = look()")
    kernel.ok("%load_ext kishu")
    kernel.ok("x = [1]")
    kernel.kishu("undo")
    kernel.ok("before, after = sys.looked, look()")
    different = "sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))"
    assert kernel.value(different) == []
    assert kernel.value("table == copyreg.dispatch_table")
    assert kernel.value("filters == warnings.filters")


def test_a_forked_child_writes_nothing_to_the_history(kernel: Kernel) -> None:
    kernel.ok("import os; x = 1")
    kernel.ok(
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        x = 'in the child'\n"
        "        get_ipython().run_cell('x = 2', store_history=True, silent=False)\n"
        "        try: kishu.session().commit('from the child')\n"
        "        except kishu.KishuError: os._exit(7)\n"
        "    finally: os._exit(1)\n"
        "told = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])"
    )
    assert kernel.value("[told, x]") == [7, 1]
    assert len(log(kernel)) == 3
    kernel.ok("x = 3")
    assert runs(kernel)[-1] == "x = 3"
    kernel.kishu("undo")
    assert kernel.value("x") == 1
    assert kernel.kishu("status")["damaged"] == []
    assert kernel.kishu("check") == []


def test_a_function_that_came_back_works_in_a_pool(kernel: Kernel) -> None:
    kernel.ok("import multiprocessing\nbase = 10\ndef f(x): return base + x")
    kernel.ok("del f; base = 20")
    kernel.kishu("undo")
    kernel.ok(
        "with multiprocessing.get_context('fork').Pool(2) as pool: result = pool.map(f, range(3))"
    )
    assert kernel.value("result") == [10, 11, 12]


def test_the_source_of_a_function_that_came_back_is_found(kernel: Kernel) -> None:
    kernel.ok("import inspect\ndef f():\n    return 'first'\nclass K:\n    def g(self): return 1")
    kernel.ok("def f(): return 'second'\ndel K")
    kernel.kishu("undo")
    assert kernel.value("inspect.getsource(f)") == "def f():\n    return 'first'\n"
    assert kernel.value("inspect.getsource(K.g)") == "    def g(self): return 1\n"


def test_random_numbers_go_on_as_if_kishu_were_not_there(kernel: Kernel, plain: Kernel) -> None:
    for each in (kernel, plain):
        each.ok("import random, numpy as np; random.seed(1); np.random.seed(1)")
        each.ok("x = [random.random()]")
    kernel.kishu("commit -m here")
    kernel.kishu("diff HEAD~1")
    kernel.kishu("status")
    read = "[random.random(), float(np.random.rand())]"
    for each in (kernel, plain):
        each.ok(f"y = {read}")
    assert kernel.value("[x, y]") == plain.value("[x, y]")


def test_syntax_trees_are_not_tied_by_what_the_parser_and_a_traceback_put_into_them(
    kernel: Kernel,
) -> None:
    kernel.ok("import ast")
    # Whoever prints a traceback notes parents in the source's tree, and in what all trees share.
    assert kernel.run("ast.parse('(')").error == "SyntaxError"
    assert kernel.run("ast.literal_eval('a + b')").error == "ValueError"
    assert kernel.value("hasattr(ast.parse('x').body[0].value.ctx, 'parent')")
    kernel.ok("one, two = ast.parse('x'), ast.parse('y')")
    kernel.ok("two.body[0].value.id = 'z'")
    made = log(kernel)[-1]
    assert made["changed"] == ["two"] and made["nbytes"] < 1000
    kernel.kishu("undo")
    assert kernel.value("(ast.unparse(one), ast.unparse(two))") == ["x", "y"]
