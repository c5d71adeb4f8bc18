"""Long containers in segments: where pieces begin, what is shared, and how edits are done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kishu.building.segment_updates import Edit, update_segments
from kishu.handlers.learned import Learned
from kishu.history.pages import read_pages, write_pages
from kishu.history.records import Blob, Segment
from kishu.limits import LARGE_ELEMENTS as SEGMENTED
from kishu.store.store import Store
from kishu.store.writer import Writer
from kishu.walking import segmented
from kishu.walking.identity import ObjectIds
from kishu.walking.segmented import SegmentedContainers, is_segmented, segmented_within
from kishu.walking.walk import Context, Counters, Walk
from tests.unit.notebook import Notebook as SessionNotebook
from tests.unit.test_observe import Notebook


def walker() -> SegmentedContainers:
    counters = Counters()
    return SegmentedContainers(
        lambda tolerant: Walk(
            Context(ObjectIds("s"), {}, frozenset(), counters, {}, Learned()), tolerant
        ),
        counters,
    )


def looked(walk: SegmentedContainers, container: Any) -> list[segmented.LiveSegment]:
    """One look, accepted as if all of it had been stored."""
    walk.begin_look()
    live_segments = walk.live_segments(container)
    walk.scan_containers("x", {id(container): container}, tolerant=False)
    walk.accept()
    return live_segments


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": i, "tags": [i]} for i in range(count)]


def test_a_container_is_long_by_its_elements_alone() -> None:
    assert is_segmented([0] * SEGMENTED)
    assert not is_segmented([0] * (SEGMENTED - 1))
    assert not is_segmented("x" * SEGMENTED)


def test_long_ones_are_found_near_the_surface() -> None:
    inner = list(range(SEGMENTED))
    assert list(segmented_within({"a": [1, {"b": inner}]})) == [id(inner)]
    assert list(segmented_within(inner)) == [id(inner)]
    assert segmented_within([1, [2]]) == {}


def test_nothing_is_held_where_each_has_one_holder() -> None:
    for container in (
        rows(SEGMENTED),
        dict(enumerate(rows(SEGMENTED))),
        [(i, [i]) for i in range(SEGMENTED)],
    ):
        assert not any(live_segment.external for live_segment in looked(walker(), container))


@pytest.mark.parametrize(
    "share", [lambda r: r[5], lambda r: r[5]["tags"], lambda r: ("t", r[5]["tags"])]
)
def test_what_something_else_holds_is_held(share: Any) -> None:
    container = rows(SEGMENTED)
    other = share(container)
    held = frozenset().union(
        *(live_segment.external for live_segment in looked(walker(), container))
    )
    assert held == {id(other[1] if type(other) is tuple else other)}


def test_what_a_shared_tuple_holds_is_held() -> None:
    container: list[Any] = [[i] for i in range(SEGMENTED)]
    inside = [1]
    shared = (inside,)
    del inside
    container[7] = shared
    held = frozenset().union(
        *(live_segment.external for live_segment in looked(walker(), container))
    )
    assert held == {id(shared[0])}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["set", "insert", "delete", "append"]), st.floats(0, 1)),
        max_size=6,
    )
)
def test_pieces_join_up_and_only_those_that_changed_are_new(
    edits: list[tuple[str, float]],
) -> None:
    container: list[Any] = rows(5 * SEGMENTED)
    walk = walker()
    before = {live_segment.digest for live_segment in looked(walk, container)}
    for kind, where in edits:
        at = int(where * (len(container) - 1))
        if kind == "set":
            container[at] = {"new": where}
        elif kind == "insert":
            container.insert(at, {"new": where})
        elif kind == "delete":
            del container[at : at + 3]
        else:
            container.append({"new": where})
    live_segments = looked(walk, container)
    assert sum(live_segment.count for live_segment in live_segments) == len(container)
    assert sum(live_segment.digest not in before for live_segment in live_segments) <= 2 * len(
        edits
    )
    assert [live_segment.digest for live_segment in looked(walk, container)] == [
        p.digest for p in live_segments
    ]


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([list, dict, set]))
def test_a_splice_is_done_and_taken_back(data: st.DataObject, kind: type) -> None:
    keys = data.draw(st.lists(st.integers(0, 50), unique=kind is not list, max_size=12))
    wanted = data.draw(st.lists(st.integers(0, 50), unique=kind is not list, max_size=12))
    live: Any = dict.fromkeys(keys, "old") if kind is dict else kind(keys)
    before = list(live.items()) if kind is dict else kind(live)
    cut = 0
    while cut < min(len(keys), len(wanted)) and keys[cut] == wanted[cut]:
        cut += 1
    new = wanted[cut:]
    edits = [Edit(cut, len(keys), new)]
    if kind is dict:
        edits = [Edit(cut, len(keys), (new, ["new"] * len(new)))]
    elif kind is set:
        edits = [Edit(0, 0, (set(keys) - set(wanted), set(wanted) - set(keys)))]
    back = update_segments(live, edits)
    assert (list(live) if kind is not set else live) == (wanted if kind is not set else set(wanted))
    back()
    assert (list(live.items()) if kind is dict else live) == before


def test_pages_give_their_segments_back_and_begin_where_they_did(store: Store) -> None:
    writer = Writer(store, "a" * 8, 0, 0)
    segments = [
        Segment(count=i, stream=Blob(4, [f"{i * 7919 % 256:02x}{i:038x}"])) for i in range(500)
    ]
    blob = write_pages(segments, writer)
    segments[250] = Segment(count=9999, stream=segments[250].stream)
    written = writer.chunks_written
    again = write_pages(segments, writer)
    assert writer.chunks_written - written <= 2
    writer.append(b"{}")
    assert list(read_pages(again, store)) == segments
    assert len(list(read_pages(blob, store))) == 500
    writer.close()


def test_a_list_that_grows_long_is_walked_as_if_it_always_was() -> None:
    grown, born = Notebook(x=[1, 2], y=[3]), Notebook(x=[1, 2, *rows(SEGMENTED)], y=[3])
    grown.names["x"] += rows(SEGMENTED)
    assert grown.commit() == {"x"}
    walked = []
    for notebook in (grown, born):
        assert notebook.commit() == set()
        before = notebook.observer.counters.nodes
        assert notebook.look().quiet
        walked.append(notebook.observer.counters.nodes - before)
    assert walked[0] == walked[1]


# Arrays of objects

ARRAYS = """
import numpy as np
rows = np.empty(6_000, dtype=object)
rows[:] = [{"n": i, "s": str(i)} for i in range(6_000)]
table = np.empty((90, 80), dtype=object, order="F")
table.reshape(-1, order="A")[:] = [[i] for i in range(7_200)]
"""


def test_an_array_is_long_if_it_holds_more_than_atoms() -> None:
    array = np.empty(SEGMENTED, dtype=object)
    assert not is_segmented(array)
    array[:] = [[i] for i in range(SEGMENTED)]
    assert is_segmented(array)
    assert not is_segmented(array[1:])
    assert not is_segmented(array[: SEGMENTED - 1].copy())
    assert not is_segmented(np.arange(SEGMENTED))


def test_one_element_of_an_array_of_objects_is_stored_and_patched_alone(
    notebook: SessionNotebook,
) -> None:
    notebook.run(ARRAYS)
    array, row = notebook["rows"], notebook["rows"][77]
    whole = notebook.session.show("HEAD").entry.nbytes
    notebook.run("rows[5_000]['s'] = 'a longer text than before'")
    assert notebook.session.show("HEAD").entry.nbytes < whole / 3
    report = notebook.session.undo()
    assert report.patched == ["rows"]
    assert notebook["rows"] is array
    assert array[77] is row
    assert array[5_000] == {"n": 5_000, "s": "5000"}


def test_arrays_of_objects_come_back_with_their_form_their_views_and_what_they_share(
    notebook: SessionNotebook,
) -> None:
    notebook.run(ARRAYS)
    notebook.run("view = table[3]; row = rows[5]; both = [rows[5], table[0, 0]]")
    notebook.run("rows[5]['n'] = 'new'; table[3, 4].append(1); view[0] = 'w'")
    notebook.run("del rows, table, view, row, both")
    for verb, n, length in (("undo", "new", 2), ("undo", 5, 1), ("redo", "new", 2)):
        getattr(notebook.session, verb)()
        rows, table, view = notebook["rows"], notebook["table"], notebook["view"]
        assert rows[5] is notebook["row"] is notebook["both"][0]
        assert table[0, 0] is notebook["both"][1]
        assert table.flags.f_contiguous
        assert table.shape == (90, 80)
        assert view[4] is table[3, 4]
        view[7] = "through"
        assert table[3, 7] == "through"
        assert (rows[5]["n"], len(table[3, 4])) == (n, length)
        notebook.recording.record_found()


def test_an_array_of_objects_that_holds_itself_comes_back(notebook: SessionNotebook) -> None:
    notebook.run(ARRAYS + "rows[9] = rows")
    notebook.run("del rows")
    notebook.session.undo()
    assert notebook["rows"][9] is notebook["rows"]
    assert notebook["rows"][10] == {"n": 10, "s": "10"}


def test_an_array_of_another_shape_is_another_array(notebook: SessionNotebook) -> None:
    notebook.run(ARRAYS)
    notebook.run("first = rows[0]; rows = rows.reshape(60, 100).copy()")
    notebook.session.undo()
    assert notebook["rows"].shape == (6_000,)
    notebook.session.redo()
    assert notebook["rows"].shape == (60, 100)
    assert notebook["rows"][0, 0] is notebook["first"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=12, max_size=12), st.data())
def test_a_splice_of_an_array_is_done_and_taken_back(
    wanted: list[int], data: st.DataObject
) -> None:
    before: list[Any] = [[i] for i in range(12)]
    live = np.empty(12, dtype=object)
    live[:] = before
    a, b = sorted(data.draw(st.tuples(st.integers(0, 12), st.integers(0, 12))))
    moved = data.draw(st.integers(0, 12 - b))
    edits = [Edit(a, b, [[n] for n in wanted[: b - a + moved]])]
    if moved:
        edits.append(Edit(12 - moved, 12, []))
    target = [*before[:a], *edits[0].new, *before[b : 12 - moved]]
    back = update_segments(live, edits)
    assert live.tolist() == target
    back()
    assert live.tolist() == before
    assert all(a is b for a, b in zip(live, before))


def test_a_window_over_an_array_is_a_view_of_it(notebook: SessionNotebook) -> None:
    notebook.run("import numpy as np; a = np.arange(10.0)")
    notebook.run("w = np.lib.stride_tricks.sliding_window_view(a, 3)")
    notebook.run("a[5] = -1")
    notebook.session.undo()
    assert notebook["w"][3].tolist() == [3, 4, 5]
    notebook.run("del a, w")
    notebook.session.undo()
    notebook["a"][5] = 7
    assert notebook["w"][3].tolist() == [3, 4, 7]
    assert not notebook["w"].flags.writeable


def test_one_object_in_an_array_that_is_a_list_of_one_stays_a_list(
    notebook: SessionNotebook,
) -> None:
    notebook.run("import numpy as np; a = np.empty(1, dtype=object); a[0] = [5]")
    notebook.run("del a")
    notebook.session.undo()
    assert notebook["a"][0] == [5]


# Columns of objects

FRAME = """
import numpy as np, pandas as pd
df = pd.DataFrame({"n": range(20_000), "tags": [["a", {"i": i}] for i in range(20_000)]})
"""


def test_one_element_of_a_column_of_objects_is_stored_alone(notebook: SessionNotebook) -> None:
    notebook.run(FRAME)
    whole = notebook.session.show("HEAD").entry.nbytes
    notebook.run("df.loc[15_000, 'tags'].append('much longer than it was before')")
    assert notebook.session.show("HEAD").entry.nbytes < whole / 10
    notebook.session.undo()
    assert notebook["df"].loc[15_000, "tags"] == ["a", {"i": 15_000}]
    notebook.session.redo()
    assert len(notebook["df"].loc[15_000, "tags"]) == 3
    notebook.restart()
    notebook.session.restore()
    assert len(notebook["df"].loc[15_000, "tags"]) == 3
    assert notebook["df"].loc[19_999, "tags"] == ["a", {"i": 19_999}]


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("other = df.loc[7, 'tags']", "other is df.loc[7, 'tags']"),
        ("other = df.loc[7, 'tags'][1]", "other is df.loc[7, 'tags'][1]"),
        ("df.at[7, 'tags'] = df.at[9_000, 'tags']", "df.loc[7, 'tags'] is df.loc[9_000, 'tags']"),
        ("df.at[7, 'tags'] = df.at[8, 'tags']", "df.loc[7, 'tags'] is df.loc[8, 'tags']"),
        ("df2 = df.iloc[5:9].copy()", "df2.loc[7, 'tags'] is df.loc[7, 'tags']"),
        ("t = tuple(df.loc[7, 'tags'])", "t[1] is df.loc[7, 'tags'][1]"),
        ("s = df['tags']", "s[7] is df.loc[7, 'tags']"),
        ("both = (df, df['tags'])", "both[1][7] is df.loc[7, 'tags']"),
        ("part = df.iloc[5:9]", "part.loc[7, 'tags'] is df.loc[7, 'tags']"),
    ],
)
def test_what_a_column_of_objects_shares_it_shares_again(
    notebook: SessionNotebook, cell: str, same: str
) -> None:
    notebook.run(FRAME)
    notebook.run(cell)
    assert eval(same, notebook.shell.user_ns)
    notebook.run("df.loc[7, 'tags'].append('new')")
    for verb in ("undo", "redo", "undo"):
        getattr(notebook.session, verb)()
        assert eval(same, notebook.shell.user_ns), verb
        assert ("new" in notebook["df"].loc[7, "tags"]) == (verb == "redo")
    notebook.restart()
    notebook.session.restore()
    assert eval(same, notebook.shell.user_ns)


EQUAL = """
import numpy as np, pandas as pd
x = {"df": pd.DataFrame({"tags": [["same"] for i in range(20_000)]})}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x['one'] = x['df'].tags[7]", "x['one'] = x['df'].tags[8]"),
        ("x['one'] = x['df'].tags[7]", "x['one'] = ['same']"),
        ("x['one'] = ['same']", "x['one'] = x['df'].tags[9_000]"),
        ("", "x['df'].at[7, 'tags'] = x['df'].at[9_000, 'tags']"),
        ("x['two'] = x['df']['tags']", "x['two'] = x['two'].copy().map(list)"),
        ("x['two'] = x['df'].copy()", "x['two'].at[7, 'tags'] = ['same']"),
    ],
)
def test_who_is_who_in_a_column_of_equal_objects_is_seen_and_comes_back(
    notebook: SessionNotebook, before: str, after: str
) -> None:
    """One variable, so that nothing but the pattern of what is shared has changed."""

    def pattern() -> list[int]:
        x = notebook["x"]
        held = [*x["df"]["tags"], x.get("one")]
        if "two" in x:
            held += list(pd.DataFrame(x["two"])["tags"])
        first: dict[int, int] = {}
        return [first.setdefault(id(obj), n) for n, obj in enumerate(held)]

    notebook.run(EQUAL + before)
    was = pattern()
    notebook.run(after)
    became = pattern()
    assert was != became
    notebook.session.undo()
    assert pattern() == was
    notebook.session.redo()
    assert pattern() == became
    notebook.restart()
    notebook.session.restore()
    assert pattern() == became


def test_a_frozen_array_of_objects_comes_back_frozen(notebook: SessionNotebook) -> None:
    notebook.run(ARRAYS + "rows.flags.writeable = False; held = [rows]")
    notebook.run("del rows, held")
    notebook.session.undo()
    assert notebook["rows"][7] == {"n": 7, "s": "7"}
    assert not notebook["rows"].flags.writeable
    assert notebook["held"][0] is notebook["rows"]
