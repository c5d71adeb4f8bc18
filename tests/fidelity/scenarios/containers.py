"""Lists, dicts, sets and what else holds things: content, order, sharing."""

from tests.fidelity.scenario import Scenario as S

SCENARIOS = (
    S(
        "append",
        "the plainest change in place there is",
        ("a = [1, 2]",),
        "a.append(3)",
        "a",
    ),
    S(
        "two-names",
        "two names for one list are one list after an undo, and change together",
        ("a = [1]; b = a",),
        "b.append(2)",
        "(a, b, a is b)",
    ),
    S(
        "alias-cut",
        "a name that was bound to a copy is bound to the shared list again",
        ("a = [1]; b = a",),
        "b = list(a)",
        "(a, b, a is b)",
    ),
)
