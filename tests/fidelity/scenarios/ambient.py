"""Random numbers, directory, environment, options; and the language's own corners."""

from tests.fidelity.scenario import Scenario as S

_NUMPY_STATE = "(int(np.random.get_state()[1].sum()), *np.random.get_state()[2:])"

SCENARIOS: tuple[S, ...] = (
    # Random numbers. The first two are hard only where no scenario before them has drawn.
    S(
        "numpy-first-use",
        "the undone cell was the first to draw: NumPy had no generator to remember before it",
        ("import numpy as np",),
        "x = np.random.rand(3)",
        "'x' in globals() and x.tolist()",
        rerun="x = np.random.rand(3)",
        needs="numpy",
    ),
    S(
        "torch-imported-and-drawn",
        "the cell that imports torch draws too: run again, it draws the same",
        ("rows = 3",),
        "import torch\nx = torch.rand(rows)",
        "'x' in globals() and x.tolist()",
        rerun="import torch\nx = torch.rand(rows)",
        needs="torch",
    ),
    S(
        "random-unseeded",
        "nobody seeded, and still the cell run again draws the same",
        ("import random",),
        "x = random.random()",
        "(globals().get('x'), random.getstate()[1][-1])",
        rerun="x = random.random()",
    ),
    S(
        "random-shuffle",
        "a deck shuffled, undone and shuffled again lies in the same order",
        ("import random\ndeck = list(range(12))",),
        "random.shuffle(deck)",
        "deck",
        rerun="random.shuffle(deck)",
    ),
    S(
        "random-drawn-for-nothing",
        "a cell that draws and binds no name has still changed what the next one draws",
        ("import random\nrandom.seed(31)",),
        "random.random()",
        "(sum(random.getstate()[1]), random.getstate()[1][-1])",
    ),
    S(
        "random-gauss",
        "gauss() makes two numbers and keeps one for the next call",
        ("import random\nrandom.seed(5)\nfirst = random.gauss(0, 1)",),
        "x = random.gauss(0, 1)",
        "(globals().get('x'), random.getstate()[2], sum(random.getstate()[1]))",
        rerun="x = random.gauss(0, 1)",
    ),
    S(
        "random-functions-by-name",
        "`randint` from an import is bound to the module's generator, in another kernel too",
        ("from random import randint, seed\nseed(77)",),
        "rolls = [randint(1, 6) for _ in range(8)]",
        "(globals().get('rolls'), randint.__self__ is __import__('random')._inst)",
        rerun="rolls = [randint(1, 6) for _ in range(8)]",
    ),
    S(
        "random-object",
        "a generator in a variable and in the object that uses it is one",
        (
            "import random\nclass Dice:\n    def __init__(self, rng):\n        self.rng = rng\n"
            "    def roll(self):\n        return self.rng.randint(1, 6)",
            "rng = random.Random()\ndice = Dice(rng)",
        ),
        "rolls = [dice.roll() for _ in range(8)]",
        "(globals().get('rolls'), dice.rng is rng, rng.getstate()[1][-1])",
        rerun="rolls = [dice.roll() for _ in range(8)]",
    ),
    S(
        "numpy-seeded",
        "an odd number of normal numbers leaves one behind in the generator",
        ("import numpy as np\nnp.random.seed(12)\na = np.random.randn(2)",),
        "x = np.random.randn(3)",
        f"('x' in globals() and x.tolist(), {_NUMPY_STATE})",
        rerun="x = np.random.randn(3)",
        needs="numpy",
    ),
    S(
        "numpy-functions-by-name",
        "`randn` from an import draws from NumPy's global generator, not from a copy of it",
        ("import numpy as np\nfrom numpy.random import randn, seed\nseed(8)",),
        "x = randn(3)",
        "('x' in globals() and x.tolist(), randn.__self__ is np.random.mtrand._rand)",
        rerun="x = randn(3)",
        needs="numpy",
    ),
    S(
        "numpy-default-rng",
        "a Generator in a variable draws the same after an undo",
        ("import numpy as np\nrng = np.random.default_rng()",),
        "x = rng.normal(size=3)",
        "('x' in globals() and x.tolist(), rng.bit_generator.state)",
        rerun="x = rng.normal(size=3)",
        needs="numpy",
    ),
    S(
        "numpy-shared-bits",
        "two Generators over one source of bits take turns at it",
        (
            "import numpy as np\nbits = np.random.PCG64(5)\n"
            "a, b = np.random.Generator(bits), np.random.Generator(bits)",
        ),
        "x = [a.random(), b.random()]",
        "(globals().get('x'), a.bit_generator is b.bit_generator is bits, bits.state['state'])",
        rerun="x = [a.random(), b.random()]",
        needs="numpy",
    ),
    S(
        "numpy-spawned",
        "each spawn counts in the parent, though the parent draws nothing",
        ("import numpy as np\nrng = np.random.default_rng(6)\nfirst = rng.spawn(1)",),
        "workers = rng.spawn(2)\nx = [each.random() for each in workers]",
        "(globals().get('x'), rng.bit_generator.seed_seq.n_children_spawned)",
        rerun="workers = rng.spawn(2)\nx = [each.random() for each in workers]",
        needs="numpy",
    ),
    S(
        "pandas-sample",
        "pandas draws from NumPy's generator without anybody naming it",
        ("import pandas as pd\ndf = pd.DataFrame({'n': range(50)})",),
        "some = df.sample(5)",
        "'some' in globals() and some['n'].tolist()",
        rerun="some = df.sample(5)",
        needs="pandas",
    ),
    S(
        "sklearn-unseeded",
        "a split and a forest with random_state=None come out the same the second time",
        (
            "import numpy as np\nfrom sklearn.ensemble import RandomForestRegressor\n"
            "from sklearn.model_selection import train_test_split\n"
            "X = np.arange(40.0).reshape(20, 2)\ny = X[:, 0] ** 2",
        ),
        "train, test, a, b = train_test_split(X, y)\n"
        "model = RandomForestRegressor(n_estimators=3).fit(train, a)",
        "'model' in globals() and (b.tolist(), model.predict(X).round(6).tolist())",
        rerun="train, test, a, b = train_test_split(X, y)\n"
        "model = RandomForestRegressor(n_estimators=3).fit(train, a)",
        needs="sklearn",
    ),
    S(
        "numpy-global-held",
        "a variable holds NumPy's global generator itself, as libraries hand it out",
        (
            "import numpy as np\nfrom sklearn.utils import check_random_state\n"
            "np.random.seed(99)\nrng = check_random_state(None)",
        ),
        "x = [rng.rand(), np.random.rand()]",
        f"(globals().get('x'), rng is np.random.mtrand._rand, {_NUMPY_STATE})",
        rerun="x = [rng.rand(), np.random.rand()]",
        needs="sklearn",
    ),
    S(
        "torch-seeded",
        "a layer made anew after an undo begins with the same weights",
        ("import torch\ntorch.manual_seed(3)\nnoise = torch.rand(2)",),
        "layer = torch.nn.Linear(2, 2)",
        "('layer' in globals() and layer.weight.tolist(),"
        " hash(tuple(torch.get_rng_state().tolist())))",
        rerun="layer = torch.nn.Linear(2, 2)",
        needs="torch",
    ),
    # The process: directory, environment, path. Each scenario uses names of its own.
    S(
        "directory",
        "relative paths mean what they meant",
        (
            "import os\nos.makedirs('project/raw', exist_ok=True)\nos.chdir('project')\n"
            "base = os.getcwd()",
        ),
        "os.chdir('raw')",
        "(os.path.relpath(os.getcwd(), base), os.path.exists('raw'))",
    ),
    S(
        "directory-by-magic",
        "%cd is how notebooks change directory",
        (
            "import os\nos.makedirs('months/may', exist_ok=True)\nbase = os.getcwd()",
            "%cd -q months",
        ),
        "%cd -q may",
        "os.path.relpath(os.getcwd(), base)",
    ),
    S(
        "file-of-another-directory",
        "a file opened by a relative name is not in the directory that a later cell went to",
        (
            "import os\nos.makedirs('one/two', exist_ok=True)\nos.chdir('one')\n"
            "with open('list.txt', 'w') as made:\n    made.write('ash\\noak\\nelm\\n')",
            "f = open('list.txt')\nf.readline()",
            "os.chdir('two')",
        ),
        "line = f.readline()",
        "(f.name, f.tell(), globals().get('line'), os.path.exists('../list.txt'))",
        rerun="line = f.readline()",
    ),
    S(
        "environment",
        "a value that was set, one that was changed and one that was deleted",
        ("import os\nos.environ['PIPELINE_STAGE'] = 'raw'\nos.environ['PIPELINE_OLD'] = 'yes'",),
        "os.environ['PIPELINE_STAGE'] = 'clean'\nos.environ['PIPELINE_NEW'] = ''\n"
        "del os.environ['PIPELINE_OLD']",
        "sorted(pair for pair in os.environ.items() if pair[0].startswith('PIPELINE_'))",
    ),
    S(
        "environment-by-magic",
        "%env is how notebooks set it, and no name is bound",
        ("%env REPORT_MODE=draft",),
        "%env REPORT_MODE=final",
        "__import__('os').environ.get('REPORT_MODE')",
    ),
    S(
        "environment-by-name",
        "`environ` from an import is the environment itself, not a copy of all it holds",
        ("import os\nfrom os import environ\nenviron['LESSON_PART'] = '1'",),
        "environ['LESSON_PART'] = '2'",
        "(environ is os.environ, os.environ.get('LESSON_PART'))",
    ),
    S(
        "secret-changed",
        "a key is put back in the session, and never stored: elsewhere that is said",
        ("import os\nos.environ['WEATHER_API_KEY'] = 'k' * 9",),
        "os.environ['WEATHER_API_KEY'] = 'q' * 9",
        "os.environ.get('WEATHER_API_KEY')",
        cold="said",
    ),
    S(
        "secret-deleted",
        "a password that a cell took away is back in the session, and said to be missing elsewhere",
        ("import os\nos.environ['SHOP_DB_PASSWORD'] = 'p' * 9",),
        "del os.environ['SHOP_DB_PASSWORD']",
        "os.environ.get('SHOP_DB_PASSWORD')",
        cold="said",
    ),
    S(
        "path-inserted",
        "imports look in the same places first",
        ("import sys\nsys.path.insert(0, 'lib_one')",),
        "sys.path.insert(0, 'lib_two')\nsys.path.append('lib_last')",
        "([each for each in sys.path if each[:4] == 'lib_'], sys.path[0], sys.path[-1][:4])",
    ),
    S(
        "path-replaced",
        "a cell may bind sys.path to another list",
        ("import sys\nsys.path[:0] = ['src_old', 'src_kept']",),
        "sys.path = [each for each in sys.path if each != 'src_old']",
        "[each for each in sys.path if each[:4] == 'src_']",
    ),
    # Options of libraries.
    S(
        "pandas-options",
        "an option that the undone cell was the first to touch has its default again",
        ("import pandas as pd\npd.set_option('display.max_rows', 12)",),
        "pd.set_option('display.max_rows', 7)\npd.options.display.precision = 2",
        "(pd.get_option('display.max_rows'), pd.get_option('display.precision'))",
        needs="pandas",
    ),
    S(
        "numpy-print-options",
        "arrays print as they did",
        ("import numpy as np\nnp.set_printoptions(precision=3)\na = np.array([1 / 3, 1e9])",),
        "np.set_printoptions(precision=5, suppress=True)",
        "(repr(a), np.get_printoptions()['suppress'])",
        needs="numpy",
    ),
    S(
        "numpy-errors",
        "a division by zero raises, or does not, as it did",
        ("import numpy as np\nnp.seterr(divide='warn')",),
        "old = np.seterr(divide='raise', over='ignore')",
        "(np.geterr()['divide'], np.geterr()['over'])",
        needs="numpy",
    ),
    S(
        "matplotlib-settings",
        "a style changes dozens of settings at once, and undo takes all of them back",
        ("import matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (4, 3)",),
        "plt.style.use('ggplot')\nplt.rcParams['figure.figsize'] = (9, 6)",
        "(plt.rcParams['figure.figsize'], plt.rcParams['axes.grid'],"
        " plt.rcParams['axes.facecolor'], plt.rcParams['axes.prop_cycle'].by_key()['color'][0])",
        needs="matplotlib",
    ),
    S(
        "decimal-precision",
        "the context in a variable is the one that is in force",
        ("from decimal import Decimal, getcontext\nctx = getcontext()\nctx.prec = 30",),
        "getcontext().prec = 6\nthird = Decimal(1) / 3",
        "(getcontext().prec, ctx.prec, ctx is getcontext(), globals().get('third'))",
    ),
    S(
        "decimal-context",
        "a cell that sets another context changes rounding and traps with it",
        ("import decimal\nmine = decimal.Context(prec=12)\ndecimal.setcontext(mine)\nmine = None",),
        "decimal.setcontext(decimal.Context(5, decimal.ROUND_DOWN, traps=[decimal.Inexact]))",
        "(decimal.getcontext().prec, decimal.getcontext().rounding,"
        " decimal.getcontext().traps[decimal.Inexact])",
    ),
    S(
        "warnings",
        "a warning that was silenced is heard again, and filters have their order",
        ("import warnings\nwarnings.filterwarnings('error', message='slow road')",),
        "warnings.filterwarnings('ignore', message='slow road')\n"
        "warnings.simplefilter('always', ResourceWarning)",
        "(warnings.filters[0][0], [each[0] for each in warnings.filters if"
        " 'slow road' in str(each[1])])",
    ),
    S(
        "logging-root",
        "basicConfig sets the level of the root logger, which no variable holds",
        ("import logging\nlogging.basicConfig(level=logging.ERROR, force=True)",),
        "logging.basicConfig(level=logging.INFO, force=True)",
        "logging.getLogger().level",
    ),
    S(
        "logging-of-libraries",
        "a library's logger was made loud, another was switched off",
        ("import logging\nlogging.getLogger('scenario.http').setLevel('ERROR')",),
        "logging.getLogger('scenario.http').setLevel('DEBUG')\n"
        "logging.getLogger('scenario.fonts').disabled = True",
        "(logging.getLogger('scenario.http').level, logging.getLogger('scenario.fonts').disabled)",
    ),
    S(
        "failed-half-way",
        "what a cell set before it raised is set, and undo takes it back",
        ("import os, random\nos.environ['HALF_DONE'] = 'no'\nrandom.seed(2)",),
        "os.environ['HALF_DONE'] = 'yes'\nrandom.seed(4)\nx = random.random()\n1 / 0\nx = None",
        "(os.environ.get('HALF_DONE'), sum(random.getstate()[1]), globals().get('x'))",
    ),
    S(
        "only-for-a-while",
        "settings that a `with` puts back by itself are no change",
        (
            "import decimal, warnings\nimport numpy as np\nimport pandas as pd\n"
            "df = pd.DataFrame({'n': [1 / 3, 2.5]})",
        ),
        "with (\n    pd.option_context('display.float_format', '{:.1f}'.format),\n"
        "    np.printoptions(edgeitems=1), np.errstate(all='ignore'),\n"
        "    warnings.catch_warnings(), decimal.localcontext(),\n):\n"
        "    decimal.getcontext().prec = 3\n    warnings.simplefilter('ignore')\n"
        "    print(df, df.to_numpy())",
        "(pd.get_option('display.float_format'), np.get_printoptions()['edgeitems'],"
        " decimal.getcontext().prec == 3, df.values.tolist())",
        reading=True,
        needs="pandas",
    ),
    # Corners of the language and of IPython.
    S(
        "builtins-hidden",
        "a loop that adds up into `sum` hides it: undone, sum() works again",
        ("data = [1, 2, 3]",),
        "sum = 0\nfor value in data:\n    sum += value\nprint = str",
        "(sum is __builtins__.sum, print is __builtins__.print, globals().get('value'))",
        rerun="sum = 0\nfor value in data:\n    sum += value\nprint = str",
    ),
    S(
        "builtin-uncovered",
        "deleting a name that hid a builtin is a deletion like any other",
        ("list = [1, 2]",),
        "del list",
        "'the builtin' if list is __builtins__.list else list",
    ),
    S(
        "class-like-a-module",
        "a class named like the module it replaces, and an object of it",
        ("import json\ntext = json.dumps([1])",),
        "class json:\n    indent = 2\nsettings = json()",
        "(type(json).__name__, json.__name__, isinstance(json, type) and type(settings) is json)",
    ),
    S(
        "names-bound-without-equals",
        "match, walrus, star, for and with bind names too",
        ("from contextlib import nullcontext\npoint = {'x': 1, 'rest': [2, 3, 4]}",),
        "match point:\n    case {'x': px, 'rest': [head, *tail]}:\n        pass\n"
        "if (n := len(tail)) > 1:\n    *most, last = tail\n"
        "squares = [seen := v * v for v in tail]\nwith nullcontext(tail) as inside:\n    pass",
        "{name: globals().get(name) for name in"
        " ('px', 'head', 'tail', 'n', 'most', 'last', 'squares', 'seen', 'v', 'inside')}",
    ),
    S(
        "annotations",
        "an annotated variable of a cell is noted in the module's annotations",
        ("count: int = 1",),
        "rate: float = 0.5",
        "(globals().get('rate'), sorted(globals().get('__annotations__', ())))",
    ),
    S(
        "awaited",
        "top-level await, async for and async with bind names as any cell does",
        (
            "import asyncio\nlock = asyncio.Lock()\nasync def rows():\n    for i in range(3):\n"
            "        await asyncio.sleep(0)\n        yield [i]",
        ),
        "async with lock:\n    got = [row async for row in rows()]\n"
        "first = await asyncio.wait_for(anext(rows()), 5)",
        "(globals().get('got'), globals().get('first'), lock.locked())",
    ),
    S(
        "exception-groups",
        "a group that except* split holds the very exceptions that the list holds",
        ("errors = [ValueError('a'), TypeError('b'), ValueError('c')]",),
        "try:\n    raise ExceptionGroup('rows', errors)\nexcept* ValueError as group:\n"
        "    bad = group\nexcept* TypeError as group:\n    worse = group",
        "(errors, 'bad' in globals() and [bad, worse],"
        " 'bad' in globals() and [bad.exceptions[1] is errors[2], worse.exceptions[0] in errors])",
    ),
    S(
        "last-result",
        "what IPython showed last is still the object in the variable; a new kernel has shown none",
        ("data = [3, 1]", "data"),
        "data.append(9)",
        "(data, not Out or _ is data)",
    ),
    S(
        "underscore-names",
        "names that begin with underscores are the user's",
        ("_cache = {}\n__seen = [1]\n_2020 = ['may']\n_i_total = 1",),
        "_cache['a'] = 1\n__seen.append(2)\n_2020.append('june')\n_i_total = 2",
        "[globals().get(name) for name in ('_cache', '__seen', '_2020', '_i_total')]",
    ),
    S(
        "unicode-names",
        "Python writes some letters of a name otherwise than the cell does",
        ("\u00b5 = [1]\n\ufb01nal = 'a'\n\u540d\u524d = {'k': 1}",),
        "\u00b5.append(2)\n\ufb01nal = 'b'\n\u540d\u524d['k'] = 2\ndel \u00b5[0]",
        "(globals()['\\u03bc'], final, globals()['\\u540d\\u524d'])",
    ),
    S(
        "names-that-are-none",
        "columns made into variables have names that no cell can write",
        ("globals().update({'two words': [1], 'class': 'a', '': [3]})",),
        "globals()['two words'].append(2)\nglobals()['class'] = 'b'\nglobals()[''] = 0",
        "[globals().get(name) for name in ('two words', 'class', '')]",
    ),
    S(
        "names-like-ours",
        "people call their things session, history, store, undo, and may call one kishu",
        ("session, history, store, undo = {'id': 1}, [1], {'a'}, 'z'\nkishu = ['a pet']",),
        "session['id'] = 2\nhistory.append(2)\nstore.add('b')\nundo = 'y'\nkishu.append('ours')",
        "(session, history, sorted(store), undo, kishu)",
    ),
    S(
        "captured-output",
        "what %%capture caught is a variable",
        ("%%capture out\nprint('one')",),
        "%%capture out\nimport sys\nprint('two')\nprint('oops', file=sys.stderr)",
        "(out.stdout, out.stderr, len(out.outputs))",
    ),
    S(
        "odd-constants",
        "Ellipsis and NotImplemented exist once; slices, ranges and -0.0 are what they were",
        ("marks = [..., NotImplemented, slice(1, None, 2)]",),
        "marks += [complex(-0.0, 2), range(0, 9, 4), float('nan'), ..., type(None), int | None]",
        "(marks, marks[0] is ..., marks[1] is NotImplemented, marks[-1] == (int | None))",
    ),
    S(
        "type-aliases",
        "a type variable is one, in every alias that is made of it",
        (
            "from typing import NewType, TypeVar, Callable, Literal\nT = TypeVar('T', int, str)\n"
            "UserId = NewType('UserId', int)\nPair = tuple[T, T]",
        ),
        "UserId = NewType('UserId', str)\nRows = dict[UserId, list[T]]\n"
        "Step = Callable[[T], Literal['a', 'b']]",
        "(UserId.__supertype__, Pair.__args__[0] is T, T.__constraints__,"
        " 'Rows' in globals() and (Rows.__args__[0] is UserId, Step.__args__[0] is T, Step))",
    ),
)
