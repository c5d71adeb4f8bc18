"""State outside of the variables: what cells changed of it, and put back."""

from __future__ import annotations

import decimal
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kishu.ambient.ambient import Ambient
from kishu.ambient.process import Hidden
from kishu.ambient.settings import ABSENT, Difference


@pytest.fixture
def ambient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ambient]:
    monkeypatch.setenv("KISHU_TEST", "before")
    monkeypatch.delenv("KISHU_OTHER", raising=False)
    here = os.getcwd()
    state = random.getstate()
    yield Ambient()
    os.chdir(here)
    random.setstate(state)


def ours(ambient: Ambient) -> dict[str, object]:
    """What changed in the environment, without what pytest itself sets."""
    changed = ambient.values().get("environ")
    pairs = changed.changes if changed is not None else ()
    return {name: value for name, value in pairs if name.startswith("KISHU_")}


def test_nothing_changed_is_no_difference(ambient: Ambient) -> None:
    # Where the generators stand is always part of the state.
    assert {"directory", "path", "decimal"}.isdisjoint(ambient.values())
    assert ours(ambient) == {}


def test_what_does_not_change_is_the_same_object(ambient: Ambient) -> None:
    os.environ["KISHU_TEST"] = "after"
    first, second = ambient.values(), ambient.values()
    assert first.keys() == second.keys()
    assert all(first[name] is second[name] for name in first)


def test_only_what_changed_is_set_back(ambient: Ambient) -> None:
    os.environ["KISHU_TEST"] = "after"
    os.environ["KISHU_OTHER"] = "new"
    changed = ambient.values()["environ"]
    assert ours(ambient) == {"KISHU_TEST": "after", "KISHU_OTHER": "new"}
    back = ambient.put("environ", None)
    assert os.environ["KISHU_TEST"] == "before"
    assert "KISHU_OTHER" not in os.environ
    assert ours(ambient) == {}
    back()
    assert (os.environ["KISHU_TEST"], os.environ["KISHU_OTHER"]) == ("after", "new")
    assert ambient.values()["environ"] == changed


def test_what_was_deleted_is_part_of_the_difference(ambient: Ambient) -> None:
    del os.environ["KISHU_TEST"]
    changed = ambient.values()["environ"]
    assert ours(ambient) == {"KISHU_TEST": ABSENT}
    ambient.put("environ", None)
    ambient.put("environ", changed)
    assert "KISHU_TEST" not in os.environ


def test_a_secret_is_hidden_and_known_to_this_process_alone(
    ambient: Ambient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_API_KEY", "hunter2")
    changed = ambient.values()["environ"]
    assert "hunter2" not in repr(changed)
    ambient.put("environ", None)
    assert "SERVICE_API_KEY" not in os.environ
    assert ambient.lost("environ", changed) == ""
    ambient.put("environ", changed)
    assert os.environ["SERVICE_API_KEY"] == "hunter2"
    foreign = changed._replace(changes=(("SERVICE_API_KEY", Hidden("of another process")),))
    assert "SERVICE_API_KEY" in ambient.lost("environ", foreign)


def test_a_place_is_brought_back_where_it_is(ambient: Ambient, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    there = ambient.values()["directory"]
    ambient.put("directory", None)
    assert os.getcwd() != str(tmp_path)
    assert ambient.why_not("directory", there) == ""
    elsewhere = there._replace(host="another machine")
    assert "another machine" in ambient.why_not("directory", elsewhere)
    gone = there._replace(changes=(("path", str(tmp_path / "gone")),))
    assert "there is no directory" in ambient.why_not("directory", gone)


def test_a_generator_draws_again_what_it_drew(ambient: Ambient) -> None:
    before = ambient.values()["random"]
    drawn = [random.random() for _ in range(3)]
    ambient.put("random", before)
    assert [random.random() for _ in range(3)] == drawn


def test_what_is_switched_off_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KISHU_TEST", "before")
    ambient = Ambient({"environ"})
    os.environ["KISHU_TEST"] = "after"
    assert "environ" not in ambient.values()
    assert ambient.why_not("environ", Difference("", ()))


def test_for_a_while_the_settings_are_others(ambient: Ambient) -> None:
    precision = decimal.getcontext().prec
    other = Difference("", (("prec", 5),))
    with ambient.being({"decimal": other}):
        assert decimal.getcontext().prec == 5
    assert decimal.getcontext().prec == precision
