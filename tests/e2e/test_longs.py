"""Long containers: a change costs the segments it touched, and comes back exactly."""

from __future__ import annotations

import pytest

from tests.e2e.asking import RECORDING
from tests.kernel import Kernel

LENGTH = 20_000
WHOLE = {
    "rows = [{'id': i, 'tags': [i]} for i in range(20_000)]": "rows",
    "rows = {i: [i, str(i)] for i in range(20_000)}": "rows",
    "rows = set(range(20_000))": "sorted(rows)",
    "rows = [float(i) for i in range(20_000)]": "rows",
    "rows = {'inner': [[i] for i in range(20_000)], 'n': 1}": "rows",
    "class Row:\n    def __init__(self, i): self.i = [i]\nrows = [Row(i) for i in range(20_000)]": (
        "[row.i for row in rows]"
    ),
    "import numpy as np\nrows = [np.full(3, i) for i in range(20_000)]": (
        "[row.tolist() for row in rows]"
    ),
    "class Box: pass\nrows = Box(); rows.inner = [[i] for i in range(20_000)]": "rows.inner",
}
LISTS = "rows = [{'id': i, 'tags': [i]} for i in range(20_000)]"
DICTS = "rows = {i: [i, str(i)] for i in range(20_000)}"
CHANGES = [
    (LISTS, "rows[9_000]['tags'].append('x')"),
    (LISTS, "rows[9_000] = 5"),
    (LISTS, "rows.insert(0, {'id': -1})"),
    (LISTS, "rows.insert(9_000, {'id': -1})"),
    (LISTS, "rows.append({'id': -1})"),
    (LISTS, "rows.pop()"),
    (LISTS, "del rows[3_000:9_000]"),
    (LISTS, "rows[5_000:5_000] = [{'id': -i} for i in range(4_000)]"),
    (LISTS, "rows[3]['id'] = -1; rows[19_000]['id'] = -1; rows.insert(8_000, 5)"),
    (LISTS, "rows += rows[:10]"),
    (LISTS, "rows.append(rows)"),
    (DICTS, "rows[9_000].append('x')"),
    (DICTS, "rows['new'] = 1"),
    (DICTS, "del rows[19_990]"),
    (DICTS, "del rows[9_000]; rows[9_000] = 'at the end now'"),
    ("rows = set(range(20_000))", "rows.add('x'); rows.discard(9_000)"),
    ("rows = [0] * 20_000", "rows[9_000] = 1"),
    ("rows = [0] * 20_000", "rows.insert(9_000, 1)"),
]
FEW = 60_000


def stored(kernel: Kernel, cell: str) -> int:
    """Bytes that a cell added to the history."""
    kernel.ok(cell)
    nbytes: int = kernel.kishu("status")["last"]["nbytes"]
    return nbytes


def worth(kernel: Kernel) -> str:
    """The variable in full, in its order where that is state."""
    text: str = kernel.value(
        "repr(list(rows.items()) if type(rows) is dict else"
        " sorted(map(repr, rows)) if type(rows) is set else rows)"
    )
    return text


@pytest.mark.parametrize("make", WHOLE)
def test_it_comes_back_as_it_was(kernel: Kernel, make: str) -> None:
    kernel.ok(make)
    there = kernel.value(WHOLE[make])
    kernel.ok("rows = None")
    report = kernel.kishu("undo")
    assert (report["loaded"], report["unchecked"], report["missing"]) == (["rows"], {}, {})
    assert kernel.value(WHOLE[make]) == there


@pytest.mark.parametrize(("make", "change"), CHANGES)
def test_a_change_is_undone_and_redone_in_the_same_object(
    kernel: Kernel, make: str, change: str
) -> None:
    kernel.ok(make)
    kernel.ok("where = id(rows)")
    before = worth(kernel)
    kernel.ok(change)
    after = worth(kernel)
    assert before != after
    for verb, wanted in (("undo", before), ("redo", after), ("undo", before)):
        report = kernel.kishu(verb)
        assert (report["patched"], report["unchecked"]) == (["rows"], {}), (verb, report)
        assert worth(kernel) == wanted
        assert kernel.value("id(rows) == where")


@pytest.mark.parametrize(
    "change",
    [
        "rows[9_000]['id'] = -1",
        "rows.insert(0, {'id': -1})",
        "rows.append({'id': -1})",
        "del rows[3_000:9_000]",
        "rows = rows[5:]",
    ],
)
def test_a_change_stores_the_segments_it_touched(kernel: Kernel, change: str) -> None:
    whole = stored(kernel, LISTS)
    assert whole > 5 * FEW
    assert stored(kernel, change) < FEW
    assert stored(kernel, "len(rows)") < 100


def test_appending_one_by_one_does_not_fray_the_end(kernel: Kernel) -> None:
    kernel.ok(LISTS)
    segments = f"len({RECORDING}.worktree.observer.segmented.live_segments(rows))"
    before = kernel.value(segments)
    for i in range(30):
        kernel.ok(f"rows.append({i})")
    assert kernel.value(segments) == before


def test_what_is_shared_across_segments_stays_shared(kernel: Kernel) -> None:
    kernel.ok(LISTS)
    kernel.ok(
        "rows[9_000]['peer'] = rows[3]; first = rows[7]; rows[12_000]['tags'] = first['tags']"
    )
    shared = (
        "[rows[9_000]['peer'] is rows[3], first is rows[7], rows[12_000]['tags'] is first['tags']]"
    )
    kernel.ok("rows[3]['x'] = 1; first['tags'].append('y')")
    for verb in ("undo", "redo", "undo"):
        kernel.kishu(verb)
        assert kernel.value(shared) == [True] * 3
    kernel.ok("rows = first = None")
    kernel.kishu("undo")
    assert kernel.value(shared) == [True] * 3
    assert kernel.value("rows[12_000]") == {"id": 12_000, "tags": [7]}


def test_sharing_across_segments_that_changes_alone_is_a_change(kernel: Kernel) -> None:
    kernel.ok(LISTS)
    kernel.ok("rows[12_000]['tags'] = [7]")
    kernel.ok("rows[12_000]['tags'] = rows[7]['tags']")
    kernel.kishu("undo")
    assert not kernel.value("rows[12_000]['tags'] is rows[7]['tags']")
    kernel.kishu("redo")
    assert kernel.value("rows[12_000]['tags'] is rows[7]['tags']")


def test_two_containers_of_the_same_elements_share_them(kernel: Kernel) -> None:
    kernel.ok(LISTS)
    kernel.ok("by_id = {row['id']: row for row in rows}")
    kernel.ok("rows[5]['tags'].append('x')")
    kernel.kishu("undo")
    assert kernel.value("all(by_id[row['id']] is row for row in rows)")
    assert kernel.value("rows[5]['tags']") == [5]


def test_elements_of_segments_that_did_not_change_stay_the_same_objects(kernel: Kernel) -> None:
    kernel.ok(LISTS)
    kernel.ok("seen = set(map(id, rows))")
    kernel.ok("rows[9_000]['id'] = -1; rows.insert(0, 'new')")
    kernel.kishu("undo")
    same = kernel.value("sum(id(row) in seen for row in rows)")
    assert same >= LENGTH - 3 * 1024


def test_a_list_that_was_loaded_keeps_its_segments(kernel: Kernel) -> None:
    kernel.ok(LISTS)
    kernel.ok("rows = None")
    kernel.kishu("undo")
    assert stored(kernel, "rows[9_000]['id'] = -1") < FEW
