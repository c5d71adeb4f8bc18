"""What the observer's pieces promise, each on its own."""

from __future__ import annotations

import enum
import gc
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from kishu.handlers.learned import Learned
from kishu.history.records import is_definition
from kishu.store.writer import Naming
from kishu.walking.fingerprint import Canonical
from kishu.walking.identity import ObjectIds
from kishu.walking.walk import Context, Counters, Walk
from kishu.worktree.carriers import Carriers
from kishu.worktree.covariables import co_variables
from kishu.worktree.look import Look
from kishu.worktree.namespace import variables
from kishu.worktree.observer import Observer
from kishu.worktree.recorder import Recorder


class Notebook:
    """A namespace and what observes it."""

    def __init__(self, **names: Any) -> None:
        self.names: dict[str, Any] = names
        self.observer = Observer(ObjectIds("s"), self.names, frozenset())
        self.recorder = Recorder(Naming())
        self.commit()

    def look(self) -> Look:
        return self.observer.look(dict(self.names))

    def commit(self) -> set[str]:
        """Take the present state for true; gives what changed."""
        look = self.look()
        change = self.observer.record(look, self.recorder)
        self.observer.accept(look, change)
        return {*change.set, *change.gone}


def walk() -> Walk:
    return Walk(Context(ObjectIds("s"), {}, frozenset(), Counters(), {}, Learned()))


def fingerprint(value: object) -> str:
    return Canonical(
        Context(ObjectIds("s"), {}, frozenset(), Counters(), {}, Learned())
    ).fingerprint(value)


# Which names are the user's


def test_names_of_ipython_and_of_kishu_are_not_the_users() -> None:
    import kishu

    opened = object()
    namespace = {
        "In": [],
        "_": 1,
        "_7": opened,
        "_i1": "x = 1",
        "_oh": {7: opened},
        "_ih": ["", "x = 1"],
        "__name__": "__main__",
        "open": opened,
    }
    namespace |= {"x": 1, "_x": 2, "__y": 3, "_7a": 4, "kishu": kishu, "left": 5}
    found = variables(namespace, {"open": opened}, {"left"})
    assert sorted(found) == ["_7a", "__y", "_x", "x"]
    # What looks like a result's name and is the user's own.
    assert list(variables({"_2020": 1, "_oh": {}, "_i2": "", "_ih": [""]}, {}, ())) == [
        "_2020",
        "_i2",
    ]


def test_a_name_of_ipythons_that_was_bound_anew_is_the_users() -> None:
    assert variables({"open": 5}, {"open": open}, set()) == {"open": 5}


# Walks


def test_equal_content_has_an_equal_digest_and_a_change_another() -> None:
    value: dict[str, Any] = {"a": [1, 2, {3}], "b": np.arange(5)}
    before = walk().scan(value).digest
    assert walk().scan(value).digest == before
    value["b"][3] = 9
    assert walk().scan(value).digest != before


def test_memory_stays_out_of_the_stream() -> None:
    scan = walk().scan(np.zeros(1_000_000))
    assert sum(map(len, scan.stream)) < 1000
    assert scan.buffers[0].nbytes == 8_000_000


@pytest.mark.parametrize("loops", [True, False])
def test_a_value_that_holds_itself_is_seen_to(loops: bool) -> None:
    value: list[Any] = ["plain"]
    if loops:
        value.append(value)
    assert walk().scan(value).loops == loops


def test_what_cannot_be_pickled_is_named_and_the_rest_is_walked() -> None:
    scan = Walk(
        Context(ObjectIds("s"), {}, frozenset(), Counters(), {}, Learned()), tolerant=True
    ).scan([1, (n for n in "ab")])
    (place,) = scan.unstorable
    assert (place.type, place.kind) == ("builtins.generator", "moves")


def test_a_walk_keeps_nothing_alive() -> None:
    class ExternalReferences:
        pass

    gc.disable()
    try:
        value = [ExternalReferences()]
        gone = weakref.ref(value[0])
        walk().scan(value)
        del value
        assert gone() is None
    finally:
        gc.enable()


# Cohorts


class Node:
    """An instance: no small cohort takes it."""

    def __init__(self, *held: Any) -> None:
        self.held = list(held)


