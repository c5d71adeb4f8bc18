"""Filling: an object takes over another's content, stays itself, and can take it back."""

from __future__ import annotations

from collections import OrderedDict
from types import CellType
from typing import TYPE_CHECKING, Any

import pytest

from kishu.ambient.ambient import Ambient
from kishu.building.update import updatable, update
from kishu.travel import apply
from kishu.travel.apply import Bytes, Changes

if TYPE_CHECKING:
    from tests.unit.notebook import Notebook


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)


def content(obj: Any) -> Any:
    """What an object holds, comparably."""
    if isinstance(obj, CellType):
        return obj.cell_contents
    if isinstance(obj, Slotted):
        return {name: getattr(obj, name) for name in obj.__slots__ if hasattr(obj, name)}
    return dict(vars(obj)) if isinstance(obj, Plain) else type(obj)(obj)


PAIRS = [
    ([1, 2], [3]),
    ({"a": 1, "b": 2}, {"b": 3, "a": 1}),
    ({1, 2}, {2, 3}),
    (bytearray(b"abc"), bytearray(b"z")),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    (Plain(x=1, y=2), Plain(x=3)),
    (Slotted(a=1), Slotted(b=2)),
    (CellType(1), CellType(2)),
]


@pytest.mark.parametrize(("live", "new"), PAIRS, ids=lambda value: type(value).__name__)
def test_the_live_object_has_the_new_content_and_gets_its_own_back(live: Any, new: Any) -> None:
    assert updatable(type(live))
    before, wanted = content(live), content(new)
    back = update(live, new)
    assert content(live) == wanted
    assert list(content(live)) == list(wanted) if isinstance(wanted, dict) else True
    back()
    assert content(live) == before


@pytest.mark.parametrize("kind", [int, str, tuple, frozenset, type, ValueError, range])
def test_what_is_more_than_its_content_is_not_updatable(kind: type) -> None:
    assert not updatable(kind)


def test_changes_are_applied_together_and_taken_back_together() -> None:
    namespace: dict[str, Any] = {"kept": 1, "bound": 2, "gone": 3}
    items, memory = [1], bytearray(b"0000")
    changes = Changes()
    changes.fills.append((items, [2, 3]))
    changes.bytes.append(Bytes(memoryview(memory), 1, b"ab"))
    changes.bind = {"bound": "new", "fresh": "new"}
    changes.unbind = ["gone"]
    back = changes.apply(namespace, Ambient())
    assert namespace == {"kept": 1, "bound": "new", "fresh": "new"}
    assert (items, bytes(memory)) == ([2, 3], b"0ab0")
    back()
    assert namespace == {"kept": 1, "bound": 2, "gone": 3}
    assert (items, bytes(memory)) == ([1], b"0000")


def test_a_change_that_fails_leaves_nothing_changed() -> None:
    namespace: dict[str, Any] = {"x": 1}
    items = [1]
    changes = Changes()
    changes.fills += [(items, [2]), (Slotted(a=1), object())]
    changes.fills.append((items, 5))
    changes.bind = {"x": 2}
    with pytest.raises(TypeError):
        changes.apply(namespace, Ambient())
    assert (namespace, items) == ({"x": 1}, [1])


# A patch that does not take

CLASSES = """
class K:
    def __init__(self, x):
        self.x = [x]
class L(K):
    pass
class Slotted:
    __slots__ = ("x", "__dict__")
p = K(1)
held = [p]
"""


def test_an_instance_whose_class_was_changed_is_given_its_own_again(notebook: Notebook) -> None:
    notebook.run(CLASSES)
    p = notebook["p"]
    notebook.run("p.__class__ = L")
    report = notebook.session.undo()
    assert type(p) is notebook["K"]
    assert notebook["p"] is notebook["held"][0] is p
    assert "p" in report.patched
    notebook.session.redo()
    assert type(p) is notebook["L"]


def test_a_class_that_cannot_be_taken_over_is_loaded(notebook: Notebook) -> None:
    notebook.run(CLASSES + "r = K(5)")
    notebook.run("r = Slotted(); r.x = [5]")
    notebook.session.undo()
    assert type(notebook["r"]) is notebook["K"]
    assert notebook["r"].x == [5]


@pytest.mark.parametrize("cell", ["p.x = 7", "p.__class__ = L", "p.__dict__.clear()"])
def test_a_patch_that_changes_nothing_is_found_out_and_the_value_loaded(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    """Still looking as before is not what a restored value should do."""
    notebook.run(CLASSES)
    notebook.run(cell)
    monkeypatch.setattr(apply, "update", lambda live, new: lambda: None)
    report = notebook.session.undo()
    assert "p" in report.loaded
    assert type(notebook["p"]) is notebook["K"]
    assert notebook["p"].x == [1]
    assert notebook["held"][0] is notebook["p"]


def test_a_variable_that_is_left_out_is_not_bound_with_those_it_was_tied_to(
    notebook: Notebook,
) -> None:
    notebook.run("a = [1]; b = [a]")
    notebook.run("b.append(2)")
    notebook.session.ignore("a")
    notebook.run("a = 'mine'")
    notebook.session.undo(2)
    assert notebook["a"] == "mine"
    assert notebook["b"] == [[1]]
