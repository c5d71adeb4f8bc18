"""All the ways in which a variable can change."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS = (
    # Statements
    S(
        "alias-of-what-is-inside",
        "the cell names one variable and changes what another holds",
        ("data = {'rows': [1, 2]}\nrows = data['rows']",),
        "rows += [3]",
        "(data, rows is data['rows'])",
        rerun="rows += [3]",
    ),
    S(
        "augmented-list-and-tuple",
        "+= changes the list that two names have and binds one name to another tuple",
        ("a = b = [1]\nt = u = (1,)",),
        "a += [2]\nt += (2,)",
        "(b, u, t, a is b)",
    ),
    S(
        "augmented-inside-a-tuple",
        "the statement fails, and the list in the tuple has changed",
        ("t = ([1],)\ninner = t[0]",),
        "t[0] += [2]",
        "(t, inner is t[0])",
    ),
    S(
        "swap-and-unpack",
        "names change places, and what holds the objects does not",
        ("a, b = [1], [2]\npair = (a, b)",),
        "a, b = b, a\nfirst, *rest = [a, b, a]",
        "(a, b, pair[0] is a, pair[1] is a, 'rest' in globals() and (first is a, rest[1] is a))",
    ),
    S(
        "deleted-names",
        "a deleted name comes back to the very object that another name kept",
        ("a = [1]\nb = a\nc = {'of': a}",),
        "del a, c",
        "(sorted({'a', 'b', 'c'} & set(globals())), b, globals().get('a', b) is b,"
        " globals().get('c', {'of': b})['of'] is b)",
    ),
    S(
        "loop-variable-left-behind",
        "the name of the last element is left, and is that element",
        ("rows = [{'n': 1}, {'n': 2}]",),
        "for row in rows:\n    row['n'] += 1",
        "(rows, 'row' in globals() and row is rows[-1])",
    ),
    S(
        "file-left-behind",
        "a closed file is left under its name; what was read from it is not lost for that",
        ("with open('notes.txt', 'w') as f:\n    f.write('one')\ndel f",),
        "with open('notes.txt') as f:\n    text = f.read()\n    words = [text]",
        "[globals().get(name) for name in ('text', 'words')]",
    ),
    S(
        "name-that-except-deletes",
        "an except clause deletes the name it binds, whatever that meant before",
        ("error = ['kept']\nheld = {'error': error}",),
        "try:\n    int('x')\nexcept ValueError as error:\n    pass",
        "(held, 'error' in globals() and error is held['error'])",
    ),
    S(
        "walrus",
        "a comprehension and a condition leave names behind",
        ("values = [1, 5, 9]",),
        "big = [v for v in values if (last := v) > 4]\n"
        "if (n := len(big)) > 1:\n"
        "    values.append(n)",
        "(values, [globals().get(name) for name in ('big', 'last', 'n', 'v')])",
    ),
    S(
        "match-captures",
        "a pattern binds names, new ones and old ones",
        ("event = {'kind': 'click', 'at': [3, 4], 'by': 'me'}\nkind = 'none'",),
        "match event:\n    case {'kind': kind, 'at': [x, *_] as at, **rest}:\n        at.append(5)",
        "(event, kind, [globals().get(name) for name in ('x', 'rest')],"
        " globals().get('at', event['at']) is event['at'])",
    ),
    S(
        "import-over-a-variable",
        "an import binds a name that was a list",
        ("js = ['a']\nheld = js\nnumbers = [1, 2]",),
        "import json as js\nimport math as numbers",
        "([getattr(it, '__name__', it) for it in (js, numbers)], js is held)",
    ),
    S(
        "star-import",
        "a star import replaces variables and hides built-in functions that no one named",
        ("e, pi = 'east', [3]\nheld = pi",),
        "from math import *",
        "(e, pi, pi is held, pow(2, 3), 'tau' in globals())",
    ),
    S(
        "comprehension-for-its-effects",
        "what looks like it makes a list fills another one",
        ("seen = []\ndata = {'a': 1, 'b': 2}",),
        "[seen.append(v * v) for v in data.values()]\n"
        "all(seen.append(k) is None for k in data)\n"
        "{k: data.pop(k) for k in list(data)};",
        "(seen, data)",
    ),
    S(
        "replaced-by-an-equal",
        "an element gives way to one that looks the same, and a name keeps the old one",
        ("rows = [[1], [2]]\nfirst = rows[0]",),
        "rows[0] = [1]",
        "(rows, first, rows[0] is first)",
    ),
    S(
        "changed-and-changed-back",
        "a cell that leaves everything as it was is no change",
        ("rows = [[1], [2]]\nfirst = rows[0]\ncounts = {'a': 1}",),
        "rows.append(3)\nrows.pop()\ncounts['a'] += 1\ncounts['a'] -= 1\nfirst = rows[0]",
        "(rows, counts, first is rows[0])",
        reading=True,
    ),
    # Calls
    S(
        "by-way-of-functions",
        "functions that keep the list as a default or in a cell change it without its name",
        (
            "lines = []\n"
            "def log(text, into=lines):\n"
            "    into.append(text)\n"
            "def keeper(held):\n"
            "    return lambda text: held.append(text)\n"
            "keep = keeper(lines)",
        ),
        "log('a')\nkeep('b')",
        "(lines, log.__defaults__[0] is lines, keep.__closure__[0].cell_contents is lines)",
        rerun="log('a')\nkeep('b')",
    ),
    S(
        "global-statement",
        "a function binds names of the notebook, one of which was not there",
        ("total = 0\ndef book(n):\n    global total, last\n    total += n\n    last = [n]",),
        "book(5)",
        "(total, globals().get('last'))",
    ),
    S(
        "iadd-in-a-reduction",
        "a reduction adds everything into the first list of all",
        ("import functools, operator\nparts = [[1], [2], [3]]\nfirst = parts[0]",),
        "joined = functools.reduce(operator.iadd, parts)",
        "(parts, first is parts[0], globals().get('joined', first) is first)",
    ),
    S(
        "sort-by-key",
        "the same objects in another order, those with equal keys in the order they had",
        (
            "people = [{'n': 'b', 'age': 2}, {'n': 'a', 'age': 1}, {'n': 'c', 'age': 2}]\n"
            "first = people[0]",
        ),
        "people.sort(key=lambda person: person['age'])",
        "([person['n'] for person in people], [person is first for person in people])",
    ),
    S(
        "shuffle",
        "a library function changes its argument and gives nothing back",
        ("import random\nrandom.seed(3)\ndeck = list(range(8))\nhand = deck",),
        "random.shuffle(hand)",
        "(deck, hand is deck)",
    ),
    S(
        "copy-then-change",
        "a deep copy that changes leaves its original alone, before and after",
        ("import copy\na = {'x': [1], 'y': None}\na['y'] = a['x']\nb = copy.deepcopy(a)",),
        "b['x'].append(2)",
        "(a, b, b['x'] is b['y'], a['x'] is a['y'], a['x'] is b['x'])",
    ),
    S(
        "property-that-counts",
        "reading a property may change the object",
        (
            "class Meter:\n"
            "    def __init__(self):\n"
            "        self.reads, self.log = 0, []\n"
            "    @property\n"
            "    def level(self):\n"
            "        self.reads += 1\n"
            "        self.log.append(self.reads)\n"
            "        return 7",
            "meter = Meter()",
        ),
        "meter.level",
        "vars(meter)",
        rerun="meter.level",
    ),
    S(
        "repr-that-counts",
        "showing an object may change it, so it must be shown by no one but the user",
        (
            "class Peek:\n"
            "    def __init__(self):\n"
            "        self.shown = []\n"
            "    def __repr__(self):\n"
            "        self.shown.append('again')\n"
            "        return 'peek'",
            "peek = Peek()",
        ),
        "peek",
        "peek.shown",
    ),
    S(
        "generator-advanced",
        "a generator made in an earlier cell goes on, and changes what it changes",
        (
            "log = []\ndef feed():\n    for i in range(3):\n        log.append(i)\n        yield i",
            "steps = feed()",
        ),
        "next(steps)",
        "(log, dict(steps.gi_frame.f_locals))",
        rerun="next(steps)",
    ),
    S(
        "attributes-by-other-means",
        "attributes are set and deleted by name, and by the dict they are kept in",
        ("import argparse\nconfig = argparse.Namespace(rate=1, tags=[])\nraw = vars(config)",),
        "raw['rate'] = 2\n"
        "setattr(config, 'not a name', 3)\n"
        "config.__dict__.update(depth=4)\n"
        "delattr(config, 'tags')",
        "(raw, vars(config) is raw, config.rate)",
    ),
    S(
        "dict-of-a-simple-namespace",
        "the dict of an object whose type will not have it replaced is the same dict",
        ("import types\nconfig = types.SimpleNamespace(rate=1)\nraw = vars(config)",),
        "raw['rate'] = 2",
        "(config, raw, vars(config) is raw)",
        rerun="raw['rate'] = 2",
        # The type makes its own dict: what is loaded has two, and is said to be another.
        cold="said",
    ),
    S(
        "frame-changed-by-a-function",
        "a function cleans the frame that it is given, and gives it back under another name",
        (
            "import pandas as pd\n"
            "df = pd.DataFrame({'a': [2.0, None, 1.0], 'b': list('xyz')})\n"
            "frames = {'main': df}\n"
            "def clean(frame):\n"
            "    frame.dropna(inplace=True)\n"
            "    frame.sort_values('a', inplace=True)\n"
            "    frame['c'] = frame['a'] * 2\n"
            "    return frame",
        ),
        "tidy = clean(df)",
        "(df.to_dict('split'), df.dtypes.astype(str).to_dict(), frames['main'] is df,"
        " globals().get('tidy', df) is df)",
        needs="pandas",
    ),
    # Memory
    S(
        "memory-moved-in",
        "bytes are written to an address, past every method of the object",
        (
            "import array, ctypes\n"
            "samples, raw = array.array('d', [1.0, 2.0, 3.0]), bytearray(b'abc')\n"
            "held = [samples, raw]",
        ),
        "ctypes.memmove(samples.buffer_info()[0], array.array('d', [9.0, 8.0]).tobytes(), 16)\n"
        "ctypes.memmove((ctypes.c_char * 3).from_buffer(raw), b'xyz', 3);",
        "(samples, raw, held[0] is samples, held[1] is raw)",
    ),
    S(
        "memoryview-written",
        "bytes are written through a view, which is left behind closed",
        ("raw = bytearray(8)",),
        "with memoryview(raw).cast('I') as words:\n    words[1] = 7",
        "raw",
    ),
    S(
        "array-as-output",
        "numpy writes into the array that it is given, and so into the one it is a view of",
        ("import numpy as np\na = np.arange(6.0)\nb = a[2:]",),
        "np.copyto(b, -1, where=b > 3)\nnp.add(a, 1, out=a)\nb[::-1].sort()",
        "(a.tolist(), b.tolist(), b.base is a)",
        needs="numpy",
    ),
    # Modules and namespaces
    S(
        "list-that-a-module-holds",
        "a list is changed under the name that a module has for it",
        ("import collections\ncollections.my_registry = seen = ['a']",),
        "collections.my_registry.append('b')",
        "(seen, getattr(collections, 'my_registry', seen) is seen)",
        rerun="collections.my_registry.append('b')",
    ),
    S(
        "registry-of-a-local-module",
        "a function of an imported file changes the list that was imported with it",
        (
            "import importlib\n"
            "with open('shop_rules.py', 'w') as f:\n"
            "    f.write('rules = []\\ndef add(name):\\n    rules.append(name)\\n')\n"
            "del f\n"
            "importlib.invalidate_caches()",
            "import shop_rules\nrules = shop_rules.rules\nrules.clear()",
        ),
        "shop_rules.add('first')",
        "rules",
        rerun="shop_rules.add('first')",
    ),
    S(
        "main-module",
        "the notebook's variables are attributes of the module __main__",
        ("limit = 1",),
        "import __main__\n__main__.limit = 5\n__main__.added = [6]",
        "(limit, globals().get('added'))",
    ),
    S(
        "globals-updated",
        "names are bound by way of the dict that they are kept in",
        ("x = [1]\nheld = x",),
        "globals().update(x=[2], y={'of': 'globals'})",
        "(x, x is held, globals().get('y'))",
    ),
    S(
        "names-made-in-a-loop",
        "variables whose names were computed, one of them no name at all",
        ("part_0 = ['old']",),
        "for i in range(3):\n"
        "    globals()[f'part_{i}'] = [i]\n"
        "globals()['not a name'] = [part_0, part_2]",
        "(sorted((k, v) for k, v in globals().items() if k.startswith(('part_', 'not '))),"
        " globals().get('not a name', [part_0])[0] is part_0)",
    ),
    S(
        "exec",
        "a text binds variables and defines functions of the notebook",
        ("code = 'total = [5]\\ndef half():\\n    return total[0] / 2'",),
        "exec(code)",
        "'total' in globals() and (total, half(), half.__globals__ is globals())",
    ),
    S(
        "exec-into-a-dict",
        "a function that was defined in a dict has that dict as its globals",
        (
            "space = {}\n"
            "exec('count = 0\\ndef bump():\\n    global count\\n    count += 1', space)\n"
            "bump = space['bump']",
        ),
        "bump()",
        "(space['count'], bump.__globals__ is space, bump.__globals__['count'])",
        rerun="bump()",
    ),
    S(
        "eval-with-a-walrus",
        "an expression binds a name and changes what it names",
        ("x = [1]",),
        "eval('(y := x) and x.append(2)')",
        "(x, globals().get('y', x) is x)",
    ),
    # IPython
    S(
        "run-in-the-namespace",
        "a script that runs in the notebook changes its variables",
        (
            "with open('step.py', 'w') as f:\n"
            "    f.write('x.append(2)\\nsize = len(x)\\ndef last():\\n    return x[-1]\\n')\n"
            "del f",
            "x = [1]",
        ),
        "%run -i step.py",
        "(x, 'size' in globals() and (size, last()))",
    ),
    S(
        "functions-of-a-script",
        "functions of a script that was run by itself have globals of their own",
        (
            "with open('counter.py', 'w') as f:\n"
            "    f.write('count = 0\\ndef bump():\\n    global count\\n    count += 1\\n')\n"
            "del f",
            "%run counter.py",
        ),
        "bump()",
        "(count, bump.__globals__['count'], bump.__globals__ is globals())",
        rerun="bump()",
    ),
    S(
        "capture",
        "what a captured cell printed is a variable",
        ("x = [1]",),
        "%%capture said\nx.append(2)\nprint('two')",
        "(x, 'said' in globals() and said.stdout)",
    ),
    S(
        "cell-magic-time",
        "a timed cell binds names and changes objects as any other",
        ("values = [1, 2]\nheld = values",),
        "%%time\nsquares = [v * v for v in values]\nheld.clear()",
        "(values, held is values, globals().get('squares'))",
    ),
    S(
        "timeit",
        "timing a call makes the call, and more than once",
        ("runs = []",),
        "%timeit -n 2 -r 1 runs.append(1)",
        "runs",
    ),
    S(
        "shell-output",
        "the output of a command is a list with properties",
        ("lines = ['none']",),
        "lines = !echo one; echo two",
        "(type(lines).__name__, list(lines), getattr(lines, 'n', None))",
    ),
    S(
        "reset-by-pattern",
        "a magic deletes variables by their names",
        ("tmp_a = [1]\ntmp_b = tmp_a\nkept = {'a': tmp_a}",),
        "%reset_selective -f ^tmp_",
        "(kept, sorted(name for name in globals() if name.startswith('tmp_')),"
        " globals().get('tmp_b', kept['a']) is kept['a'])",
    ),
    S(
        "cell-within-a-cell",
        "a cell runs another and puts variables into the shell's namespace",
        ("x = [1]",),
        "get_ipython().run_cell('x.append(2); y = 3')\n"
        "get_ipython().user_ns['z'] = x\n"
        "get_ipython().push({'w': [4]})\n"
        "x.append(5)",
        "(x, globals().get('y'), globals().get('w'), globals().get('z', x) is x)",
    ),
    S(
        "looking-around",
        "magics that list and describe variables change none, nor does showing one",
        ("rows = [{'a': 1}]\nimport types\nbox = types.SimpleNamespace(rows=rows)",),
        "%whos\nrows?\nrows",
        "(rows, box.rows is rows, 'box' in globals())",
        reading=True,
    ),
    # Not by the cell's own statements
    S(
        "cell-that-fails",
        "what a cell did before it failed is what there is after it",
        ("x = [1]",),
        "x.append(2)\ny = x\n1 / 0\nx.append(99)",
        "(x, globals().get('y', x) is x, 'y' in globals())",
    ),
    S(
        "cell-that-is-interrupted",
        "what a loop did before it was stopped is what there is after it",
        ("import signal\ndone = []",),
        "for i in range(5):\n"
        "    done.append(i)\n"
        "    if i == 2:\n"
        "        signal.raise_signal(signal.SIGINT)",
        "(done, globals().get('i'))",
    ),
    S(
        "signal-handler",
        "a signal calls a function of an earlier cell, which the cell does not name",
        (
            "import signal\n"
            "caught = []\n"
            "def note(number, frame):\n"
            "    caught.append(number)\n"
            "signal.signal(signal.SIGUSR1, note);",
        ),
        "signal.raise_signal(signal.SIGUSR1)",
        "[int(number) for number in caught]",
        rerun="signal.raise_signal(signal.SIGUSR1)",
    ),
    S(
        "thread-that-waited",
        "a thread of an earlier cell changes a list while a cell runs that does not name it",
        (
            "import threading\n"
            "go, found = threading.Event(), []\n"
            "def work():\n"
            "    go.wait(30)\n"
            "    found.append('late')\n"
            "worker = threading.Thread(target=work, daemon=True)\n"
            "worker.start()",
        ),
        "go.set()\nworker.join()",
        "found",
    ),
    S(
        "threads-of-a-pool",
        "threads fill a list, and the pool that was shut down is left under its name",
        ("from concurrent.futures import ThreadPoolExecutor\nwords = ['a', 'bcd']",),
        "with ThreadPoolExecutor(2) as pool:\n"
        "    sizes = list(pool.map(len, words))\n"
        "    pool.submit(words.append, 'last').result()",
        "(words, globals().get('sizes'))",
    ),
    S(
        "task-that-waited",
        "a task of an earlier cell ends while a cell waits that does not name what it changes",
        (
            "import asyncio\n"
            "go, done = [], []\n"
            "async def work():\n"
            "    while not go:\n"
            "        await asyncio.sleep(0.01)\n"
            "    done.append('late')\n"
            "asyncio.ensure_future(work());",
        ),
        "go.append(1)\nawait asyncio.sleep(0.3)",
        "done",
    ),
    S(
        "await-at-the-top",
        "a cell waits for coroutines and binds what they give",
        ("import asyncio\nasync def fetch(n):\n    await asyncio.sleep(0)\n    return [n]",),
        "rows = await fetch(3)\nboth = await asyncio.gather(fetch(1), fetch(2))",
        "[globals().get(name) for name in ('rows', 'both')]",
    ),
    S(
        "callbacks-of-the-shell",
        "what the shell calls after a cell belongs to that cell",
        (
            "ran = []\n"
            "def soon():\n"
            "    get_ipython().events.unregister('post_execute', soon)\n"
            "    ran.append('executed')\n"
            "def later(result):\n"
            "    get_ipython().events.unregister('post_run_cell', later)\n"
            "    ran.append('run')",
        ),
        "get_ipython().events.register('post_execute', soon)\n"
        "get_ipython().events.register('post_run_cell', later)",
        "ran",
    ),
    S(
        "observed-trait",
        "an attribute that is set calls a function that fills a list, again after an undo",
        (
            "import traitlets\n"
            "history = []\n"
            "class Settings(traitlets.HasTraits):\n"
            "    rate = traitlets.Float(1.0)\n"
            "settings = Settings()\n"
            "settings.observe(lambda change: history.append(change['new']), 'rate')",
        ),
        "settings.rate = 2.5",
        "(settings.rate, history)",
        rerun="settings.rate = 2.5",
        needs="traitlets",
    ),
    S(
        "widget-callback",
        "a button calls a function that fills a list",
        (
            "import ipywidgets\n"
            "clicks = []\n"
            "button = ipywidgets.Button(description='go')\n"
            "button.on_click(lambda clicked: clicks.append(clicked.description))",
        ),
        "button.click()",
        "clicks",
        needs="ipywidgets",
    ),
    # Names
    S(
        "names-of-built-ins",
        "a variable that hides a built-in function is gone after an undo, and the function back",
        ("values = [3, 1]",),
        "list, max = [1], values\nlen = max.append(5)\nstr = {'a': 1}",
        "([globals().get(name) for name in ('list', 'str')], 'len' in globals(), values,"
        " globals().get('max', values) is values)",
    ),
    S(
        "names-of-the-shell",
        "a variable that hides what IPython put there gives its place back",
        ("shift = ['08:00']",),
        "exit = 3\nquit = shift\nopen = shift[0]",
        "([type(it).__name__ for it in (exit, quit, open)], exit == 3, quit is shift)",
    ),
    S(
        "names-with-underscores",
        "private and special names are the user's like any other",
        ("_kept = [1]\n__version__ = '1.0'\n__all__ = ['a']\n__hidden = _kept",),
        "_kept.append(2)\n__version__ = '2.0'\n__all__ += ['b']\n__author__ = 'me'",
        "(_kept, __version__, __all__, globals().get('__author__'),"
        " globals()['__hidden'] is _kept)",
    ),
    S(
        "name-that-looks-like-history",
        "a year with an underscore is the user's, though IPython names outputs like that",
        ("_2031 = {'total': 1}\nbest = _2031",),
        "_2031 = {'total': 2}",
        "(_2031, best, _2031 is best)",
    ),
    S(
        "names-in-unicode",
        "names in any script, and one that Python would have written otherwise",
        ("größe = ['alt']\nfit = 1",),
        "größe = ['neu']\nΔt = größe\n名 = 'n'\nglobals()['\\ufb01t'] = 2",
        "(größe, 'Δt' in globals() and Δt is größe, globals().get('名'), fit,"
        " globals().get('\\ufb01t'))",
    ),
    S(
        "annotations-at-the-top",
        "a variable that is annotated is noted in a dict that no one named",
        ("count: int = 3",),
        "rate: float = 0.5\nlimit: 'int'",
        "(globals().get('__annotations__'), globals().get('rate'))",
    ),
)
