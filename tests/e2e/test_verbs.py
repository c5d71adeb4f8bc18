"""The verbs, through magics and Python: what they do, what they report, and how they refuse."""

from __future__ import annotations

import re
import sys

import pytest

from tests.e2e.asking import log, names, runs
from tests.kernel import Kernel


def test_undo_and_redo_go_through_the_steps_one_at_a_time(kernel: Kernel) -> None:
    for i in range(4):
        kernel.ok(f"x = {i}")
    seen = []
    for verb in ("undo", "undo 2", "redo", "redo 2", "undo 3"):
        kernel.kishu(verb)
        seen.append(kernel.value("x"))
    assert seen == [2, 0, 1, 3, 0]
    kernel.kishu("undo")
    assert names(kernel, "x") == []


def test_the_python_verbs_do_what_the_magics_do(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.ok("x = 2")
    kernel.ok("kishu.session().undo()")
    assert kernel.value("x") == 1
    kernel.ok("kishu.session().redo()")
    assert kernel.value("x") == 2
    kernel.ok("named = kishu.session().commit('two').id")
    kernel.ok("x = 3")
    kernel.ok("kishu.session().branch('side', 'HEAD~1')")
    kernel.ok("kishu.session().tag('best', 'HEAD~2')")
    kernel.ok("kishu.session().checkout('best')")
    assert kernel.value("x") == 2
    session = "kishu.session()"
    assert kernel.value(f"{session}.status().head == {session}.show('best').entry.id")
    assert kernel.value(f"{session}.show('best').entry.tags") == ["best"]
    assert kernel.value(f"{session}.at('side~3')['x']") == 1
    assert kernel.value(f"{session}.diff('side~3', 'side~1').changed") == ["x"]
    assert kernel.value(f"len({session}.find('x'))") == 3
    assert kernel.value(f"{session}.log()[0].id") == log(kernel)[-1]["id"]


def test_the_reports_are_true(kernel: Kernel) -> None:
    kernel.ok(
        "import numpy as np\n"
        "kept = [1]; patched = {'a': 1}; array = np.arange(100_000); rebound = [1]; gone = 1"
    )
    kernel.ok("before = {n: id(globals()[n]) for n in ('kept', 'patched', 'array', 'rebound')}")
    kernel.ok("patched['b'] = 2; array[7] = -1; rebound = [2]; del gone; new = 1")
    report = kernel.kishu("undo")
    assert sorted(report["kept"]) == ["before", "kept", "np"]
    assert report["patched"] == ["array", "patched"]
    assert report["loaded"] == ["gone", "rebound"]
    assert report["removed"] == ["new"]
    assert report["recomputed"] == []
    assert report["unchecked"] == report["missing"] == {}
    assert kernel.value("[n for n, i in before.items() if id(globals()[n]) == i]") == [
        "kept", "patched", "array",
    ]  # fmt: skip
    assert kernel.value("[kept, patched, int(array[7]), rebound, gone]") == [
        [1], {"a": 1}, 7, [1], 1,
    ]  # fmt: skip


def test_a_report_names_its_commits(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.ok("x = 2")
    one, two = [entry["id"] for entry in log(kernel)[-2:]]
    report = kernel.kishu("undo")
    assert (report["verb"], report["before"], report["head"]) == ("undo", two, one)
    assert "x = 2" in report["label"]
    assert kernel.kishu("status")["head"] == one
    assert [entry["id"] for entry in log(kernel) if entry["current"]] == [one]


def test_the_text_of_each_verb_says_what_it_did(kernel: Kernel) -> None:
    kernel.ok("x = [1]")
    kernel.ok("x.append(2)")
    assert re.search(r"Undid .*x\.append\(2\).*\n.*patched: +x", kernel.ok("%kishu undo"))
    assert "Redid" in kernel.ok("%kishu redo")
    assert re.match(
        r"Committed [0-9a-f]{8} on main: before lunch", kernel.ok("%kishu commit -m 'before lunch'")
    )
    assert "before lunch" in kernel.ok("%kishu log")
    assert "best" in kernel.ok("%kishu tag best")
    assert "side" in kernel.ok("%kishu branch side HEAD~1")
    assert "Checked out best" in kernel.ok("%kishu checkout best")
    assert "x.append(2)" in kernel.ok("%kishu show HEAD~1")
    assert kernel.ok("%kishu diff HEAD~2 HEAD").strip() == "~ x"
    assert kernel.ok("%kishu find x").count("x") >= 2
    assert "recording" in kernel.ok("%kishu status")
    assert "whole" in kernel.ok("%kishu check")
    assert "checkout" in kernel.ok("%kishu help")
    assert "--only" in kernel.ok("%kishu checkout --help")


def test_a_commit_is_no_step_of_undo(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.ok("x = 2")
    entry = kernel.kishu("commit -m two")
    assert entry["message"] == "two"
    kernel.kishu("undo")
    assert kernel.value("x") == 1
    kernel.kishu("checkout " + entry["id"][:8])
    assert kernel.value("x") == 2


def test_a_checkout_can_be_undone_and_redone(kernel: Kernel) -> None:
    for i in range(3):
        kernel.ok(f"x = {i}")
    kernel.kishu("checkout HEAD~2")
    assert kernel.value("x") == 0
    report = kernel.kishu("undo")
    assert "checkout" in report["label"]
    assert kernel.value("x") == 2
    kernel.kishu("redo")
    assert kernel.value("x") == 0


def test_a_checkout_first_commits_what_is_not_yet_in_the_history(kernel: Kernel) -> None:
    kernel.ok("x = [1]")
    kernel.wait(kernel.client.execute("x.append('by a silent execute')", silent=True))
    kernel.kishu("checkout HEAD~1")
    assert names(kernel, "x") == []
    kernel.kishu("undo")
    assert kernel.value("x") == [1, "by a silent execute"]


def test_checkout_of_single_variables_leaves_the_others(kernel: Kernel) -> None:
    kernel.ok("x = [1]; y = [1]; z = [1]; before = id(x)")
    kernel.ok("x.append(2); y.append(2); z.append(2)")
    report = kernel.kishu("checkout HEAD~1 --only x,y")
    assert report["loaded"] == ["x", "y"]
    assert kernel.value("[x, y, z, id(x) == before]") == [[1], [1], [1, 2], False]
    kernel.kishu("undo")
    assert kernel.value("[x, y, z]") == [[1, 2], [1, 2], [1, 2]]
    printed = kernel.ok("%kishu checkout HEAD --only x,nope")
    assert "nope" in printed
    assert "Traceback" not in printed


def test_single_variables_that_shared_still_share(kernel: Kernel) -> None:
    kernel.ok("x = [1]; y = {'x': x}")
    kernel.ok("x = y = None")
    kernel.kishu("checkout HEAD~1 --only x,y")
    assert kernel.value("y['x'] is x")


def test_a_cell_after_an_undo_begins_a_branch_and_loses_nothing(kernel: Kernel) -> None:
    kernel.ok("x = 'base'")
    kernel.ok("x = 'first'")
    first = kernel.kishu("status")
    kernel.kishu("undo")
    kernel.ok("x = 'second'")
    second = kernel.kishu("status")
    assert first["branch"] != second["branch"]
    assert set(kernel.kishu("branch")) == {first["branch"], second["branch"]}
    kernel.kishu("checkout " + first["branch"])
    assert kernel.value("x") == "first"
    kernel.ok("x += ' and on'")
    assert kernel.kishu("status")["branch"] == first["branch"]
    kernel.kishu("checkout " + second["branch"])
    assert kernel.value("x") == "second"
    assert runs(kernel) == ["x = 'base'", "x = 'first'", "x = 'second'", "x += ' and on'"]


def test_looking_after_an_undo_does_not_forget_the_redo(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.ok("x = 2")
    kernel.kishu("undo")
    kernel.ok("x")
    kernel.ok("print(x)")
    kernel.kishu("redo")
    assert kernel.value("x") == 2


def test_every_kind_of_ref_finds_its_commit(kernel: Kernel) -> None:
    for i in range(4):
        kernel.ok(f"x = {i}")
    entries = {entry["cell"]["source"]: entry for entry in log(kernel) if entry["cell"]}
    one = entries["x = 1"]
    kernel.kishu("branch side HEAD~2")
    kernel.kishu("tag v1.0 side")
    refs = ["HEAD~2", f"@{one['cell']['number']}", "side", "v1.0", one["id"], one["id"][:10]]
    found = [kernel.kishu(f"show {ref}")["entry"]["id"] for ref in refs]
    assert found == [one["id"]] * len(refs)
    assert kernel.kishu("show v1.0~")["entry"]["id"] == entries["x = 0"]["id"]
    assert kernel.kishu("show HEAD")["entry"]["id"] == entries["x = 3"]["id"]


def test_at_reads_another_state_without_going_there(kernel: Kernel) -> None:
    kernel.ok("data = {'a': [1]}; same = data['a']")
    kernel.ok("data['a'].append(2)")
    head = kernel.kishu("status")["head"]
    kernel.ok("old = kishu.session().at('HEAD~1')")
    assert kernel.value("sorted(old)") == ["data", "same"]
    assert kernel.value("[old['data'], data]") == [{"a": [1]}, {"a": [1, 2]}]
    assert kernel.value("old['data']['a'] is old['same']")
    assert kernel.value("old['data'] is not data")
    assert kernel.kishu("status")["head"] != "" != head
    assert kernel.run("old['nope']").error == "KeyError"


def test_diff_and_find_name_the_variables(kernel: Kernel) -> None:
    kernel.ok("x = 1; y = 1; z = 1")
    kernel.ok("x = 2; del y; w = 1")
    assert kernel.kishu("diff HEAD~1") == {"added": ["w"], "removed": ["y"], "changed": ["x"]}
    assert kernel.kishu("diff HEAD HEAD") == {"added": [], "removed": [], "changed": []}
    assert len(kernel.kishu("find x")) == 2
    assert len(kernel.kishu("find z")) == 1
    assert kernel.kishu("find nothing") == []


def test_the_log_tells_cells_changes_and_outcomes(kernel: Kernel) -> None:
    kernel.ok("x = 1")
    kernel.run("y = 2; del x; nope")
    entry = log(kernel)[-1]
    assert (entry["changed"], entry["deleted"]) == (["y"], ["x"])
    assert entry["cell"]["outcome"] == "NameError"
    assert "!NameError" in kernel.ok("%kishu log -n 1")


def test_show_tells_what_shares(kernel: Kernel) -> None:
    kernel.ok("x = [1]; y = (x,); z = [1]")
    shown = kernel.kishu("show")["variables"]
    assert shown["x"]["shares_with"] == ["y"]
    assert shown["z"]["shares_with"] == []
    assert shown["x"]["type"] == "builtins.list"


def test_status_counts_and_names(kernel: Kernel) -> None:
    kernel.ok("x = 1; y = 2")
    status = kernel.kishu("status")
    assert status["variables"] == 2
    assert status["recording"]
    assert status["undo"].endswith("x = 1; y = 2")
    assert not status["redo"]
    assert status["commits"] == len(log(kernel))
    kernel.kishu("undo")
    status = kernel.kishu("status")
    assert status["redo"]
    assert status["undo"] == ""


REFUSALS = {
    "checkout mian": r"mian.*\n.*main",
    "checkout ": r"ref.*\n.*--help",
    "show zzz": r"zzz.*\n.*log",
    "diff zzz": r"zzz.*\n.*log",
    "checkout HEAD~99": r"HEAD~99.*\n.*log",
    "checkout @99999": r"99999.*\n.*log",
    "checkout @x": r"@x.*\n.+",
    "redo": r"nothing to redo.*\n.*log",
    "undo 5": r"1 step.*not 5.*\n.*log",
    "undo 0": r"0.*\n.*1 up",
    "undo -3": r"-3.*\n.+",
    "undo many": r"many.*\n.*--help",
    "redo 0": r"0.*\n.*1 up",
    "restore": r"nothing to restore.*\n.*log",
    "branch bad~name": r"bad~name.*\n.*letters",
    "branch HEAD": r"HEAD.*\n.*letters",
    "tag 'a b'": r"a b.*\n.*letters",
    "tag x nope": r"nope.*\n.*log",
    "branch x nope": r"nope.*\n.*log",
    "log -n x": r"x.*\n.*--help",
    "frobnicate": r"frobnicate.*\n.*help",
    "commit -m 'unclosed": r".+\n.+",
    "checkout HEAD --notebook": r"cells.*\n.*show",
    "undo --nope": r"--nope.*\n.*--help",
}


@pytest.mark.parametrize("line", REFUSALS)
def test_a_refusal_says_why_and_what_to_do(kernel: Kernel, line: str) -> None:
    kernel.ok("x = 1")
    before = log(kernel)
    ran = kernel.run(f"%kishu {line}")
    assert (ran.error, ran.stderr) == ("", "")
    assert re.search(REFUSALS[line], ran.stdout), ran.stdout
    assert not re.search("Traceback|Kishu failed", ran.stdout)
    assert (log(kernel), kernel.value("x")) == (before, 1)


def test_an_unknown_ref_names_the_nearest(kernel: Kernel) -> None:
    kernel.kishu("tag cleaned-data")
    assert "cleaned-data" in kernel.ok("%kishu checkout cleand-data")
    head = kernel.kishu("status")["head"]
    assert head[:8] in kernel.ok(f"%kishu checkout {head[:7]}z")
    assert head[:8] in kernel.ok(f"%kishu checkout {head[:8]}z")


def test_an_ambiguous_prefix_names_the_commits(kernel: Kernel) -> None:
    for sent in [kernel.send("pass") for _ in range(17)]:
        kernel.wait(sent)
    ids = [entry["id"] for entry in log(kernel)]
    first = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    printed = kernel.ok(f"%kishu checkout {first}")
    assert next(one for one in sorted(ids) if one[0] == first) in printed
    assert "more characters" in printed


def test_a_name_that_begins_a_commit_id_is_refused(kernel: Kernel) -> None:
    head = kernel.kishu("status")["head"]
    assert "Choose another" in kernel.ok(f"%kishu tag {head[:6]}")


def test_python_verbs_raise_errors_of_one_tree(kernel: Kernel) -> None:
    assert kernel.run("kishu.session().undo()").error == "NothingToDo"
    assert kernel.run("kishu.session().checkout('nope')").error == "UnknownRef"
    assert kernel.run("kishu.session().undo(0)").error == "UsageError"
    kernel.ok(
        "try:\n    kishu.session().checkout('nope')\n"
        "except kishu.KishuError as e:\n    told = [e.kind, e.exit_code, bool(e.remedy)]"
    )
    assert kernel.value("told") == ["unknown-ref", 2, True]


def test_verbs_without_a_session_say_how_to_attach(kernel: Kernel) -> None:
    kernel.ok("%kishu detach")
    for verb in ("status", "undo", "log", "restore", "checkout HEAD"):
        assert re.search(r"not attached.*\n.*load_ext", kernel.ok(f"%kishu {verb}"))
    assert kernel.run("kishu.session()").error == "NotAttached"


def test_the_remedy_for_a_detached_session_works(bare: Kernel) -> None:
    bare.ok("%load_ext kishu")
    bare.ok("%kishu detach")
    assert "%load_ext kishu" in bare.ok("%kishu status")
    bare.ok("%load_ext kishu")
    assert "recording" in bare.ok("%kishu status")


def test_a_verb_on_an_old_session_object_says_that_it_is_detached(kernel: Kernel) -> None:
    kernel.ok("old = kishu.session()")
    kernel.ok("kishu.detach()")
    assert kernel.run("old.undo()").error == "NotAttached"
    assert not kernel.value("old.status().recording")


def test_a_refusal_as_json_has_kind_message_and_remedy(kernel: Kernel) -> None:
    refusal = kernel.kishu("checkout nowhere")
    assert refusal["error"] == "unknown-ref"
    assert refusal["exit_code"] == 2
    assert "nowhere" in refusal["message"]
    assert refusal["remedy"]


def test_a_class_gets_back_the_very_function_that_was_its_method(kernel: Kernel) -> None:
    define = "def g(self, v):\n    self.x = v\nK.push = g"
    kernel.ok("class K:\n    def push(self, v): return v")
    kernel.ok(define)
    base = kernel.kishu("status")["head"]
    kernel.ok(define)
    for line in (f"checkout {base}", "undo", "redo", "undo 2", "redo"):
        kernel.kishu(line)
        assert kernel.value("K.__dict__['push'] is g"), line


@pytest.mark.parametrize("back", ["undo", "checkout {base}"])
def test_a_cell_run_again_after_going_back_is_recorded_again(kernel: Kernel, back: str) -> None:
    """What an array is after a restore that wrote into it must not be taken for what it was."""
    kernel.ok("import numpy as np; a = np.zeros(1 << 18); a[100] = 1")
    base = kernel.kishu("status")["head"]
    kernel.ok("a[200_000] += 3")
    kernel.kishu(back.format(base=base))
    kernel.ok("a[200_000] += 3")
    kernel.ok("a = None")
    kernel.kishu("undo")
    assert kernel.value("[float(a[100]), float(a[200_000])]") == [1, 3]


@pytest.mark.parametrize("hold", ["held = vars(p)", "held = [vars(p)]", "held = vars(p); q = p"])
def test_the_attributes_of_an_instance_that_are_held_stay_its_own(
    kernel: Kernel, hold: str
) -> None:
    kernel.ok("class Thing:\n    def __init__(self): self.x = [1]\np = Thing()")
    kernel.ok(hold)
    shared = "(held[0] if type(held) is list else held) is vars(p)"
    for change in ("p = held = None", "held = None", "p = Thing()", "p.x.append(2)"):
        kernel.ok(change)
        report = kernel.kishu("undo")
        assert kernel.value(shared), (change, report)
        assert kernel.value("p.x") == [1]


def test_a_long_restore_shows_how_far_it_is_and_json_does_not(kernel: Kernel) -> None:
    kernel.value(
        "vars(__import__('kishu.limits').limits).update("
        "PROGRESS_LINE_PATIENCE_SECONDS=0, PROGRESS_PAUSE_SECONDS=0)"
    )
    kernel.ok("import numpy as np; a = np.arange(1_000_000)")
    kernel.ok("a = None")
    shown = kernel.ok("%kishu undo")
    assert re.search(r"MB of 8\.0 MB read", shown)
    assert shown.split("\r")[-1].startswith("Undid")
    assert kernel.kishu("redo")["head"]
    kernel.value(
        "vars(__import__('kishu.limits').limits).update("
        "PROGRESS_LINE_PATIENCE_SECONDS=1, PROGRESS_PAUSE_SECONDS=0.2)"
    )


@pytest.mark.parametrize(
    "length",
    [
        300,
        pytest.param(
            1_000,
            marks=pytest.mark.skipif(
                sys.version_info[:2] == (3, 12),
                reason="Python 3.12 limits recursion in C by itself, and nobody can set it",
            ),
        ),
    ],
)
def test_a_long_chain_of_objects_is_changed_and_brought_back(kernel: Kernel, length: int) -> None:
    kernel.ok(
        "class Node:\n    def __init__(self, value, next): self.value, self.next = value, next\n"
        f"head = None\nfor i in range({length}): head = Node(i, head)"
    )
    limit = kernel.value("__import__('sys').getrecursionlimit()")
    kernel.ok("head.next.next.value = 'x'")
    kernel.kishu("undo")
    assert kernel.value("head.next.next.value") == length - 3
    kernel.ok("head = None")
    kernel.kishu("undo")
    assert kernel.value("head.next.next.value") == length - 3
    assert kernel.value("__import__('sys').getrecursionlimit()") == limit


def test_at_as_a_magic_gives_the_variable_to_assign_or_to_show(kernel: Kernel) -> None:
    kernel.ok("data = [1]")
    kernel.ok("data.append(2)")
    kernel.ok("old = %kishu at HEAD~1 data")
    assert kernel.value("[old, data]") == [[1], [1, 2]]
    assert "nothing is no variable of HEAD" in kernel.ok("%kishu at HEAD nothing")
    assert "[1, 2]" in kernel.run("%kishu at HEAD data").displayed
