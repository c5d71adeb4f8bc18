"""Trials: what only a library's own pickling describes is loaded back beside the live value."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import Start
from tests.kernel import Kernel


def _library(kernel: Kernel, home: Path, name: str, methods: str) -> None:
    """Have a library with a class ``Model``, which is no class of the notebook."""
    (home / f"{name}.py").write_text(
        "class Model:\n    def __init__(self, n):\n        self.n = n\n"
        f"        self.fitted = [n] * 3\n{methods}\n"
    )
    kernel.ok(f"import sys; sys.path.insert(0, {str(home)!r}); import {name}")


_ANOTHER = "    def __reduce__(self):\n        return dict, ([('n', self.n)],)"


def test_what_is_another_when_it_is_loaded_is_told_wherever_it_is_asked_for(
    kernel: Kernel, tmp_path: Path
) -> None:
    _library(kernel, tmp_path, "drifting", _ANOTHER)
    kernel.ok("model = drifting.Model(1)")
    first = kernel.kishu("status")["head"]
    kernel.ok("model = 'gone'")
    report = kernel.kishu(f"checkout {first} --only model")
    assert "is another when it is loaded again" in report["missing"]["model"]
    kernel.ok(
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        f"    kishu.session().at({first!r})['model']"
    )
    assert "another" in kernel.value("str(told[0].message)")
    report = kernel.kishu(f"checkout {first}")
    assert report["loaded"] == ["model"] and report["recomputed"] == []
    assert "is another when it is loaded again" in report["missing"]["model"]
    assert kernel.value("model") == {"n": 1}


def test_data_beside_what_is_another_is_loaded_and_no_cell_runs_again(
    kernel: Kernel, tmp_path: Path
) -> None:
    _library(kernel, tmp_path, "beside", _ANOTHER)
    kernel.ok("import random\ndata = [random.random() for _ in range(3)]")
    kernel.ok("data = [random.random(), random.random()]; held = [beside.Model(1), data]")
    kernel.ok("first = list(data)")
    kernel.ok("data[0] = 7; data.append(1)")
    report = kernel.kishu("undo")
    assert report["recomputed"] == []
    assert kernel.value("(data == first, held[1] is data)") == [True, True]


def test_a_figure_beside_a_model_stays_the_current_one(kernel: Kernel, tmp_path: Path) -> None:
    _library(kernel, tmp_path, "seen", "    def __getstate__(self):\n        return {'n': 1}")
    kernel.ok("import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt")
    kernel.ok("fig = plt.figure(); both = {'fig': fig, 'model': seen.Model(1)}")
    kernel.ok("after = 1")
    assert kernel.value("(plt.get_fignums(), plt.gcf() is fig)") == [[1], True]


def test_what_a_large_value_lost_is_known_before_it_is_replaced(
    kernel: Kernel, tmp_path: Path
) -> None:
    _library(
        kernel,
        tmp_path,
        "large",
        "        self.rows = list(range(200_000))\n"
        "    def __getstate__(self):\n        return {'rows': self.rows}",
    )
    kernel.ok("model = large.Model('precious')\n%kishu status")
    kernel.ok("%kishu undo\n%kishu redo")
    assert kernel.value("model.n") == "precious"


def test_an_end_that_is_interrupted_leaves_history_and_session_at_one(kernel: Kernel) -> None:
    kernel.ok(
        "class Last:\n"
        "    def __del__(self):\n"
        "        import signal\n        signal.raise_signal(signal.SIGINT)"
    )
    kernel.ok("x = 1")
    kernel.ok("x = 2; last = Last()")
    kernel.run("%kishu undo")
    assert kernel.value("x") == 1
    kernel.ok("y = 1")
    kernel.kishu("undo")
    kernel.ok("z = 1")
    kernel.kishu("checkout HEAD")
    assert kernel.value("x") == 1
    assert not kernel.kishu("log")[0]["changed"].count("x")


_ONE_WAY = """
class Told:
    def __set_name__(self, owner, name):
        self.name = name
    def __get__(self, instance, owner):
        return self if instance is None else instance.__dict__[self.name]
    def __set__(self, instance, value):
        instance.__dict__[self.name] = tuple(value)
