"""The library table: classes, each with cells that make one, change it, and only look at it."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A class of a library, as data scientists use it.

    Attributes:
        library: what must be installed.
        name: the class.
        make: a cell that binds ``x``.
        change: a cell that changes it, in place where the class allows it.
        read: a cell that only looks.
        check: an expression whose repr differs before and after the change.
        most: bytes that the change may store.
        value: it never changes: who holds an equal one cannot tell, and it need not be the same.
    """

    library: str
    name: str
    make: str
    change: str
    read: str
    check: str
    most: int = 8_000
    value: bool = False

    @property
    def id(self) -> str:
        """What names it."""
        return f"libraries-{self.library}-{self.name.replace(' ', '-')}"


_CHUNK = 300_000
"""One chunk of a large array, and the records of it."""

_FIGURE = 300_000
"""A figure is one pickle: whatever changes in it stores all of it."""

_STEPPED = 24_000
"""An optimizer whose ``step`` a scheduler has wrapped has the wrapper's code in its pickle."""

_PD = "import pandas as pd, numpy as np\n"
_LONG = _PD + "x = pd.DataFrame({'a': np.arange(200_000.0), 'b': np.arange(200_000), 'c': 1})"
_SK = "import numpy as np\nX = np.arange(60.0).reshape(20, 3) % 7\ny = (X.sum(1) > 9).astype(int)\n"
_PLT = "import matplotlib.pyplot as plt, io, numpy as np\n"
_DRAW = "x.savefig(io.BytesIO()); x.get_axes(); repr(x); x.get_size_inches()"
_SHOW = "fig.savefig(io.BytesIO()); repr(x)"
_SNS = _PLT + "import seaborn as sns, pandas as pd\n"
_TIPS = "df = pd.DataFrame({'a': range(8), 'b': [1, 3, 2, 5, 4, 7, 6, 8], 'k': list('uvuvuvuv')})\n"
_GO = "import plotly.graph_objects as go\n"
_TORCH = "import torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
_NX = "import networkx as nx\n"
_SM = (
    "import numpy as np, statsmodels.api as sm\n"
    "A = sm.add_constant(np.arange(30.0) % 11)\nb = A[:, 1] * 2 + np.arange(30) % 3\n"
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "numpy", "ndarray",
        "import numpy as np\nx = np.arange(1_000_000.0)",
        "x[5] = -1",
        "x.mean(); x[::2].sum(); repr(x); x.astype(int); np.sort(x)",
        "(x[5], x.sum())",
        _CHUNK,
    ),
    Kind(
        "numpy", "ndarray of records",
        "import numpy as np\nx = np.zeros(4, dtype=[('id', int), ('at', float, 2)])",
        "x['at'][1] = 2.5",
        "x['id'].sum(); x[1]; repr(x)",
        "x.tolist()",
    ),
    Kind(
        "numpy", "ma.MaskedArray",
        "import numpy as np\nx = np.ma.masked_greater(np.arange(6.0), 3)",
        "x[0] = np.ma.masked",
        "x.mean(); repr(x); x.filled(0); x.compressed()",
        "(x.tolist(), x.fill_value)",
    ),
    Kind(
        "numpy", "random.Generator",
        "import numpy as np\nx = np.random.default_rng(5)",
        "drawn = x.normal(size=3)",
        "repr(x); x.bit_generator.state",
        "x.bit_generator.state['state']",
    ),
    Kind(
        "numpy", "ndarray of objects",
        "import numpy as np\nx = np.array([[1], 'word', {2: 3}, None], dtype=object)",
        "x[0].append(4)",
        "repr(x); x.tolist(); [each for each in x]",
        "x.tolist()",
    ),
    Kind(
        "numpy", "poly1d",
        "import numpy as np\nx = np.poly1d([1.0, -2.0, 3.0])",
        "x[0] = 7.0",
        "x(2); x.roots; x.deriv(); repr(x)",
        "x.coeffs.tolist()",
    ),
    Kind(
        "pandas", "DataFrame",
        _LONG,
        "x.loc[5, 'a'] = -1.0",
        "x.head(); x.describe(); repr(x); x['a'].mean(); x.dtypes; x.groupby('c').sum()",
        "(x['a'].sum(), list(x.columns))",
        _CHUNK,
    ),
    Kind(
        "pandas", "Series",
        _PD + "x = pd.Series(np.arange(5.0), index=list('abcde'), name='s')",
        "x['b'] = 9.5",
        "x.mean(); repr(x); x.value_counts(); x.plot; x.at['a']",
        "x.to_dict()",
    ),
    Kind(
        "pandas", "Categorical",
        _PD + "x = pd.Categorical(['low', 'high', 'low'], ['low', 'high'], ordered=True)",
        "x[0] = 'high'",
        "repr(x); x.codes; x.describe(); x.categories",
        "(x.tolist(), x.ordered)",
    ),
    Kind(
        "pandas", "DatetimeIndex",
        _PD + "x = pd.date_range('2024-01-01', periods=4, freq='D')",
        "x = x.shift(1)",
        "repr(x); x.day; x.inferred_freq; x.year; x.get_loc('2024-01-02')",
        "[str(each) for each in x]",
        value=True,
    ),
    Kind(
        "pandas", "MultiIndex",
        _PD + "x = pd.MultiIndex.from_product([['u', 'v'], [1, 2]], names=['k', 'n'])",
        "x = x.set_names(['key', 'number'])",
        "repr(x); x.levels; x.get_level_values(0); ('u', 1) in x; x.is_unique",
        "(list(x), list(x.names))",
        value=True,
    ),
    Kind(
        "pandas", "DataFrameGroupBy",
        _PD + "df = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]})\nx = df.groupby('k')",
        "df.loc[0, 'v'] = 50",
        "x.mean(); x.groups; x.size(); len(x); x.get_group('a')",
        "(df['v'].tolist(), x.obj is df)",
    ),
    Kind(
        "pandas", "arrays.IntegerArray",
        _PD + "x = pd.array([1, None, 3], dtype='Int64')",
        "x[1] = 5",
        "repr(x); x.sum(); x.isna(); x.to_numpy(dtype=float, na_value=0)",
        "x.tolist()",
    ),
    Kind(
        "polars", "DataFrame",
        "import polars as pl\nx = pl.DataFrame({'a': range(1000), 'b': ['text'] * 1000})",
        "x = x.with_columns(pl.col('a') * 2)",
        "x.head(); repr(x); x.describe(); x['a'].mean(); x.filter(pl.col('a') > 5); x.schema",
        "(x['a'].sum(), x.columns)",
        60_000,
    ),
    Kind(
        "polars", "Series",
        "import polars as pl\nx = pl.Series('s', [1, 2, 3])",
        "x[0] = 9",
        "x.mean(); repr(x); x.to_list(); x.sort()",
        "(x.to_list(), x.name)",
    ),
    Kind(
        "polars", "LazyFrame",
        "import polars as pl\nx = pl.LazyFrame({'a': [1, 2, 3]}).filter(pl.col('a') > 1)",
        "x = x.with_columns(b=pl.col('a') + 1)",
        "x.collect(); repr(x); x.explain(); x.collect_schema()",
        "x.collect().to_dict(as_series=False)",
    ),
    Kind(
        "polars", "Expr",
        "import polars as pl\nx = pl.col('a').sum()",
        "x = x + 1",
        "repr(x); str(x); x.meta.root_names()",
        "str(x)",
    ),
    Kind(
        "polars", "Schema",
        "import polars as pl\nx = pl.Schema({'a': pl.Int64, 'b': pl.List(pl.String)})",
        "x['c'] = pl.Float64()",
        "repr(x); x.names(); x.len()",
        "repr(x)",
    ),
    Kind(
        "pyarrow", "Table",
        "import pyarrow as pa\nx = pa.table({'a': list(range(1000)), 'b': ['t'] * 1000})",
        "x = x.append_column('c', pa.array(range(1000)))",
        "repr(x); x.column('a'); x.num_rows; x.schema; x.to_pylist()[:2]; x.slice(3, 4)",
        "(x.column_names, x.num_rows)",
        40_000,
        value=True,
    ),
    Kind(
        "pyarrow", "Array",
        "import pyarrow as pa\nx = pa.array([1, None, 3])",
        "x = pa.concat_arrays([x, pa.array([4])])",
        "repr(x); x.to_pylist(); x.null_count; x[1:]",
        "x.to_pylist()",
        value=True,
    ),
    Kind(
        "pyarrow", "ChunkedArray",
        "import pyarrow as pa\nx = pa.chunked_array([[1, 2], [3]])",
        "x = pa.chunked_array([*x.chunks, pa.array([4])])",
        "repr(x); x.to_pylist(); x.num_chunks; x.combine_chunks()",
        "(x.to_pylist(), x.num_chunks)",
        value=True,
    ),
    Kind(
        "pyarrow", "RecordBatch",
        "import pyarrow as pa\nx = pa.RecordBatch.from_pydict({'a': [1, 2], 'b': ['u', 'v']})",
        "x = x.slice(1)",
        "repr(x); x.to_pydict(); x.schema; x.num_columns",
        "x.to_pydict()",
        value=True,
    ),
    Kind(
        "pyarrow", "Schema",
        "import pyarrow as pa\nx = pa.schema([('a', pa.int64()), ('b', pa.string())])",
        "x = x.append(pa.field('c', pa.list_(pa.float32())))",
        "repr(x); x.names; x.field('a'); x.types",
        "str(x)",
        value=True,
    ),
    Kind(
        "scipy", "sparse.csr_array",
        "import numpy as np\nfrom scipy import sparse\n"
        "x = sparse.random_array((50, 50), density=0.1, format='csr', random_state=3)",
        "x.data[0] = 42.0",
        "x.sum(); repr(x); x @ np.ones(50); x.T; x.nnz; x.toarray()",
        "(x.data[:2].tolist(), x.nnz)",
        9_000,
    ),
    Kind(
        "scipy", "interpolate.CubicSpline",
        "import numpy as np\nfrom scipy.interpolate import CubicSpline\n"
        "x = CubicSpline([0, 1, 2, 3], [0.0, 1.0, 4.0, 9.0])",
        "x.c[0, 0] = 5.0",
        "x(1.5); x.derivative(); x.integrate(0, 2); repr(x)",
        "x.c.tolist()",
    ),
    Kind(
        "scipy", "spatial.KDTree",
        "import numpy as np\nfrom scipy.spatial import KDTree\n"
        "x = KDTree(np.arange(20.0).reshape(10, 2))",
        "x = KDTree(np.arange(20.0, 0, -1).reshape(10, 2))",
        "x.query([1, 2]); x.query_ball_point([3, 3], 4); x.n; x.data",
        "x.query([1.0, 2.0], k=2)[1].tolist()",
    ),
    Kind(
        "scipy", "stats.rv_frozen",
        "from scipy import stats\nx = stats.norm(loc=1, scale=2)",
        "x.kwds['loc'] = 5",
        "x.mean(); x.pdf(0.5); x.ppf([0.1, 0.9]); x.interval(0.9)",
        "(x.kwds, x.cdf(1.0))",
        60_000,
    ),
    Kind(
        "scipy", "optimize.OptimizeResult",
        "from scipy.optimize import minimize\n"
        "x = minimize(lambda v: ((v - 3) ** 2).sum(), [0.0, 1.0])",
        "x.note = 'kept'\nx.x[0] = 7",
        "repr(x); x.x; x.fun; x.success; dict(x)",
        "(x.x.round(3).tolist(), x.get('note'))",
    ),
    Kind(
        "scipy", "spatial.transform.Rotation",
        "from scipy.spatial.transform import Rotation\n"
        "x = Rotation.from_euler('xyz', [0.1, 0.2, 0.3])",
        "x = x * Rotation.from_euler('x', 1.0)",
        "x.as_matrix(); x.as_quat(); x.magnitude(); x.inv()",
        "x.as_quat().round(6).tolist()",
    ),
    Kind(
        "sklearn", "linear_model.LinearRegression",
        _SK + "from sklearn.linear_model import LinearRegression\nx = LinearRegression().fit(X, y)",
        "x.fit(X, 1 - y)",
        "x.predict(X); x.score(X, y); repr(x); x.get_params()",
        "(x.coef_.round(6).tolist(), x.intercept_.round(6))",
    ),
    Kind(
        "sklearn", "pipeline.Pipeline",
        _SK + "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "x = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)",
        "x.set_params(logisticregression__C=0.01).fit(X, y)",
        "x.predict(X); x.predict_proba(X); repr(x); x.steps; x.named_steps",
        "(x[-1].C, x[-1].coef_.round(6).tolist())",
    ),
    Kind(
        "sklearn", "ensemble.RandomForestClassifier",
        _SK + "from sklearn.ensemble import RandomForestClassifier\n"
        "x = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, y)",
        "x.set_params(n_estimators=5, warm_start=True).fit(X, y)",
        "x.predict(X); x.feature_importances_; x.score(X, y); repr(x); len(x)",
        "(len(x.estimators_), x.predict(X).tolist())",
        60_000,
    ),
    Kind(
        "sklearn", "preprocessing.StandardScaler",
        _SK + "from sklearn.preprocessing import StandardScaler\nx = StandardScaler().fit(X)",
        "x.partial_fit(X * 2)",
        "x.transform(X); x.inverse_transform(X); repr(x)",
        "(x.mean_.tolist(), int(x.n_samples_seen_))",
    ),
    Kind(
        "sklearn", "feature_extraction.text.CountVectorizer",
        "from sklearn.feature_extraction.text import CountVectorizer\n"
        "x = CountVectorizer().fit(['a red fox', 'the red dog'])",
        "x.fit(['blue fish', 'red fish'])",
        "x.transform(['red']); x.get_feature_names_out(); repr(x)",
        "dict(sorted(x.vocabulary_.items()))",
    ),
    Kind(
        "sklearn", "model_selection.GridSearchCV",
        _SK + "from sklearn.model_selection import GridSearchCV\nfrom sklearn.svm import SVC\n"
        "x = GridSearchCV(SVC(), {'C': [0.1, 1]}, cv=2).fit(X, y)",
        "x.set_params(param_grid={'C': [0.01]}).fit(X, 1 - y)",
        "x.predict(X); x.best_params_; x.cv_results_['params']; repr(x)",
        "(x.best_params_, x.best_estimator_.support_.tolist())",
        60_000,
    ),
    Kind(
        "matplotlib", "figure.Figure",
        _PLT + "x, ax = plt.subplots()\nline, = ax.plot([1, 2, 3])",
        "ax.set_title('changed')",
        _DRAW,
        "(ax.get_title(), x.axes[0] is ax)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "axes.Axes",
        _PLT + "fig, x = plt.subplots()\nx.scatter([1, 2], [3, 4])",
        "x.set_xlim(0, 10)",
        _SHOW + "; x.get_xlim(); x.get_children(); x.get_xticklabels()",
        "(x.get_xlim(), len(x.collections))",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "lines.Line2D",
        _PLT + "fig, ax = plt.subplots()\nx, = ax.plot([1, 2, 3])",
        "x.set_ydata([3, 1, 2])",
        _SHOW + "; x.get_data(); x.get_color(); x.get_path()",
        "(list(x.get_ydata()), ax.lines[0] is x)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "image.AxesImage",
        _PLT + "fig, ax = plt.subplots()\nx = ax.imshow(np.eye(8))",
        "x.set_cmap('gray')",
        _SHOW + "; x.get_array(); x.get_clim(); x.get_extent()",
        "(x.get_cmap().name, ax.images[0] is x)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "patches.Ellipse",
        _PLT + "from matplotlib.patches import Ellipse\nx = Ellipse((0, 0), 2, 1)",
        "x.set_width(5)",
        "repr(x); x.get_path(); x.get_verts(); x.get_extents()",
        "(x.width, x.height, x.angle)",
    ),
    Kind(
        "matplotlib", "patches.Arrow",
        _PLT + "from matplotlib.patches import Arrow\nfig, ax = plt.subplots()\n"
        "x = ax.add_patch(Arrow(0, 0, 1, 1))",
        "x.set_linewidth(3)",
        _SHOW + "; x.get_path(); x.get_patch_transform(); x.get_extents()",
        "(x.get_linewidth(), ax.patches[0] is x)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "image.FigureImage",
        _PLT + "fig = plt.figure()\nx = fig.figimage(np.eye(8))",
        "x.set_data(np.ones((8, 8)))",
        _SHOW + "; x.get_array(); x.get_extent(); x.get_size()",
        "(x.get_array().sum(), fig.images[0] is x)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "offsetbox.AnchoredOffsetbox",
        _PLT + "from matplotlib.offsetbox import AnchoredOffsetbox, TextArea\n"
        "fig, ax = plt.subplots()\n"
        "x = ax.add_artist(AnchoredOffsetbox(loc='upper left', child=TextArea('note')))",
        "x.get_child().set_text('changed')",
        _SHOW + "; x.get_child(); x.get_bbox_to_anchor(); x.get_children()",
        "(x.get_child().get_text(), x in ax.artists)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "legend.Legend",
        _PLT + "fig, ax = plt.subplots()\nax.plot([1, 2], label='one')\n"
        "ax.scatter([1], [2], label='two')\nx = ax.legend()",
        "x.get_texts()[0].set_text('changed')",
        "fig.savefig(io.BytesIO(), dpi=150); repr(x); x.get_texts(); x.get_frame()",
        "([text.get_text() for text in x.get_texts()], ax.get_legend() is x)",
        _FIGURE,
    ),
    Kind(
        "matplotlib", "colors.BoundaryNorm",
        _PLT + "from matplotlib.colors import BoundaryNorm\nx = BoundaryNorm([0, 1, 5], 256)",
        "x.vmax = 9",
        "x(np.array([0.5, 2])); x.scaled(); repr(x); x.boundaries",
        "(x.vmin, x.vmax, x.boundaries.tolist())",
    ),
    Kind(
        "matplotlib", "colors.ListedColormap",
        _PLT + "from matplotlib.colors import ListedColormap\nx = ListedColormap(['r', 'g', 'b'])",
        "x.set_bad('k') if not hasattr(x, 'with_extremes') else globals().update("
        "x=x.with_extremes(bad='k'))",
        "x(0.5); x(range(3)); repr(x); x._repr_html_(); x.N",
        "(x.get_bad().tolist(), x.N)",
    ),
    Kind(
        "matplotlib", "mplot3d.art3d.Line3DCollection",
        _PLT + "fig = plt.figure()\nax = fig.add_subplot(projection='3d')\n"
        "from mpl_toolkits.mplot3d.art3d import Line3DCollection\n"
        "x = ax.add_collection3d(Line3DCollection([[(0, 0, 0), (1, 1, 1)]]))",
        "x.set_linewidth(4)",
        _SHOW + "; x.get_linewidth(); x.get_colors()",
        "list(x.get_linewidth())",
        _FIGURE,
    ),
    Kind(
        "seaborn", "FacetGrid",
        _SNS + _TIPS + "x = sns.FacetGrid(df, col='k')\nx.map(plt.scatter, 'a', 'b')",
        "x.set_axis_labels('first', 'second')",
        "x.figure.savefig(io.BytesIO()); repr(x); x.axes; x.data.head()",
        "[ax.get_xlabel() for ax in x.axes.flat]",
        _FIGURE,
    ),
    Kind(
        "seaborn", "JointGrid",
        _SNS + _TIPS + "x = sns.JointGrid(data=df, x='a', y='b')\nx.plot_joint(sns.scatterplot)",
        "x.ax_joint.set_title('joint')",
        "x.figure.savefig(io.BytesIO()); repr(x); x.ax_marg_x.get_xlim()",
        "x.ax_joint.get_title()",
        _FIGURE,
    ),
    Kind(
        "seaborn", "PairGrid",
        _SNS + _TIPS + "x = sns.PairGrid(df, vars=['a', 'b'])\nx.map(plt.scatter)",
        "x.axes[0, 0].set_title('pairs')",
        "x.figure.savefig(io.BytesIO()); repr(x); x.axes.shape",
        "x.axes[0, 0].get_title()",
        _FIGURE,
    ),
    Kind(
        "seaborn", "palettes._ColorPalette",
        _SNS + "x = sns.color_palette('deep', 4)",
        "x[0] = (0.0, 0.0, 0.0)",
        "x.as_hex(); repr(x); x._repr_html_(); len(x)",
        "list(x)",
    ),
    Kind(
        "seaborn", "Axes of a heatmap",
        _SNS + "x = sns.heatmap(np.eye(3), annot=True)\nfig = x.figure",
        "x.set_title('heat')",
        _SHOW + "; x.get_xticklabels(); x.texts; x.collections",
        "(x.get_title(), len(x.texts))",
        _FIGURE,
    ),
    Kind(
        "plotly", "graph_objects.Figure",
        _GO + "x = go.Figure(go.Scatter(x=[1, 2, 3], y=[3, 1, 2]))",
        "x.update_layout(title='changed')",
        "x.to_json(); repr(x); x.data; x.layout; x.to_dict()",
        "(x.layout.title.text, len(x.data))",
        20_000,
    ),
    Kind(
        "plotly", "graph_objects.Scatter",
        _GO + "x = go.Scatter(x=[1, 2, 3], y=[3, 1, 2])",
        "x.marker.color = 'red'",
        "x.to_plotly_json(); repr(x); x.x; x.marker",
        "sorted(x.to_plotly_json().items(), key=str)",
        20_000,
    ),
    Kind(
        "plotly", "graph_objects.Layout",
        _GO + "x = go.Layout(title='one')",
        "x.title.text = 'two'",
        "x.to_plotly_json(); repr(x); x.title; x.xaxis",
        "x.to_plotly_json()",
        20_000,
    ),
    Kind(
        "plotly", "Figure of subplots",
        "from plotly.subplots import make_subplots\n" + _GO
        + "x = make_subplots(rows=1, cols=2)\nx.add_trace(go.Bar(y=[1, 2]), row=1, col=1)",
        "x.add_trace(go.Bar(y=[3, 4]), row=1, col=2)",
        "x.to_json(); x.get_subplot(1, 1); repr(x)",
        "[(trace.xaxis, list(trace.y)) for trace in x.data]",
        30_000,
    ),
    Kind(
        "plotly", "express Figure",
        "import plotly.express as px\n"
        "x = px.scatter(x=[1, 2, 3], y=[3, 1, 2], color=['u', 'v', 'u'])",
        "x.update_traces(marker_size=12)",
        "x.to_json(); repr(x); x.data[0].marker",
        "[trace.marker.size for trace in x.data]",
        40_000,
    ),
    Kind(
        "torch", "Tensor",
        _TORCH + "x = torch.arange(200_000.0)",
        "x[5] = -1",
        "x.sum(); repr(x); x.numpy(); x[::2].mean(); x.view(2, -1)",
        "(x[5].item(), x.sum().item())",
        _CHUNK,
    ),
    Kind(
        "torch", "nn.Sequential",
        _TORCH + "x = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))",
        "with torch.no_grad():\n    x[0].weight += 1",
        "x(torch.ones(2, 3)).sum().item(); repr(x); x.state_dict(); x.training",
        "x[0].weight.tolist()",
    ),
    Kind(
        "torch", "optim.Adam",
        _TORCH + "model = nn.Linear(2, 1)\nx = torch.optim.Adam(model.parameters(), lr=0.1)",
        "model(torch.ones(1, 2)).sum().backward()\nx.step()",
        "repr(x); x.state_dict(); x.param_groups[0]['lr']",
        "(model.weight.tolist(), len(x.state), x.param_groups[0]['params'][0] is model.weight)",
        12_000,
    ),
    Kind(
        "torch", "optim.lr_scheduler.StepLR",
        _TORCH + "w = nn.Parameter(torch.ones(2))\nopt = torch.optim.SGD([w], lr=1.0)\n"
        "x = torch.optim.lr_scheduler.StepLR(opt, step_size=1, gamma=0.1)",
        "opt.step()\nx.step()",
        "repr(x); x.get_last_lr(); x.state_dict()",
        "(x.last_epoch, opt.param_groups[0]['lr'], x.optimizer is opt)",
        _STEPPED,
    ),
    Kind(
        "torch", "utils.data.TensorDataset",
        _TORCH + "from torch.utils.data import TensorDataset\n"
        "t = torch.zeros(3)\nx = TensorDataset(t)",
        "t += 1",
        "x[0]; len(x); list(x); repr(x)",
        "([row[0].item() for row in x], x.tensors[0] is t)",
    ),
    Kind(
        "torch", "Generator",
        _TORCH + "x = torch.Generator().manual_seed(3)",
        "drawn = torch.rand(2, generator=x)",
        "repr(x); x.get_state(); x.initial_seed()",
        "x.get_state().sum().item()",
        12_000,
    ),
    Kind(
        "networkx", "Graph",
        _NX + "x = nx.path_graph(5)",
        "x.add_edge(0, 4, weight=2)",
        "nx.shortest_path(x, 0, 4); list(x.edges); x.degree[0]; x.adj[1]; x.nodes; repr(x)",
        "sorted(x.edges(data=True))",
    ),
    Kind(
        "networkx", "DiGraph",
        _NX + "x = nx.DiGraph([(1, 2), (2, 3)])",
        "x.remove_edge(2, 3)",
        "list(x.successors(1)); x.in_degree; x.pred; x.out_edges; nx.is_directed_acyclic_graph(x)",
        "sorted(x.edges)",
    ),
    Kind(
        "networkx", "MultiGraph",
        _NX + "x = nx.MultiGraph([(1, 2), (1, 2)])",
        "x.add_edge(1, 2, key='third')",
        "x.number_of_edges(); list(x.edges(keys=True)); x[1][2]; x.degree",
        "list(x.edges(keys=True))",
    ),
    Kind(
        "networkx", "Graph with attributes",
        _NX + "x = nx.star_graph(3)\nnx.set_node_attributes(x, 'red', 'color')",
        "x.nodes[0]['color'] = 'blue'",
        "x.nodes(data=True); nx.pagerank(x); nx.to_dict_of_lists(x)",
        "dict(x.nodes(data='color'))",
    ),
    Kind(
        "networkx", "subgraph view",
        _NX + "g = nx.path_graph(6)\nx = g.subgraph([1, 2, 3])",
        "g.add_edge(1, 3)",
        "list(x.edges); x.nodes; len(x); repr(x)",
        "(sorted(x.edges), x._graph is g)",
    ),
    Kind(
        "astropy", "visualization.ImageNormalize",
        _PLT + "from astropy.visualization import ImageNormalize, SqrtStretch\n"
        "fig, ax = plt.subplots()\n"
        "x = ImageNormalize(vmin=0, vmax=9, stretch=SqrtStretch())\n"
        "picture = ax.imshow(np.arange(16.0).reshape(4, 4), norm=x)",
        "x.vmax = 5",
        _SHOW + "; x(np.array([1.0, 4.0])); x.inverse(0.5); x.scaled()",
        "(x.vmin, x.vmax, picture.norm is x)",
        _FIGURE,
    ),
    Kind(
        "astropy", "units.Quantity",
        "import numpy as np\nfrom astropy import units\nx = np.arange(4.0) * units.km",
        "x[1] = 7 * units.m",
        "x.to('m'); repr(x); x.unit; x.mean(); x.value",
        "(x.value.tolist(), str(x.unit))",
    ),
    Kind(
        "astropy", "wcs.Celprm",
        "from astropy.wcs import WCS\nx = WCS(naxis=2)\nx.wcs.ctype = ['RA---TAN', 'DEC--TAN']\n"
        "x.wcs.set()\nceil = x.wcs.cel",
        "x.wcs.crval = [10.0, 20.0]",
        "repr(x); x.wcs.cel; x.wcs.cel.ref; str(x.wcs.cel); x.pixel_to_world_values(1, 1)",
        "x.wcs.crval.tolist()",
        20_000,
    ),
    Kind(
        "astropy", "table.Column",
        "from astropy.table import Column\n"
        "x = Column([1.0, 2.0, 4.0], name='flux', unit='Jy', meta={'band': 'r'})\npart = x[1:]",
        "x[2] = 5.0; x.meta['band'] = 'g'",
        "repr(x); str(x); x.unit; x.mean(); x.info; x.quantity; x.to('mJy'); x.name",
        "(x.tolist(), x.meta, str(x.unit), part.tolist())",
    ),
    Kind(
        "astropy", "time.Time",
        "import numpy as np\nfrom astropy.time import Time\n"
        "x = Time(np.array([2460000.5, 2460001.5]), format='jd', scale='utc')",
        "x[1] = Time(2460010.5, format='jd', scale='utc')",
        "repr(x); x.iso; x.mjd; x.tai; x.shape; x.min(); x[0]",
        "x.jd.tolist()",
    ),
    Kind(
        "statsmodels", "OLS",
        _SM + "x = sm.OLS(b, A)",
        "x.endog[0] = 50.0",
        "x.exog_names; x.df_resid; x.loglike([1.0, 2.0]); x.nobs; repr(x)",
        "(x.endog[0], x.fit().params.round(5).tolist())",
        20_000,
    ),
    Kind(
        "statsmodels", "RegressionResults",
        _SM + "x = sm.OLS(b, A).fit()",
        "x = sm.OLS(b * 2, A).fit()",
        "x.summary(); x.params; x.pvalues; x.predict(A); x.conf_int(); x.resid",
        "(x.params.round(5).tolist(), round(x.rsquared, 6))",
        20_000,
    ),
    Kind(
        "statsmodels", "GLMResults",
        _SM + "x = sm.GLM((b > 9).astype(float), A, family=sm.families.Binomial()).fit()",
        "x = sm.GLM((b > 12).astype(float), A, family=sm.families.Binomial()).fit()",
        "x.summary(); x.params; x.deviance; x.predict(A)",
        "x.params.round(4).tolist()",
        20_000,
    ),
    Kind(
        "statsmodels", "stats.weightstats.DescrStatsW",
        "import numpy as np\nfrom statsmodels.stats.weightstats import DescrStatsW\n"
        "x = DescrStatsW(np.arange(9.0), weights=np.ones(9))",
        "x.data[0] = 90.0",
        "repr(x.sum_weights); x.weights.sum(); len(x.data)",
        "x.data.tolist()",
    ),
    Kind(
        "statsmodels", "distributions.ECDF",
        "import numpy as np\n"
        "from statsmodels.distributions.empirical_distribution import ECDF\n"
        "x = ECDF(np.array([3.0, 1.0, 2.0]))",
        "x = ECDF(np.array([5.0, 1.0, 2.0, 9.0]))",
        "x(2.5); x.x; x.y; repr(x); x.n",
        "(x(2.5), x.x.tolist())",
    ),
    Kind(
        "statsmodels", "formula model",
        "import pandas as pd, statsmodels.formula.api as smf\n"
        "df = pd.DataFrame({'u': [1.0, 2, 3, 4, 5], 'v': [2.1, 3.9, 6.2, 8.1, 9.8]})\n"
        "x = smf.ols('v ~ u', df).fit()",
        "x = smf.ols('v ~ u + I(u ** 2)', df).fit()",
        "x.summary(); x.params; x.predict(df); x.model.formula",
        "x.params.round(4).to_dict()",
        40_000,
    ),
)  # fmt: skip
