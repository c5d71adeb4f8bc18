"""numpy: views, memory, dtypes, flags."""

from functools import partial

from tests.fidelity.scenario import Scenario

S = partial(Scenario, needs="numpy")

SCENARIOS: tuple[Scenario, ...] = (
    S(
        "view",
        "a slice is a window on the array that has a name: written in one, seen in both",
        ("import numpy as np", "a = np.arange(10.0); part = a[2:5]"),
        "part[:] = 0",
        "(a.tolist(), part.tolist(), part.base is a, part.ctypes.data - a.ctypes.data)",
    ),
    S(
        "view-cut",
        "a view that became a copy has the same numbers; only the shared memory is gone",
        ("import numpy as np", "a = np.arange(6); part = a[2:5]"),
        "part = part.copy()",
        "(a.tolist(), part.tolist(), np.shares_memory(a, part), part.base is a)",
    ),
    S(
        "transpose",
        "a transposed array is the same memory in another order of axes",
        ("import numpy as np", "m = np.arange(6.0).reshape(2, 3).copy(); t = m.T"),
        "t[0, 1] = 99; t = m.T.copy().T",
        "(m.tolist(), t.tolist(), t.strides, np.shares_memory(m, t))",
    ),
    S(
        "view-outlives-its-base",
        "slices of slices go on after the name of the whole was deleted, and still overlap",
        (
            "import numpy as np",
            "whole = np.arange(20); even = whole[::2]; few = even[1::3]; near = whole[7:9]",
            "del whole",
        ),
        "few[1] = -8",
        "(even.tolist(), few.tolist(), near.tolist(), few.base is near.base, few.base.tolist(),"
        " few.strides, near.ctypes.data - few.ctypes.data)",
    ),
    S(
        "large-view-across-chunks",
        "20 numbers of 200,000 change through a view, where memory is kept in pieces",
        ("import numpy as np", "x = np.zeros(200_000); part = x[32_758:32_778]"),
        "part[:] = np.arange(20) + 1",
        "(float(x.sum()), np.flatnonzero(x)[[0, -1]].tolist() if x.any() else [],"
        " part.tolist(), part.base is x)",
    ),
    S(
        "flat-parameters",
        "the weights of two layers are views of one vector that the optimizer changes",
        (
            "import numpy as np",
            "class Layer:\n    def __init__(self, w, b):\n        self.w, self.b = w, b",
            "vector = np.arange(12.0)\n"
            "layers = [Layer(vector[:4].reshape(2, 2), vector[4:6]),"
            " Layer(vector[6:10].reshape(2, 2), vector[10:])]",
        ),
        "vector -= 0.5; layers[1].b = layers[1].b.copy()",
        "(vector.tolist(), [(each.w.tolist(), each.b.tolist()) for each in layers],"
        " [np.shares_memory(vector, x) for each in layers for x in (each.w, each.b)])",
    ),
    S(
        "field-of-records",
        "a column of a structured array is a view with gaps",
        (
            "import numpy as np",
            "people = np.array([('Ann', 40), ('Bo', 30)], [('name', 'U8'), ('age', 'i4')])",
            "ages = people['age']",
        ),
        "ages += 1; people.dtype.names = ('who', 'age')",
        "(people.tolist(), people.dtype, ages.tolist(), ages.strides, ages.base is people)",
    ),
    S(
        "record-under-a-name",
        "one record of a structured array is a scalar that writes into the array",
        (
            "import numpy as np",
            "people = np.array([('Ann', 40), ('Bo', 30)], [('name', 'U8'), ('age', 'i4')])",
            "bo = people[1]",
        ),
        "bo['age'] = 31",
        "(people.tolist(), bo.item(), bo.base is people, type(bo).__name__)",
    ),
    S(
        "aligned-record",
        "a type with holes, a title and an offset of its own keeps them; holes are no content",
        (
            "import numpy as np",
            "kind = np.dtype([(('Weight in kg', 'w'), 'f8'), ('n', 'i1')], align=True)",
            "rows = np.zeros(3, kind)",
        ),
        "rows['w'][1] = 2.5; rows = rows[['n', 'w']][::-1]",
        "(rows.tolist(), rows.dtype.isalignedstruct, rows.dtype.itemsize, rows.dtype.names,"
        " sorted((name, str(field)) for name, field in rows.dtype.fields.items()))",
    ),
    S(
        "read-only",
        "a lock on an array is state though no number changed, and a locked view stays locked",
        ("import numpy as np", "a = np.arange(4); face = a.view(); face.setflags(write=False)"),
        "a[0] = 7; a.setflags(write=False)",
        "(a.tolist(), face.tolist(), a.flags.writeable, face.flags.writeable,"
        " np.shares_memory(a, face))",
    ),
    S(
        "fortran-order",
        "the same numbers with columns side by side: equal, but other memory",
        ("import numpy as np", "m = np.asfortranarray(np.arange(6.0).reshape(2, 3)); n = m"),
        "m = np.ascontiguousarray(m)",
        "(m.tolist(), m.strides, m.flags.f_contiguous, m.flags.c_contiguous, m is n, n.strides)",
    ),
    S(
        "axes-in-any-order",
        "an image turned and cut has neither order; what it owns and what it looks at stay so",
        (
            "import numpy as np",
            "image = np.arange(24).reshape(2, 3, 4); turned = image.transpose(1, 2, 0).copy('K')",
            "cut = turned[:, 1::2, 0]",
        ),
        "cut[2] = [-1, -2]",
        "(turned.tolist(), turned.strides, turned.base is None, cut.tolist(), cut.strides,"
        " np.shares_memory(turned, cut), image.sum())",
    ),
    S(
        "negative-strides",
        "a reversed view begins at the end of its base",
        ("import numpy as np", "a = np.arange(5); back = a[::-1]; alone = np.arange(4)[::-2]"),
        "back[0] = 99; alone[0] = -3",
        "(a.tolist(), back.tolist(), back.strides, back.ctypes.data - a.ctypes.data,"
        " alone.tolist(), alone.base.tolist())",
    ),
    S(
        "sliding-window",
        "overlapping windows show one number three times, and it changes three times",
        (
            "import numpy as np",
            "signal = np.arange(6.0)\n"
            "windows = np.lib.stride_tricks.sliding_window_view(signal, 3, writeable=True)",
        ),
        "windows[0, 2] = 50",
        "(signal.tolist(), windows.tolist(), windows.strides, np.shares_memory(signal, windows),"
        " windows.flags.writeable)",
    ),
    S(
        "broadcast-view",
        "a row shown a thousand times is one row: no memory of its own, and read-only",
        ("import numpy as np", "row = np.arange(3.0); grid = np.broadcast_to(row, (1000, 3))"),
        "row[0] = 7",
        "(grid.shape, grid.strides, grid[[0, -1]].tolist(), grid.flags.writeable,"
        " np.shares_memory(row, grid))",
    ),
    S(
        "bits-of-floats",
        "floats seen as integers share their bytes: signs of zero and the bits of nan are content",
        (
            "import numpy as np",
            "x = np.array([0.0, 1.5, np.nan]); bits = x.view('u8')",
        ),
        "bits[0] |= np.uint64(1 << 63); bits[2] |= np.uint64(0x123)",
        "(np.signbit(x).tolist(), bits.tolist(), np.shares_memory(x, bits), bits.base is x)",
    ),
    S(
        "imaginary-part",
        "z.imag is a view that begins within a number and leaves every second out",
        ("import numpy as np", "z = np.array([1 + 2j, 3 - 4j], 'c8'); im = z.imag"),
        "im[:] = [-0.0, 8]",
        "(z.tolist(), im.tolist(), im.ctypes.data - z.ctypes.data, im.strides)",
    ),
    S(
        "over-a-bytearray",
        "numbers looked at in a bytearray share its bytes, behind a header too",
        (
            "import numpy as np",
            "raw = bytearray(b'HEAD' + bytes(8)); body = np.frombuffer(raw, '<u2', offset=4)",
        ),
        "body[1] = 513; raw[:4] = b'DONE'",
        "(raw, body.tolist(), np.shares_memory(np.frombuffer(raw, 'u1'), body),"
        " body.flags.writeable)",
    ),
    S(
        "over-an-array-array",
        "numpy looks into an array of the standard library without a copy",
        (
            "import numpy as np",
            "from array import array",
            "samples = array('d', [1, 2, 3]); x = np.asarray(samples)",
        ),
        "x *= 10",
        "(samples, x.tolist(), np.shares_memory(np.asarray(samples), x))",
    ),
    S(
        "memmap",
        "a memmap is its file: what is brought back is on disk, and later writes reach the file",
        (
            "import numpy as np",
            "disk = np.memmap('disk.bin', 'i4', 'w+', shape=(2, 3)); row = disk[1]",
        ),
        "row[:] = [1, 2, 3]; disk.flush()",
        "(disk.tolist(), row.tolist(), np.fromfile('disk.bin', 'i4').tolist(),"
        " isinstance(disk, np.memmap), np.shares_memory(disk, row), disk.mode)",
    ),
    S(
        "memmap-read-only",
        "a file that is only read is looked at through another window; the file did not change",
        (
            "import numpy as np",
            "np.arange(100, dtype='i4').tofile('given.bin')",
            "view = np.memmap('given.bin', 'i4', 'r', shape=(3,))",
        ),
        "view = np.memmap('given.bin', 'i4', 'r', offset=40, shape=(2, 2))",
        "(view.tolist(), type(view) is np.memmap, view.mode, view.offset, view.flags.writeable,"
        " str(view.filename).endswith('given.bin'))",
    ),
    S(
        "objects-shared",
        "an array of lists holds the list that has a name, twice",
        (
            "import numpy as np",
            "tags = ['t']",
            "cells = np.empty((2, 2), object); cells[0, 0] = cells[1, 0] = tags; cells[1, 1] = {}",
            "column = cells[:, 0]",
        ),
        "cells[1, 0].append('u'); column[0] = list(tags)",
        "(cells.tolist(), tags, [each is tags for each in cells.flat],"
        " np.shares_memory(cells, column), column.tolist())",
    ),
    S(
        "objects-by-thousands",
        "a long array of lists, a view of it, and one of the lists under a name",
        (
            "import numpy as np",
            "cells = np.empty(5000, object); cells[:] = [[n] for n in range(5000)]",
            "part = cells[2400:2600]; picked = cells[2500]; cells[7] = cells[4200]",
        ),
        "picked.append('x'); part[::-1].sort(); cells[4200] = [0]",
        "([n for n, each in enumerate(cells) if each is picked], part[:2].tolist(), cells[7],"
        " sum(n * each[0] for n, each in enumerate(cells)), np.shares_memory(cells, part))",
    ),
    S(
        "dict-in-an-array",
        "np.save's way to keep a dict: an array of no dimensions that holds it",
        ("import numpy as np", "scores = {'a': [1]}; box = np.array(scores, object); b = box"),
        "box.item()['b'] = [2]; box[()]['a'].append(box)",
        "(sorted(scores), box.item() is scores, b is box, box.shape, len(scores['a']),"
        " scores['a'][-1] is box)",
    ),
    S(
        "records-with-objects",
        "numbers and lists side by side in one record: the list has a name, the array has a view",
        (
            "import numpy as np",
            "tags = ['t']; kind = [('n', 'i4'), ('tags', object)]",
            "rows = np.array([(1, tags), (2, tags), (3, [])], kind); last = rows[1:]",
        ),
        "last['n'] *= 10; tags.append('u'); last['tags'][1] = tags",
        "(rows.tolist(), [each is tags for each in rows['tags']], last.base is rows, tags)",
    ),
    S(
        "array-in-itself",
        "an array of objects may hold itself, its own view and a list of itself",
        (
            "import numpy as np",
            "ring = np.empty(3, object); ring[0] = ring; ring[1] = [ring]; ring[2] = ring[:2]",
        ),
        "ring[1].append(ring[2]); ring[0] = None",
        "(ring[0] is ring, ring[1][0] is ring, len(ring[1]), ring[1][-1] is ring[2],"
        " np.shares_memory(ring, ring[2]))",
    ),
    S(
        "masked",
        "masks, hard or soft, the value that fills and the data below them are all state",
        (
            "import numpy as np",
            "m = np.ma.array([1.0, 2.0, -999.0], mask=[0, 1, 1], fill_value=-999); gap = m[1]",
        ),
        "m.harden_mask(); m.mask[0] = True; m[2] = 7; m.fill_value = 5",
        "(m.tolist(), m.data.tolist(), np.ma.getmaskarray(m).tolist(), m.hardmask, m.fill_value,"
        " gap is np.ma.masked)",
    ),
    S(
        "masked-share-a-mask",
        "a view of a masked array shares data and mask until it gets a mask of its own",
        (
            "import numpy as np",
            "m = np.ma.array(np.arange(4), mask=[0, 0, 1, 0]); part = m[1:]; raw = m.data",
        ),
        "part.unshare_mask(); part[0] = np.ma.masked; raw[3] = 30",
        "(m.tolist(), part.tolist(), raw.tolist(), np.shares_memory(m._mask, part._mask),"
        " np.shares_memory(m.data, part.data), np.shares_memory(raw, m.data), part.sharedmask)",
    ),
    S(
        "zero-dimensional",
        "an array of no dimensions changes in place, unlike the scalar that looks like it",
        ("import numpy as np", "total = np.array(3.0); sums = {'total': total}; other = total"),
        "total += 2; other = total[()]",
        "(sums, sums['total'] is total, other, type(other).__name__, other is total)",
    ),
    S(
        "text-and-bytes",
        "arrays of fixed width cut what is too long; chararrays hide blanks at the end",
        (
            "import numpy as np",
            "names = np.array(['ab', 'é']); codes = np.array([b'a\\0b', b'c'])",
            "old = names.astype('U4').view(np.char.chararray)",
        ),
        "names[0] = 'longer'; codes = codes.astype('S5'); old[0] = 'x \\t '",
        "(names.tolist(), names.dtype.str, codes.tolist(), codes.dtype.str, type(old).__name__,"
        " np.asarray(old).tolist())",
    ),
    S(
        "texts-of-any-length",
        "StringDType keeps long texts outside of the array's memory, and has missing values",
        (
            "import numpy as np",
            "words = np.array(['short', 'long ' * 20, None],"
            " np.dtypes.StringDType(na_object=None)); part = words[1:]",
        ),
        "part[0] = 'other ' * 40; words[0] = None",
        "([each and (each[:7], len(each)) for each in words.tolist()], words.dtype,"
        " np.shares_memory(words, part), part[0] == words[1])",
    ),
    S(
        "dates",
        "a missing date, and the same days counted in other units",
        (
            "import numpy as np",
            "days = np.array(['2026-01-31', '2026-02-28'], 'M8[D]'); waits = days - days[0]",
        ),
        "days[1] = np.datetime64('NaT'); waits = waits.astype('m8[h]')",
        "(days.astype(str).tolist(), days.dtype.str, waits.astype(int).tolist(), waits.dtype.str)",
    ),
    S(
        "business-calendar",
        "a calendar of workdays cannot be pickled, but the cell that made it can be run again",
        (
            "import numpy as np",
            "closed = ['2026-12-25']\nwork = np.busdaycalendar('1111100', closed)",
        ),
        "work = np.busdaycalendar('1111110', closed)",
        "(work.weekmask.tolist(), work.holidays.astype(str).tolist())",
    ),
    S(
        "narrow-and-wide-numbers",
        "halves, long doubles beyond what a float holds, and complex long doubles come back whole",
        (
            "import numpy as np",
            "half = np.array([0.1, 6e-8], 'f2'); wide = np.ones(2, np.longdouble); both = [wide]",
            "pair = np.zeros(1, np.clongdouble)",
        ),
        "half[1] = np.inf; wide[1] += np.finfo(np.longdouble).eps; pair[0] = 1j * wide[1]",
        "(half.tolist(), half.dtype.str, wide.dtype == np.longdouble, (wide - 1).astype(float)"
        ".tolist(), both[0] is wide, pair.dtype == np.clongdouble, pair[0].imag == wide[1])",
    ),
    S(
        "byte-order",
        "equal numbers with their bytes the other way round; bytes swapped in place are others",
        (
            "import numpy as np",
            "net = np.array([1, 2, 3], '>i4'); raw = np.array([1, 256], '<i2'); held = [raw]",
        ),
        "net = net.astype('<i4'); raw.byteswap(inplace=True)",
        "(net.tolist(), net.dtype.str, net.tobytes(), raw.tolist(), raw.dtype.str, held[0] is raw)",
    ),
    S(
        "dtype-metadata",
        "a unit kept in the type is nowhere in the numbers, and == does not look at it",
        (
            "import numpy as np",
            "metres = np.dtype('f8', metadata={'unit': 'm'}); way = np.array([1.0, 2.0], metres)",
        ),
        "way = way.astype(np.dtype('f8', metadata={'unit': 'km'}))",
        "(way.tolist(), dict(way.dtype.metadata or {}), dict(metres.metadata or {}))",
    ),
    S(
        "recarray",
        "records whose fields are attributes keep their class, and so does the view of one field",
        (
            "import numpy as np",
            "table = np.rec.array([('Ann', 40), ('Bo', 30)], names='name,age'); ages = table.age",
        ),
        "table.age[0] = 41; table.name[1] = 'Cy'",
        "(table.tolist(), type(table).__name__, table.dtype.type is np.record, table[0].name,"
        " np.shares_memory(table, ages), ages.tolist())",
    ),
    S(
        "matrix",
        "np.matrix multiplies as matrices do, and has a plain array beneath it under a name",
        ("import numpy as np", "m = np.matrix([[1, 2], [3, 4]]); plain = m.A; row = m[0]"),
        "plain[0, 1] = 9; m = m * m",
        "(m.tolist(), type(m).__name__, plain.tolist(), np.shares_memory(m, plain),"
        " np.shares_memory(row, plain), (row * row.T).tolist(), type(row).__name__)",
    ),
    S(
        "own-subclass",
        "an ndarray subclass of the notebook keeps its attributes and the memory it looks at",
        (
            "import numpy as np",
            "class Signal(np.ndarray):\n"
            "    def __new__(cls, data, rate):\n"
            "        obj = np.asarray(data).view(cls)\n"
            "        obj.rate = rate\n"
            "        return obj\n"
            "    def __array_finalize__(self, obj):\n"
            "        self.rate = getattr(obj, 'rate', None)",
            "raw = np.arange(6.0); signal = Signal(raw, 100); tail = signal[4:]",
        ),
        "signal.rate = 200; tail.marks = [raw]; tail[0] = -4",
        "(raw.tolist(), signal.tolist(), signal.rate, tail.rate, type(tail) is Signal,"
        " [mark is raw for mark in getattr(tail, 'marks', [])],"
        " np.shares_memory(raw, signal), np.shares_memory(raw, tail))",
    ),
    S(
        "generator",
        "a cell that draws gives the same numbers when it is run again after an undo",
        ("import numpy as np", "rng = np.random.default_rng(7); noise = None"),
        "noise = rng.normal(size=3), rng.permutation(4), rng.integers(100, dtype=np.int32)",
        "(str(noise), rng.bit_generator.state)",
        rerun="noise = rng.normal(size=3), rng.permutation(4), rng.integers(100, dtype=np.int32)",
    ),
    S(
        "generators-share-bits",
        "two generators over one source of bits: each draw of one moves the other on",
        (
            "import numpy as np",
            "bits = np.random.PCG64(3); one = np.random.Generator(bits)",
            "two = np.random.Generator(bits); drawn = []",
        ),
        "drawn += [one.integers(1000), two.integers(1000)]",
        "(drawn, one.bit_generator is bits, two.bit_generator is bits, bits.state['state'])",
        rerun="drawn += [one.integers(1000), two.integers(1000)]",
    ),
    S(
        "generator-spawns",
        "the children that a generator gives next depend on how many it gave, not on its bits",
        ("import numpy as np", "rng = np.random.default_rng(5); workers = []"),
        "workers += rng.spawn(2)",
        "([each.bit_generator.state['state']['state'] for each in workers],"
        " rng.bit_generator.seed_seq.n_children_spawned)",
        rerun="workers += rng.spawn(2)",
    ),
    S(
        "random-state",
        "the old RandomState keeps the second of two normal numbers for the next draw",
        ("import numpy as np", "old = np.random.RandomState(0); x = old.normal()"),
        "x = old.normal()",
        "(x, old.get_state()[2:], int(old.get_state()[1].sum()))",
        rerun="x = old.normal()",
    ),
    S(
        "flat-iterator",
        "a.flat stands where it stood, over the array that has a name",
        ("import numpy as np", "a = np.arange(6).reshape(2, 3).copy()\nfeed = a.flat\nnext(feed);"),
        "next(feed); a[0, 0] = 9",
        "(feed.index, feed.base is a, a.tolist())",
    ),
    S(
        "nditer",
        "a half-run nditer cannot be pickled, but the cell that made it can be run again",
        (
            "import numpy as np",
            "a = np.arange(6).reshape(2, 3).copy()\nit = np.nditer(a, flags=['multi_index'])",
        ),
        "it.iternext(); it.iternext();",
        "(it.iterindex, it.multi_index, np.shares_memory(it.operands[0], a))",
        undo="said",
        cold="said",
    ),
    S(
        "ufuncs",
        "the functions of numpy are themselves, and those made of the notebook's still compute",
        (
            "import numpy as np",
            "def plus(x, y):\n    return x + y",
            "join = np.add; kinds = {'sum': np.add}\nmine = np.frompyfunc(plus, 2, 1)",
        ),
        "join = np.multiply; kinds['max'] = np.maximum\nmine = np.vectorize(plus, otypes='f')",
        "(join is np.add, join is np.multiply, kinds,"
        " mine.pyfunc is plus if hasattr(mine, 'pyfunc') else mine([1, 2], 3).tolist())",
    ),
    S(
        "vectorize-called",
        "np.vectorize keeps, once it was called, a ufunc of the notebook's, which does not pickle",
        (
            "import numpy as np",
            "def plus(x, y):\n    return x + y",
            "each = np.vectorize(plus, otypes='f'); sums = each([1, 2], 3)",
        ),
        "del each; sums[0] = 0",
        "(sums.tolist(), 'each' in globals() and (each.pyfunc is plus, each([1, 2], 3).tolist()))",
    ),
    S(
        "poly1d",
        "a polynomial's coefficients are an array that may have a name",
        ("import numpy as np", "p = np.poly1d([2, 0, 1], variable='t'); c = p.coeffs"),
        "p[0] = 5; c[1] = -3",
        "(str(p), p.coeffs is c, p.variable, p.order, c.tolist())",
    ),
    S(
        "resize-in-place",
        "an array that grew in place is the same array, and must shrink under all its names",
        ("import numpy as np", "log = np.arange(4); held = {'log': log}"),
        "log.resize((3, 3), refcheck=False); log[2] = 5",
        "(log.tolist(), held['log'] is log, log.base is None)",
    ),
    S(
        "reshape-in-place",
        "a new shape or type set on an array changes no byte, and not the views of it",
        ("import numpy as np", "a = np.arange(6, dtype='i4'); b = a; part = a[:4]"),
        "a.shape = (3, 2); part.dtype = 'u1'",
        "(a.tolist(), a is b, part.tolist(), part.dtype.str, part.base is a)",
    ),
    S(
        "empty-arrays",
        "arrays of nothing differ by shape and type, and a view of nothing is one still",
        ("import numpy as np", "found = np.empty((0, 3), 'f4'); none = found[:0]; rows = [found]"),
        "found = np.empty((3, 0), 'f4'); none = np.array([], 'M8[s]')",
        "(found.shape, found.dtype.str, none.shape, none.dtype.str, rows[0].shape,"
        " rows[0] is found)",
    ),
    S(
        "sorted-view",
        "a view sorted in place leaves the rest of the array where it was",
        (
            "import numpy as np",
            "scores = np.array([3, 1, 9, 5, 7, 2]); top = scores[2:]; every = scores[1::2]",
        ),
        "top.sort(); every[::-1].sort()",
        "(scores.tolist(), top.tolist(), every.tolist(), top.base is scores, every.base is scores)",
    ),
    S(
        "looked-at",
        "shapes, sums, copies, plots of the memory and a displayed array change nothing",
        (
            "import numpy as np",
            "a = np.arange(12.0).reshape(3, 4); part = a[1:]",
            "people = np.rec.array([('Ann', 40)], names='name,age'); p = np.poly1d([1, 2])",
        ),
        "a.T, a.flags, a.ravel()[0], a.sum(), part.mean(axis=0), np.sort(a), hash(a.dtype)\n"
        "people.age, people[0].name; p(3), p.roots\n"
        "np.linalg.svd(a); bytes(a.data), a.ctypes.data, a.__array_interface__; a += 0\n"
        "a",
        "(a.tolist(), np.shares_memory(part, a), people.tolist(), p.coeffs.tolist())",
        reading=True,
    ),
    S(
        "masked-looked-at",
        "a masked array that is printed notes the value that fills it, which it had all along",
        ("import numpy as np", "m = np.ma.array([1.0, 2.0], mask=[0, 1]); part = m[:1]"),
        "str(m), m.mean(), m.fill_value, m.filled(0), part.mask, m.compressed()",
        "(m.tolist(), part.tolist(), m.data.tolist())",
        reading=True,
    ),
    S(
        "fields-within-fields",
        "a field of a field looks at the records, whether it holds numbers or lists",
        (
            "import numpy as np",
            "inner = [('x', 'f8'), ('held', object)]\n"
            "rows = np.zeros(3, [('id', 'i4'), ('inner', inner)])\n"
            "held, x = rows['inner']['held'], rows['inner']['x'][::-1]",
        ),
        "held[:] = [[1], [2], [3]]; x[0] = 7",
        "(rows['inner']['held'].tolist(), rows['inner']['x'].tolist(), rows['inner']['held'][0]"
        " is held[0], np.shares_memory(x, rows), held.base is rows)",
    ),
    S(
        "in-a-namespace",
        "an array in a SimpleNamespace is the one in the list",
        (
            "import numpy as np, types",
            "e = np.arange(6.0); held = [[e]]; space = types.SimpleNamespace(x=1, y=e); e = None",
        ),
        "space.y[0] = 7; space.x = 2",
        "(held[0][0].tolist(), space.y is held[0][0], space.x)",
    ),
    S(
        "one-dtype-for-two",
        "two arrays of one structured type are two arrays: changing one says nothing of the other",
        (
            "import numpy as np",
            "kind = np.dtype([('k', int), ('x', float)])\nleft, right = np.zeros(2, kind),"
            " np.zeros(2, kind)",
        ),
        "left['k'][0] = 5",
        "(left.tolist(), right.tolist(), left.dtype == right.dtype)",
    ),
)