"""


def test_an_attribute_under_a_descriptor_comes_back_without_asking_it(
    kernel: Kernel, tmp_path: Path
) -> None:
    _library(
        kernel,
        tmp_path,
        "described",
        "        self.__dict__['count'] = n\n"
        "    def __getstate__(self):\n        return {'n': self.n}\n"
        f"{_ONE_WAY}\nModel.count = Told()\nModel.count.__set_name__(Model, 'count')",
    )
    kernel.ok("model = described.Model(3)")
    kernel.ok("model.__dict__['count'] = 4")
    for verb, count in (("undo", 3), ("redo", 4)):
        assert kernel.kishu(verb)["recomputed"] == []
        assert kernel.value("(model.n, model.count)") == [3, count]


def test_what_cannot_be_loaded_any_more_is_made_by_its_cell(kernel: Kernel, tmp_path: Path) -> None:
    _library(
        kernel,
        tmp_path,
        "fickle",
        "    def __setstate__(self, state):\n"
        "        if broken:\n            raise ValueError('out of order')\n"
        "        self.__dict__.update(state)\n"
        "broken = False",
    )
    kernel.ok("model = fickle.Model(1)")
    kernel.ok("twin = fickle.Model(model.n + 1)")
    kernel.ok("model = twin = None")
    kernel.ok("fickle.broken = True")
    report = kernel.kishu("undo 2")
    assert report["recomputed"] == ["model", "twin"] and not report["missing"]
    assert kernel.value("(model.n, twin.n)") == [1, 2]


_COPIES = """
    def __getstate__(self):
        return self.fitted
    def __setstate__(self, fitted):
        self.__init__(fitted[0])
"""


def test_a_class_whose_pickling_copies_what_is_shared_is_stored_by_its_attributes(
    start: Start, notebook: Path, tmp_path: Path
) -> None:
    kernel = start(notebook)
    kernel.ok("%load_ext kishu")
    _library(kernel, tmp_path, "copying", _COPIES)
    kernel.ok("model = copying.Model(2); alias = model.fitted")
    made = kernel.kishu("status")["head"]
    kernel.ok("alias[1] = 7")
    for verb, second in (("undo", 2), ("redo", 7), (f"checkout {made}", 2)):
        report = kernel.kishu(verb)
        assert not report["recomputed"] and not report["missing"]
        assert kernel.value("(model.fitted[1], alias is model.fitted)") == [second, True]
    kernel.stop()
    kernel = start(notebook)
    kernel.ok(f"%load_ext kishu\nimport sys; sys.path.insert(0, {str(tmp_path)!r})")
    report = kernel.kishu(f"checkout {made}")
    assert not report["recomputed"] and not report["missing"]
    assert kernel.value("(model.fitted[1], alias is model.fitted)") == [2, True]


def test_what_a_library_keeps_one_of_stays_that_one_beside_a_class_passed_over(
    kernel: Kernel, tmp_path: Path
) -> None:
    _library(
        kernel,
        tmp_path,
        "united",
        f"{_COPIES}\n"
        "class Unit:\n    def __reduce__(self):\n        return metre, ()\n"
        "METRE = Unit()\ndef metre():\n    return METRE\n",
    )
    kernel.ok("held = [united.Model(2), united.METRE]; alias = held[0].fitted")
    kernel.ok("alias[1] = 7; held[1] = None")
    assert not kernel.kishu("undo")["recomputed"]
    shown = "(alias is held[0].fitted, held[1] is united.METRE, alias[1])"
    assert kernel.value(shown) == [True, True, 2]


def test_a_class_that_no_other_way_of_storing_helps_is_pickled_in_its_own_again(
    kernel: Kernel, tmp_path: Path
) -> None:
    _library(
        kernel,
        tmp_path,
        "vain",
        f"{_COPIES}\nclass Other:\n    def __reduce__(self):\n        return str, ('other',)\n",
    )
    kernel.ok("both = [vain.Model(2), vain.Other()]")
    kernel.ok("both.append(3)")
    report = kernel.kishu("undo")
    assert report["recomputed"] == []
    assert "is another" in report["missing"]["both"]
    kernel.ok("nothing = 1")
    assert kernel.kishu("log")[0]["changed"] == ["nothing"]


def test_an_address_that_a_class_gives_anew_is_not_put_back(kernel: Kernel, tmp_path: Path) -> None:
    _library(
        kernel,
        tmp_path,
        "addressed",
        "        self.address = id(self)\n"
        "    def __getstate__(self):\n        return self.n\n"
        "    def __setstate__(self, n):\n        self.__init__(n)\n",
    )
    kernel.ok("model = addressed.Model(1)")
    kernel.ok("model = addressed.Model(2)")
    assert not kernel.kishu("undo")["recomputed"]
    assert kernel.value("(model.n, model.address == id(model))") == [1, True]
