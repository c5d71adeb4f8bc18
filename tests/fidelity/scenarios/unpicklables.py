"""What no pickle can hold: brought back, or named with the reason."""

from tests.fidelity.scenario import Scenario as S

_COUNT = "def count_up(limit):\n    for i in range(limit):\n        yield i * i"


def _library(name: str, methods: str) -> str:
    """A cell that writes and imports a module with a class ``Model`` that has these methods."""
    text = (
        "class Model:\n    def __init__(self, n):\n        self.n = n\n"
        f"        self.fitted = [n] * 3\n    {methods}\n"
    )
    return (
        "import os, sys\nfrom pathlib import Path\nsys.path.insert(0, os.getcwd())\n"
        f"Path('{name}.py').write_text({text!r})\nimport {name}"
    )


SCENARIOS: tuple[S, ...] = (
    # Generators and iterators.
    S(
        "generator",
        "a generator goes on from where it was when the cell ran",
        (_COUNT, "g = count_up(9)", "first = next(g)"),
        "more = [next(g), next(g)]",
        "(g.gi_frame.f_locals['i'], globals().get('more'))",
        rerun="more = [next(g), next(g)]",
    ),
    S(
        "generator-in-two-places",
        "a generator in a list and in a variable is one: each step is seen in both",
        (_COUNT, "g = count_up(9)\nstreams = [g, count_up(3)]", "next(streams[1])"),
        "next(g)",
        "(streams[0] is g, g.gi_frame.f_locals, streams[1].gi_frame.f_locals['i'])",
    ),
    S(
        "generator-with-globals",
        "running the cells again must not append twice, nor to another list",
        (
            "seen = []\ndef reader(rows):\n    for row in rows:\n        seen.append(row)\n"
            "        yield len(seen)",
            "g = reader(['a', 'b', 'c', 'd'])",
            "next(g)",
        ),
        "n = next(g)",
        "(seen, g.gi_frame.f_locals['row'], globals().get('n'))",
        rerun="n = next(g)",
    ),
    S(
        "generator-with-closure",
        "a generator and a function share a variable of the function that made both",
        (
            "def make():\n    total = 0\n    def feed():\n        nonlocal total\n"
            "        for x in range(1, 9):\n            total += x\n            yield x\n"
            "    return feed(), lambda: total",
            "g, total = make()",
            "next(g)",
        ),
        "next(g); next(g)",
        "(total(), g.gi_frame.f_locals['x'])",
        rerun="next(g); next(g)",
    ),
    S(
        "generator-exhausted",
        "one that was used up reads its list again, the live one",
        ("rows = [1, 2, 3]", "doubled = (row * 2 for row in rows)", "next(doubled)"),
        "rows.append(9)\nrest = list(doubled)",
        "(rows, globals().get('rest'), doubled.gi_frame is None)",
        rerun="rows.append(9)\nrest = list(doubled)",
    ),
    S(
        "generator-delegating",
        "the inner generator of `yield from` goes back with the outer one",
        (
            "def inner(n):\n    for i in range(n):\n        yield i\n"
            "def outer():\n    for n in (2, 3):\n        yield from inner(n)",
            "g = outer()\nnext(g)",
        ),
        "next(g); next(g)",
        "(g.gi_frame.f_locals, g.gi_yieldfrom.gi_frame.f_locals)",
        rerun="next(g); next(g)",
    ),
    S(
        "generator-pipeline",
        "two generators of which one draws from the other stay in step",
        (
            "def numbers():\n    n = 0\n    while True:\n        n += 1\n        yield n",
            "source = numbers()\neven = (n for n in source if n % 2 == 0)",
            "next(even)",
        ),
        "x = next(even)",
        "(source.gi_frame.f_locals['n'], even.gi_frame.f_locals['n'], globals().get('x'),"
        " even.gi_frame.f_locals['.0'] is source)",
        rerun="x = next(even)",
    ),
    S(
        "generator-that-was-sent-to",
        "what was sent into a generator is part of its state",
        (
            "def average():\n    total, count = 0, 0\n    while True:\n"
            "        total += yield total / count if count else None\n        count += 1",
            "mean = average()\nnext(mean)",
            "mean.send(10)",
        ),
        "now = mean.send(30)",
        "(mean.gi_frame.f_locals, globals().get('now'))",
        rerun="now = mean.send(30)",
    ),
    S(
        "generator-of-random-numbers",
        "running its cells again must draw nothing from the generator that the session uses",
        (
            "import random\nrandom.seed(2718)",
            "noise = (random.random() + i for i in range(99))",
            "first = next(noise)",
        ),
        "x = next(noise)",
        "(first, globals().get('x'), noise.gi_frame.f_locals['i'], random.getstate()[1][-1])",
        rerun="x = next(noise)",
    ),
    S(
        "generator-whose-file-is-gone",
        "its cells cannot run again: that is said, and nothing else is touched",
        (
            "import os\nfrom pathlib import Path\nPath('gone.txt').write_text('a\\nb\\nc\\n')",
            "lines = (line.strip() for line in open('gone.txt'))",
            "one = next(lines)",
        ),
        "os.remove('gone.txt')\ntwo = next(lines)",
        "(one, globals().get('two'), lines.gi_frame.f_locals['line'])",
        undo="said",
        cold="said",
    ),
    S(
        "async-generator",
        "one that was advanced by top-level await goes back like any other",
        (
            "async def ticks(n):\n    for i in range(n):\n        yield i * 10",
            "stream = ticks(5)\nfirst = await anext(stream)",
        ),
        "second = await anext(stream)",
        "(stream.ag_frame.f_locals['i'], globals().get('second'))",
        rerun="second = await anext(stream)",
    ),
    S(
        "coroutine-half-run",
        "it cannot be stored, nor be run back to where it was: that is said",
        (
            "import asyncio\nasync def work():\n    step = 1\n    await asyncio.sleep(0)\n"
            "    step = 2\n    await asyncio.sleep(0)",
            "job = work()\njob.send(None)",
        ),
        "job.send(None)",
        "job.cr_frame.f_locals['step']",
        undo="said",
        cold="said",
    ),
    S(
        "list-iterator",
        "an iterator stays on its list: what is appended later, it gives too",
        ("rows = ['a', 'b', 'c']\nit = iter(rows)", "next(it)"),
        "row = next(it)\nrows.append('d')",
        "(it.__length_hint__(), it.__reduce__()[1][0] is rows, rows)",
        rerun="row = next(it)\nrows.append('d')",
    ),
    S(
        "dict-iterator",
        "half of a dict's items are done: the other half is still to come, once",
        ("stock = dict(apple=1, pear=2, plum=3, fig=4)\nit = iter(stock.items())", "next(it)"),
        "pair = next(it); next(it)",
        "(it.__length_hint__(), globals().get('pair'), stock)",
        rerun="pair = next(it); next(it)",
    ),
    S(
        "zip-of-one-iterator",
        "zip(it, it) reads both sides from one iterator, and so does the variable beside it",
        ("it = iter(range(10))\npairs = zip(it, it)", "first = next(pairs)"),
        "second = next(pairs)",
        "(it.__length_hint__(), [each is it for each in pairs.__reduce__()[1]],"
        " globals().get('second'))",
        rerun="second = next(pairs)",
    ),
    S(
        "map-and-filter",
        "lazy steps with a lambda keep their place in the list below them",
        (
            "from copy import deepcopy\nlines = ['3', '-1', '4', '-1', '5', '9']",
            "positive = filter(lambda n: n > 0, map(int, lines))",
            "next(positive)",
        ),
        "n = next(positive)",
        "(list(deepcopy(positive)), globals().get('n'))",
        rerun="n = next(positive)",
    ),
    S(
        "enumerated-file",
        "lines of a file, numbered and half read, do not say where they are: that is said",
        (
            "from pathlib import Path\nPath('plants.txt').write_text('ash\\noak\\nelm\\nyew\\n')",
            "numbered = enumerate(open('plants.txt'), 1)",
            "next(numbered)",
        ),
        "pair = next(numbered)",
        "(numbered.__reduce__()[1][1], globals().get('pair'))",
        undo="said",
        cold="said",
    ),
    S(
        "count-cycle-islice",
        "numbers for new rows and colours for new lines go on where they were",
        (
            "from copy import deepcopy\nfrom itertools import count, cycle, islice\n"
            "ids = count(100)\ncolours = cycle(['red', 'green', 'blue'])\n"
            "some = islice(ids, 8)",
            "rows = [(next(ids), next(colours)), (next(some), next(colours))]",
        ),
        "rows.append((next(some), next(colours)))",
        "(rows, ids, list(islice(deepcopy(colours), 3)))",
        rerun="rows.append((next(some), next(colours)))",
    ),
    S(
        "groupby-within-a-group",
        "a group and the groups it comes from read the same rows",
        (
            "from copy import deepcopy\nfrom itertools import groupby\n"
            "rows = [('a', 1), ('a', 2), ('a', 3), ('b', 4)]",
            "groups = groupby(rows, lambda row: row[0])\nname, group = next(groups)",
            "next(group)",
        ),
        "two = next(group)",
        "(list(deepcopy(group)), globals().get('two'))",
        rerun="two = next(group)",
    ),
    S(
        "tee",
        "two readers of one source, at different places",
        (
            "from copy import deepcopy\nfrom itertools import tee\n"
            "here, ahead = tee(n * n for n in range(6))",
            "next(ahead)",
        ),
        "next(ahead); next(here)\nbehind = [next(here), next(ahead)]",
        "globals().get('behind')",
        rerun="next(ahead); next(here)\nbehind = [next(here), next(ahead)]",
    ),
    S(
        "csv-reader",
        "a reader of which the header was taken gives the same row next",
        (
            "import csv\nlines = ['id,name', '1,ann', '2,\"bob, jr\"', '3,cy']",
            "reader = csv.reader(lines)\nheader = next(reader)",
        ),
        "row = [next(reader), next(reader)]",
        "(reader.line_num, globals().get('row'))",
        rerun="row = [next(reader), next(reader)]",
    ),
    S(
        "csv-writer",
        "a writer goes on writing to the buffer that the variable holds",
        (
            "import csv, io\nout = io.StringIO()",
            "table = csv.DictWriter(out, ['id', 'name'], lineterminator=';')\ntable.writeheader()",
        ),
        "table.writerow({'id': 1, 'name': 'ann'})",
        "(out.getvalue(), out.tell())",
        rerun="table.writerow({'id': 1, 'name': 'ann'})",
    ),
    S(
        "xml-walker",
        "a walk through a tree gives the elements of that tree, not of a copy",
        (
            "import xml.etree.ElementTree as ET\n"
            'root = ET.fromstring(\'<r><i id="1"/><i id="2"/><i id="3"/></r>\')',
            "walker = root.iter('i')\nitem = next(walker)",
        ),
        "item = next(walker)\nitem.set('seen', 'yes')",
        "(ET.tostring(root), [item is each for each in root])",
        rerun="item = next(walker)\nitem.set('seen', 'yes')",
        undo="said",
    ),
    S(
        "dict-views",
        "a view of a dict's keys shows what is added to that dict later",
        ("ages = {'ann': 30}\nnames, pairs = ages.keys(), ages.items()",),
        "ages['bob'] = 41",
        "(list(names), list(pairs), ages)",
        rerun="ages['bob'] = 41",
    ),
    # Locks and queues.
    S(
        "lock",
        "a lock taken by an undone cell is free again, wherever it is held",
        ("import threading\nlock = threading.Lock()\nguards = {'table': lock}",),
        "lock.acquire()",
        "(lock.locked(), guards['table'] is lock)",
    ),
    S(
        "rlock-held",
        "a re-entrant lock that a cell took is still this thread's own",
        ("import threading\nlock = threading.RLock()\nlock.acquire()",),
        "lock.release()",
        "lock._is_owned()",
    ),
    S(
        "condition-and-friends",
        "a condition made over a lock waits for that very lock",
        (
            "from threading import Condition, Event, Lock, Semaphore\n"
            "lock = Lock()\nroom = Condition(lock)\nready = Event()\nslots = Semaphore(3)",
        ),
        "ready.set()\nslots.acquire()\nlock.acquire()",
        "(room._lock is lock, lock.locked(), ready.is_set(), slots._value)",
    ),
    S(
        "thread-local",
        "what this thread keeps in a local is state like any attribute",
        ("import threading\nhere = threading.local()\nhere.user = 'ann'\nhere.hits = [1]",),
        "here.hits.append(2)\nhere.role = 'admin'",
        "sorted(vars(here).items())",
    ),
    S(
        "queue",
        "its items, its count of what is not done, and the one lock of its three conditions",
        ("from queue import Queue\nq = Queue()\nfor n in 'abc':\n    q.put(n)",),
        "item = q.get()\nq.task_done()",
        "(list(q.queue), q.unfinished_tasks, q.not_empty._lock is q.mutex)",
    ),
    S(
        "simple-queue",
        "one that cannot be looked into keeps its items, in order",
        ("from queue import SimpleQueue\nq = SimpleQueue()\nq.put('a'); q.put('b'); q.put('c')",),
        "item = q.get()",
        "(q.qsize(), globals().get('item'))",
        rerun="item = q.get()",
    ),
    S(
        "asyncio-queue",
        "queues, locks and events of asyncio come back usable in another loop",
        (
            "import asyncio\nq = asyncio.Queue(5)\nlock = asyncio.Lock()\nready = asyncio.Event()",
            "await q.put('a'); await q.put('b')",
        ),
        "item = await q.get()\nready.set()\nawait lock.acquire()",
        "(list(q._queue), ready.is_set(), lock.locked(), globals().get('item'))",
        rerun="item = await q.get()\nready.set()\nawait lock.acquire()",
    ),
    # Files.
    S(
        "file-position",
        "a file that is read goes back to the line it was at",
        (
            "from pathlib import Path\nPath('trees.txt').write_text('ash\\noak\\nelm\\n')",
            "f = open('trees.txt', encoding='utf-8')\nfirst = f.readline()",
        ),
        "second = f.readline()",
        "(f.name, f.mode, f.encoding, f.tell(), f.closed, globals().get('second'))",
        rerun="second = f.readline()",
    ),
    S(
        "file-closed",
        "a file that the undone cell closed can be read on",
        (
            "from pathlib import Path\nPath('bytes.bin').write_bytes(bytes(range(40)))",
            "f = open('bytes.bin', 'rb')\nheader = f.read(8)",
        ),
        "f.close()",
        "(f.closed, f.mode, f.closed or f.tell())",
        rerun="f.close()",
    ),
    S(
        "file-not-emptied",
        "a file that was opened to be written is not emptied by opening it once more",
        ("f = open('report.txt', 'w')\nf.write('one\\n')\nf.flush()",),
        "f.write('two\\n')\nf.flush()",
        "(f.mode, f.tell(), f.closed, open('report.txt').read(4))",
    ),
    S(
        "file-written",
        "what was written stays on disk, and that is said",
        ("f = open('log.txt', 'a')\nf.write('one\\n')\nf.flush()",),
        "f.write('two\\n')\nf.flush()",
        "open('log.txt').read()",
        undo="said",
        cold="said",
    ),
    S(
        "gzip-as-text",
        "a compressed file read line by line is not opened again: that is said",
        (
            "import gzip\nwith gzip.open('words.gz', 'wt') as made:\n"
            "    made.write('ash\\noak\\nelm\\n')",
            "words = gzip.open('words.gz', 'rt')\nfirst = words.readline()",
        ),
        "second = words.readline()",
        "(words.tell(), words.closed, globals().get('second'))",
        undo="said",
        cold="said",
    ),
    S(
        "zip-closed",
        "an archive closed by the undone cell can be read from again",
        (
            "import zipfile\nwith zipfile.ZipFile('data.zip', 'w') as made:\n"
            "    made.writestr('a.txt', 'one')\n    made.writestr('b.txt', 'two')",
            "archive = zipfile.ZipFile('data.zip')",
        ),
        "text = archive.read('b.txt')\narchive.close()",
        "(archive.namelist(), archive.fp is None, globals().get('text'))",
        rerun="text = archive.read('b.txt')\narchive.close()",
    ),
    S(
        "text-over-bytes",
        "a wrapper writes to the buffer that has a name of its own, and keeps its place there",
        (
            "import io\nraw = io.BytesIO()\ntext = io.TextIOWrapper(raw, encoding='utf-16-le')",
            "text.write('ab')\ntext.flush()",
        ),
        "text.write('cd')\ntext.flush()",
        "(text.buffer is raw, raw.getvalue(), raw.tell(), text.encoding)",
        rerun="text.write('cd')\ntext.flush()",
    ),
    S(
        "mapped-memory",
        "anonymous mapped memory is nowhere but in this process: its bytes are kept",
        ("import mmap\nshared = mmap.mmap(-1, 32)\nshared[:5] = b'hello'\nshared.seek(3)",),
        "shared[1:4] = b'ipp'\nshared.seek(9)",
        "(shared[:8], len(shared), shared.tell())",
    ),
    S(
        "temporary-directory",
        "a second owner of the directory would remove it from under the first",
        (
            "import os, tempfile\nwork = tempfile.TemporaryDirectory()\n"
            "open(os.path.join(work.name, 'part.txt'), 'w').close()",
        ),
        "work = [work]",
        "(type(work).__name__, os.listdir((work[0] if isinstance(work, list) else work).name))",
        cold="said",
    ),
    # Databases and what is connected.
    S(
        "sqlite-in-memory",
        "a database in memory is nowhere but in its connection",
        (
            "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.row_factory = sqlite3.Row\n"
            "db.execute('create table t (id integer primary key, name text)')\n"
            "db.executemany('insert into t (name) values (?)', [('ann',), ('bob',)])\n"
            "db.commit()",
        ),
        "db.execute('delete from t where id = 1')\ndb.commit()",
        "([dict(row) for row in db.execute('select * from t')], db.row_factory is sqlite3.Row)",
    ),
    S(
        "sqlite-file-closed",
        "a connection to a file is opened again, without what the file now has",
        (
            "import sqlite3\nwith sqlite3.connect('shop.db') as made:\n"
            "    made.execute('create table if not exists t (n)')\n"
            "    made.execute('insert into t values (7)')\nmade.close()",
            "db = sqlite3.connect('shop.db')",
        ),
        "db.close()",
        "[row for row in db.execute('select n from t')]",
    ),
    S(
        "sqlite-cursor",
        "a cursor that was used for another query cannot go back: that is said",
        (
            "import sqlite3\ndb = sqlite3.connect(':memory:')\n"
            "db.execute('create table t (id, name)')\ndb.commit()",
            "cursor = db.execute('select id from t')",
        ),
        "cursor = cursor.execute('select name, id from t')",
        "[column[0] for column in cursor.description]",
        undo="said",
        cold="said",
    ),
    S(
        "partial-of-a-connection",
        "a partial of a connection's method works on that connection, not on another",
        (
            "import sqlite3\nfrom functools import partial\ndb = sqlite3.connect(':memory:')\n"
            "db.execute('create table t (n)')\ndb.commit()",
            "insert = partial(db.execute, 'insert into t values (?)')",
        ),
        "insert((4,))\ndb.commit()",
        "(insert.func.__self__ is db, db.execute('select * from t').fetchall())",
        rerun="insert((4,))\ndb.commit()",
    ),
    S(
        "thread",
        "a thread that lives is kept and no second one started; elsewhere its absence is said",
        (
            "import threading\nstop = threading.Event()\n"
            "worker = threading.Thread(target=stop.wait, args=(60,), name='poll', daemon=True)\n"
            "worker.start()\nseen = []",
        ),
        "seen.append(worker.is_alive())",
        "(seen, worker.is_alive(), sum(each.name == 'poll' for each in threading.enumerate()))",
        cold="said",
    ),
    S(
        "socket-closed",
        "a connection that was closed cannot be made again: that is said",
        ("import socket\nhere, there = socket.socketpair()\nhere.sendall(b'hello')",),
        "here.close()",
        "here.fileno() >= 0",
        undo="said",
        cold="said",
    ),
    S(
        "executor-and-future",
        "a pool and what it was given to do are kept while they live, and named elsewhere",
        (
            "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
            "job = pool.submit(pow, 2, 5)\njob.result()",
        ),
        "results = [job.result()]",
        "(globals().get('results'), job.done(), pool._shutdown)",
        cold="said",
    ),
    S(
        "one-bad-attribute",
        "an object with one socket beside ten good attributes loses the socket alone",
        (
            "import socket\nclass Job:\n    pass\nshared = ['x']\njob = Job()\n"
            "job.link, job.other_end = socket.socketpair()\n"
            "job.name, job.results, job.scores, job.shared = 'fit', [1], {'a': (2,)}, shared",
        ),
        "job.results.append(3)\njob.best = 3\nshared.append('y')",
        "(type(job).__name__, job.name, job.results, job.scores, job.shared is shared, shared,"
        " getattr(job, 'best', None))",
    ),
    # Objects of the standard library without a pickle, or with one that lies.
    S(
        "match",
        "a regex match refers to a text that may be gone",
        ("import re\ntext = 'order 66 of 2024'\nfound = re.search(r'(?P<no>\\d+)', text)",),
        "text = ''\nfound = re.search(r'x(\\d)?', 'box')",
        "(found.group(), found.groupdict(), found.span(), found.string, found.re.pattern)",
    ),
    S(
        "context-variables",
        "a context keeps what was set in it, by the very variable that the notebook holds",
        (
            "import contextvars\nuser = contextvars.ContextVar('user', default='nobody')",
            "user.set('ann')\njob = contextvars.copy_context()",
        ),
        "user.set('bob')\njob.run(user.set, 'cy')",
        "(user.get(), job[user])",
    ),
    S(
        "logger-of-the-notebook",
        "a logger comes back with its level and the handlers that a cell gave it",
        (
            "import io, logging\nlog = logging.getLogger('scenario.etl')\nlines = io.StringIO()\n"
            "log.handlers[:] = [logging.StreamHandler(lines)]\nlog.setLevel('INFO')",
        ),
        "log.info('started')\nlog.setLevel('ERROR')\nlog.addHandler(logging.NullHandler())",
        "(log.level, [type(each).__name__ for each in log.handlers], lines.getvalue(),"
        " log.handlers[0].stream is lines, log is logging.getLogger('scenario.etl'))",
    ),
    S(
        "standard-stream-in-a-list",
        "where a tool prints to is the kernel's own stream, in every kernel",
        ("import sys\nsinks = [sys.stdout]",),
        "sinks.append('report.txt')",
        "(sinks[0] is sys.stdout, sinks[1:])",
    ),
    S(
        "module-made-by-hand",
        "a module that is in no file is its attributes",
        ("import types\nconfig = types.ModuleType('config')\nconfig.paths = ['raw']",),
        "config.paths.append('clean')\nconfig.debug = True",
        "{key: value for key, value in vars(config).items() if key[0] != '_'}",
    ),
    S(
        "module-edited",
        "a module whose file was edited since is not the one that the state had: that is said",
        (
            "import os, sys\nfrom pathlib import Path\nPath('rates.py').write_text('RATE = 1\\n')\n"
            "sys.path.insert(0, os.getcwd())",
            "import rates\nprice = rates.RATE * 10",
        ),
        "import importlib\nPath('rates.py').write_text('RATE = 250\\n')\n"
        "importlib.reload(rates)\nprice = rates.RATE * 10",
        "(rates.RATE, price)",
        undo="said",
        cold="said",
    ),
    S(
        "memoryview",
        "a view writes into the bytearray it was made of",
        ("raw = bytearray(b'abcdefgh')\nhead = memoryview(raw)[2:6]\nwords = head.cast('H')",),
        "head[0:2] = b'XY'",
        "(raw, bytes(head), words.format, words.tolist()[0] == head[0] + 256 * head[1],"
        " words.obj is raw)",
        rerun="head[0:2] = b'XY'",
    ),
    S(
        "memoryview-released",
        "a view that was let go so that its bytearray could grow is back, and the length too",
        ("raw = bytearray(b'abcd')\nview = memoryview(raw)[1:]",),
        "view.release()\nraw += b'efgh'",
        "(raw, view.tolist(), view.obj is raw)",
    ),
    S(
        "functions-and-classes-without-names",
        "a lambda, a class made in a function and a coroutine function, in one dict",
        (
            "def make(unit):\n    class Size:\n        def __init__(self, n):\n"
            "            self.n = n\n        def __str__(self):\n"
            "            return f'{self.n} {unit}'\n    return Size",
            "async def fetch(n):\n    return n + 1",
            "tools = {'double': lambda n: n * 2, 'Size': make('m'), 'fetch': fetch}\n"
            "size = tools['Size'](4)",
        ),
        "tools['double'] = lambda n: n * 3\nsize.n = 5\ntools['Size'] = make('km')\n"
        "other = tools['Size'](6)",
        "(tools['double'](5), str(size), isinstance(size, tools['Size']),"
        " tools['fetch'] is fetch, fetch.__code__.co_flags & 128, str(globals().get('other')))",
    ),
    S(
        "exit-stack",
        "what a stack is to do at its end is state: it is done once, and again after an undo",
        (
            "from contextlib import ExitStack\nclosed = []\nstack = ExitStack()\n"
            "stack.callback(closed.append, 'db')\nstack.callback(closed.append, 'file')",
        ),
        "stack.close()",
        "(closed, len(stack._exit_callbacks))",
        rerun="stack.close()",
    ),
    S(
        "context-manager-entered",
        "a `with` entered in one cell and left in another is half a generator",
        (
            "from contextlib import contextmanager\nevents = []\n@contextmanager\n"
            "def timed(name):\n    events.append('begin ' + name)\n    yield name\n"
            "    events.append('end ' + name)",
            "timer = timed('fit')\nlabel = timer.__enter__()",
        ),
        "timer.__exit__(None, None, None)",
        "(events, timer.gen.gi_frame is None)",
        rerun="timer.__exit__(None, None, None)",
    ),
    S(
        "hash-half-fed",
        "it can be copied but not stored: it comes back, or that is said",
        ("import hashlib\ndigest = hashlib.sha256()\ndigest.update(b'one')",),
        "digest.update(b'two')",
        "digest.hexdigest()",
        undo="said",
        cold="said",
    ),
    S(
        "exception-caught",
        "an exception kept in a variable has its notes, its cause and its attributes",
        (
            "try:\n    try:\n        {}['rate']\n    except KeyError as error:\n"
            "        raise ValueError('no rate', 7) from error\nexcept ValueError as error:\n"
            "    error.add_note('row 12')\n    failed = error",
        ),
        "failed.add_note('row 13')\nfailed.rows = [12, 13]\nfailed.args = ('no rate',)",
        "(failed, failed.__notes__, failed.__cause__, getattr(failed, 'rows', None))",
    ),
    S(
        "traceback",
        "where an exception was raised cannot be stored: that is said",
        (
            "def read(row):\n    return 1 / row",
            "try:\n    read(0)\nexcept ZeroDivisionError as error:\n    failed = error",
        ),
        "failed = None",
        "(failed, failed and failed.__traceback__.tb_next.tb_frame.f_code.co_name)",
        undo="said",
        cold="said",
    ),
    S(
        "weak-reference",
        "a reference to an object that the undone cell let die finds it again",
        ("import weakref\nclass Node:\n    n = 1", "node = Node()\nseen = weakref.ref(node)"),
        "node = Node()\nnode.n = 2",
        "(node.n, seen() is node, seen() is None)",
    ),
    S(
        "weak-dicts",
        "a cache that forgets what nobody else holds has it again when it is held again",
        (
            "import weakref\nclass Node:\n    pass\na, b = Node(), Node()",
            "cache = weakref.WeakValueDictionary(a=a, b=b)\nlabels = weakref.WeakKeyDictionary()\n"
            "labels[a] = ['first']\nlive = weakref.WeakSet([a, b])",
        ),
        "labels[a].append('more')\ndel b",
        "(sorted(cache), cache['a'] is a, cache.get('b') is globals().get('b'), labels[a],"
        " len(live), a in live)",
    ),
    S(
        "finalizer",
        "a finalizer that a cell took off waits for its object no more: that is said",
        (
            "import weakref\nclass Table:\n    pass\ntable, closed = Table(), []",
            "closer = weakref.finalize(table, closed.append, 'table')",
        ),
        "closer.detach()",
        "(closer.alive, closer.alive and closer.peek()[0] is table)",
        undo="said",
        cold="said",
    ),
    S(
        "struct",
        "a compiled layout has a text but no pickle",
        ("import struct\nlayouts = {'head': struct.Struct('<IH')}",),
        "layouts['head'] = struct.Struct('>IH')\nlayouts['row'] = struct.Struct('<3d')",
        "{key: (each.format, each.size) for key, each in layouts.items()}",
    ),
    S(
        "ctypes",
        "an array of C doubles and the NumPy view of it are the same memory",
        (
            "import ctypes\nimport numpy as np\nclass Head(ctypes.Structure):\n"
            "    _fields_ = [('size', ctypes.c_int), ('tag', ctypes.c_char * 4)]",
            "head = Head(3, b'ab')\nvalues = (ctypes.c_double * 3)(1, 2, 3)\n"
            "view = np.frombuffer(values)",
        ),
        "values[1] = 7.5\nhead.size = 9",
        "(list(values), view.tolist(), np.shares_memory(view, np.frombuffer(values)), head.size,"
        " head.tag)",
        needs="numpy",
        undo="said",
        cold="said",
    ),
    S(
        "code-and-syntax-trees",
        "a rule that was compiled once runs as it did, and its tree is edited in place",
        (
            "import ast\ntree = ast.parse('total = price * 2')\nfactor = tree.body[0].value.right",
            "rule = compile(tree, 'rule', 'exec')",
        ),
        "factor.value = 3\nrule = compile(tree, 'rule', 'exec')",
        "(rule.co_consts, rule.co_names, ast.unparse(tree), tree.body[0].value.right is factor)",
    ),
    S(
        "syntax-trees-in-which-a-tool-noted-parents",
        "the parser has one object for each operator, and whoever walks a tree may hang it on that",
        (
            "import ast\nrule = ast.parse('total = price + tax')\nother = ast.parse('x + 1')",
            "for node in ast.walk(other):\n"
            "    for child in ast.iter_child_nodes(node):\n        child.parent = node\n"
            "del node, child",
        ),
        "rule.body[0].value.left.id = 'cost'",
        "(ast.unparse(rule), ast.unparse(other), other.body[0].value.parent is other.body[0],"
        " rule.body[0].value.op is ast.parse('a + b').body[0].value.op)",
    ),
    S(
        "only-looked-at",
        "asking a generator, a file, a lock or a queue how it is changes none of them",
        (
            _COUNT,
            "import threading\nfrom pathlib import Path\nfrom queue import Queue, SimpleQueue\n"
            "Path('looked.txt').write_text('a\\nb\\n')",
            "g = count_up(4)\nnext(g)\nf = open('looked.txt')\nf.readline()\n"
            "lock, q, s = threading.Lock(), Queue(), SimpleQueue()\nq.put(1)\ns.put(2)",
        ),
        "print(g, g.gi_running, f.tell(), f, lock.locked(), q.qsize(), s.empty(), lock)",
        "(g.gi_frame.f_locals['i'], f.tell(), lock.locked(), q.qsize(), s.qsize())",
        reading=True,
    ),
    # What can be pickled, but lies.
    S(
        "library-drops-an-attribute",
        "a library's class leaves an attribute out of its pickle: no restore may lose it",
        (
            _library("forgetful", "def __getstate__(self):\n        return {'n': self.n}"),
            "model = forgetful.Model(1)",
        ),
        "model = forgetful.Model(2)",
        "(model.n, getattr(model, 'fitted', None))",
    ),
    S(
        "library-drops-an-attribute-that-changes",
        "what a pickle does not have is changed in place, through another name, too",
        (
            _library("dropping", "def __getstate__(self):\n        return {'n': self.n}"),
            "model = dropping.Model(1)\nfitted = model.fitted",
            "other = 1",
        ),
        "fitted.append(7)",
        "(model.fitted, fitted is model.fitted)",
    ),
    S(
        "library-sets-an-attribute-anew",
        "a library's class forgets what it was trained to when it is unpickled",
        (
            _library(
                "resetting",
                "def __setstate__(self, state):\n        self.n = state['n']\n"
                "        self.fitted = []\n"
                "    def __getstate__(self):\n        return dict(self.__dict__)",
            ),
            "model = resetting.Model(1)",
        ),
        "model.fitted += [8, 9]",
        "(model.n, model.fitted)",
    ),
    S(
        "library-drops-what-cannot-be-stored",
        "what a pickle leaves out cannot be stored by anybody: its cell makes it again",
        (
            "import threading",
            _library(
                "running",
                "def __getstate__(self):\n        return {'n': self.n}\n"
                "    def start(self):\n        self.steps = self.count()\n        return self\n"
                "    def count(self):\n        yield self.n",
            ),
            "model = running.Model(3).start()",
        ),
        "model = running.Model(5).start()",
        "(model.n, model.steps.gi_frame.f_locals['self'] is model, model.steps.gi_code.co_name)",
    ),
    S(
        "library-pickle-that-cannot-be-loaded",
        "a pickle is written without a fault and cannot be loaded: its cell makes it again",
        (
            _library("unloadable", "def __reduce__(self):\n        return Model, ()"),
            "model = unloadable.Model(1)",
        ),
        "model = unloadable.Model(2)",
        "(model.n, model.fitted)",
    ),
    S(
        "library-pickle-that-is-another",
        "what is loaded is not what was stored, though nothing fails: its cell makes it again",
        (
            _library(
                "changing",
                "def __getstate__(self):\n        return dict(self.__dict__)\n"
                "    def __setstate__(self, state):\n"
                "        self.__dict__.update(state, n=state['n'] + 1)",
            ),
            "model = changing.Model(1)",
        ),
        "model = changing.Model(5)",
        "(model.n, model.fitted)",
    ),
    S(
        "library-keeps-its-hash",
        "what an object keeps of its own hash is another in each process: it is not to be found",
        (
            _library(
                "hashed",
                "def __hash__(self):\n"
                "        if getattr(self, 'kept', None) is None:\n"
                "            self.kept = hash(str(self.n))\n"
                "        return self.kept\n"
                "    def __eq__(self, other):\n        return self.n == other.n\n"
                "    def __getstate__(self):\n        return {**self.__dict__, 'kept': None}",
            ),
            "key = hashed.Model(1); table = {hashed.Model(1): [key]}",
        ),
        "table[key].append(2)",
        "(table.get(hashed.Model(1))[1:], hash(key) == hash(hashed.Model(1)))",
    ),
    S(
        "library-connects-again",
        "what a class leaves out on purpose, and puts None for, does not come back as a hole",
        (
            _library(
                "connecting",
                "lock = None\n"
                "    def connect(self):\n"
                "        import threading\n"
                "        if self.lock is None:\n            self.lock = threading.Thread()\n"
                "        return self.lock.ident\n"
                "    def __getstate__(self):\n        return {**self.__dict__, 'lock': None}",
            ),
            "model = connecting.Model(1)\nmodel.connect()",
        ),
        "model.fitted.append(2)",
        "(model.fitted, model.connect())",
    ),
    S(
        "library-ends",
        "no copy of what lives is ended; in another kernel, what a checkout replaces is",
        (
            _library(
                "ending",
                "ended = 0\n"
                "    def __getstate__(self):\n        return dict(self.__dict__)\n"
                "    def __del__(self):\n        type(self).ended += 1",
            ),
            "model = ending.Model(1); kinds = [ending.Model]",
        ),
        "model.fitted.append(2)",
        "(model.fitted, kinds[0].ended)",
        cold="said",
    ),
    S(
        "library-beside-one-that-cannot-be-loaded",
        "what a class leaves out on purpose is not stored because another cannot be loaded",
        (
            _library(
                "beside",
                "def __getstate__(self):\n        return {'n': self.n}\n"
                "    def __setstate__(self, state):\n"
                "        if state['n'] < 0:\n            raise OSError('gone')\n"
                "        self.__init__(state['n'])",
            ),
            "both = [beside.Model(1), beside.Model(-1)]",
        ),
        "both[0].n = 2; both[0].fitted = [2, 2, 2]",
        "[(each.n, each.fitted) for each in both]",
    ),
)
