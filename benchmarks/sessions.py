"""The sessions that are measured, as data."""

from __future__ import annotations

from typing import NamedTuple


class Budget(NamedTuple):
    """What a session may cost at most; None where nothing is promised.

    Attributes:
        added: milliseconds added to a cell, median.
        stored: bytes stored for a cell, median.
        undo: milliseconds for the undo of one cell.
    """

    added: float | None = None
    stored: int | None = None
    undo: float | None = None


class Session(NamedTuple):
    """Cells to run.

    Attributes:
        name: what the table calls it.
        setup: the cells that make the state; not measured.
        cells: the measured cells, taken in turn; ``{i}`` is the round's number.
        rounds: how many cells are measured.
        reading: a cell that changes nothing, measured on its own.
        budget: what a measured cell may cost.
        needs: modules without which it cannot run.
    """

    name: str
    setup: tuple[str, ...]
    cells: tuple[str, ...]
    rounds: int
    reading: str
    budget: Budget
    needs: tuple[str, ...] = ()


_SMALL = (
    "import math, json, collections",
    "\n".join(
        f"v{i} = {value}"
        for i, value in enumerate(
            ["1", "'text'", "[1, 2, 3]", "{'a': [1], 'b': 2}", "(1, 2)", "{1, 2, 3}", "3.5"] * 3
        )
    ),
)
_SMALL_CELLS = (
    "v2.append({i})",
    "v3['k{i}'] = [{i}]",
    "x = {i}",
    "def f(a):\n    return a + {i}",
    "y = [f(n) for n in range(50)]",
)
_RECORD = 4096

SESSIONS = (
    Session(
        "50 small cells", _SMALL, _SMALL_CELLS, 50, "len(v2)", Budget(5, _RECORD, 20),
    ),
    Session(
        "500 small cells", _SMALL, _SMALL_CELLS, 500, "len(v2)", Budget(5, _RECORD, 20),
    ),
    Session(
        "2,000 variables, 27,000 nodes",
        ("globals().update({f'w{i}': [i, [i, str(i)], {'k': [i]}] * 2 for i in range(2000)})",),
        ("w7.append({i})",),
        30,
        "len(w7)",
        Budget(15, _RECORD, 30),
    ),
    Session(
        "2M rows, 12 columns",
        (
            "import numpy as np, pandas as pd\nrng = np.random.default_rng(1)\n"
            "df = pd.DataFrame({f'c{i}': rng.random(2_000_000) for i in range(11)})\n"
            "df['g'] = rng.integers(0, 50, 2_000_000)",
        ),
        (
            "df['n{i}'] = df['c0'] * {i}",
            "means = df.groupby('g').mean()",
            "df.loc[{i}, 'c1'] = -1.0",
            "del df['c2']\ndf['c2'] = 0.5",
            "top = df.nlargest(100, 'c3')",
        ),
        15,
        "df.shape",
        Budget(None, None, None),
        ("pandas",),
    ),
    Session(
        "scikit-learn models",
        (
            "import numpy as np\nfrom sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import StandardScaler\n"
            "from sklearn.linear_model import LogisticRegression\n"
            "from sklearn.ensemble import RandomForestClassifier\n"
            "rng = np.random.default_rng(1)\nX = rng.random((20_000, 20))\n"
            "y = (X[:, 0] + rng.random(20_000) > 1).astype(int)",
            "forest = RandomForestClassifier(100, max_depth=8, random_state=0)\n"
            "forest.fit(X[:5000], y[:5000])",
        ),
        (
            "pipe = make_pipeline(StandardScaler(), LogisticRegression(C={i} + 1)).fit(X, y)",
            "score = pipe.score(X, y)",
            "forest.note = {i}",
        ),
        12,
        "forest.n_estimators",
        Budget(None, None, None),
        ("sklearn",),
    ),
    Session(
        "torch: an MLP and Adam, 119 MB",
        (
            "import torch\ntorch.manual_seed(0)\n"
            "net = torch.nn.Sequential(torch.nn.Linear(1024, 4096), torch.nn.ReLU(),"
            " torch.nn.Linear(4096, 1400))\n"
            "opt = torch.optim.Adam(net.parameters())\nx = torch.randn(64, 1024)\n"
            "def step():\n    opt.zero_grad()\n    net(x).square().mean().backward()\n"
            "    opt.step()\nstep()",
        ),
        ("step()",),
        8,
        "len(list(net.parameters()))",
        Budget(None, None, None),
        ("torch",),
    ),
    Session(
        "1 GB array, one element changes",
        ("import numpy as np\nbig = np.random.default_rng(1).random(134_217_728)",),
        ("big[{i} * 1_000_000 + 7] = -1.0",),
        10,
        "big[5]",
        Budget(45, 2 * 262_144 + _RECORD, 60),
        ("numpy",),
    ),
    Session(
        "1M dicts, one changes",
        ("rows = [{'id': i, 'name': f'row {i}', 'x': i / 7} for i in range(1_000_000)]",),
        ("rows[{i} * 90_000 + 5]['x'] = -{i}.5",),
        8,
        "len(rows)",
        Budget(600, 100_000, None),
    ),
    Session(
        "six live figures, a pipeline, a 200 MB frame",
        (
            "import numpy as np, pandas as pd, matplotlib.pyplot as plt\n"
            "from sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import StandardScaler\n"
            "from sklearn.linear_model import LogisticRegression\n"
            "rng = np.random.default_rng(1)\n"
            "df = pd.DataFrame(rng.random((2_000_000, 12)), columns=list('abcdefghijkl'))\n"
            "pipe = make_pipeline(StandardScaler(), LogisticRegression())\n"
            "pipe.fit(df.iloc[:5000, :5], df.iloc[:5000, 5] > 0.5)\n"
            "figs = []\n"
            "for k in range(6):\n"
            "    fig, ax = plt.subplots()\n"
            "    ax.plot(df['a'][:2000], df['b'][:2000])\n"
            "    figs.append((fig, ax))\nplt.close('all')\nx = [1]",
        ),
        ("x.append({i})",),
        15,
        "len(x)",
        Budget(40, _RECORD, 60),
        ("pandas", "sklearn", "matplotlib"),
    ),
    Session(
        "loops over globals",
        ("total = 0\nitems = list(range(1000))",),
        (
            "for n in range(300_000):\n    total += n % 7",
            "def bump():\n    global total\n    total += 1\nfor _ in range(200_000):\n    bump()",
        ),
        10,
        "total",
        Budget(5, _RECORD, 20),
    ),
)  # fmt: skip
