"""Streams call the names of one list, whatever module has the code; other people's by theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.asking import RECORDING
from tests.e2e.conftest import Start
from tests.kernel import Kernel

STREAMS = """
import pickletools
def called():
    from kishu.history import blobs
    from kishu.history.pages import read_pages
    from kishu.kernel import attached
    recording = attached.current().recording
    found = set()
    for recipe in recording.history.versions.values():
        for part in recipe.components:
            pages = part.segments and list(read_pages(part.segments, recording.store)) or []
            for each in (part, *pages):
                found |= names_in(blobs.read(each.stream, recording.store))
            assert not part.type.startswith("kishu.") or part.type.startswith("kishu.format1.")
    return sorted(found)
def names_in(stream):
    found, texts = set(), []
    at = 0
    while at < len(stream):
        for code, argument, place in pickletools.genops(stream[at:]):
            if isinstance(argument, str) and "UNICODE" in code.name:
                texts.append(argument)
            if code.name in ("GLOBAL", "INST"):
                found.add(argument.replace(" ", "."))
            end = place
        at += end + 1
    # Where a name is fetched from the memo it was written before as a text.
    return found | {text for text in texts if text.partition(".")[0] == "kishu"}
"""
VALUES = """
import numpy as np, pandas as pd, random, functools, contextvars, re, threading, enum, os
array = np.arange(10); view = array[2:]; frame = pd.DataFrame({"a": [1, 2], "b": list("xy")})
def function(n=[1]): return n
class Own:
    def method(self): return function
class Color(enum.Enum): RED = 1
own = Own(); bound = own.method; closure = (lambda x: lambda: x)(array)
cached = functools.lru_cache(function); variable = contextvars.ContextVar("v", default=1)
match = re.search("a", "cat"); lock = threading.Lock(); error = ValueError("no")
numbers = list(range(5000)); dirs = os.environ; random.seed(3); np.random.seed(4)
os.environ["SOME_TOKEN"] = "secret"; generator = (n for n in "ab")
np.set_printoptions(precision=3); words = {"k": own}
slots = memoryview(bytearray(8)); module = type(re)("made"); module.x = 1
"""


def test_streams_name_no_place_in_our_source(kernel: Kernel) -> None:
    kernel.ok(VALUES)
    kernel.ok("del os.environ['SOME_TOKEN']")
    kernel.ok(STREAMS)
    kernel.ok("named = called()")
    named = set(kernel.value("named"))
    assert {"kishu.format1"} == {name for name in named if name.startswith("kishu")}


RENAMED = """
import importlib.abc, importlib.util, sys
class Renames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name == "kishu.handlers.numpy":
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec):
        found = importlib.util.find_spec("kishu.handlers").submodule_search_locations[0]
        place = importlib.util.spec_from_file_location("kishu.handlers.arrays", found + "/numpy.py")
        made = importlib.util.module_from_spec(place)
        sys.modules["kishu.handlers.arrays"] = made
        place.loader.exec_module(made)
        return made
    def exec_module(self, module):
        sys.modules["kishu.handlers.numpy"] = module
sys.meta_path.insert(0, Renames())
"""


def test_a_history_is_read_where_a_handlers_module_has_another_name(
    start: Start, notebook: Path
) -> None:
    kernel = start(notebook)
    kernel.ok("%load_ext kishu")
    kernel.ok("import numpy as np\na = np.arange(6); b = a[1:]")
    version = kernel.value(f"sorted({RECORDING}.history.versions)")
    kernel.kishu("status")
    kernel.kill()
    kernel = start(notebook)
    kernel.ok(RENAMED)
    kernel.ok("%load_ext kishu\n%kishu restore")
    assert kernel.value("(a.tolist(), b.base is a)") == [[0, 1, 2, 3, 4, 5], True]
    assert (
        kernel.value("__import__('sys').modules['kishu.handlers.numpy'].__name__")
        == "kishu.handlers.arrays"
    )
    kernel.ok("import numpy as np\na = np.arange(6); b = a[1:]")
    assert set(version) <= set(kernel.value(f"sorted({RECORDING}.history.versions)"))


LIBRARY = """
class Circle:
    __slots__ = ("radius",)
    def __reduce__(self):
        raise TypeError("nobody pickles a circle")
def circle(radius):
    made = Circle()
    made.radius = radius
    return made
"""
PAGE = Path(__file__).parents[2] / "docs" / "dev" / "handlers.md"
HANDLER = PAGE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
"""The example that the page on handlers gives."""


def _install(place: Path, version: int) -> str:
    """Write a distribution that has a handler for the library ``shapes``."""
    place.mkdir(exist_ok=True)
    (place / "shapes_history.py").write_text(HANDLER.replace("version=1", f"version={version}"))
    described = place / "shapes_history-1.0.dist-info"
    described.mkdir(exist_ok=True)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: shapes-history\nVersion: 1\n")
    (described / "entry_points.txt").write_text(
        "[kishu.handlers]\nshapes = shapes_history:handlers\n"
    )
    return str(place)


@pytest.fixture
def library(tmp_path: Path) -> str:
    """The folder of a library whose objects nobody can pickle."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "shapes.py").write_text(LIBRARY)
    return str(tmp_path / "library")


def test_what_another_distribution_builds_comes_back_where_it_is_installed(
    start: Start, notebook: Path, tmp_path: Path, library: str
) -> None:
    handler = _install(tmp_path / "handler", 1)
    kernel = start(notebook, PYTHONPATH=f"{library}:{handler}")
    kernel.ok("%load_ext kishu")
    assert kernel.value("'shapes_history' in __import__('sys').modules") is False
    kernel.ok("import shapes\nc = shapes.circle(3); pair = [c, 1]")
    kernel.ok("open('made', 'w').close(); c.radius = 5")
    kernel.kishu("undo")
    assert kernel.value("(c.radius, pair[0] is c)") == [3, True]
    kernel.kishu("status")
    kernel.kill()
    kernel = start(notebook, PYTHONPATH=f"{library}:{handler}")
    kernel.ok("%load_ext kishu\n%kishu restore")
    assert kernel.value("(c.radius, pair[0] is c)") == [3, True]


@pytest.mark.parametrize("present", ["none", "another version"])
def test_where_it_is_not_installed_the_value_is_missing_and_named(
    start: Start, notebook: Path, tmp_path: Path, library: str, present: str
) -> None:
    handler = _install(tmp_path / "handler", 1)
    kernel = start(notebook, PYTHONPATH=f"{library}:{handler}")
    kernel.ok("%load_ext kishu")
    kernel.ok("import shapes\nopen('made', 'w').close()\nc = shapes.circle(3); plain = [1]")
    kernel.kishu("status")
    kernel.kill()
    other = _install(tmp_path / "other", 2) if present == "another version" else ""
    kernel = start(notebook, PYTHONPATH=f"{library}:{other}")
    kernel.ok("%load_ext kishu")
    report = kernel.kishu("restore")
    assert "missing" in report, report
    assert "c" in report["missing"] and "shapes" in report["missing"]["c"]
    assert kernel.value("('c' in globals(), plain)") == [False, [1]]
