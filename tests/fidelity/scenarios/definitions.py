"""Functions and classes of the notebook, and what refers to them."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS = (
    # Functions
    S(
        "old-name-of-a-redefined-function",
        "a name bound before a redefinition keeps the old function",
        ("def rate():\n    return 'first'", "old = rate"),
        "def rate():\n    return 'second'",
        "(rate(), old(), rate is old)",
    ),
    S(
        "function-cell-run-again",
        "the same text makes another function; a comparison by code would see no change",
        ("def clean(text):\n    return text.strip()", "steps = [clean]"),
        "def clean(text):\n    return text.strip()",
        "(steps[0] is clean, clean(' a '), steps[0](' a '))",
    ),
    S(
        "mutated-default",
        "a default argument is one list, kept by the function",
        ("def add(x, seen=[]):\n    seen.append(x)\n    return seen", "first = add(1)"),
        "add(2);",
        "(first, add.__defaults__[0] is first)",
    ),
    S(
        "shared-cell",
        "two closures of one call count in one cell",
        (
            "def make():\n"
            "    n = 0\n"
            "    def up():\n"
            "        nonlocal n\n"
            "        n += 1\n"
            "    def now():\n"
            "        return n\n"
            "    return up, now",
            "up, now = make()\nanother = make()[0]",
        ),
        "up()\nup()",
        "(now(), up.__closure__[0] is now.__closure__[0],"
        " another.__closure__[0].cell_contents, another.__closure__[0] is up.__closure__[0])",
        rerun="up()\nup()",
    ),
    S(
        "lambdas-of-a-loop",
        "lambdas made in one comprehension share the loop's last value",
        ("fs = [lambda: i for i in range(3)]",),
        "fs = [lambda i=i: i for i in range(3)]",
        "([f() for f in fs],"
        " [f.__closure__ is not None and f.__closure__[0] is fs[0].__closure__[0] for f in fs])",
    ),
    S(
        "recursion-through-a-cell",
        "a local function calls itself by way of its own cell",
        (
            "def make():\n"
            "    def factorial(n):\n"
            "        return 1 if n < 2 else n * factorial(n - 1)\n"
            "    return factorial",
            "factorial = make()",
        ),
        "factorial.__closure__[0].cell_contents = lambda n: 100",
        "(factorial(4), factorial.__closure__[0].cell_contents is factorial)",
    ),
    S(
        "mutual-recursion",
        "functions find each other in the notebook's globals, as these are now",
        (
            "def even(n):\n    return n == 0 or odd(n - 1)\n"
            "def odd(n):\n    return n > 0 and even(n - 1)",
        ),
        "def odd(n):\n    return 'patched'",
        "(even(3), odd(3), even.__globals__ is odd.__globals__ is globals())",
    ),
    S(
        "decorator-that-counts",
        "a wrapper refers to itself, to what it wraps, and has a count of its own",
        (
            "import functools\n"
            "def counted(f):\n"
            "    @functools.wraps(f)\n"
            "    def wrapper(*args):\n"
            "        wrapper.calls += 1\n"
            "        return f(*args)\n"
            "    wrapper.calls = 0\n"
            "    return wrapper",
            "@counted\n"
            "def greet(name):\n"
            "    'Say hello.'\n"
            "    return 'hello ' + name\n"
            "plain = greet.__wrapped__",
        ),
        "greet('b');",
        "(greet.calls, greet.__wrapped__ is plain, greet.__name__, greet.__doc__,"
        " [cell.cell_contents is f for cell, f in zip(greet.__closure__, (plain, greet))])",
        rerun="greet('b');",
    ),
    S(
        "decorated-by-an-object",
        "an instance that bears a function's name and module is no function",
        (
            "import functools\n"
            "class Retry:\n"
            "    def __init__(self, f):\n"
            "        functools.update_wrapper(self, f)\n"
            "        self.failures = 0\n"
            "    def __call__(self, *args):\n"
            "        self.failures += 1\n"
            "        return self.__wrapped__(*args)",
            "@Retry\ndef load(n):\n    'Load n.'\n    return [n]",
        ),
        "load(1);",
        "(load.failures, type(load) is Retry, load.__name__, load.__doc__,"
        " load.__wrapped__.__qualname__)",
    ),
    S(
        "what-a-cache-holds",
        "results that are cached are state: a cell that runs again must compute them again",
        (
            "import functools\n"
            "calls = []\n"
            "@functools.cache\n"
            "def load(n):\n"
            "    calls.append(n)\n"
            "    return [n]",
            "one = load(1)\nsame = None",
        ),
        "two = load(2)\nsame = load(1) is one",
        "(calls, load.cache_info().currsize, same)",
        rerun="two = load(2)\nsame = load(1) is one",
    ),
    S(
        "cache-info",
        "hits, misses and size of a bounded cache say what was called",
        (
            "import functools\n@functools.lru_cache(maxsize=2)\ndef square(n):\n    return n * n",
            "square(2);",
        ),
        "square(3)\nsquare(2)\nsquare(4);",
        "square.cache_info()",
    ),
    S(
        "partial-of-a-redefined-function",
        "a partial keeps the function it was made of",
        (
            "import functools\ndef power(base, exp):\n    return base ** exp",
            "square = functools.partial(power, exp=2)",
        ),
        "def power(base, exp):\n    return 'new'",
        "(square(3), power(3, 2), square.func is power)",
    ),
    S(
        "partial-changed-in-place",
        "the keywords of a partial are a dict, and it has attributes",
        (
            "import functools\ndef power(base, exp):\n    return base ** exp",
            "square = functools.partial(power, exp=2)\nby_name = {'square': square}",
        ),
        "square.keywords['exp'] = 3\nsquare.note = 'cubed'",
        "(square(2), square.keywords, vars(square), by_name['square'] is square)",
    ),
    S(
        "kinds-of-functions",
        "generator, coroutine and plain functions are told apart by flags of their code",
        (
            "import inspect\n"
            "def rows():\n    yield 1\n"
            "async def fetch():\n    return 1\n"
            "async def stream():\n    yield 1",
        ),
        "def rows():\n    return [2]\nfetch = stream = rows",
        "([(inspect.isgeneratorfunction(f), inspect.iscoroutinefunction(f),"
        " inspect.isasyncgenfunction(f)) for f in (rows, fetch, stream)], list(rows()))",
    ),
    S(
        "sentinel-default",
        "a sentinel is known by identity alone, in a default as in a dict",
        (
            "MISSING = object()\n"
            "def get(key, default=MISSING):\n"
            "    return 'none' if default is MISSING else default",
            "settings = {'a': 1}",
        ),
        "settings['a'] = MISSING",
        "(settings['a'] is MISSING, get('a'), get('a', settings['a']),"
        " get.__defaults__[0] is MISSING)",
    ),
    S(
        "definitions-that-hold-a-variable",
        "a default, a closure, a class attribute and a variable are one list until one is rebound",
        (
            "items = [1]\n"
            "def last(of=items):\n    return of[-1]\n"
            "def keeper(held):\n    return lambda: held\n"
            "peek = keeper(items)\n"
            "class Store:\n    shelf = items",
        ),
        "items = [*items, 2]",
        "(items, last(), last.__defaults__[0] is items, peek() is items, Store.shelf is items,"
        " peek() is Store.shelf is last.__defaults__[0])",
    ),
    S(
        "lambdas-in-a-dict",
        "a table of lambdas is changed in one place, and a name for an entry stays its own",
        ("ops = {'double': lambda v: v * 2, 'half': lambda v: v / 2}", "first = ops['double']"),
        "ops['double'] = lambda v: v + v + 1",
        "([f(3) for f in ops.values()], ops['double'] is first, first(3))",
    ),
    S(
        "everything-on-a-function",
        "a function's defaults, attributes, docstring, annotations and name can be set",
        (
            "def scale(x: int, by=2, *, unit='m') -> int:\n    'Scale x.'\n    return x * by",
            "scale.version = [1]",
        ),
        "scale.__defaults__ = (3,)\n"
        "scale.__kwdefaults__['unit'] = 'km'\n"
        "scale.__doc__ = 'Scale it.'\n"
        "scale.__annotations__['x'] = float\n"
        "scale.__name__ = 'scaled'\n"
        "scale.version.append(2)\n"
        "scale.author = 'me'",
        "(scale(2), scale.__kwdefaults__, scale.__doc__, scale.__annotations__, scale.__name__,"
        " scale.__qualname__, vars(scale))",
    ),
    S(
        "code-replaced",
        "a function whose code is replaced is the same function",
        ("def f():\n    return 'old'\ndef g():\n    return 'new'", "held = [f]"),
        "f.__code__ = g.__code__",
        "(f(), held[0] is f, f.__name__, f.__code__ == g.__code__)",
    ),
    S(
        "code-object",
        "compiled code is a value with a file name of its own",
        ("rule = compile('x * 2', '<rule>', 'eval')",),
        "rule = compile('x * 3', '<rule 2>', 'eval')",
        "(eval(rule, {'x': 5}), rule.co_filename)",
    ),
    S(
        "singledispatch-registered-later",
        "an undone registration must not be found in the dispatcher's cache",
        (
            "import functools\n"
            "@functools.singledispatch\n"
            "def show(x):\n    return 'thing'\n"
            "@show.register\n"
            "def show_number(x: int):\n    return 'number'",
            "show([1]);",
        ),
        "@show.register(list)\ndef show_list(x):\n    return 'list'\nshow([1]);",
        "(show([1]), show(1), show('a'), sorted(c.__name__ for c in show.registry),"
        " show.registry[int] is show_number)",
    ),
    S(
        "operators-as-keys",
        "getters and callers of the operator module are values in a table",
        (
            "import operator\n"
            "by = {'age': operator.attrgetter('age'), 'row': operator.itemgetter(1, 0),\n"
            "      'up': operator.methodcaller('upper')}",
            "key = by['age']",
        ),
        "by['age'] = operator.attrgetter('name.first')",
        "(by, by['age'] is key)",
    ),
    S(
        "context-managers",
        "an exit stack that was closed has its callbacks again, and they reach the same list",
        (
            "import contextlib\n"
            "log = []\n"
            "@contextlib.contextmanager\n"
            "def step(name):\n"
            "    log.append('in ' + name)\n"
            "    yield\n"
            "    log.append('out ' + name)",
            "cleanup = contextlib.ExitStack()\ncleanup.callback(log.append, 'cleaned')",
        ),
        "with step('a'):\n    pass\ncleanup.close()",
        "(log, len(cleanup._exit_callbacks))",
        rerun="with step('a'):\n    pass\ncleanup.close()",
    ),
    # Methods
    S(
        "bound-methods",
        "a method in a variable, the user's or built in, is bound to the very object",
        (
            "class Basket:\n"
            "    def __init__(self):\n"
            "        self.items = []\n"
            "    def add(self, x):\n"
            "        self.items.append(x)",
            "basket = Basket()\nadd, push = basket.add, basket.items.append",
        ),
        "add('pear')\npush('fig')",
        "(basket.items, add.__self__ is basket, push.__self__ is basket.items, add == basket.add)",
        rerun="add('pear')\npush('fig')",
    ),
    S(
        "method-of-one-instance",
        "a method set on one instance is bound to it and to no other",
        (
            "import types\nclass Robot:\n    def move(self):\n        return 'walks'",
            "robot, other = Robot(), Robot()",
        ),
        "def fly(self):\n    return 'flies'\nrobot.move = types.MethodType(fly, robot)",
        "(robot.move(), other.move(), 'move' in vars(robot), robot.move.__self__ is robot)",
    ),
    S(
        "static-and-class-methods",
        "a class method in a variable is bound to the subclass, and keeps the old function",
        (
            "class Shape:\n"
            "    @classmethod\n"
            "    def make(cls):\n"
            "        return cls.__name__\n"
            "    @staticmethod\n"
            "    def parse(text):\n"
            "        return int(text)\n"
            "class Square(Shape):\n"
            "    pass",
            "make, parse = Square.make, Shape.parse",
        ),
        "Shape.make = classmethod(lambda cls: 'new ' + cls.__name__)\n"
        "Shape.parse = staticmethod(float)",
        "(make(), Square.make(), parse('3'), Shape.parse('3'), parse is Shape.parse,"
        " make.__self__ is Square, [type(vars(Shape)[k]).__name__ for k in ('make', 'parse')])",
    ),
    S(
        "partial-method",
        "a partial method refers to the function of its own class",
        (
            "import functools\n"
            "class Cell:\n"
            "    state = 'none'\n"
            "    def put(self, state):\n"
            "        self.state = state\n"
            "    live = functools.partialmethod(put, 'alive')",
            "cell = Cell()",
        ),
        "Cell.live = functools.partialmethod(Cell.put, 'zombie')\ncell.live()",
        "(cell.state, vars(Cell)['live'].args, vars(Cell)['live'].func is Cell.put)",
        rerun="Cell.live = functools.partialmethod(Cell.put, 'zombie')\ncell.live()",
    ),
    S(
        "super-call",
        "super() finds its class in a cell of the method",
        (
            "class Base:\n"
            "    def hi(self):\n"
            "        return ['base']\n"
            "class Child(Base):\n"
            "    def hi(self):\n"
            "        return [*super().hi(), 'child']",
            "child = Child()",
        ),
        "Base.hi = lambda self: ['patched']\nchild.tag = 1",
        "(child.hi(), vars(child), Child.hi.__closure__[0].cell_contents is Child)",
    ),
    S(
        "cached-property-read",
        "reading a cached property fills a cache and changes nothing",
        (
            "import functools\n"
            "class Table:\n"
            "    def __init__(self, rows):\n"
            "        self.rows = rows\n"
            "    @functools.cached_property\n"
            "    def total(self):\n"
            "        return sum(self.rows)",
            "table = Table([1, 2])",
        ),
        "table.total",
        "(table.rows, type(table) is Table)",
        reading=True,
    ),
    S(
        "cached-property-gone-stale",
        "an instance that is patched back must not show what was cached of its later rows",
        (
            "import functools\n"
            "class Table:\n"
            "    def __init__(self, rows):\n"
            "        self.rows = rows\n"
            "    @functools.cached_property\n"
            "    def total(self):\n"
            "        return sum(self.rows)",
            "table = Table([1, 2])",
        ),
        "table.rows.append(5)\ntable.total;",
        "(table.rows, vars(table).get('total', sum(table.rows)))",
        rerun="table.rows.append(5)\ntable.total;",
    ),
    # Classes
    S(
        "class-cell-run-again",
        "the same text makes another class, of which the old instance is none",
        (
            "class Model:\n    def __init__(self, n):\n        self.n = n",
            "model = Model(3)",
        ),
        "class Model:\n    def __init__(self, n):\n        self.n = n",
        "(isinstance(model, Model), type(model) is Model, type(model).__name__, model.n)",
    ),
    S(
        "old-class-of-old-instances",
        "instances and subclasses of a class that was redefined keep the old one",
        (
            "class Model:\n"
            "    version = 1\n"
            "    def name(self):\n"
            "        return 'first'\n"
            "class Sub(Model):\n"
            "    pass",
            "model, sub = Model(), Sub()",
        ),
        "class Model:\n    version = 2\n    def title(self):\n        return 'second'",
        "(model.version, model.name(), sub.version, Model.version, isinstance(model, Model),"
        " issubclass(Sub, Model), hasattr(Model, 'title'))",
    ),
    S(
        "class-deleted-while-used",
        "a class without a name lives on in its instances and is the same when it has one again",
        ("class Model:\n    def run(self):\n        return 'runs'", "model = Model()"),
        "del Model",
        "('Model' in globals() and type(model) is Model, type(model).__name__, model.run())",
    ),
    S(
        "class-patched",
        "what is set on or deleted from a class later is seen by the instances there are",
        (
            "class Account:\n"
            "    fee = 1\n"
            "    def __init__(self):\n"
            "        self.cents = 100\n"
            "    def balance(self):\n"
            "        return self.cents - self.fee",
            "account = Account()",
        ),
        "Account.fee = 5\n"
        "Account.balance = lambda self: -1\n"
        "Account.close = staticmethod(len)\n"
        "del Account.__init__",
        "(account.balance(), account.fee, Account.balance.__qualname__,"
        " isinstance(account, Account),"
        " sorted({'fee', 'balance', 'close', '__init__'} & set(vars(Account))))",
    ),
    S(
        "bases-replaced",
        "the bases of a class can be assigned",
        (
            "class Old:\n    def name(self):\n        return 'old'\n"
            "class New:\n    def name(self):\n        return 'new'\n"
            "class Thing(Old):\n    pass",
            "thing = Thing()",
        ),
        "Thing.__bases__ = (New,)",
        "(thing.name(), isinstance(thing, Old), [c.__name__ for c in Thing.__mro__])",
    ),
    S(
        "class-of-an-instance-assigned",
        "an instance that changes its class is the same instance",
        (
            "class Caterpillar:\n    def moves(self):\n        return 'crawls'\n"
            "class Butterfly:\n    def moves(self):\n        return 'flies'",
            "it = Caterpillar()\nit.age = 3\ngarden = [it]",
        ),
        "it.__class__ = Butterfly",
        "(it.moves(), type(it) is Butterfly, it.age, garden[0] is it)",
    ),
    S(
        "nested-and-local-classes",
        "two classes made by one function have one name and are two classes",
        (
            "class Outer:\n"
            "    class Inner:\n"
            "        kind = 'inner'\n"
            "def make(tag):\n"
            "    class Local:\n"
            "        def tell(self):\n"
            "            return tag\n"
            "    return Local",
            "A, B = make('a'), make('b')\na, b, inner = A(), B(), Outer.Inner()",
        ),
        "A.extra = 1\nOuter.Inner.kind = 'changed'",
        "(a.tell(), b.tell(), type(a) is A, type(b) is B, A is B, hasattr(a, 'extra'),"
        " hasattr(b, 'extra'), inner.kind, type(inner) is Outer.Inner, A.__qualname__)",
    ),
    S(
        "class-that-keeps-its-instances",
        "a counter and a list in the class go back with the instances they count",
        (
            "class Job:\n"
            "    count = 0\n"
            "    jobs = []\n"
            "    def __init__(self, name):\n"
            "        self.name = name\n"
            "        Job.count += 1\n"
            "        self.jobs.append(self)",
            "a = Job('a')",
        ),
        "b = Job('b')\na.name = 'renamed'",
        "(Job.count, [job.name for job in Job.jobs], Job.jobs[0] is a,"
        " 'b' in globals() and Job.jobs[1] is b)",
    ),
    S(
        "subclass-registry",
        "the registry that subclasses enter loses the one that is undone",
        (
            "class Plugin:\n"
            "    known = {}\n"
            "    def __init_subclass__(cls, key, **rest):\n"
            "        super().__init_subclass__(**rest)\n"
            "        Plugin.known[key] = cls\n"
            "        cls.key = key\n"
            "class Csv(Plugin, key='csv'):\n"
            "    pass",
        ),
        "class Json(Plugin, key='json'):\n    pass",
        "(sorted(Plugin.known), Plugin.known['csv'] is Csv, Csv.key,"
        " 'Json' in globals() and Plugin.known['json'] is Json)",
    ),
    S(
        "metaclass-with-opinions",
        "a class may be false, be indexed, and have been counted by its metaclass",
        (
            "class Tracked(type):\n"
            "    made = []\n"
            "    def __new__(meta, name, bases, space):\n"
            "        meta.made.append(name)\n"
            "        return super().__new__(meta, name, bases, {**space, 'tag': name.lower()})\n"
            "    def __getitem__(cls, key):\n"
            "        return f'{cls.tag}[{key}]'\n"
            "    def __bool__(cls):\n"
            "        return False\n"
            "class A(metaclass=Tracked):\n"
            "    pass",
            "a = A()",
        ),
        "class B(A):\n    pass\nA.tag = 'patched'",
        "(Tracked.made, A[1], bool(A), type(A) is Tracked, type(a) is A,"
        " 'B' in globals() and (B[2], type(B) is Tracked))",
    ),
    S(
        "abstract-class-registered-with",
        "a virtual subclass is none any more when its registration is undone",
        (
            "import abc\n"
            "class Shape(abc.ABC):\n"
            "    @abc.abstractmethod\n"
            "    def area(self): ...\n"
            "class Triangle:\n"
            "    def area(self):\n"
            "        return 1",
            "triangle = Triangle()",
        ),
        "Shape.register(Triangle);",
        "(isinstance(triangle, Shape), issubclass(Triangle, Shape),"
        " sorted(Shape.__abstractmethods__))",
    ),
    S(
        "protocol",
        "what a class has decides whether it fulfils a protocol",
        (
            "from typing import Protocol, runtime_checkable\n"
            "@runtime_checkable\n"
            "class Closeable(Protocol):\n"
            "    def close(self) -> None: ...\n"
            "class Box:\n"
            "    pass\n"
            "class Door(Closeable):\n"
            "    def close(self) -> None:\n"
            "        return None",
            "box, door = Box(), Door()",
        ),
        "Box.close = lambda self: None",
        "(isinstance(box, Closeable), isinstance(door, Closeable), isinstance(3, Closeable),"
        " [c.__name__ for c in Door.__mro__])",
    ),
    S(
        "generic-class",
        "a type variable is known by identity, and an instance knows its parameters",
        (
            "from typing import Generic, TypeVar\n"
            "T = TypeVar('T')\n"
            "class Stack(Generic[T]):\n"
            "    def __init__(self):\n"
            "        self.items: list[T] = []",
            "Of = Stack[int]\nstack = Of()",
        ),
        "stack.items.append(1)\nOf = Stack[str]",
        "(stack.items, type(stack) is Stack, stack.__orig_class__ == Stack[int], Of == Stack[int],"
        " Of.__origin__ is Stack, Stack.__parameters__[0] is T,"
        " Stack.__orig_bases__ == (Generic[T],))",
    ),
    S(
        "type-parameters",
        "from Python 3.12 on, classes, functions and aliases have type parameters of their own",
        (
            "import sys\n"
            "exec('''\n"
            "class Pair[T]:\n"
            "    def __init__(self, first: T):\n"
            "        self.first = first\n"
            "def head[U](of: list[U]) -> U:\n"
            "    return of[0]\n"
            "type Pairs[V] = list[Pair[V]]\n"
            "''' if sys.version_info >= (3, 12) else '''\n"
            "class Pair:\n"
            "    def __init__(self, first):\n"
            "        self.first = first\n"
            "def head(of):\n"
            "    return of[0]\n"
            "Pairs = list[Pair]\n"
            "''')",
            "pair = Pair([1])",
        ),
        "pair.first.append(2)\nhead.seen = pair.first",
        "(pair.first, type(pair) is Pair, head([3]), vars(head), Pairs.__name__,"
        " [[str(t) for t in getattr(it, '__type_params__', ())] for it in (Pair, head, Pairs)])",
    ),
    S(
        "types-that-are-no-classes",
        "aliases, new types and typed dicts are rebuilt by what they say, not by their names",
        (
            "from typing import NewType, Optional, TypedDict\n"
            "UserId = NewType('UserId', int)\n"
            "Vector = list[float]\n"
            "Maybe = Optional[Vector]\n"
            "class Movie(TypedDict, total=False):\n"
            "    name: str\n"
            "    year: int",
            "film, user = Movie(name='Alien'), UserId(3)",
        ),
        "class Movie(TypedDict):\n"
        "    name: str\n"
        "Vector = list[int]\n"
        "UserId = NewType('UserId', str)",
        "(sorted(Movie.__required_keys__), sorted(Movie.__optional_keys__),"
        " sorted(Movie.__annotations__), Vector, Maybe, UserId.__supertype__, UserId.__name__,"
        " film, user)",
    ),
    # Kinds of classes
    S(
        "dataclass",
        "fields, factories, metadata and order of a dataclass hold for old and new instances",
        (
            "import dataclasses\n"
            "@dataclasses.dataclass(order=True)\n"
            "class Task:\n"
            "    rank: int\n"
            "    tags: list = dataclasses.field(\n"
            "        default_factory=list, compare=False, metadata={'unit': 's'})",
            "a, b = Task(2), Task(1)\ntodo = sorted([a, b])",
        ),
        "a.tags.append('late')\na.rank = 0\ntodo.sort()",
        "([task.rank for task in todo], todo[0] is b, a.tags, b.tags, Task(5).tags,"
        " isinstance(a, Task), dataclasses.fields(Task)[1].default_factory is list,"
        " dict(dataclasses.fields(Task)[1].metadata), dataclasses.replace(b) == b)",
    ),
    S(
        "frozen-dataclass-with-slots",
        "an object that refuses to be set, as a key and as a value",
        (
            "import dataclasses\n"
            "@dataclasses.dataclass(frozen=True, slots=True)\n"
            "class Point:\n"
            "    x: int\n"
            "    path: list = dataclasses.field(default_factory=list, hash=False)",
            "point = Point(1)\nseen = {point: 'start'}",
        ),
        "point.path.append((1, 2))\nseen[Point(2)] = 'end'",
        "(point, [seen[key] for key in seen], seen[point], [key is point for key in seen],"
        " hasattr(point, '__dict__'), Point.__dataclass_params__.frozen, isinstance(point, Point))",
    ),
    S(
        "attrs-class",
        "a class that a decorator built a second time, with slots and a repaired __class__ cell",
        (
            "import attr\n"
            "@attr.define\n"
            "class Point:\n"
            "    x: int\n"
            "    tags: list = attr.field(factory=list)\n"
            "    def same_class(self):\n"
            "        return __class__ is type(self)",
            "point = Point(1)",
        ),
        "point.x = 5\npoint.tags.append('t')",
        "(point, point == Point(point.x, point.tags), point.same_class(), isinstance(point, Point),"
        " [field.name for field in attr.fields(Point)], hasattr(point, '__dict__'))",
        needs="attr",
    ),
    S(
        "named-tuple-class",
        "a tuple with methods and defaults keeps its class",
        (
            "from typing import NamedTuple\n"
            "class Row(NamedTuple):\n"
            "    id: int\n"
            "    tags: list\n"
            "    name: str = '?'\n"
            "    def label(self):\n"
            "        return f'{self.id}{self.name}'",
            "row = Row(1, ['a'])\ntags = row.tags",
        ),
        "row.tags.append('b')\nrow = row._replace(name='n')",
        "(row, row.label(), type(row) is Row, row.tags is tags, Row._field_defaults, Row._fields)",
    ),
    S(
        "named-tuple-that-grew",
        "rows of the class before have its fields, though the name means another class now",
        (
            "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')",
            "points = [Point(1, 2)]",
        ),
        "Point = namedtuple('Point', 'x y z', defaults=[0])\npoints.append(Point(3, 4))",
        "(points, [isinstance(point, Point) for point in points], points[0]._fields)",
    ),
    S(
        "slots-with-gaps",
        "slots may be empty, private, inherited and beside a dict",
        (
            "class Base:\n"
            "    __slots__ = ('x', '__secret')\n"
            "    def __init__(self):\n"
            "        self.x = [1]\n"
            "        self.__secret = 's'\n"
            "class Open(Base):\n"
            "    __slots__ = ('y', '__dict__', '__weakref__')",
            "it = Open()\nit.note = 'n'\nheld = it.x",
        ),
        "it.y = it.x\ndel it.x\nit._Base__secret = 't'\nit.more = 1",
        "(hasattr(it, 'x') and it.x is held, hasattr(it, 'y') and it.y is held, it._Base__secret,"
        " vars(it), sorted(Open.__slots__))",
    ),
    S(
        "enum-cell-run-again",
        "members of the enum before are no members of the one that looks the same",
        (
            "import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2",
            "best, names = Color.RED, {Color.BLUE: 'sky'}",
        ),
        "class Color(enum.Enum):\n    RED = 1\n    BLUE = 2",
        "(best is Color.RED, best == Color.RED, Color.BLUE in names, best is type(best)(1),"
        " list(Color))",
    ),
    S(
        "enum-with-attributes",
        "members that __init__ gave attributes have them in another kernel",
        (
            "import enum\n"
            "class Planet(enum.Enum):\n"
            "    EARTH = (5.97, 6.37)\n"
            "    MARS = (0.64, 3.39)\n"
            "    def __init__(self, mass, radius):\n"
            "        self.mass = mass\n"
            "        self.radius = radius\n"
            "    @property\n"
            "    def density(self):\n"
            "        return round(self.mass / self.radius**3, 4)",
            "home = Planet.EARTH",
        ),
        "home = Planet.MARS",
        "(home, home.mass, home.density, Planet((5.97, 6.37)) is Planet.EARTH, home in Planet)",
    ),
    S(
        "enum-with-new",
        "members whose value __new__ chose are found by it",
        (
            "import enum\n"
            "class Coin(enum.Enum):\n"
            "    def __new__(cls, cents, label):\n"
            "        self = object.__new__(cls)\n"
            "        self._value_ = cents\n"
            "        self.label = label\n"
            "        return self\n"
            "    NICKEL = 5, 'five cents'\n"
            "    DIME = 10, 'ten cents'",
            "purse = [Coin.DIME]",
        ),
        "purse.append(Coin.NICKEL)",
        "([coin.label for coin in purse], purse[0] is Coin(10), list(Coin))",
    ),
    S(
        "enum-member-with-a-note",
        "an attribute set on a member is seen by whoever has the member",
        ("import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2", "best = Color.RED"),
        "Color.RED.note = 'warm'",
        "([getattr(color, 'note', None) for color in Color], best is Color.RED)",
    ),
    S(
        "flags-combined",
        "a combination of flags is one object, whoever makes it",
        (
            "import enum\nclass Perm(enum.Flag):\n    R = 4\n    W = 2\n    X = 1",
            "mine = Perm.R | Perm.W\nroles = {'me': mine}",
        ),
        "mine |= Perm.X",
        "(mine, mine is Perm(mine.value), roles['me'] is (Perm.R | Perm.W), Perm.X in mine,"
        " [perm.name for perm in Perm if perm in mine])",
    ),
    S(
        "numbers-and-texts-as-enums",
        "aliases, automatic values and what stands for a missing one",
        (
            "import enum\n"
            "class Level(enum.IntEnum):\n"
            "    LOW = 1\n"
            "    HIGH = 2\n"
            "    DEFAULT = 1\n"
            "    def text(self):\n"
            "        return self.name.title()\n"
            "    @classmethod\n"
            "    def _missing_(cls, value):\n"
            "        return cls.HIGH\n"
            "class Unit(enum.StrEnum):\n"
            "    KM = enum.auto()",
            "level, unit = Level.HIGH, Unit.KM",
        ),
        "Level.text = lambda self: 'patched'\nlevel = Level.LOW",
        "(level, level.text(), Level.DEFAULT is Level.LOW, Level(99) is Level.HIGH, level < 2,"
        " list(Level.__members__), unit, unit == 'km', unit is Unit('km'), f'{unit}')",
    ),
    # Classes with a will of their own
    S(
        "descriptor-that-is-named-once",
        "a class that is rebuilt does not name its descriptors a second time",
        (
            "class Limited:\n"
            "    def __init__(self):\n"
            "        self.named, self.limit = [], 5\n"
            "    def __set_name__(self, owner, name):\n"
            "        self.named.append(name)\n"
            "    def __get__(self, obj, cls=None):\n"
            "        return self if obj is None else min(obj.raw, self.limit)\n"
            "class Item:\n"
            "    raw = 8\n"
            "    price = Limited()",
            "item = Item()",
        ),
        "Item.price.limit = 7",
        "(item.price, Item.price.limit, Item.price.named)",
    ),
    S(
        "descriptor-with-weak-keys",
        "values that a descriptor keeps by instance, weakly, are the instance's state",
        (
            "import weakref\n"
            "class Kept:\n"
            "    def __init__(self):\n"
            "        self.values = weakref.WeakKeyDictionary()\n"
            "    def __get__(self, obj, cls=None):\n"
            "        return self if obj is None else self.values.get(obj)\n"
            "    def __set__(self, obj, value):\n"
            "        self.values[obj] = value\n"
            "class Item:\n"
            "    price = Kept()",
            "item = Item()\nitem.price = 3",
        ),
        "item.price = 5",
        "(item.price, len(Item.price.values), vars(item))",
    ),
    S(
        "singleton",
        "the one instance stays the one that its class gives out",
        (
            "class Config:\n"
            "    one = None\n"
            "    def __new__(cls):\n"
            "        if cls.one is None:\n"
            "            cls.one = super().__new__(cls)\n"
            "            cls.one.debug = False\n"
            "        return cls.one",
            "config = Config()",
        ),
        "Config().debug = True",
        "(config.debug, Config() is config, Config.one is config)",
    ),
    S(
        "instances-that-share-a-dict",
        "instances whose attributes are one dict see each other's, before and after",
        (
            "class Borg:\n"
            "    shared = {}\n"
            "    def __init__(self):\n"
            "        self.__dict__ = self.shared",
            "a, b = Borg(), Borg()\na.x = 1",
        ),
        "b.x = 2\nb.y = [3]",
        "(vars(a), vars(a) is vars(b), vars(b) is Borg.shared)",
        rerun="b.x = 2\nb.y = [3]",
    ),
    S(
        "weak-reference-to-another",
        "a weak reference refers to an object of the notebook, not to a copy",
        (
            "import weakref\n"
            "class Node:\n"
            "    def __init__(self, name, parent):\n"
            "        self.name = name\n"
            "        self.parent = weakref.ref(parent) if parent else None",
            "root = Node('root', None)\nleaf = Node('leaf', root)",
        ),
        "other = Node('other', None)\nleaf.parent = weakref.ref(other)",
        "(leaf.parent().name, leaf.parent() is root,"
        " 'other' in globals() and leaf.parent() is other)",
    ),
    S(
        "weak-reference-that-died",
        "what was deleted is back for those, too, who only held it weakly",
        (
            "import weakref\nclass Page:\n    pass",
            "page = Page()\nref = weakref.ref(page)\n"
            "shelf = weakref.WeakValueDictionary({'a': page})",
        ),
        "del page",
        "(ref() is None, len(shelf), 'page' in globals() and (ref() is page, shelf['a'] is page))",
    ),
    S(
        "proxy",
        "an object that asks its target for what it lacks, when it has no target yet",
        (
            "class Proxy:\n"
            "    def __init__(self, target):\n"
            "        self.target = target\n"
            "    def __getattr__(self, name):\n"
            "        return getattr(self.target, name)",
            "rows = [1, 2]\nview = Proxy(rows)",
        ),
        "view.append(3)\nview.note = 'n'",
        "(view.target, view.target is rows, view.index(2), vars(view).get('note'))",
    ),
    S(
        "object-that-notes-who-asks",
        "looking at an object must not ask it for attributes that it notes",
        (
            "class Spy:\n"
            "    def __init__(self):\n"
            "        self.data = {'a': 1}\n"
            "    def __getattr__(self, name):\n"
            "        vars(self).setdefault('asked', []).append(name)\n"
            "        raise AttributeError(name)",
            "spy = Spy()",
        ),
        "spy.data['a'] = 2\nhasattr(spy, 'color');",
        "vars(spy)",
    ),
    S(
        "object-that-has-every-attribute",
        "a fluent object also has a __setstate__ that can be called and takes nothing in",
        (
            "class Query:\n"
            "    def __init__(self, *path):\n"
            "        self.path = list(path)\n"
            "    def __getattr__(self, name):\n"
            "        return Query(*vars(self).get('path', ()), name)\n"
            "    def __call__(self, *args):\n"
            "        return self",
            "query = Query('select')",
        ),
        "query.path.append('all')",
        "(vars(query), query.where.id.path)",
    ),
    S(
        "objects-that-cannot-be-compared",
        "neither == nor bool may be asked of an object that refuses both",
        (
            "class Vector:\n"
            "    def __init__(self, *xs):\n"
            "        self.xs = list(xs)\n"
            "    def __eq__(self, other):\n"
            "        raise TypeError('ambiguous')\n"
            "    def __bool__(self):\n"
            "        raise ValueError('ambiguous')\n"
            "    __hash__ = object.__hash__",
            "v = Vector(1, 2)\nseen, queue = {v: 'v'}, [v]",
        ),
        "v.xs.append(3)\nqueue.append(Vector(4))",
        "(v.xs, [each.xs for each in queue], queue[0] is v, seen[v])",
    ),
    S(
        "hash-that-changes",
        "a key whose hash changed in the set is found there again when it is changed back",
        (
            "class Key:\n"
            "    def __init__(self, n):\n"
            "        self.n = n\n"
            "    def __hash__(self):\n"
            "        return hash(self.n)\n"
            "    def __eq__(self, other):\n"
            "        return self.n == other.n",
            "key = Key(1)\nkeys = {key}",
        ),
        "key.n = 5",
        "(key.n, key.n == 5 or key in keys, [each is key for each in keys])",
    ),
    S(
        "object-with-a-last-word",
        "what __del__ notes when a restore lets go of an object is said",
        (
            "closed = []\n"
            "class Temp:\n"
            "    def __init__(self, name):\n"
            "        self.name = name\n"
            "    def __del__(self):\n"
            "        closed.append(self.name)",
            "temp = Temp('a')",
        ),
        "del temp",
        "(closed, 'temp' in globals() and temp.name)",
        undo="said",
        cold="said",
    ),
    S(
        "object-that-notes-what-is-set",
        "putting attributes back must not go by way of a __setattr__ that takes notes",
        (
            "journal = []\n"
            "class Audited:\n"
            "    def __init__(self):\n"
            "        self.x = 1\n"
            "    def __setattr__(self, name, value):\n"
            "        journal.append((name, value))\n"
            "        super().__setattr__(name, value)\n"
            "    def __delattr__(self, name):\n"
            "        journal.append((name,))\n"
            "        super().__delattr__(name)",
            "audited = Audited()",
        ),
        "audited.y = 3\ndel audited.x",
        "(vars(audited), journal)",
    ),
    S(
        "new-that-counts",
        "making an object anew must not go by way of a __new__ that counts and needs arguments",
        (
            "class Meter:\n"
            "    made = 0\n"
            "    def __new__(cls, unit):\n"
            "        cls.made += 1\n"
            "        return super().__new__(cls)\n"
            "    def __init__(self, unit):\n"
            "        self.unit = unit",
            "meter = Meter('kg')",
        ),
        "del meter",
        "(Meter.made, 'meter' in globals() and meter.unit)",
    ),
    S(
        "getstate-that-leaves-out",
        "an attribute that the class does not pickle is state all the same",
        (
            "class Job:\n"
            "    def __init__(self):\n"
            "        self.rows, self.cache = [1], {'sum': 1}\n"
            "    def __getstate__(self):\n"
            "        return {'rows': self.rows}",
            "job = Job()",
        ),
        "job.rows.append(2)\njob.cache['sum'] = 3",
        "vars(job)",
        cold="said",
    ),
    S(
        "reduce-that-leaves-out",
        "a change to what the class does not pickle is a change that no pickle shows",
        (
            "class Model:\n"
            "    def __init__(self, name):\n"
            "        self.name, self.fitted = name, None\n"
            "    def __reduce__(self):\n"
            "        return Model, (self.name,)",
            "model = Model('m')",
        ),
        "model.fitted = [0.5]",
        "vars(model)",
        cold="said",
    ),
    # Exceptions
    S(
        "exception-of-the-notebook",
        "an exception whose arguments are not those it was made with, with cause and notes",
        (
            "class ApiError(Exception):\n"
            "    def __init__(self, code, body):\n"
            "        super().__init__(f'status {code}')\n"
            "        self.code, self.body = code, body",
            "try:\n"
            "    try:\n"
            "        {}['k']\n"
            "    except KeyError as low:\n"
            "        raise ApiError(404, ['gone']) from low\n"
            "except ApiError as error:\n"
            "    failure = error",
        ),
        "failure.add_note('seen')\nfailure.body.append('twice')",
        "(type(failure) is ApiError, failure.args, failure.code, failure.body,"
        " getattr(failure, '__notes__', None), repr(failure.__cause__),"
        " failure.__suppress_context__)",
    ),
    S(
        "exception-with-a-traceback",
        "a caught exception tells where it was raised",
        (
            "import traceback\n"
            "def parse(text):\n"
            "    return int(text)\n"
            "try:\n"
            "    parse('x')\n"
            "except ValueError as error:\n"
            "    failure = error",
        ),
        "failure.args = ('told otherwise',)",
        "(failure.args, [frame.name for frame in traceback.extract_tb(failure.__traceback__)])",
    ),
    S(
        "descriptor-with-a-name-of-pandas",
        "a descriptor of the notebook is called as one of pandas is: what it keeps is state",
        (
            "class CachedProperty:\n"
            "    def __init__(self, ask):\n        self.ask = ask\n"
            "    def __get__(self, job, cls):\n        return self.ask(job)",
            "class Job:\n"
            "    def __init__(self):\n        self._cache = {'made': 1}\n"
            "    total = CachedProperty(lambda job: sum(job._cache.values()))",
            "job = Job()",
        ),
        "job._cache['more'] = 2",
        "(job.total, job._cache)",
    ),
    S(
        "fields-without-metadata",
        "the fields of all dataclasses have one empty metadata, which is the library's",
        (
            "from dataclasses import dataclass, fields",
            "@dataclass\nclass A:\n    x: int = 1",
            "@dataclass\nclass B:\n    y: int = 2",
        ),
        "@dataclass\nclass A:\n    z: int = 3",
        "(fields(A)[0].name, fields(A)[0].metadata is fields(B)[0].metadata)",
    ),
    S(
        "sentinel-that-a-library-holds",
        "a bare object is the live one after an undo: what a library has of it is no other",
        (
            "import math",
            "MISSING = object(); math.marked = MISSING; row = {'a': MISSING}",
        ),
        "row['b'] = 1; MISSING = None",
        "(len(row), getattr(math, 'marked', row['a']) is row['a'], MISSING is row['a'])",
    ),
)
