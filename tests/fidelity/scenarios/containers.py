"""Lists, dicts, sets and what else holds things: content, order, sharing."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS = (
    S(
        "append",
        "the plainest change in place there is",
        ("a = [1, 2]",),
        "a.append(3)",
        "a",
    ),
    S(
        "objects-that-the-builtins-have-once",
        "what a module holds once is that very object, whoever holds it, in every kernel",
        ("import builtins\nheld = [builtins.license, builtins.copyright]; twin = held",),
        "held.append(1)",
        "(len(held), held[0] is builtins.license, held[1] is builtins.copyright)",
    ),
    S(
        "two-names",
        "two names for one list are one list after an undo, and change together",
        ("a = [1]; b = a",),
        "b.append(2)",
        "(a, b, a is b)",
    ),
    S(
        "alias-cut",
        "a name that was bound to a copy is bound to the shared list again",
        ("a = [1]; b = a",),
        "b = list(a)",
        "(a, b, a is b)",
    ),
    S(
        "alias-made",
        "two equal lists that become one are a change, though no value changed",
        ("a = [[0]]; b = [[0]]",),
        "b = a",
        "(a, b, a is b, a[0] is b[0])",
    ),
    S(
        "equal-lists-apart",
        "equal lists stay two lists: a restore that stores equal content once would join them",
        ("first = [[0], [0]]; second = [[0], [0]]",),
        "second[1].append(1)",
        "(first, second, first is second, first[0] is first[1], first[0] is second[0])",
    ),
    S(
        "row-of-a-grid",
        "a name for a row is that row, not a copy of it",
        ("grid = [[0] * 3 for line in range(3)]", "row = grid[1]"),
        "row[0] = 9",
        "(grid, row is grid[1], row is grid[0])",
    ),
    S(
        "rows-repeated",
        "the classic trap, [[0] * 3] * 3, is one row three times, until one is replaced",
        ("board = [[0] * 3] * 3",),
        "board[0] = list(board[0]); board[1][2] = 'x'",
        "(board, board[0] is board[1], board[1] is board[2])",
    ),
    S(
        "object-in-two-containers",
        "a named object in a dict and in a list of the dict is one object of the notebook's class",
        (
            "class Account:\n    def __init__(self, sum):\n        self.sum = sum",
            "alice = Account(10); book = {'alice': alice, 'seen': [alice, Account(10)]}",
        ),
        "book['alice'].sum += 5; book['seen'].append(alice)",
        "(alice.sum, book['alice'] is alice, [each is alice for each in book['seen']],"
        " {type(each) is Account for each in book['seen']})",
    ),
    S(
        "cycles",
        "a tree that knows its parents, and a tuple within itself, end where they began",
        (
            "root = {'name': 'root', 'kids': []}",
            "root['kids'] += [{'name': 'left', 'up': root}, {'name': 'right', 'up': root}]",
            "knot = ([],); knot[0].append(knot)",
        ),
        "root['kids'].pop(); root['kids'][0]['up'] = root['kids']; knot[0].append(root)",
        "([(kid['name'], kid['up'] is root, kid['up'] is root['kids']) for kid in root['kids']],"
        " knot[0][0] is knot, len(knot[0]), knot[0][-1] is root)",
    ),
    S(
        "bound-methods",
        "callbacks kept in a dict act on the object and the list that have names",
        (
            "class Counter:\n    n = 0\n    def step(self):\n        self.n += 1",
            "counter = Counter(); counter.each = [counter.step]; seen = []",
            "hooks = {'step': counter.step, 'note': seen.append}",
        ),
        "hooks['step'](); hooks['note']('stepped'); counter.each *= 2",
        "(counter.n, seen, hooks['step'].__self__ is counter, hooks['note'].__self__ is seen,"
        " [step.__self__ is counter for step in counter.each])",
    ),
    S(
        "closures-share-a-cell",
        "two closures in a dict count with one cell, also after it was set back",
        (
            "def make():\n"
            "    total = 0\n"
            "    def add(x):\n"
            "        nonlocal total\n"
            "        total += x\n"
            "    return {'add': add, 'get': lambda: total}",
            "sums = make(); add = sums['add']",
        ),
        "add(5)",
        "(sums['get'](), add is sums['add'],"
        " sums['add'].__closure__[0] is sums['get'].__closure__[0])",
    ),
    S(
        "memoryview",
        "a view of a bytearray shows its bytes; bytes written through it come off both",
        ("raw = bytearray(b'abcdef')\nwindow = memoryview(raw)[2:4]",),
        "window[0] = ord('X')",
        "(raw, bytes(window), window.obj is raw, window.readonly)",
    ),
    S(
        "memoryview-in-the-way",
        "a bytearray cannot grow while it is viewed: a redo must let go of the view first",
        ("raw = bytearray(b'abc')\nwindow = memoryview(raw)",),
        "del window; raw += b'def' * 100",
        "(len(raw), bytes(raw[:4]), 'window' in globals() and window.obj is raw,"
        " bytes(globals().get('window', b'')))",
    ),
    S(
        "dict-order",
        "dicts that are equal differ by their order, and so does all that loops over them",
        ("columns = {'a': [1], 'b': [2], 'c': [3]}; b = columns['b']",),
        "columns['a'] = columns.pop('a')",
        "(list(columns.items()), columns['b'] is b)",
    ),
    S(
        "defaultdict-read",
        "reading a missing key makes one: a look that is a change, in a nested default too",
        (
            "from collections import defaultdict",
            "tree = defaultdict(lambda: defaultdict(list)); leaf = tree['x']['y']",
        ),
        "tree['x']['typo']; tree['other']",
        "({key: dict(inner) for key, inner in tree.items()}, tree['x']['y'] is leaf,"
        " type(tree).__name__, tree['x'].default_factory is list)",
    ),
    S(
        "numbering-dict",
        "the idiom that numbers words: a defaultdict that makes its values by its own length",
        (
            "from collections import defaultdict",
            "vocabulary = defaultdict(); vocabulary.default_factory = vocabulary.__len__",
            "ids = [vocabulary[word] for word in 'to be or not to be'.split()]",
        ),
        "ids += [vocabulary[word] for word in 'that is'.split()]",
        "(ids, dict(vocabulary), vocabulary.default_factory.__self__ is vocabulary)",
    ),
    S(
        "ordered-dict",
        "an OrderedDict keeps its own order beside the dict's, which pickling must not mix up",
        (
            "from collections import OrderedDict",
            "recent = OrderedDict((n, [n]) for n in range(4)); last = recent[3]",
        ),
        "recent.move_to_end(3, last=False); recent.move_to_end(0)",
        "(list(recent), list(reversed(recent)), recent[3] is last, type(recent).__name__)",
    ),
    S(
        "counter",
        "zero and negative counts are content, and ties are ordered by when they came",
        ("from collections import Counter", "stock = Counter(pear=2, apple=2, fig=1)"),
        "stock.subtract(['pear', 'pear', 'fig', 'fig', 'plum'])",
        "(list(stock.items()), stock.most_common(2), type(stock).__name__)",
    ),
    S(
        "chainmap",
        "a write goes to the first map, which has a name of its own",
        (
            "from collections import ChainMap",
            "defaults = {'lr': 0.1, 'depth': 3}; given = {}; options = ChainMap(given, defaults)",
        ),
        "options['lr'] = 0.5; options = options.new_child({'depth': 9})",
        "(given, defaults, [dict(each) for each in options.maps],"
        " [each is given for each in options.maps], options.maps[-1] is defaults)",
    ),
    S(
        "deque",
        "a full deque drops its oldest: bound and order are state, and so is who is in it",
        (
            "from collections import deque",
            "first = ['first']; recent = deque([first, [2], [3]], maxlen=3)",
        ),
        "recent.append([4]); recent.rotate(1)",
        "(list(recent), recent.maxlen, [each is first for each in recent], first)",
    ),
    S(
        "namedtuple",
        "a namedtuple of the notebook cannot change, but the list in it can, and is shared",
        (
            "from collections import namedtuple\nRun = namedtuple('Run', 'name losses')",
            "losses = [0.9]; run = Run('base', losses)",
        ),
        "run = run._replace(name='tuned'); run.losses.append(0.5)",
        "(run, run.losses is losses, type(run) is Run, losses)",
    ),
    S(
        "frozen-keys",
        "a frozenset of tuples is found as a key, and leads to the list that has a name",
        ("visits = []; edges = {frozenset({(1, 2), (2, 1)}): visits, (3, (4, frozenset())): []}",),
        "edges[frozenset({(2, 1), (1, 2)})].append('now'); del edges[3, (4, frozenset())]",
        "(visits, edges[frozenset({(1, 2), (2, 1)})] is visits, edges.get((3, (4, frozenset()))))",
    ),
    S(
        "heap",
        "a heap is a list in an order of its own, and the task in it has a name",
        (
            "import heapq",
            "urgent = {'task': 'fix'}; heap = [(n, -n, {}) for n in (5, 3, 8, 1, 9, 2)]",
            "heapq.heapify(heap); heapq.heappush(heap, (0, 0, urgent))",
        ),
        "heapq.heappop(heap)[2]['done'] = True",
        "(heap, urgent, heap[0][2] is urgent)",
    ),
    S(
        "bytearray",
        "a bytearray grows, shrinks and is cut in front, in place, under two names",
        ("data = bytearray(b'header:body'); packet = [data]",),
        "del data[:7]; data += bytes(range(250, 256))",
        "(data, packet[0] is data)",
    ),
    S(
        "array-array",
        "an array of the standard library: kind, content and the two names it has",
        ("from array import array", "levels = array('h', [1, -2, 3]); shown = {'now': levels}"),
        "levels.byteswap(); levels.append(7)",
        "(levels, levels.typecode, shown['now'] is levels)",
    ),
    S(
        "dict-views",
        "keys and items held in variables follow the dict that has a name",
        (
            "import gc",
            "prices = {'a': 1, 'b': 2}; names = prices.keys(); pairs = prices.items()",
        ),
        "prices['c'] = 3; del prices['a']",
        "(prices, list(names), list(pairs),"
        " gc.get_referents(names)[0] is prices, gc.get_referents(pairs)[0] is prices)",
    ),
    S(
        "mappingproxy",
        "a read-only face of a dict shows what is written to that dict later",
        (
            "import gc, types",
            "limits = {'low': 0}; public = types.MappingProxyType(limits)",
        ),
        "limits['high'] = 9",
        "(limits, public, gc.get_referents(public)[0] is limits)",
    ),
    S(
        "set-by-identity",
        "objects in a set are found by who they are, in a process with other addresses too",
        (
            "class Tag:\n    def __init__(self, name):\n        self.name = name",
            "tags = [Tag(n) for n in 'abc']; chosen = set(tags[:2]); scores = {tags[2]: [1]}",
        ),
        "chosen.discard(tags[0]); chosen.add(tags[2]); scores[tags[2]].append(2)",
        "([tag in chosen for tag in tags], [scores.get(tag) for tag in tags], len(chosen))",
    ),
    S(
        "hash-in-a-cycle",
        "neighbours in each other's sets: the hash needs a name that is not there while it loads",
        (
            "class Node:\n"
            "    def __init__(self, name):\n"
            "        self.near = set()\n"
            "        self.name = name\n"
            "    def __hash__(self):\n"
            "        return hash(self.name)\n"
            "    def __eq__(self, other):\n"
            "        return self.name == other.name",
            "x, y = Node('x'), Node('y'); x.near.add(y); y.near.add(x)",
        ),
        "y.near.add(y)",
        "(x in y.near, y in x.near, y in y.near, len(x.near), len(y.near),"
        " next(iter(x.near)) is y)",
        cold="said",
    ),
    S(
        "dict-subclass",
        "a dict whose __setitem__ keeps a log must not be filled by calling it",
        (
            "class Audited(dict):\n"
            "    def __init__(self):\n"
            "        self.log = []\n"
            "    def __setitem__(self, key, value):\n"
            "        self.log.append(key)\n"
            "        super().__setitem__(key, value)",
            "settings = Audited(); settings['a'] = [1]; log = settings.log",
        ),
        "settings['b'] = [2]",
        "(dict(settings), log, settings.log is log, type(settings) is Audited)",
    ),
    S(
        "list-subclass",
        "a list with attributes of its own, one of which is the list: content and it come back",
        (
            "class Playlist(list):\n"
            "    def append(self, song):\n"
            "        super().append(song)\n"
            "        self.longest = max(self, key=len)",
            "songs = Playlist(['ab']); songs.append('abc'); songs.root = songs",
        ),
        "songs.append('abcd'); songs.root = [songs]",
        "(list(songs), songs.longest, songs.root is songs, songs.root[0] is songs,"
        " type(songs) is Playlist)",
    ),
    S(
        "user-containers",
        "UserDict and UserList are shells around containers that may have names",
        (
            "from collections import UserDict, UserList",
            "options = UserDict(a=1); raw = options.data",
            "steps = UserList([1]); inner = steps.data",
        ),
        "options['b'] = 2; steps.append(2); raw['c'] = 3",
        "(raw, options.data is raw, inner, steps.data is inner, type(options).__name__)",
    ),
    S(
        "vars-of-an-object",
        "vars(obj) under a name is the object's very attributes, in both directions",
        (
            "class Options:\n    def __init__(self):\n        self.lr, self.steps = 0.1, [1]",
            "options = Options(); table = vars(options); steps = options.steps",
        ),
        "table['lr'] = 0.5; options.steps.append(2); options.new = table",
        "(sorted(table), options.lr, steps, options.__dict__ is table, options.steps is steps,"
        " getattr(options, 'new', None) is table)",
    ),
    S(
        "itertools",
        "counters that give out numbers begin again where they were, in both places they are in",
        (
            "import itertools",
            "ids = itertools.count(10); source = {'ids': ids, 'pad': itertools.repeat('-', 3)}",
            "taken = [next(ids)]",
        ),
        "taken += [next(ids), next(source['ids']), next(source['pad'])]",
        "(taken, ids, source, source['ids'] is ids)",
        rerun="taken += [next(ids), next(source['ids']), next(source['pad'])]",
    ),
    S(
        "half-read-iterators",
        "iterators of a list stand where they stood, over the list that has a name",
        (
            "rows = ['a', 'b', 'c', 'd']",
            "lines = iter(rows); numbered = enumerate(lines, 1)",
        ),
        "next(lines); next(numbered); rows.append('e')",
        "(rows, lines.__length_hint__(), lines.__reduce__()[1][0] is rows,"
        " numbered.__reduce__()[1][0] is lines, numbered.__reduce__()[1][1])",
    ),
    S(
        "half-read-dict-iterator",
        "a place within a dict cannot be pickled, but the cells that made it can be run again",
        (
            "import gc",
            "batches = {n: [n] for n in range(5)}\nfeed = iter(batches.items())",
            "one = next(feed)[1]",
        ),
        "one = next(feed)[1]",
        "(feed.__length_hint__(), batches, [one is each for each in batches.values()],"
        " any(each is batches for each in gc.get_referents(feed)))",
    ),
    S(
        "tuples-of-one-list",
        "tuples are values, the list in two of them is one list",
        ("notes = []; left = (1, notes); right = ((notes,), 2)",),
        "left[1].append('n'); right = ((list(notes),), 2)",
        "(left, right, left[1] is notes, right[0][0] is notes)",
    ),
    S(
        "large-list",
        "rows of a long list that have other names stay the same rows when it is shifted",
        (
            "rows = [[n] for n in range(6000)]",
            "picked = rows[2500]; index = {n: rows[n] for n in (10, 5999)}; rows[100] = rows[4200]",
        ),
        "picked.append('x'); rows.insert(0, [-1]); del rows[5000]; index[10][0] = 'ten'",
        "(len(rows), sum(len(row) for row in rows), rows[0], index, picked,"
        " [n for n, row in enumerate(rows) if row is picked],"
        " [n for n, row in enumerate(rows) if row is index[5999]],"
        " [n for n, row in enumerate(rows) if row is rows[4200]])",
    ),
    S(
        "long-list-and-its-index",
        "5,000 objects in a list and in a dict by name: each is one, whoever reaches it",
        (
            "rows = [{'n': n} for n in range(5000)]",
            "by_name = {f'r{n}': row for n, row in enumerate(rows)}",
        ),
        "by_name['r7']['n'] = -7; rows[9] = dict(rows[9]); del by_name['r11']",
        "(rows[7], len(rows), len(by_name), 'r11' in by_name,"
        " [n for n, row in enumerate(rows) if by_name.get(f'r{n}') is not row])",
    ),
    S(
        "large-dict-reordered",
        "a long dict that lost keys and got them again has the same content in another order",
        ("table = {n: [n] for n in range(6000)}; one = table[4321]",),
        "for n in range(0, 6000, 2):\n    table[n] = table.pop(n)",
        "(list(table)[:3], list(table)[-3:], table[4321] is one, len(table),"
        " all(row == [n] for n, row in table.items()))",
    ),
    S(
        "long-list-sorted-in-place",
        "a sort moves objects and makes none: each is who it was at its new place",
        (
            "class Row:\n    def __init__(self, n):\n        self.n, self.key = n, n * 37 % 5003",
            "rows = [Row(n) for n in range(5003)]; best = rows[3000]",
        ),
        "rows.sort(key=lambda row: row.key); best.key = -1",
        "([row.n for row in rows[:3]], [n for n, row in enumerate(rows) if row is best],"
        " best.key, sum(n * row.n for n, row in enumerate(rows)))",
    ),
    S(
        "deep-nesting",
        "300 lists in each other are rebuilt to the bottom, which has a name",
        (
            "bottom = ['here']; deep = bottom\nfor level in range(300):\n    deep = [deep, level]",
            "def descend(x):\n"
            "    steps = 0\n"
            "    while isinstance(x[0], list):\n"
            "        x, steps = x[0], steps + 1\n"
            "    return steps, x, x is bottom",
        ),
        "bottom.append('and here'); deep = [deep]",
        "descend(deep)",
    ),
    S(
        "linked-list",
        "a chain of 3,000 nodes is deeper than what recursion can follow",
        (
            "class Node:\n    def __init__(self, value, after):\n"
            "        self.value, self.after = value, after",
            "head = tail = Node(0, None)\nfor n in range(1, 3000):\n    head = Node(n, head)",
            "def total(node):\n"
            "    n, found, last = 0, 0, None\n"
            "    while node is not None:\n"
            "        n, found, last, node = n + 1, found + node.value, node, node.after\n"
            "    return n, found, last is tail",
        ),
        "head = head.after; tail.value = 7",
        "total(head)",
    ),
    S(
        "shared-settings-cut",
        "two runs share their settings until one takes a copy; both ways must come back",
        ("base = {'lr': 1, 'layers': [8]}; one = {'settings': base}; two = {'settings': base}",),
        "two['settings'] = dict(base); one['settings']['lr'] = 2; two['settings']['layers'] += [4]",
        "(base, one, two, one['settings'] is base, two['settings'] is base,"
        " two['settings']['layers'] is base['layers'])",
    ),
    S(
        "weak-values",
        "a cache of weak references has what is alive: what comes back must be in it again",
        (
            "import weakref",
            "class Job:\n    def __init__(self, n):\n        self.n = n",
            "jobs = [Job(n) for n in range(3)]\n"
            "cache = weakref.WeakValueDictionary(zip('abc', jobs))",
        ),
        "del jobs[2]",
        "(len(jobs), sorted(cache), [cache[key] is job for key, job in zip('abc', jobs)])",
    ),
    S(
        "weak-reference",
        "a weak reference to a deleted object refers to it again, not to a copy that nobody holds",
        (
            "import weakref",
            "class Model:\n    pass",
            "model = Model(); model.w = [1]; watch = weakref.ref(model)",
        ),
        "del model",
        "(watch() is None, 'model' in globals() and watch() is model)",
    ),
    S(
        "finalizer-writes",
        "what an object that a restore lets go of writes into a list is said",
        (
            "log = []",
            "class Temporary:\n"
            "    def __init__(self, n):\n        self.n = n\n"
            "    def __del__(self):\n        log.append(self.n)",
            "held = [Temporary(1)]",
        ),
        "held = [Temporary(2), Temporary(3)]",
        "(log, [each.n for each in held])",
        undo="said",
        cold="said",
    ),
    S(
        "nan",
        "a nan is equal to none, itself included; as a number, it is nobody's very nan",
        (
            "import math",
            "values = [1.0, math.nan]; gap = float('nan'); known = {gap: 'gap'}",
        ),
        "values[0] = float('-nan'); known[1.0] = 'one'",
        "(values, known, gap, [math.copysign(1, each) for each in values])",
    ),
    S(
        "equal-but-other-type",
        "1, True and 1.0 are equal and hash alike, as do Decimals of other precision",
        (
            "from decimal import Decimal",
            "mixed = [1, True, 1.0, 0]; keyed = {1: 'one'}; price = {'sum': Decimal('1.0')}",
        ),
        "mixed[:] = [True, 1.0, 1, False]; keyed = {True: 'one'}; price['sum'] = Decimal('1.00')",
        "(mixed, keyed, price)",
    ),
    S(
        "enum-members",
        "a member of an IntEnum equals its number, and is the one there is of it",
        (
            "from enum import Enum, IntEnum",
            "class Level(IntEnum):\n    LOW = 1\n    HIGH = 2\n"
            "class Side(Enum):\n    LEFT = 'l'\n    RIGHT = 'r'",
            "levels = [1, Level.HIGH]; count = {Side.LEFT: [1], Side.RIGHT: []}",
        ),
        "levels[:] = [Level.LOW, 2]; count[Side.RIGHT].append(Side.LEFT)",
        "(levels, [each is Level(each) for each in levels], count[Side.LEFT], count[Side.RIGHT],"
        " [type(each) is Side for each in count], Side.LEFT in count[Side.RIGHT])",
    ),
    S(
        "minus-zero",
        "0.0 == -0.0, in a float, a complex and a tuple: only the sign tells that it changed",
        ("x = 0.0; sums = {'a': 0.0, 'z': 0j, 't': (0.0, 1)}",),
        "x = -x; sums.update(a=-0.0, z=complex(-0.0, 0.0), t=(-0.0, 1))",
        "(x, sums)",
    ),
    S(
        "surrogates",
        "names of files that are no UTF-8 hold lone surrogates, which do not encode",
        (r"names = ['ok', 'caf\udce9.txt']; sizes = {'caf\udce9.txt': [1]}; bad = '\ud800'",),
        r"names[1] = '\udfff'; sizes['\ud83d'] = [2]; bad += '\udc00'",
        "(ascii(names), ascii(sizes), ascii(bad), len(bad))",
    ),
    S(
        "huge-ints",
        "integers of more digits than str() writes: a preview must not stop their being kept",
        ("n = 3**20000; parts = [n, -n]; key = {n: 'n'}",),
        "n += 1; parts[1] = n",
        "(n.bit_length(), n % 1000003, n == 3**20000, parts[0] == 3**20000, parts[1] == n,"
        " parts[0] + parts[1] == 0, key[3**20000])",
    ),
    S(
        "swap",
        "two names change places: neither list changed, and each is who it was",
        ("a = [1]; b = [2]; first, second = a, b",),
        "a, b = b, a",
        "(a, b, a is first, a is second, b is first, b is second)",
    ),
    S(
        "one-name-deleted",
        "of two names for a list one is deleted, and the list goes on under the other",
        ("raw = [[1], [2]]; kept = raw; inner = raw[0]",),
        "del raw; kept.append([3])",
        "('raw' in globals(), kept, globals().get('raw') is kept, kept[0] is inner)",
    ),
    S(
        "rebound-or-in-place",
        "`a = a + [2]` leaves the other name behind, `c += [2]` does not",
        ("a = [1]; b = a; c = [1]; d = c",),
        "a = a + [2]; c += [2]",
        "(a, b, a is b, c, d, c is d)",
    ),
    S(
        "sentinel",
        "a bare object() marks what is missing, and is compared with `is`, in other kernels too",
        ("MISSING = object(); row = {'a': MISSING, 'b': 2}; rows = [MISSING]",),
        "row['a'] = 1; row['c'] = MISSING",
        "(sorted(row), [row[key] is MISSING for key in sorted(row)], rows[0] is MISSING)",
    ),
    S(
        "looked-at",
        "a loop, a sorted copy, a lookup and a displayed row change nothing",
        (
            "import copy, json",
            "from collections import Counter, deque",
            "rows = [{'n': n, 'tags': ['t']} for n in range(3)]; recent = deque(rows, maxlen=2)",
            "counts = Counter(a=1); by_n = {row['n']: row for row in rows}",
        ),
        "for row in rows:\n    row['n'], counts['absent'], recent[-1]\n"
        "del row\n"
        "sorted(rows, key=lambda row: -row['n']); copy.deepcopy(by_n); json.dumps(rows)\n"
        "rows.append(1); rows.pop()\n"
        "by_n.get(7), list(reversed(recent)), rows[0]",
        "(rows, list(recent), counts, [by_n[row['n']] is row for row in rows])",
        reading=True,
    ),
    S(
        "appended-object-with-a-last-word",
        "what an appended object writes when an undo takes it out again is said",
        (
            "log, items = [], []",
            "class Temporary:\n"
            "    def __init__(self, n):\n        self.n = n\n"
            "    def __del__(self):\n        log.append(self.n)",
        ),
        "items.append(Temporary(1))",
        "(log, [each.n for each in items])",
        undo="said",
    ),
    S(
        "weak-proxy",
        "a proxy stands for the object in the variable, and for no copy of it",
        (
            "import weakref\nclass Model:\n    pass",
            "model = Model(); model.w = [1]; proxy = weakref.proxy(model)",
        ),
        "proxy.w.append(2); model.name = 'm'",
        "(proxy.w, proxy.w is model.w, getattr(proxy, 'name', None))",
    ),
)