def heap() -> tuple[Notebook, Node, Node]:
    """Two variables over one heap, found unchanged often enough to be walked as one."""
    inner = Node(*(Node(n) for n in range(300)))
    outer = Node(inner)
    notebook = Notebook(outer=outer, inner=inner)
    for _ in range(3):
        assert notebook.commit() == set()
    return notebook, outer, inner


def nodes_of_a_look(notebook: Notebook) -> int:
    before = notebook.observer.counters.nodes
    assert notebook.commit() == set()
    return notebook.observer.counters.nodes - before


def test_what_two_variables_share_is_walked_once() -> None:
    alone = Notebook(inner=heap()[2])
    alone.commit()
    assert nodes_of_a_look(heap()[0]) < 1.1 * nodes_of_a_look(alone)


def test_a_change_below_either_name_is_seen() -> None:
    notebook, outer, inner = heap()
    inner.held[7].held.append(1)
    assert notebook.commit() == {"outer", "inner"}
    for _ in range(3):
        assert notebook.commit() == set()
    outer.held.append(2)
    assert notebook.commit() == {"outer", "inner"}


def test_a_name_that_is_bound_to_an_equal_object_is_seen() -> None:
    notebook, _, inner = heap()
    notebook.names["inner"] = Node(*(Node(n) for n in range(300)))
    assert notebook.commit() == {"outer", "inner"}
    notebook.names["inner"] = inner
    assert notebook.commit() == {"outer", "inner"}


def test_a_third_name_for_something_within_is_seen() -> None:
    notebook, _, inner = heap()
    notebook.names["third"] = inner.held[5]
    assert notebook.commit() == {"outer", "inner", "third"}
    del notebook.names["inner"]
    assert notebook.commit() == {"outer", "inner", "third"}


def test_what_changes_at_every_look_is_not_walked_once_more() -> None:
    notebook, _, inner = heap()
    costs = []
    for n in range(4):
        inner.held[3].held.append(n)
        before = notebook.observer.counters.nodes
        assert notebook.commit() == {"outer", "inner"}
        costs.append(notebook.observer.counters.nodes - before)
    assert costs[1:] == [costs[1]] * 3
    assert costs[0] > costs[1]


# The fingerprint


def test_the_fingerprint_knows_sets_as_sets_and_strings_as_values() -> None:
    one, other = "ab" * 50, "".join(["ab"] * 50)
    assert one is not other
    assert fingerprint([one, one]) == fingerprint([one, other])
    assert fingerprint(set("abcdefgh")) == fingerprint(set("hgfedcba"))
    assert fingerprint({1, 2}) != fingerprint({1, 3})


def test_the_fingerprint_knows_who_shares_what() -> None:
    part: list[int] = []
    assert fingerprint([part, part]) != fingerprint([[], []])


# Groups


def test_groups_are_what_is_connected_by_shared_nodes() -> None:
    ids = {"a": {1, 2}, "b": {2, 3}, "c": {4}, "d": {3}, "e": set[int]()}
    found = co_variables({name: frozenset(nodes) for name, nodes in ids.items()})
    assert found["a"] == found["b"] == found["d"] == ("a", "b", "d")
    assert (found["c"], found["e"]) == (("c",), ("e",))


@pytest.mark.parametrize(
    ("make", "tied"),
    [
        (lambda: (s := [1], [s]), True),
        (lambda: ([1], [1]), False),
        (lambda: (a := np.zeros(9), a[3:5]), True),
        (lambda: (np.zeros(9), np.zeros(9)), False),
        (lambda: ("text", ["text"]), False),
        (lambda: (len, [len]), False),
        (lambda: (t := (1, 2), [t]), False),
        (lambda: (t := ("word", {1}), OrderedDict(k=t)), True),
        (lambda: (t := ("word", {1}), [[n] for n in range(9000)] + [t]), True),
        (lambda: (m := list[int]().append, OrderedDict(k=m)), True),
        (lambda: (t := (1, 2), OrderedDict(k=t)), False),
        (lambda: (OrderedDict(k=[(1, 2), frozenset()]), OrderedDict(k=(1, 2))), False),
    ],
)
def test_only_mutable_objects_and_memory_tie_variables(make: Any, tied: bool) -> None:
    first, second = make()
    look = Notebook(first=first, second=second).look()
    assert (look.co_variable_of["first"] == look.co_variable_of["second"]) == tied


