"""The ways back and forth through what was played, each of which must lead to what was there."""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple

from tests.wild.kernels import PlayedKernel
from tests.wild.play import Play
from tests.wild.state import State, unlike

_AT_ONCE = 3
_NAMED = ("kept", "patched", "loaded", "recomputed", "removed", "settings")


class Lengths(NamedTuple):
    """How often each thing is tried: single undos, checkouts, cold ones, variables looked at."""

    undone: int = 8
    checkouts: int = 10
    cold: int = 5
    at: int = 12


_FULL = Lengths()


class Journey:
    """All the ways that are tried after a notebook was played.

    Args:
        play: what was played.
        kernel: the kernel in which it was.
        lengths: how often each is gone.
    """

    def __init__(self, play: Play, kernel: PlayedKernel, lengths: Lengths = _FULL) -> None:
        self._lengths = lengths
        self._play = play
        self._kernel = kernel
        self._told: dict[str, str] = {}

    def travel(self) -> None:
        """Go all the ways."""
        if not self._play.steps:
            return
        self._undo_and_redo()
        self._check_out()
        self._kill_and_restore()
        self._check_out_cold()
        self._look_at()

    def _undo_and_redo(self) -> None:
        cells = [-1, *(step.cell for step in self._play.steps)]
        last = len(cells) - 1
        most = min(self._lengths.undone, last)
        for count in range(1, most + 1):
            self.go("undo", cells[last - count])
        for count in reversed(range(most)):
            self.go("redo", cells[last - count])
        most = min(_AT_ONCE, last)
        self.go(f"undo {most}", cells[last - most])
        self.go(f"redo {most}", cells[last])

    def _check_out(self) -> None:
        steps = self._play.steps
        last = steps[-1]
        for _ in range(self._lengths.checkouts):
            there = self._play.random.choice(steps)
            self.go(f"checkout {there.commit}", there.cell)
            self.go(f"checkout {last.commit}", last.cell)

    def _kill_and_restore(self) -> None:
        self._kernel.kill()
        self._attach()
        self.go("restore", self._play.steps[-1].cell)

    def _check_out_cold(self) -> None:
        for _ in range(self._lengths.cold):
            there = self._play.random.choice(self._play.steps)
            self._attach()
            self.go(f"checkout {there.commit}", there.cell, "cold ")

    def _attach(self) -> None:
        self._told = {}
        self._kernel = self._play.start_attached()

    def go(self, verb: str, cell: int, how: str = "") -> None:
        """Ask for a verb and compare what is there with what was there after a cell."""
        play, kernel = self._play, self._kernel
        commits = kernel.inside("after_cell()")["commits"]
        began = time.perf_counter()
        ran = kernel.run(f"%kishu {verb} --json")
        seconds = time.perf_counter() - began
        report = _report(ran.stdout)
        refused = "" if report else f"{ran.stdout}{ran.stderr}{ran.error}".strip()
        found, wanted = play.state(kernel), play.truth[cell]
        wrong = unlike(wanted, found)
        play.note_unstable(kernel, wrong, found)
        cannot = {name for name in wrong if play.cannot_compare(name, wanted, found)}
        self._hear(report)
        said = {n for n in wrong if refused or n in self._told} - cannot
        if "*" in wrong and self._told and "*" not in cannot:
            said.add("*")
        stray = kernel.inside(f"commits_since({commits})")
        for each in stray:
            play.record.call(each["id"], "<made by moving>")
        name = play.record.plain(how + verb)
        play.record.facts["journey"].append(
            {
                "step": name,
                "to": cell,
                "report": play.record.plain(_lines(report)),
                "refused": play.record.plain(refused),
                "printed": play.record.plain(ran.stderr + ran.error) if report else "",
                "silent": sorted({*wrong} - cannot - said),
                "said": sorted(said),
                "not_comparable": sorted(cannot),
                "stray": [
                    {"kind": each["kind"], "changed": each["changed"], "deleted": each["deleted"]}
                    for each in stray
                ],
            }
        )
        play.record.figures["journey"].append(
            {"step": name, "seconds": seconds, "ms": report.get("ms", 0.0)}
        )
        self._note_details(name, wrong, wanted, found)

    def _hear(self, report: dict[str, Any]) -> None:
        """Remember what is said of variables: it holds for as long as they are kept."""
        if report:
            kept = {name: self._told[name] for name in report["kept"] if name in self._told}
            self._told = kept | report["missing"] | report["unchecked"]

    def _note_details(self, step: str, wrong: list[str], wanted: State, found: State) -> None:
        for name in wrong[:10]:
            one, other = wanted.names.get(name, ""), found.names.get(name, "")
            ties = [state.ties.get(name, []) for state in (wanted, found)]
            excerpts = self._play.texts.excerpts(one, other) if one and other else [one, other]
            self._play.record.details.append(
                {"step": step, "name": name, "texts": excerpts, "ties": ties}
            )

    def _look_at(self) -> None:
        """Ask for single variables of other states, which must leave all as it is."""
        play, kernel = self._play, self._kernel
        commits = kernel.inside("after_cell()")["commits"]
        before = play.state(kernel)
        choices = [
            (step, name) for step in play.steps for name in sorted(play.truth[step.cell].names)
        ]
        asked = play.random.sample(choices, min(self._lengths.at, len(choices)))
        for step, name in asked:
            wanted = play.truth[step.cell].names[name]
            began = time.perf_counter()
            told = kernel.written("write_at", step.commit, name)
            seconds = time.perf_counter() - began
            play.texts.add({told["digest"]: told["text"]})
            right = told["digest"] == wanted
            cannot = not right and (
                name in play.unstable or play.texts.differ_by_addresses(wanted, told["digest"])
            )
            wrong = [name] if not right and not cannot else []
            label = f"at <after cell {step.cell}> {name}"
            play.record.facts["journey"].append(
                {
                    "step": label,
                    "to": step.cell,
                    "report": play.record.plain({"said": told["said"]}),
                    "refused": "",
                    "printed": "",
                    "silent": [] if told["said"] else wrong,
                    "said": wrong if told["said"] else [],
                    "not_comparable": [name] if cannot else [],
                    "stray": [],
                }
            )
            play.record.figures["journey"].append({"step": label, "seconds": seconds, "ms": 0.0})
            if wrong:
                texts = play.texts.excerpts(wanted, told["digest"])
                play.record.details.append({"step": label, "name": name, "texts": texts})
        stray = kernel.inside(f"commits_since({commits})")
        after = play.state(kernel)
        moved = unlike(before, after)
        play.record.facts["at_left"] = {
            "changed": sorted(n for n in moved if not play.cannot_compare(n, before, after)),
            "commits": len(stray),
        }


def _report(printed: str) -> dict[str, Any]:
    """Read a restore's report; empty where it was refused."""
    try:
        told = json.loads(printed)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and "kept" in told else {}


def _lines(report: dict[str, Any]) -> dict[str, Any]:
    """Keep what a report says, but for how long it took."""
    told: dict[str, Any] = {name: sorted(report[name]) for name in _NAMED if report.get(name)}
    for name in ("label", "before", "head", "unchecked", "missing", "notes"):
        if report.get(name):
            told[name] = report[name]
    return told
