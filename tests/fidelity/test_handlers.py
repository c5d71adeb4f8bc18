"""Switching off any handler makes a scenario fail: none is there in vain, and each is tested."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kishu.handlers
from kishu.handlers import treatments
from tests.e2e.conftest import make_notebook
from tests.fidelity.known import KNOWN
from tests.fidelity.libraries import KINDS
from tests.fidelity.play import Stage
from tests.fidelity.scenario import Scenario
from tests.fidelity.scenarios import FAMILIES
from tests.fidelity.trying import Trying
from tests.kernel import Kernel

NEEDED = {
    "annotations.reduce_new_type": "undo definitions-types-that-are-no-classes",
    "annotations.reduce_type_variable": "cold definitions-generic-class",
    "caches.reduce_lru_cache": "undo definitions-what-a-cache-holds",
    "classes.reduce_class": "cold containers-dict-subclass",
    "code.reduce_bare": "undo definitions-sentinel-that-a-library-holds",
    "code.reduce_cell": "change containers-closures-share-a-cell",
    "code.reduce_code": "undo definitions-code-object",
    "code.reduce_function": "cold frames-groupby-by-function",
    "code.reduce_method": "redo definitions-method-of-one-instance",
    "code.reduce_property": "cold frames-subclass",
    "code.reduce_wrapper": "cold containers-namedtuple",
    "contexts.reduce_context": "undo unpicklables-context-variables",
    "contexts.reduce_variable": "undo unpicklables-context-variables",
    "databases.reduce_connection": "change unpicklables-partial-of-a-connection",
    "live.reduce_cursor": "change unpicklables-sqlite-cursor",
    "exceptions.reduce_exception": "undo definitions-exception-with-a-traceback",
    "exceptions.reduce_traceback": "undo definitions-exception-with-a-traceback",
    "files.reduce_file": "undo unpicklables-file-position",
    "instances.reduce_defaultdict": "undo containers-numbering-dict",
    "live.reduce_connection": "cold unpicklables-thread",
    "ipython.reduce_kernel": "branch tensors-scheduler",
    "ipython.reduce_shell": "redo tensors-scheduler",
    "live.reduce_finalizer": "change unpicklables-finalizer",
    "live.reduce_generator": "undo roads-generator-advanced",
    "live.reduce_hash": "change unpicklables-hash-half-fed",
    "live.reduce_mapping": "change unpicklables-mapped-memory",
    "live.reduce_queue": "undo unpicklables-simple-queue",
    "live.reduce_reader": "undo unpicklables-csv-reader",
    "live.reduce_socket": "change unpicklables-socket-closed",
    "live.reduce_table_iterator": "undo containers-half-read-dict-iterator",
    "live.reduce_temporary": "undo unpicklables-temporary-directory",
    "live.reduce_writer": "undo unpicklables-csv-writer",
    "locks.reduce_local": "change unpicklables-thread-local",
    "locks.reduce_lock": "change unpicklables-lock",
    "locks.reduce_rlock": "change unpicklables-rlock-held",
    "locks.reduce_struct": "undo unpicklables-struct",
    "matches.reduce_match": "undo unpicklables-match",
    "views.reduce_dict_view": "cold containers-dict-views",
    "views.reduce_mappingproxy": "cold containers-mappingproxy",
    "views.reduce_memoryview": "cold containers-memoryview",
    "modules.reduce_module": "cold roads-list-that-a-module-holds",
    "numpy.reduce_array": "undo arrays-view",
    "numpy.reduce_flat_iterator": "undo arrays-flat-iterator",
    "numpy.reduce_iterator": "change arrays-nditer",
    "numpy.reduce_record": "undo arrays-record-under-a-name",
    "pandas.reduce_block": "undo frames-series-of-frame",
    "pandas.reduce_extension_array": "change frames-extension-arrays-looked-at",
    "pandas.reduce_flags": "undo frames-no-duplicate-labels",
    "pandas.reduce_frame": "undo frames-attribute-set",
    "pandas.reduce_index": "undo frames-index-name-through-alias",
    "singletons.reduce_context": "undo ambient-decimal-precision",
    "singletons.reduce_operator": "undo unpicklables-syntax-trees-in-which-a-tool-noted-parents",
    "singletons.reduce_singleton": "cold ambient-random-functions-by-name",
    "singletons.reduce_stream": "undo unpicklables-standard-stream-in-a-list",
    "live.reduce_batches": "undo tensors-loader-half-read",
    "torch.reduce_generator": "undo tensors-generator",
    "torch.reduce_storage": "undo tensors-last-of-a-large-one",
    "torch.reduce_tensor": "undo tensors-views",
    "weak.reduce_proxy": "undo containers-weak-proxy",
    "weak.reduce_ref": "undo containers-weak-reference",
    "weak.reduce_table": "undo definitions-weak-reference-that-died",
}
"""The column of a scenario that fails without a reducer, the earliest there is; by themselves,
where its cell is not run again."""
if sys.version_info >= (3, 12):
    NEEDED["annotations.reduce_alias"] = "cold definitions-type-parameters"

_COMPUTED = {
    "code.reduce_code",
    "code.reduce_method",
    "locks.reduce_struct",
    "matches.reduce_match",
    "torch.reduce_storage",
}
"""Reducers without which a restore runs the cell again, where that is not switched off."""

_NO_HANDLERS = {
    "api", "entry_points", "geometry", "learned", "loading", "plotly", "polars", "pyarrow", "scipy",
    "sklearn", "sources", "statsmodels", "treatments", "typeinfo",
}  # fmt: skip
"""Modules that hold no reducers of their own."""

_BESIDE = {"extra_state", "matplotlib", "subarrays", "text_columns"}
"""Handlers that tests of their own below are about, or that other handlers call."""

_OFF = """
from kishu.handlers import treatments
if not hasattr(treatments, "everything"):
    treatments.everything = dict(treatments._handlers)