def test_a_definition_ties_nothing_but_by_what_it_holds() -> None:
    class Empty:
        pass

    class Kind(enum.Enum):
        ONE = 1

    def function() -> None: ...

    held: list[int] = []

    def holding(x: Any = held) -> None: ...

    for made, ids in ((Empty, set()), (Kind, set()), (function, set()), (holding, {id(held)})):
        made.__module__ = "__main__"
        found = (
            Walk(Context(ObjectIds("s"), globals(), frozenset(), Counters(), {}, Learned()))
            .scan_definition(made)
            .ids
        )
        own = {id(getattr(made, name, None)) for name in ("__dict__", "__annotations__")}
        assert ids <= found <= ids | own


def test_what_a_reduce_makes_in_passing_ties_nothing() -> None:
    from sklearn.ensemble import RandomForestClassifier

    inputs = np.random.default_rng(0).random((200, 3))
    y = inputs[:, 0] > 0.5
    forests = [RandomForestClassifier(5, random_state=i).fit(inputs, y) for i in (0, 1)]
    notebook = Notebook(one=forests[0], two=forests[1])
    for _ in range(3):
        look = notebook.look()
        assert look.co_variable_of["one"] == ("one",)
        assert look.quiet


# Observing


def test_a_look_at_nothing_new_is_quiet_and_costs_no_recording() -> None:
    notebook = Notebook(a=[1], b={"k": [2]}, c=np.arange(4), d="text")
    assert notebook.look().quiet


def test_each_road_to_a_change_is_seen() -> None:
    shared: list[int] = [1]
    notebook = Notebook(a=shared, b=[shared], c={"k": 1}, gone=1)
    shared.append(2)
    assert notebook.commit() == {"a", "b"}
    notebook.names["c"]["k"] = 2
    del notebook.names["gone"]
    notebook.names["new"] = None
    assert notebook.commit() == {"c", "gone", "new"}
    assert notebook.commit() == set()


def test_sharing_that_changes_alone_is_a_change() -> None:
    notebook = Notebook(a=[[1], [2]], b=[[1], [2]])
    notebook.names["b"][0] = notebook.names["a"][0]
    assert notebook.commit() == {"a", "b"}


def test_one_of_many_small_variables_is_found_in_its_cohort() -> None:
    notebook = Notebook(**{f"v{n}": [n, {"k": [n]}] for n in range(300)})
    assert notebook.commit() == set()
    notebook.names["v123"][1]["k"].append(0)
    counters = notebook.observer.counters
    before = counters.values
    assert notebook.commit() == {"v123"}
    assert counters.values - before < 2 * 300, "one cohort is walked again one by one"


def test_a_look_that_was_not_accepted_is_seen_again() -> None:
    notebook = Notebook(a=[1])
    notebook.names["a"].append(2)
    notebook.observer.record(notebook.look(), notebook.recorder)
    assert notebook.commit() == {"a"}


def test_shared_objects_are_components_stored_once() -> None:
    part = [1]
    notebook = Notebook(a=[part, part], b={"k": part})
    partition = notebook.observer.partition(notebook.look(), ("a", "b"))
    assert [len(each.members) for each in partition.components] == [1, 1, 0]
    assert partition.components[2].top is part


def test_two_names_for_one_object_are_one_part() -> None:
    value = [[1], [2]]
    cut = Notebook(a=value, b=value).observer
    assert cut.state["a"] == cut.state["b"]


# Identity


def test_an_object_id_is_one_objects_alone() -> None:
    def one() -> None: ...
    def other() -> None: ...

    object_ids = ObjectIds("s")
    assert object_ids.id_of(one) == object_ids.id_of(one) != object_ids.id_of(other)
    assert is_definition(object_ids.id_of(one))
    assert object_ids.live(object_ids.id_of(one)) is one


def test_an_object_id_keeps_nothing_alive() -> None:
    def one() -> None: ...

    object_ids = ObjectIds("s")
    object_id = object_ids.id_of(one)
    del one
    assert object_ids.live(object_id) is None


def test_an_array_that_is_observed_can_still_be_resized() -> None:
    carriers, array = Carriers(), np.zeros(4)
    assert carriers.serial(array) == carriers.serial(array)
    array.resize(9, refcheck=False)
