"""pandas: frames and series, what is taken from them, what they hold."""

from tests.fidelity.scenario import Scenario as S

_PD = "import pandas as pd"
_NP = "import numpy as np, pandas as pd"
_SALES = (
    "df = pd.DataFrame({'item': ['pen', 'ink', 'cap'], 'n': [3, 1, 2], 'eur': [1.5, 8.0, 0.2]})"
)

SCENARIOS = (
    S(
        "drop-inplace",
        "a dropped column comes back where it stood, in the frame that a dict and a name hold",
        (_PD, _SALES + "; tables = {'sales': df, 'all': [df]}"),
        "df.drop(columns='n', inplace=True)",
        "(df.to_dict('list'), list(df.columns), tables['sales'] is df, tables['all'][0] is df)",
    ),
    S(
        "drop-rebound",
        "the name is bound to the frame that the dict holds again, and not to its equal",
        (_PD, _SALES + "; tables = {'sales': df}"),
        "df = df.drop(columns='n')",
        "(list(df.columns), list(tables['sales'].columns), tables['sales'] is df)",
    ),
    S(
        "pop-insert",
        "columns that moved stand in their old order, and the one taken out is no variable",
        (_PD, _SALES),
        "prices = df.pop('eur'); df.insert(0, 'total', prices * df['n']); df['new'] = None",
        "(df.dtypes.astype(str).to_dict(), list(df.columns), 'prices' in globals(), df.shape)",
    ),
    S(
        "sorted-inplace",
        "order of rows, labels of rows and where the index came from change together",
        (_PD, _SALES),
        "df.sort_values('n', inplace=True); df.set_index('item', inplace=True)",
        "(df.to_dict('split'), df.index.name, type(df.index).__name__, str(df.index.dtype))",
    ),
    S(
        "fill-inplace",
        "missing values that were filled are missing again",
        (_NP, "df = pd.DataFrame({'a': [1.0, np.nan, -3.0], 'b': [None, 'x', np.nan]})"),
        "df.fillna({'a': 0.0, 'b': '?'}, inplace=True); df.replace('x', 'y', inplace=True)",
        "(df['a'].tolist(), df['b'].tolist(), df.isna().sum().tolist())",
    ),
    S(
        "loc-writes",
        "single cells, masks and slices written into blocks of several columns are taken back",
        (
            _NP,
            "df = pd.DataFrame(np.arange(12.0).reshape(4, 3), list('wxyz'), list('abc'))",
            "df['k'] = [1, 2, 3, 4]",
        ),
        "df.loc[df.b > 5, ['a', 'c']] = -1.0; df.iloc[0, 3] = 9; df.at['w', 'b'] = np.nan",
        "(df.to_dict('list'), df.dtypes.astype(str).tolist())",
    ),
    S(
        "row-appended",
        "a row set by a new label changes length, index and dtypes, all in place",
        (_PD, _SALES + "; same = df"),
        "df.loc['extra'] = ['nib', 5, None]",
        "(df.to_dict('split'), [str(each) for each in df.dtypes], repr(df.index), same is df)",
    ),
    S(
        "half-a-cell",
        "the cell failed at its second line: what the first did is a change",
        (_PD, _SALES),
        "df['n'] += 1\ndf['total'] = df['n'] * df['price']",
        "df.to_dict('list')",
    ),
    S(
        "series-of-frame",
        "frame and series share memory behind copy-on-write: what is put into one stays there",
        (_PD, _SALES + "; n = df['n']; head = df[:2]; again = df.copy(deep=False)"),
        "n.iloc[0] = 99; df.loc[1, 'n'] = -1",
        "(df['n'].tolist(), n.tolist(), head['n'].tolist(), again['n'].tolist())",
        rerun="n.iloc[0] = 99; df.loc[1, 'n'] = -1",
    ),
    S(
        "sharing-made-by-the-change",
        "the copy looks like the frame before it, and shares memory with the one that goes back",
        (_PD, "df = pd.DataFrame({'n': [1, 2, 9]}); kept = pd.DataFrame({'n': [1, 2, 3]})"),
        "df.loc[2, 'n'] = 3; kept = df.copy(deep=False)",
        "(df['n'].tolist(), kept['n'].tolist())",
    ),
    S(
        "same-array",
        "a frame that looks at an array goes on looking at it",
        (_NP, "a = np.arange(6.0).reshape(3, 2); df = pd.DataFrame(a, copy=False)"),
        "a[0, 0] = 7",
        "(df.to_numpy().tolist(), a.tolist(), np.shares_memory(df.to_numpy(), a))",
        rerun="a[0, 0] = 7",
    ),
    S(
        "values-kept",
        "the array taken from a frame looks at it, and must not be written to",
        (_NP, "df = pd.DataFrame({'a': [1.0, 2.0], 'b': [3.0, 4.0]}); v = df.to_numpy()"),
        "df.iloc[0, 0] = 9.0",
        "(df['a'].tolist(), v.tolist(), v.flags.writeable, np.shares_memory(v, df.to_numpy()))",
        rerun="df.iloc[0, 0] = 9.0",
    ),
    S(
        "list-in-cell",
        "a list in a cell is the list of the variable",
        (_PD, "tags = ['new']; df = pd.DataFrame({'id': [1, 2], 'tags': [tags, []]})"),
        "tags.append('sale')",
        "(df['tags'].tolist(), tags, df['tags'][0] is tags)",
        rerun="tags.append('sale')",
    ),
    S(
        "deep-copy-shares",
        "a deep copy of a frame holds the same Python objects as the frame",
        (_PD, "df = pd.DataFrame({'tags': [['a'], ['b']]}); kept = df.copy()"),
        "df.loc[0, 'tags'].append('c'); df['n'] = 1",
        "(kept.to_dict('list'), df.to_dict('list'), kept['tags'][0] is df['tags'][0])",
    ),
    S(
        "frame-in-cell",
        "a frame in the cell of another is the frame of the variable",
        (
            _PD,
            "part = pd.DataFrame({'x': [1, 2]}); cfg = {'deep': [part]}",
            "runs = pd.DataFrame({'run': ['r1', 'r2'], 'data': [part, None], 'cfg': [cfg, {}]})",
        ),
        "part['y'] = part['x'] ** 2",
        "(list(part.columns), runs['data'][0] is part, runs['cfg'][0]['deep'][0] is part)",
    ),
    S(
        "objects-in-cells",
        "instances and functions of the notebook in cells: one object, with its class",
        (
            _PD,
            "class Model:\n    def __init__(self, k):\n        self.k = k\n"
            "def twice(x):\n    return 2 * x",
            "m = Model(1); df = pd.DataFrame({'m': [m, m, Model(2)], 'f': [twice, str, len]})",
        ),
        "m.k = 5; df.at[2, 'f'] = twice",
        "([each.k for each in df['m']], df['m'][0] is df['m'][1] is m, type(df['m'][2]) is Model,"
        " [each.__name__ for each in df['f']], df['f'][0] is twice)",
    ),
    S(
        "long-object-column",
        "one of thousands of dicts changed, which a list and the frame both hold",
        (
            _PD,
            "rows = [{'i': i} for i in range(5000)]; df = pd.DataFrame({'row': rows, 'ok': True})",
        ),
        "rows[4321]['i'] = -1; df.loc[17, 'ok'] = False",
        "(df['row'][4321], df['ok'].sum(), all(a is b for a, b in zip(rows, df['row'])))",
    ),
    S(
        "missing-of-each-kind",
        "None, NaN, NaT and NA in one column are four things, and exist once",
        (_NP, "s = pd.Series([None, np.nan, pd.NaT, pd.NA, 0, False, '0'], dtype=object)"),
        "s = s.where(s.notna(), None); s.iloc[4] = pd.NA",
        "([type(each).__name__ for each in s], s[0] is None, s[2] is pd.NaT, s[3] is pd.NA)",
    ),
    S(
        "index-name-through-alias",
        "an index is named in place, for the frames and the variable that hold it",
        (_PD, "days = pd.Index(['mo', 'tu']); df = pd.DataFrame({'n': [1, 2]}, index=days)"),
        "days.name = 'day'; df.columns.name = 'what'",
        "(days.name, df.index.name, df.columns.name, df.index is days)",
        rerun="days.name = 'day'; df.columns.name = 'what'",
    ),
    S(
        "odd-columns",
        "columns with one name twice, and names that are no strings",
        (_NP, "df = pd.DataFrame([[1, 2.5, 'x', True]], columns=['a', 'a', ('b', 1), np.nan])"),
        "df.columns = ['a', 7, None, pd.Timestamp('2024-05-01')]",
        "(df.iloc[0].tolist(), list(df.columns), str(df.columns.dtype))",
    ),
    S(
        "empty-frames",
        "no rows, or no columns: dtypes and labels are all there is",
        (
            _PD,
            "rows = pd.DataFrame({'a': pd.Series(dtype='int8'), 'b': pd.Series(dtype='str')})",
            "bare = pd.DataFrame(index=pd.Index([1, 2], name='id'))",
        ),
        "rows['a'] = rows['a'].astype('uint16'); bare.drop(index=2, inplace=True)",
        "(rows.dtypes.astype(str).to_dict(), rows.shape, bare.shape, bare.index.tolist())",
    ),
    S(
        "multiindex",
        "names, order and levels of which no row is left any more are the index's",
        (
            _PD,
            "at = pd.MultiIndex.from_product([['de', 'fr', 'it'], [2023, 2024]],"
            " names=['land', 'year'])\n"
            "df = pd.DataFrame({'gdp': range(6)}, index=at).loc[['de', 'it']]",
        ),
        "df.index = df.index.remove_unused_levels().swaplevel(); df.sort_index(inplace=True)",
        "(df.index.tolist(), df.index.names, [list(each) for each in df.index.levels],"
        " [list(each) for each in df.index.codes], df['gdp'].tolist())",
    ),
    S(
        "categories",
        "order of categories, and those that no value has",
        (
            _PD,
            "df = pd.DataFrame({'size': pd.Categorical(['s', 'l', 's'], ['s', 'm', 'l'], True)})",
        ),
        "df['size'] = df['size'].cat.remove_unused_categories().cat.as_unordered()",
        "(df['size'].tolist(), list(df['size'].cat.categories), df['size'].cat.ordered,"
        " df['size'].cat.codes.tolist())",
    ),
    S(
        "nullable",
        "a nullable column has missing values and, apart from them, NaN",
        (
            _PD,
            "df = pd.DataFrame({'n': pd.array([1, None, 3], 'Int64'),"
            " 'ok': pd.array([True, None, False], 'boolean'),"
            " 'x': pd.array([0.5, None, 2.5], 'Float32')})",
        ),
        "df.loc[0, 'n'] = pd.NA; df['ok'] = df['ok'].fillna(False); df.loc[1, 'x'] = 4",
        "(df['n'].tolist(), df['ok'].tolist(), df['x'].tolist(), df.dtypes.astype(str).tolist())",
    ),
    S(
        "nullable-array-shared",
        "a series looks at the nullable array it was made of, values and mask",
        (_PD, "a = pd.array([1, 2, None], 'Int64'); s = pd.Series(a, copy=False)"),
        "a[2] = 5; a[0] = pd.NA",
        "(list(a), s.tolist())",
        rerun="a[2] = 5; a[0] = pd.NA",
    ),
    S(
        "string-dtypes",
        "the same texts with another dtype are another column",
        (_PD, "df = pd.DataFrame({'a': ['x', None], 'b': ['x', None]}, dtype=object)"),
        "df['a'] = df['a'].astype('str'); df['b'] = df['b'].astype('string[python]')",
        "([(str(each), getattr(each, 'storage', None), repr(getattr(each, 'na_value', None)))"
        " for each in df.dtypes], [repr(each) for each in df['a'].tolist() + df['b'].tolist()])",
    ),
    S(
        "arrow",
        "Arrow columns: lists, decimals, dictionaries, and a missing value of each",
        (
            "import decimal, pandas as pd, pyarrow as pa",
            "df = pd.DataFrame({\n"
            "    'tags': pd.Series([['a'], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),\n"
            "    'eur': pd.Series([decimal.Decimal('1.50'), None],"
            " dtype=pd.ArrowDtype(pa.decimal128(8, 2))),\n"
            "    'kind': pd.Series(['x', None], dtype=pd.ArrowDtype(pa.dictionary("
            "pa.int8(), pa.string())))})",
        ),
        "df.loc[1, 'eur'] = decimal.Decimal('2.25'); df['kind'] = df['kind'].astype('str')",
        "(df['tags'].astype(object).map(repr).tolist(), df['eur'].map(repr).tolist(),"
        " df['kind'].map(repr).tolist(), df.dtypes.astype(str).tolist())",
        needs="pyarrow",
    ),
    S(
        "time-zones",
        "zone, unit and frequency of an index of times",
        (
            _PD,
            "df = pd.DataFrame({'t': range(3)}, index=pd.date_range('2024-10-26 22:00', periods=3,"
            " freq='h', tz='UTC', name='at'))",
        ),
        "df.index = df.index.tz_convert('Europe/Berlin').as_unit('ms'); df['d'] = df.index.date",
        "(df.index.map(str).tolist(), str(df.index.dtype), type(df.index.tz).__name__,"
        " df.index.freqstr, df.index.name, list(df.columns))",
    ),
    S(
        "freq-in-place",
        "the frequency is set on the index itself, and what holds it has it too",
        (
            _PD,
            "closed = pd.offsets.CustomBusinessDay(holidays=['2024-05-01'])\n"
            "days = pd.date_range('2024-04-29', periods=3, freq=closed)\n"
            "s = pd.Series([1, 2, 3], index=days)",
        ),
        "days.freq = None",
        "(days.freq == closed, s.index.freq == closed, s.index is days, days.map(str).tolist())",
        rerun="days.freq = None",
    ),
    S(
        "periods-and-intervals",
        "periods, and intervals closed on the left, keep their kind",
        (
            _PD,
            "s = pd.Series([1, 5, 9], index=pd.period_range('2024-01', periods=3, freq='M'))\n"
            "bins = pd.cut(s, [0, 4, 8, 12], right=False)",
        ),
        "s.index = s.index.asfreq('Q'); bins = bins.cat.rename_categories(['lo', 'mid', 'hi'])",
        "(s.index.map(str).tolist(), str(s.index.dtype), bins.map(str).tolist(),"
        " str(bins.cat.categories.dtype), bins.index.map(str).tolist())",
    ),
    S(
        "sparse",
        "a sparse column stays sparse, with its fill value",
        (_PD, "df = pd.DataFrame({'x': pd.arrays.SparseArray([0, 0, 3, 0], fill_value=0)})"),
        "df['x'] = df['x'].sparse.to_dense()",
        "(df['x'].tolist(), str(df['x'].dtype), getattr(df['x'].dtype, 'fill_value', None))",
    ),
    S(
        "attrs",
        "what is noted in attrs is the frame's, and the list in it the variable's",
        (_PD, "log = ['read']; df = pd.DataFrame({'a': [1]}); df.attrs['log'] = log"),
        "log.append('cleaned'); df.attrs['unit'] = 'm'",
        "(df.attrs, df.attrs['log'] is log)",
    ),
    S(
        "no-duplicate-labels",
        "a flag of the frame: where it is set, a second row with one label raises",
        (_PD, "df = pd.DataFrame({'a': [1, 2]}, index=['x', 'y']); seen = df.flags"),
        "df.flags.allows_duplicate_labels = False",
        "(df.flags.allows_duplicate_labels, seen.allows_duplicate_labels, seen is df.flags)",
    ),
    S(
        "attribute-set",
        "attributes set on a frame, which pandas drops when it pickles it",
        (_PD, "df = pd.DataFrame({'a': [1]}); notes = {'by': 'me'}; df.notes = notes"),
        "df.notes['by'] = 'you'; df.stage = 2",
        "(df.notes, df.notes is notes, getattr(df, 'stage', None), list(df.columns))",
    ),
    S(
        "subclass",
        "a frame of the notebook's class: its metadata goes with what is taken from it",
        (
            _PD,
            "class Money(pd.DataFrame):\n"
            "    _metadata = ['unit']\n"
            "    @property\n"
            "    def _constructor(self):\n"
            "        return Money\n"
            "    def told(self):\n"
            "        return f'{self.to_numpy().sum()} {self.unit}'",
            "m = Money({'a': [1, 2]}); m.unit = 'EUR'",
        ),
        "m.loc[0, 'a'] = 5; m.unit = 'USD'",
        "(m.told(), type(m) is Money, type(m[:1]) is Money, m[:1].unit)",
    ),
    S(
        "groupby",
        "a grouping holds the frame of the variable, and sums what is in it now",
        (_PD, "df = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]}); g = df.groupby('k')"),
        "df.loc[0, 'v'] = 100",
        "(g.obj is df, df['v'].tolist(), g.obj['v'].tolist(), g.keys)",
        rerun="df.loc[0, 'v'] = 100",
    ),
    S(
        "groupby-by-function",
        "a grouping by a function of the notebook, with its settings and its selection",
        (
            _PD,
            "def even(i):\n    return i % 2 == 0",
            "df = pd.DataFrame({'a': [1, 2, 3], 'b': [4, 5, 6]})",
            "g = df.groupby(even, sort=False)['a']",
        ),
        "g = df.groupby([even, 'b'], as_index=False)",
        "(type(g).__name__, g.sum().to_dict('list') if g.ndim == 2 else g.sum().to_dict(), g.sort,"
        " even in [g.keys, *(g.keys if isinstance(g.keys, list) else ())])",
    ),
    S(
        "windows",
        "rolling, exponential and resampled windows: what they are set to",
        (
            _PD,
            "s = pd.Series([1.0, 2.0, 4.0, 8.0], index=pd.date_range('2024', periods=4))",
            "w = {'roll': s.rolling(2), 'ewm': s.ewm(span=3), 'days': s.resample('2D')}",
        ),
        "w['roll'] = s.rolling('3D', closed='both'); w['ewm'] = s.expanding(2); del w['days']",
        "{name: (type(each).__name__, each.mean().tolist()) for name, each in w.items()}",
    ),
    S(
        "styler",
        "a styled frame: its look is changed in place, and it shows the frame of the variable",
        (
            _PD,
            "def red(v):\n    return 'color: red' if v > 1 else ''",
            "df = pd.DataFrame({'a': [1, 2]}); st = df.style.map(red).format('{:.1f}')",
        ),
        "st.set_caption('Sales').hide(axis='index'); df.loc[0, 'a'] = 5",
        "(st.caption, st.data is df, st.data['a'].tolist(), st.hide_index_,"
        " len(st._todo), st.export()['apply'][0][1][0] is red)",
        needs="jinja2",
    ),
    S(
        "range-index",
        "a range of labels stays a range, with its step",
        (_PD, "df = pd.DataFrame({'a': range(10)})[::3]"),
        "df = df.reset_index(drop=True)",
        "(repr(df.index), df['a'].tolist())",
    ),
    S(
        "look-at-a-frame",
        "summing up, printing and iterating change nothing",
        ("import io, pandas as pd", _SALES + "; df['kind'] = df['item'].astype('category')"),
        "df.head(); df.describe(include='all'); repr(df); df._repr_html_()\n"
        "df.info(buf=io.StringIO()); df['item'].value_counts(); df.kind.cat.codes\n"
        "df.item.str.upper(); [row.n for _, row in df.iterrows()]; list(df.itertuples())\n"
        "df.corr(numeric_only=True); df.memory_usage(deep=True); df.to_numpy()\n"
        "df.isna().sum(axis=1); df.query('n > 1').merge(df, on='item'); df.equals(df.copy())\n"
        "df.style; df.sort_values('n').groupby('item').n.mean(); df",
        "df.to_dict('list')",
        reading=True,
    ),
    S(
        "look-at-times",
        "columns and indexes of times remember unit and resolution when they are asked",
        (
            _PD,
            "days = pd.Series([1, 2], index=pd.to_datetime(['2024-01-01', '2024-02-01']))",
            "df = pd.DataFrame({'when': pd.to_datetime('2024-01-31'), 'n': [1, 2]})",
        ),
        "days.loc['2024-01']; days.resample('MS').sum(); days.index.inferred_freq\n"
        "df.when.dt.day; df.to_numpy(); [row.when for _, row in df.iterrows()]; df.describe()",
        "(df['when'].map(str).tolist(), days.index.map(str).tolist())",
        reading=True,
    ),
    S(
        "look-up-rows",
        "the first lookup builds the index's table, which is no change of the frame",
        (
            _PD,
            "df = pd.DataFrame({'v': range(3)}, index=pd.Index(['b', 'a', 'c'], name='k'))",
            "at = df.index; wide = df.set_index('v', append=True)",
        ),
        "df.loc['a']; df.loc[['c', 'b'], 'v']; 'a' in df.index; at.get_indexer(['c'])\n"
        "at.is_unique; at.is_monotonic_increasing; wide.loc[('a', 1)]; wide.xs(2, level='v')",
        "(df['v'].to_dict(), at.tolist(), wide.index.tolist())",
        reading=True,
    ),
    S(
        "look-at-groups",
        "a grouping remembers its groups when it is first asked, which is no change",
        (_PD, "df = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]}); g = df.groupby('k')"),
        "g.mean(); g['v'].agg(['min', 'max']); g.groups; g.indices; len(g); g.ngroups\n"
        "g.get_group('a'); repr(g); [name for name, part in g]; g.size()",
        "(df['v'].tolist(), g.keys, g.obj is df)",
        reading=True,
    ),
    S(
        "look-at-a-style",
        "showing a styled frame works out its cells and changes nothing",
        (_PD, "df = pd.DataFrame({'a': [1, 2]}); st = df.style.highlight_max(color='gold')"),
        "st._repr_html_(); st.to_latex()",
        "(st.data is df, df['a'].tolist())",
        reading=True,
        needs="jinja2",
    ),
    S(
        "look-through-an-accessor",
        "the accessor of the notebook's class is kept on the frame when it is first used",
        (
            _PD,
            "@pd.api.extensions.register_dataframe_accessor('geo')\n"
            "class Geo:\n"
            "    def __init__(self, frame):\n"
            "        self.frame = frame\n"
            "    def middle(self):\n"
            "        return self.frame.mean().tolist()",
            "df = pd.DataFrame({'lat': [1.0, 3.0], 'lon': [5.0, 7.0]})",
        ),
        "df.geo.middle()",
        "df.to_dict('list')",
        reading=True,
    ),
    S(
        "extension-arrays-looked-at",
        "what pandas' own arrays keep of being asked is no change",
        (
            _PD,
            "s = pd.Series(pd.date_range('2024-01-01', periods=3, tz='Europe/Berlin'))\n"
            "p = pd.Series(pd.period_range('2024-01', periods=3, freq='M'))\n"
            "c = pd.Series(list('aba'), dtype='category')",
        ),
        "s.dt.day; s.array.freq; p.dt.month; c.cat.categories; repr(s), repr(p), repr(c)\n"
        "getattr(s.array, 'inferred_freq', None); getattr(s.array, '_cache', None)",
        "(s.tolist(), p.astype(str).tolist(), c.tolist())",
        reading=True,
    ),
)
