"""Instances whose content only their library sees: never built, never called unchanged."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from kishu.handlers.typeinfo import hides_memory
from tests.unit.compiled import make_type

if TYPE_CHECKING:
    from tests.unit.notebook import Notebook

MAKE_HANDLE = "from tests.unit.compiled import make_type\nHandle = make_type('nowhere.Handle')"
"""The type itself is no variable that a restore could need: the cell that makes it runs again."""
VALUES = {
    "a handle": "kept = make_type('nowhere.Handle')()",
    "an instance of a subclass": "class Own(Handle): pass\nkept = Own()\nkept.n = 1",
    "a subclass with slots": "class Own(Handle): __slots__ = ('n',)\nkept = Own()\nkept.n = 1",
    "a handle in a list": "kept = [Handle()]",
    "an attribute": "class Owner: pass\nkept = Owner()\nkept.inner = Handle()",
}


@pytest.mark.parametrize("source", VALUES.values(), ids=VALUES)
def test_what_only_its_library_sees_is_named_and_never_built(
    source: str, notebook: Notebook
) -> None:
    notebook.run(MAKE_HANDLE)
    notebook.run(source)
    shown = notebook.session.show().variables["kept"]
    assert shown.status != "stored"
    assert "cannot be read" in shown.reason
    kept: Any = notebook["kept"]
    notebook.run("other = 1")
    report = notebook.session.undo()
    assert notebook["kept"] is kept
    assert "stays changed" in report.unchecked["kept"]
    assert "other" not in notebook
    state = notebook.recording.head
    notebook.run("kept = None")
    report = notebook.session.checkout(state)
    if "kept" in notebook:
        assert "kept" in (*report.recomputed, *report.missing, *report.unchecked)


def test_sizes_tell_which_instances_hide_memory() -> None:
    handle: Any = make_type("nowhere.Handle")

    class Plain:
        pass

    class Slotted(Plain):
        __slots__ = ("__private", "b")

    class Table(dict[str, int]):
        __slots__ = ("c",)

    own = type("Own", (handle,), {})
    assert not any(map(hides_memory, (Plain, Slotted, Table, object, list, dict)))
    assert all(map(hides_memory, (handle, own, type(zlib.compressobj()))))
    assert hides_memory(type(struct.iter_unpack("i", bytes(4))))


def test_what_a_thread_keeps_for_itself_is_seen_in_a_subclass_too(notebook: Notebook) -> None:
    notebook.run("import threading\nclass Mine(threading.local): pass\nkept = Mine()\nkept.n = 1")
    notebook.run("kept.n = 2")
    notebook.session.undo()
    assert notebook["kept"].n == 1
    assert notebook.session.show().variables["kept"].status == "stored"
