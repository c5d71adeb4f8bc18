"""Every way in which a cell can end makes its commit, and the cell never notices."""

from __future__ import annotations

import pytest

from tests.e2e.asking import heard, log, names, outcome, runs, wait_for_print
from tests.e2e.conftest import Start
from tests.kernel import Kernel


def test_a_cell_that_raises_commits_what_it_did_before(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    assert kernel.run("x = 2; 1 / 0; x = 3").error == "ZeroDivisionError"
    assert outcome(kernel) == "ZeroDivisionError"
    kernel.kishu("undo")
    assert kernel.value("x") == 1
    kernel.kishu("redo")
    assert kernel.value("x") == 2


NO_USUAL_END = {
    "an exception that cannot be shown": "x = 2\nraise ValueError('\\ud800')",
    "one within a cell that a cell runs": (
        "x = 2\nget_ipython().run_cell(\"raise ValueError('\\\\ud800')\", store_history=True)"
    ),
    "a transformer that is interrupted": "%%bash_of_mine\nx = 2",
    "one within a cell that a cell runs, caught": (
        "x = 2\ntry:\n    get_ipython().run_cell('%%bash_of_mine', store_history=True)\n"
        "except KeyboardInterrupt:\n    pass"
    ),
    "an empty cell that a cell runs": "get_ipython().run_cell('', store_history=True)\nx = 2",
    "a cell that ends its loop's task": (
        "import asyncio\nx = 2\nasyncio.current_task().cancel()\nawait asyncio.sleep(0)"
    ),
    "an interrupt while the reply is shown": (
        "x = 2\nclass Shown:\n    def __repr__(self):\n        raise KeyboardInterrupt\nShown()"
    ),
}
INTERRUPTED = """
def interrupted(lines):
    if lines and lines[0].startswith("%%bash_of_mine"):
        raise KeyboardInterrupt
    return lines
get_ipython().input_transformers_cleanup.append(interrupted)
"""


@pytest.mark.parametrize("cell", NO_USUAL_END.values(), ids=NO_USUAL_END)
def test_whatever_end_is_told_the_next_cell_is_recorded(start: Start, cell: str) -> None:
    kernel = start()
    kernel.ok("%load_ext kishu")
    kernel.ok(INTERRUPTED)
    kernel.ok("x = 1")
    kernel.run(cell)
    x = kernel.value("x")
    kernel.ok("after = 1")
    kernel.ok("after = 2")
    assert kernel.kishu("status")["recording"]
    assert [entry["label"] for entry in kernel.kishu("log")][:2] == ["after = 2", "after = 1"]
    kernel.kishu("undo 2")
    assert kernel.value("('after' in globals(), x)") == [False, x]
    kernel.kishu("undo")
    assert kernel.value("x if 'x' in globals() else 0") == (1 if x == 2 else 0)


def test_a_syntax_error_is_a_commit_that_changes_nothing(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    assert kernel.run("x = = 2").error == "SyntaxError"
    assert outcome(kernel) == "SyntaxError"
    assert log(kernel)[-1]["changed"] == []
    assert kernel.value("x") == 1


def test_an_interrupted_mutation_is_committed_half_way_and_undone(kernel: Kernel) -> None:
    kernel.ok("import threading; items = ['before']; before = id(items)")
    sent = kernel.send(
        "items.append('half')\nprint('now', flush=True)\nthreading.Event().wait()\nitems.append(2)"
    )
    wait_for_print(kernel)
    kernel.interrupt()
    assert kernel.wait(sent).error == "KeyboardInterrupt"
    assert outcome(kernel) == "KeyboardInterrupt"
    assert kernel.value("items") == ["before", "half"]
    kernel.kishu("undo")
    assert kernel.value("items") == ["before"]
    assert kernel.value("id(items) == before")
    kernel.kishu("redo")
    assert kernel.value("items") == ["before", "half"]


def test_system_exit_is_committed(kernel: Kernel) -> None:
    kernel.run("x = 5; raise SystemExit")
    assert outcome(kernel) == "SystemExit"
    assert log(kernel)[-1]["changed"] == ["x"]


def test_a_captured_cell_is_one_commit(kernel: Kernel) -> None:
    kernel.ok("%%capture seen\nx = 1\nprint('hidden')")
    assert len(runs(kernel)) == 1
    assert log(kernel)[-1]["changed"] == ["seen", "x"]
    kernel.kishu("undo")
    assert names(kernel, "x", "seen") == []


def test_a_nested_run_belongs_to_the_cell_around_it(kernel: Kernel) -> None:
    cell = "x = 1\nget_ipython().run_cell('y = x + 1')\nz = 3"
    kernel.ok(cell)
    assert runs(kernel) == [cell]
    assert log(kernel)[-1]["changed"] == ["x", "y", "z"]


def test_a_nested_run_with_history_does_not_hide_the_cell_around_it(kernel: Kernel) -> None:
    cell = "x = 1\nget_ipython().run_cell('y = x + 1', store_history=True)\nz = 3"
    kernel.ok(cell)
    assert runs(kernel)[-1] == cell
    assert "z" in log(kernel)[-1]["changed"]


def test_an_async_cell_is_committed_when_it_ends(kernel: Kernel) -> None:
    kernel.ok("import asyncio\nx = 1")
    kernel.ok("x = 2\nawait asyncio.sleep(0.01)\nx = 3")
    assert len(runs(kernel)) == 2
    kernel.kishu("undo")
    assert kernel.value("x") == 1
    kernel.kishu("redo")
    assert kernel.value("x") == 3


@pytest.mark.parametrize("cell", ["", "\n  \n"])
def test_an_empty_cell_makes_no_commit(kernel: Kernel, cell: str) -> None:
    before = len(log(kernel))
    kernel.ok(cell)
    assert len(log(kernel)) == before


@pytest.mark.parametrize(
    "cell",
    [
        "%kishu status",
        "%kishu log\n%kishu show HEAD",
        "# where am I?\n%kishu log",
        "%load_ext kishu",
        "kishu.session().log()",
        "%kishu no-such-verb",
    ],
)
def test_a_cell_of_verbs_alone_makes_no_commit(kernel: Kernel, cell: str) -> None:
    kernel.ok("x = 1")
    before = len(log(kernel))
    kernel.ok(cell)
    assert len(log(kernel)) == before


def test_a_cell_that_only_looks_like_verbs_makes_a_commit(kernel: Kernel) -> None:
    kernel.ok("messages = ['first']")
    kernel.ok("kishu.session().commit(messages.pop())")
    assert log(kernel)[-1]["kind"] == "run"
    kernel.kishu("undo")
    assert kernel.value("messages") == ["first"]


def test_a_mixed_cell_commits_the_state_before_the_verb(kernel: Kernel) -> None:
    cell = "x = 1\n%kishu commit -m half\nx = 2"
    kernel.ok(cell)
    half, whole = log(kernel)[-2:]
    assert (half["message"], whole["cell"]["source"]) == ("half", cell)
    kernel.kishu("checkout HEAD~1")
    assert kernel.value("x") == 1


def test_undo_of_a_cell_that_commits_goes_to_where_the_cell_began(kernel: Kernel) -> None:
    kernel.ok("x = 0")
    kernel.ok("x = 1\n%kishu commit -m half\nx = 2")
    kernel.kishu("undo")
    assert kernel.value("x") == 0
    kernel.kishu("redo")
    assert kernel.value("x") == 2


def test_an_undo_in_a_mixed_cell_loses_nothing(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.ok("x = 2")
    kernel.ok("x = 'unsaved'\n%kishu undo\ny = x")
    assert kernel.value("y") == 1
    found = [entry["id"] for entry in log(kernel) if entry["kind"] == "found"]
    kernel.kishu(f"checkout {found[0]}")
    assert kernel.value("x") == "unsaved"


def test_a_reset_can_be_undone(kernel: Kernel) -> None:
    kernel.ok("def f(): return x\nx = 1; data = [1, 2]; same = data")
    kernel.ok("%reset -f")
    assert names(kernel, "f", "x", "data", "same") == []
    assert log(kernel)[-1]["deleted"] == ["data", "f", "same", "x"]
    kernel.kishu("undo")
    assert kernel.value("[f(), data, same is data]") == [1, [1, 2], True]


def test_a_deleted_variable_comes_back(kernel: Kernel) -> None:
    kernel.ok("x = {'a': [1]}; y = 2")
    kernel.ok("del x")
    report = kernel.kishu("undo")
    assert kernel.value("x") == {"a": [1]}
    assert (report["loaded"], report["kept"]) == (["x"], ["y"])


def test_a_star_import_can_be_undone(kernel: Kernel) -> None:
    kernel.ok("pi = 'mine'")
    kernel.ok("from math import *")
    kernel.kishu("undo")
    assert kernel.value("pi") == "mine"
    assert names(kernel, "sin", "cos", "e") == []
    kernel.kishu("redo")
    assert kernel.value("sin(0) + round(pi)") == 3


@pytest.mark.parametrize("name", ["open", "_x", "__private", "print", "list", "_15x", "id"])
def test_a_name_of_any_look_is_a_variable(kernel: Kernel, name: str) -> None:
    kernel.ok(f"{name} = 5")
    kernel.kishu("undo")
    assert kernel.value(f"globals().get({name!r}) != 5"), "IPython's own `open` may be back"
    kernel.kishu("redo")
    assert kernel.value(name) == 5
    kernel.kishu("undo")


@pytest.mark.parametrize("name", ["exit", "quit"])
def test_a_name_of_ipython_that_the_user_took_is_a_variable(kernel: Kernel, name: str) -> None:
    kernel.ok(f"was = id({name})")
    kernel.ok(f"for {name} in (4, 5): pass")
    try:
        assert log(kernel)[-1]["changed"] == [name]
        kernel.kishu("undo")
        assert kernel.value(f"id({name}) == was")
    finally:
        kernel.ok(f"globals()[{name!r}] = get_ipython().user_ns_hidden[{name!r}]")


def test_a_silent_execute_makes_no_commit(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    before = len(log(kernel))
    kernel.wait(kernel.client.execute("y = 2", silent=True))
    kernel.wait(kernel.client.execute("z = 3", store_history=False))
    kernel.ok("w = 4")
    assert len(log(kernel)) == before + 1
    assert log(kernel)[-1]["changed"] == ["w", "y", "z"]


def test_queued_cells_get_a_commit_each_in_order(kernel: Kernel) -> None:
    kernel.ok("seen = []")
    cells = [f"seen.append({i})" for i in range(10)]
    for sent in [kernel.send(cell) for cell in cells]:
        kernel.wait(sent)
    assert runs(kernel)[1:] == cells
    for left in range(9, -1, -1):
        kernel.kishu("undo")
        assert kernel.value("seen") == list(range(left))


def test_nothing_of_kishu_is_printed_into_the_cells(kernel: Kernel) -> None:
    cells = [
        "import threading, sys\nlock = threading.Lock()",
        "gen = (i for i in range(3)); next(gen)",
        "file = open('/dev/null')",
        "class K:\n    def __getattr__(self, name): raise RuntimeError(name)\nk = K()",
        "frame = sys._getframe()",
        "view = memoryview(bytearray(4)); module = sys; me = get_ipython()",
    ]
    assert heard(kernel, *cells) == ""
    assert kernel.kishu("status")["recording"]


HOSTILE = [
    "__repr__", "__str__", "__eq__", "__bool__", "__len__", "__hash__", "__reduce__",
    "__reduce_ex__", "__getstate__", "__setstate__", "__getattribute__", "__sizeof__", "__iter__",
    "__getnewargs_ex__", "__copy__", "__deepcopy__", "__dir__", "__class__", "__dict__",
    "__del__",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("deed", ["raise RuntimeError('hostile')", "return print('hostile')"])
def test_a_hostile_method_neither_prints_nor_breaks_a_commit(
    kernel: Kernel, name: str, deed: str
) -> None:
    decorator = "@property\n    " if name in ("__class__", "__dict__") else ""
    kernel.ok("mine = [1]")
    said = heard(
        kernel,
        f"class H:\n    {decorator}def {name}(self, *a): {deed}\nh = H(); mine.append(2)",
        "mine.append(3)",
    )
    if name != "__del__":
        assert said == ""
    status = kernel.kishu("status")
    assert status["recording"], status["why"]
    assert runs(kernel)[-2:] == ["mine.append(3)", "pass"]
    kernel.ok("%kishu undo 3")
    assert kernel.value("mine") == [1]
    assert names(kernel, "h") == []


@pytest.mark.parametrize("base", ["object", "random.Random", "list"])
@pytest.mark.parametrize("name", ["__reduce__", "__reduce_ex__", "__getstate__"])
def test_show_says_why_a_variable_is_not_stored(kernel: Kernel, name: str, base: str) -> None:
    kernel.ok("import random")
    kernel.ok(
        f"class Bad({base}):\n"
        f"    def {name}(self, *a): raise RuntimeError('will not be pickled')\n"
        "bad = Bad(); good = 1"
    )
    shown = kernel.kishu("show HEAD")["variables"]
    assert shown["good"]["status"] == "stored"
    if shown["bad"]["status"] == "stored":
        kernel.ok("before = type(bad); del bad")
        kernel.kishu("undo")
        assert kernel.value("type(bad).__name__") == "Bad"
    else:
        assert "will not be pickled" in shown["bad"]["reason"]
        assert "will not be pickled" in kernel.ok("%kishu show")


def test_a_very_deep_list_costs_no_other_variable(kernel: Kernel) -> None:
    kernel.ok("x = [1]")
    kernel.ok("deep = []\nfor _ in range(100_000): deep = [deep]\nx.append(2)")
    kernel.ok("x.append(3)")
    status = kernel.kishu("status")
    assert status["recording"], status["why"]
    kernel.kishu("undo")
    assert kernel.value("x") == [1, 2]
    assert names(kernel, "deep") == ["deep"]
    kernel.kishu("undo")
    assert kernel.value("x") == [1]


def test_a_thread_that_changes_a_dict_breaks_no_commit(kernel: Kernel) -> None:
    kernel.ok(
        "import threading\n"
        "def work(live, stop):\n"
        "    i = 0\n"
        "    while not stop.is_set():\n"
        "        i += 1; live[i] = i; live.pop(i - 500, None)\n"
        "live, stop, x = {}, threading.Event(), []\n"
        "worker = threading.Thread(target=work, args=(live, stop)); worker.start()"
    )
    try:
        for i in range(20):
            kernel.ok(f"x.append({i})")
        status = kernel.kishu("status")
        assert status["recording"], status["why"]
        assert len(runs(kernel)) == 21
        kernel.kishu("undo 5")
        assert kernel.value("x") == list(range(15))
    finally:
        kernel.ok("stop.set(); worker.join(20)")


LIVE = {
    "shell": "get_ipython()",
    "hook": "__import__('sys').excepthook",
    "stdout": "__import__('sys').stdout",
    "logger": "__import__('logging').getLogger('mine')",
    "connection": "__import__('sqlite3').connect(':memory:')",
    "loop": "__import__('asyncio').get_event_loop()",
    "lock": "__import__('threading').Lock()",
    "file": "open('/dev/null')",
    "frame": "__import__('sys')._getframe()",
    "globals": "globals()",
    "module": "__import__('__main__')",
}


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize("first", ["attached", "made"])
def test_an_undo_leaves_a_live_object_that_it_cannot_store(
    kernel: Kernel, name: str, first: str
) -> None:
    make = f"import builtins, kishu; live = builtins._live = {LIVE[name]}"
    if first == "made":
        notebook = kernel.kishu("status")["notebook"]
        make = f"kishu.detach(); {make}; kishu.attach({notebook!r});"
    kernel.ok(make)
    kernel.ok("x = [1]")
    kernel.ok("x.append(2)")
    for _ in range(2):
        report = kernel.kishu("undo")
        assert "live" not in report["missing"], report
        assert kernel.value("live is builtins._live")
    assert names(kernel, "x") == []
    kernel.ok("del builtins._live")


def test_attaching_twice_makes_one_commit_a_cell(kernel: Kernel) -> None:
    kernel.ok("same = kishu.session()")
    kernel.ok("%load_ext kishu\n%reload_ext kishu")
    kernel.ok("assert kishu.attach() is kishu.session() is kishu.session()")
    before = len(runs(kernel))
    kernel.ok("x = 1")
    assert len(runs(kernel)) == before + 1


def test_attaching_in_the_middle_takes_the_present_state_as_root(bare: Kernel) -> None:
    bare.ok("x = [1]; y = x; before = [id(x), id(globals())]")
    bare.ok("%load_ext kishu")
    assert [(e["kind"], e["changed"]) for e in log(bare)] == [("attach", ["before", "x", "y"])]
    assert bare.value("before == [id(x), id(globals())] and x is y")
    bare.ok("x.append(2); z = 3")
    report = bare.kishu("undo")
    assert bare.value("x") == [1]
    assert names(bare, "z") == []
    assert bare.value("before == [id(x), id(globals())] and x is y")
    assert report["patched"] == ["x", "y"]
    assert "nothing to undo" in bare.ok("%kishu undo")


def test_the_rest_of_the_cell_that_attaches_is_in_the_history(bare: Kernel) -> None:
    bare.ok("%load_ext kishu\nx = [1]")
    bare.ok("x.append(2)")
    bare.kishu("undo")
    assert bare.value("x") == [1]


def test_pause_stops_committing_and_unpause_takes_the_changes_in(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    assert kernel.kishu("pause")["why"] == "paused"
    kernel.ok("x = 2")
    assert runs(kernel) == ["x = 1"]
    assert kernel.kishu("unpause")["recording"]
    assert log(kernel)[-1]["changed"] == ["x"]
    kernel.ok("x = 3")
    kernel.kishu("undo")
    assert kernel.value("x") == 2


def test_an_ignored_variable_is_neither_stored_nor_touched(kernel: Kernel) -> None:
    kernel.ok("secret = 'a'; x = 1")
    assert kernel.kishu("ignore secret") == ["secret"]
    kernel.ok("secret = 'b'; x = 2")
    assert log(kernel)[-1]["changed"] == ["x"]
    assert "secret" not in kernel.kishu("show HEAD")["variables"]
    kernel.kishu("undo")
    assert kernel.value("[secret, x]") == ["b", 1]
    assert kernel.kishu("ignore secret") == ["secret"]
    assert kernel.kishu("unignore secret") == []
    assert kernel.kishu("unignore secret") == []


def test_after_detach_nothing_is_recorded_and_the_history_stays(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    notebook = kernel.kishu("status")["notebook"]
    kernel.ok("%kishu detach")
    kernel.ok("x = 2")
    assert "not attached" in kernel.ok("%kishu log")
    kernel.ok(f"%kishu init {notebook}")
    assert runs(kernel) == ["x = 1"]
    assert kernel.value("x") == 2