treatments._handlers.clear()
treatments._handlers.update({{
    name: entry
    for name, entry in treatments.everything.items()
    if entry.encode is None
    or f"{{entry.encode.__module__}}.{{entry.encode.__name__}}" != "kishu.handlers.{reducer}"
}})
treatments._decided.clear()
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.fixture(scope="module")
def stage_without_replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("stage")
    (home / "config.ini").write_text("[replay]\nautomatic = no\n")
    with Stage(home) as opened:
        yield opened


def test_every_handler_is_switched_off_somewhere() -> None:
    modules = {module.name for module in pkgutil.iter_modules(kishu.handlers.__path__)}
    tested = {reducer.partition(".")[0] for reducer in NEEDED}
    assert tested | _BESIDE | _NO_HANDLERS == modules
    for name in modules:
        importlib.import_module(f"kishu.handlers.{name}")
    reducers = {entry.encode for entry in treatments._handlers.values() if entry.encode is not None}
    named = {f"{each.__module__.rpartition('.')[2]}.{each.__name__}" for each in reducers}
    # Python 3.14 alone cannot do without the last.
    others = {
        "numpy.reduce_dtype",
        "annotations.reduce_alias",
        "code.reduce_partial_method",
    }
    assert {each for each in named if not each.startswith("matplotlib.")} <= NEEDED.keys() | others
    assert KNOWN.keys().isdisjoint(scenario for _, scenario in map(str.split, NEEDED.values()))


@pytest.mark.parametrize("reducer", NEEDED)
def test_without_a_handler_a_scenario_fails(
    stage: Stage, stage_without_replay: Stage, reducer: str
) -> None:
    chosen = stage_without_replay if reducer in _COMPUTED else stage
    column, _, name = NEEDED[reducer].partition(" ")
    if reducer in _COMPUTED or column == "cold":
        # What is played differs from what the scenario's own test plays.
        assert _keeps(chosen, _scenario(name), _OFF.format(reducer="none"), column)
    assert not _keeps(chosen, _scenario(name), _OFF.format(reducer=reducer), column)


def test_without_extra_state_what_a_pickle_leaves_out_is_lost(tmp_path: Path) -> None:
    off = "import kishu.walking.walk as w; w.with_extra_state = lambda walk, obj, reduced: reduced"
    scenario = _scenario("unpicklables-library-drops-an-attribute-that-changes")
    with Stage(tmp_path) as stage:
        assert not _keeps(stage, scenario, off)


def test_without_subclasses_of_arrays_their_memory_is_not_shared(tmp_path: Path) -> None:
    off = "import kishu.handlers.subarrays as s; s.reduce_subarray = lambda *given: NotImplemented"
    with Stage(tmp_path) as stage:
        assert not _keeps(stage, _scenario("arrays-memmap"), off)


@pytest.mark.parametrize(
    ("reducer", "kind"),
    [
        ("artist", "lines.Line2D"),
        ("callbacks", "image.AxesImage"),
        ("colormap", "colors.ListedColormap"),
        ("transform", "figure.Figure"),
    ],
)
def test_without_a_handler_of_matplotlib_looking_is_a_change(
    stage: Stage, reducer: str, kind: str
) -> None:
    wanted = f"libraries-matplotlib-{kind}"
    trying = Trying(next(each for each in KINDS if each.id == wanted), column="reads")
    stage.run(trying, _OFF.format(reducer=f"matplotlib.reduce_{reducer}"), cold=False)
    assert not trying.tried.reads


def test_without_the_handler_of_dtypes_arrays_of_one_type_are_tied(tmp_path: Path) -> None:
    changed = {}
    for reducer in ("none", "numpy.reduce_dtype"):
        with Kernel(tmp_path) as kernel:
            kernel.ok(_OFF.format(reducer=reducer))
            kernel.ok(f"import kishu; kishu.attach({str(make_notebook(tmp_path / 'n.ipynb'))!r})")
            kernel.ok("import numpy as np; kind = np.dtype([('k', int), ('x', float)])")
            kernel.ok("left, right = np.zeros(2, kind), np.zeros(2, kind)")
            kernel.ok("left['k'][0] = 5")
            changed[reducer] = kernel.kishu("log")[0]["changed"]
    assert changed["none"] == ["left"]
    assert "right" in changed["numpy.reduce_dtype"]


def _scenario(name: str) -> Scenario:
    family, _, own = name.partition("-")
    return next(each for each in FAMILIES[family] if each.name == own)


def _keeps(stage: Stage, scenario: Scenario, before: str, column: str = "") -> bool:
    if scenario.needs:
        pytest.importorskip(scenario.needs)
    try:
        return stage.play(scenario, before, column).keeps(scenario)
    except Exception:
        return False
