"""The errors: one tree, drawn as it is; kinds that programs may rely on; a way out of each."""

from __future__ import annotations

import inspect
import re

import pytest

from kishu import errors
from kishu.errors import KishuError
from tools import schema

CLASSES = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, KishuError)
]
KINDS = {
    "KishuError": "error",
    "UsageError": "usage",
    "UnknownRef": "unknown-ref",
    "AmbiguousRef": "ambiguous-ref",
    "UnknownCells": "unknown-cells",
    "NothingToDo": "nothing-to-do",
    "NotAttached": "not-attached",
    "ConfigError": "config",
    "StoreError": "store",
    "Damaged": "damaged",
    "Unsupported": "unsupported",
    "NotRecording": "not-recording",
    "InUse": "in-use",
    "Untrusted": "untrusted",
    "Cancelled": "cancelled",
    "RestoreError": "restore",
    "NotRecoverable": "not-recoverable",
    "ReplayError": "replay",
}
"""Programs match on these: a kind may be added, here too; none may change."""

each = pytest.mark.parametrize("cls", CLASSES)


def drawn() -> dict[str, str]:
    """Each class's parent in the tree that the module draws."""
    parents: dict[str, str] = {}
    line_of: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"(    [│ ├└─]*)(\w+)(?:  .*)?", line)
        if match is None:
            continue
        depth = len(match[1])
        while line_of and line_of[-1][0] >= depth:
            line_of.pop()
        parents[match[2]] = line_of[-1][1] if line_of else "Exception"
        line_of.append((depth, match[2]))
    return parents


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert drawn() == {cls.__name__: cls.__mro__[1].__name__ for cls in CLASSES}


def test_kinds_never_change() -> None:
    kinds = {cls.__name__: cls.kind for cls in CLASSES}
    assert kinds == KINDS


def test_the_front_end_knows_each_kind() -> None:
    assert {cls.kind for cls in schema.error_classes()} == set(KINDS.values())
    union = schema.module().partition("export type ErrorKind =")[2].partition(";")[0]
    assert re.findall(r"'([\w-]+)'", union) == [cls.kind for cls in schema.error_classes()]


def test_a_kind_is_a_class_s_own_or_its_parent_s() -> None:
    owners: dict[str, type[KishuError]] = {}
    for cls in CLASSES:
        owner = next(base for base in cls.__mro__ if "kind" in vars(base))
        assert owners.setdefault(cls.kind, owner) is owner


@each
def test_each_has_an_exit_code_that_a_shell_can_tell_from_success(cls: type[KishuError]) -> None:
    assert 0 < cls.exit_code < 126


@each
def test_each_says_in_one_line_what_to_do(cls: type[KishuError]) -> None:
    error = cls("It broke.")
    assert error.remedy == cls.default_remedy
    assert re.fullmatch(r"\S.*\.", error.remedy)
    assert str(error) == f"It broke. {error.remedy}"


@each
def test_each_can_name_a_better_remedy(cls: type[KishuError]) -> None:
    error = cls("It broke.", "Mend it.")
    assert (error.message, error.remedy, str(error)) == (
        "It broke.",
        "Mend it.",
        "It broke. Mend it.",
    )


@each
def test_each_is_documented(cls: type[KishuError]) -> None:
    assert "__doc__" in vars(cls)
    assert cls.__doc__
