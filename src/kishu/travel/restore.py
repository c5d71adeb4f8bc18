"""A restore from end to end: plan, build aside, apply, verify."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, NamedTuple

from kishu.building.build import Assembly, Build
from kishu.building.update import Inverse
from kishu.errors import KishuError, NotRecoverable, RestoreError
from kishu.guard import quietly
from kishu.history import blobs
from kishu.history.history import History, State
from kishu.history.reasons import Flaw
from kishu.history.records import SETTING, VersionId, is_definition, is_setting, is_variable
from kishu.ports import Ambient, Progress, counting
from kishu.store.store import Store
from kishu.travel.apply import Bytes, Changes
from kishu.travel.plan import Plan, PlannedCoVariable, Rewrite, Update, UpdateSegments, plan
from kishu.travel.report import Report
from kishu.walking.fingerprint import Canonical
from kishu.worktree.observer import Change, Look, Observer
from kishu.worktree.partition import Partition
from kishu.worktree.recorder import Recorder

Replay = Callable[[VersionId, Build], dict[str, Any]]
"""Runs cells again to make a version; gives the objects by variable. Raises ReplayError."""


class Workspace(NamedTuple):
    """What a restore works on.

    Attributes:
        defaults: the names that IPython itself has bound.
        ambient: the settings outside of the variables.
        variables: the user's variables as they are now.
        recorder: knows the names of chunks that were recorded before.
        progress: told how many bytes of how many have been read.
    """

    store: Store
    history: History
    observer: Observer
    namespace: dict[str, Any]
    defaults: Mapping[str, Any]
    ambient: Ambient
    variables: Callable[[], dict[str, Any]]
    replay: Replay
    recorder: Recorder
    progress: Progress


def restore(place: Workspace, look: Look, target: State, report: Report) -> Callable[[], None]:
    """Make the live state the target state and say in ``report`` what happened.

    Args:
        look: a look just accepted: the history holds the live state.

    Gives what lets go of the values that were.

    Raises:
        RestoreError, Damaged: the session is as it was.
    """
    planned = plan(place.history, place.observer, look, target)
    attempt = _Attempt(place, look, target, planned)
    try:
        attempt.run(report)
        stubborn = attempt.unfaithful
    except BufferError:
        # Somebody looks into memory that would have to get another size.
        stubborn = {change.version for change in planned.changed}
    if stubborn:
        # A patch did not take. What is loaded whole depends on nothing that was live.
        again = [
            change._replace(actions={}) if change.version in stubborn else change
            for change in planned.changed
        ]
        attempt.take_back()
        attempt.release()
        report.patched, report.loaded, report.recomputed, report.settings = [], [], [], []
        report.unchecked, report.missing = {}, {}
        attempt = _Attempt(place, look, target, planned._replace(changed=again))
        attempt.run(report)
    attempt.settle(report)
    return attempt.release


def let_go(place: Workspace, release: Callable[[], None], report: Report) -> None:
    """Let go of the values that were, and say which variables their end has changed again."""
    if _ran_code(release):
        look = place.observer.look(place.variables())
        for name in (
            name for co_variable in look.dirty for name in co_variable if is_variable(name)
        ):
            reason = "the end of an object that the restore let go of changed it again"
            report.unchecked.setdefault(name, reason)


def note_shortfall(name: str, assembly: Assembly, flaw: Flaw | None, report: Report) -> None:
    """Say what a variable that was built lacks; ``flaw``: what is known to be wrong with it."""
    for place in assembly.missing:
        report.missing[name] = f"came back without its {place.type}: {place.text}"
    if assembly.notes:
        report.unchecked[name] = "; ".join(dict.fromkeys(assembly.notes))
    if flaw is not None:
        report.missing[name] = f"it {flaw.text}"


def _ran_code(release: Callable[[], None]) -> bool:
    """Whether letting go of objects ran code of theirs: what a ``__del__`` does is not foreseen."""
    ran: list[str] = []
    before = sys.getprofile()
    if before is not None:
        # The user's own profiler: it is left alone.
        release()
        return True

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_globals.get("__name__", "").partition(".")[0] != "kishu":
            ran.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        release()
    finally:
        sys.setprofile(None)
    return bool(ran)


class _Attempt:
    """One try at a plan."""

    def __init__(self, place: Workspace, look: Look, target: State, planned: Plan) -> None:
        self.unfaithful: set[VersionId] = set()
        self._place = place
        self._before = look
        self._plan = planned
        self._target = dict(target)
        self._changes = Changes()
        object_ids = place.observer.object_ids
        live = {
            entity: obj
            for entity in target
            if is_definition(entity) and (obj := _live_definition(place, look, entity)) is not None
        }
        self._live_definitions = live
        self._build = Build(
            place.store, place.history, object_ids, place.observer.learned, place.namespace, target,
            planned.live, live,
            {entity for change in planned.changed for entity in change.entities},
        )  # fmt: skip
        total = sum(change.recipe.nbytes for change in planned.changed)
        self._build.progress = counting(place.progress, "read", total)
        self._inverse: Inverse | None = None
        self._after: Look | None = None

    def run(self, report: Report) -> None:
        """Build, apply and verify."""
        for name in self._plan.removed:
            if is_setting(name):
                self._changes.settings[name.removeprefix(SETTING)] = None
                report.settings.append(name.removeprefix(SETTING))
            else:
                self._unbind(name)
        report.kept = list(self._plan.kept)
        for name in report.kept:
            unreadable = self._place.history.recipe(self._target[name]).unreadable
            if unreadable:
                report.unchecked[name] = f"it {unreadable}: what changed in it stays changed"
        report.removed = list(filter(is_variable, self._plan.removed))
        with quietly():
            for change in self._plan.changed:
                self._prepare(change, report)
            for number, made in self._build.built_definitions.items():
                self._place.observer.object_ids.register(number, made)
            self._inverse = self._changes.apply(self._place.namespace, self._place.ambient)
            for container, counts in self._build.segmented:
                self._place.observer.segmented.adopt(container, counts)
            self._build.let_go()
        try:
            self._verify(report)
        except BaseException:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Make the session what it was before `run`."""
        if self._inverse is not None:
            self._inverse()
            self._inverse = None

    def release(self) -> None:
        """Let go of what was built and of the old values; the attempt is of no use any more."""
        self._build.let_go()
        del self._inverse, self._after, self._before, self._plan, self._changes, self._build

    # Building

    def _prepare(self, change: PlannedCoVariable, report: Report) -> None:
        """Build one co-variable; one that cannot be built costs no other."""
        names = list(filter(is_variable, change.entities))
        try:
            self._prepare_settings(change, report)
            status = self._place.history.status(change.version)
            if status == "stored" or (not change.recipe.storable and self._still_lives(change)):
                self._rebuild_or_recompute(change, names, report)
            else:
                self._recompute_or_rebuild(change, names, report)
        except KishuError as error:
            self._give_up(change, names, str(error), report)
        except Exception as error:
            self._give_up(change, names, f"{type(error).__name__}: {error}", report)

    def _prepare_settings(self, change: PlannedCoVariable, report: Report) -> None:
        ambient = self._place.ambient
        for entity in filter(is_setting, change.entities):
            name = entity.removeprefix(SETTING)
            value = self._build.assembly(change.version).root(entity)
            reason = ambient.why_not(name, value)
            if reason:
                raise NotRecoverable(reason)
            self._changes.settings[name] = value
            report.settings.append(name)
            lost = ambient.lost(name, value)
            if lost:
                report.missing[name] = lost

    def _rebuild_or_recompute(
        self, change: PlannedCoVariable, names: list[str], report: Report
    ) -> None:
        """What is stored is built; where its class's own code fails at that, its cell makes it."""
        try:
            self._rebuild(change, names, report)
        except Exception as error:
            if isinstance(error, KishuError) or not names:
                raise
            # Its unpickling failed, or what it needs is not installed.
            try:
                self._recompute(change, names, report)
            except KishuError:
                raise error from None

    def _recompute_or_rebuild(
        self, change: PlannedCoVariable, names: list[str], report: Report
    ) -> None:
        """What is not stored whole is made by its cell; failing that, it comes back with holes."""
        try:
            self._recompute(change, names, report)
        except KishuError as error:
            if change.recipe.status() == "recomputable":
                raise
            self._rebuild(change, names, report)
            for name in names:
                if name in report.missing:
                    report.missing[name] += f". {error}"

    def _rebuild(self, change: PlannedCoVariable, names: list[str], report: Report) -> None:
        build = self._build
        assembly = build.assembly(change.version)
        values = {entity: assembly.root(entity) for entity in change.entities}
        fills = [
            (action.live, assembly.content(index))
            for index, action in change.actions.items()
            if isinstance(action, Update)
        ]
        segment_updates = [
            (index, action.live, assembly.update_segments(index, *action))
            for index, action in change.actions.items()
            if isinstance(action, UpdateSegments)
        ]
        halves = [
            (live, assembly.halves(entity, live))
            for entity in change.entities
            if (live := self._live_definitions.get(entity)) is not None
        ]
        writes = [
            write
            for index, action in change.actions.items()
            if isinstance(action, Rewrite)
            for write in self._differing(change, index, action)
        ]
        # All is built: from here on nothing can fail.
        self._changes.fills += fills
        for index, live, edits in segment_updates:
            self._changes.segment_updates.append((live, edits))
            build.segmented.append((live, assembly.counts(index)))
        self._changes.definitions += halves
        self._changes.bytes += writes
        for name in names:
            if self._place.namespace.get(name, self) is not values[name]:
                self._changes.bind[name] = values[name]
            same = self._before.values.get(name, self) is values[name]
            (report.patched if same else report.loaded).append(name)
            for place in assembly.reused:
                report.unchecked[name] = f"holds the {place.type} that was there: {place.text}"
            flaw = self._place.history.flaws.get(change.version)
            note_shortfall(name, assembly, flaw, report)
            opaque = sorted(
                {type_ for component in change.recipe.components for type_ in component.opaque}
            )
            if opaque:
                report.unchecked.setdefault(name, f"{', '.join(opaque[:3])}: by its own reduce")

    def _still_lives(self, change: PlannedCoVariable) -> bool:
        """Whether all that could not be stored is still alive, to be used again."""
        assembly = self._build.assembly(change.version)
        for entity in change.entities:
            assembly.root(entity)
        return not assembly.missing

    def _recompute(self, change: PlannedCoVariable, names: list[str], report: Report) -> None:
        if not names:
            live = [entity for entity in change.entities if entity in self._live_definitions]
            if len(live) < len(change.entities):
                raise NotRecoverable("A function or class could not be stored.")
            return
        values = self._place.replay(change.version, self._build)
        places = [place for component in change.recipe.components for place in component.unstorable]
        for name in names:
            self._changes.bind[name] = values[name]
            report.recomputed.append(name)
            for place in places:
                if place.leads_to_copies:
                    report.unchecked[name] = f"its {place.type}: {place.text}"

    def _give_up(
        self, change: PlannedCoVariable, names: list[str], reason: str, report: Report
    ) -> None:
        """Name what could not be built; what lives stays, and the state says what is there."""
        now = self._place.observer.state
        for entity in change.entities:
            if entity in self._before.values and now.get(entity) and not is_setting(entity):
                self._target[entity] = now[entity]
            else:
                self._target.pop(entity, None)
            if is_setting(entity):
                self._changes.settings.pop(entity.removeprefix(SETTING), None)
                report.missing[entity.removeprefix(SETTING)] = reason
        for name in names:
            report.missing[name] = (
                f"is as it is now, not as it was then: {reason}"
                if name in self._before.values
                else reason
            )

    def _unbind(self, name: str) -> None:
        """Take a variable away; a name of IPython's own that it hid comes back."""
        if name in self._place.defaults:
            self._changes.bind[name] = self._place.defaults[name]
        elif name in self._place.namespace:
            self._changes.unbind.append(name)

    def _differing(self, change: PlannedCoVariable, index: int, action: Rewrite) -> list[Bytes]:
        """The chunks of a part's buffers that differ from the live memory."""
        store = self._place.store
        target = change.recipe.components[index]
        writes = []
        for view, position in action.memory:
            wanted, held = target.buffers[position], action.now.buffers[position]
            for at, name in blobs.differing(wanted, held, store):
                chunk = store.get(name)
                writes.append(Bytes(view, at * blobs.CHUNK_BYTES, chunk))
                self._build.progress(len(chunk))
        return writes

    # Verifying

    def _verify(self, report: Report) -> None:
        """Look at what is there now, and compare it with the target, co-variable by co-variable."""
        observer = self._place.observer
        look = observer.look_again(self._place.variables(), self._before, self._touched())
        recorder = self._place.recorder.naming()
        partitions: dict[VersionId, Partition] = {}
        for co_variable in look.dirty:
            try:
                components = observer.partition(look, co_variable)
                found, _ = recorder.record(components)
            except Exception:
                # It changes while it is looked at; the next commit finds what it became.
                self._disagree(co_variable, report)
                continue
            wanted = {self._target.get(entity, "") for entity in co_variable}
            if len(wanted) == 1 and "" not in wanted:
                version = wanted.pop()
                names = list(filter(is_variable, co_variable))
                tied = set(co_variable) == self._place.history.recipe(version).roots.keys()
                again = bool(names) and set(names) <= set(report.recomputed)
                same = found == version or self._same(look, co_variable, version, again)
                if tied and (same or again):
                    partitions[version] = components
                    if not same:
                        self._note_other_result(names, report)
                    continue
            self._disagree(co_variable, report)
        self._find_unmoved(look, report)
        self._after = look
        self._partitions = partitions

    def _note_other_result(self, names: list[str], report: Report) -> None:
        for name in names:
            report.unchecked[name] = "its cell, run again, did not make what it made then"

    def _find_unmoved(self, look: Look, report: Report) -> None:
        """What should have changed and still is what it was did not become what it should."""
        moved = {entity for co_variable in look.dirty for entity in co_variable}
        for change in self._plan.changed:
            still = [e for e in change.entities if e in look.values and e in self._target]
            if change.written_only or not moved.isdisjoint(still):
                continue
            for entity in still:
                self._disagree(look.co_variable_of[entity], report)

    def _touched(self) -> set[str]:
        """What may not be as it was: all but what was kept, or written to byte by byte."""
        changed = [c for c in self._plan.changed if not c.written_only]
        touched = {entity for change in changed for entity in change.entities}
        touched.update(*(self._before.co_variable_of.get(entity, ()) for entity in touched))
        return touched.union(*(self._before.co_variable_of[name] for name in self._plan.removed))

    def _disagree(self, co_variable: tuple[str, ...], report: Report) -> None:
        versions = {self._target[entity] for entity in co_variable if entity in self._target}
        patched = {
            change.version for change in self._plan.changed
            if change.version in versions and change.actions
        }  # fmt: skip
        self.unfaithful |= patched
        if not patched:
            for entity in co_variable:
                if is_definition(entity) or entity in report.recomputed:
                    continue
                name = entity.removeprefix(SETTING)
                if name not in report.missing:
                    report.unchecked.setdefault(
                        name, "what came back is not quite what was stored (its pickling lies)"
                    )

    def _same(
        self, look: Look, co_variable: tuple[str, ...], version: VersionId, again: bool
    ) -> bool:
        """Whether the live values equal freshly loaded ones in all that is state.

        Args:
            again: they were made by running a cell again: what is not stored is compared by what
                was noted of it.
        """
        observer = self._place.observer
        try:
            build = Build(
                self._place.store, self._place.history, observer.object_ids,
                observer.learned, self._place.namespace, self._target, {},
                {number: obj for number, obj in look.values.items() if is_definition(number)},
            )  # fmt: skip
            names = [entity for entity in co_variable if not is_definition(entity)]
            build.reuses = not again
            with build, quietly():
                stored = {name: build.assembly(version).root(name) for name in names}
            live = {name: look.values[name] for name in names}
            return self._fingerprint(stored) == self._fingerprint(live)
        except Exception:
            # What cannot even be compared is not the same.
            return False

    def _fingerprint(self, values: dict[str, Any]) -> str:
        context = self._place.observer.context._replace(excluded=frozenset())
        return Canonical(context, tolerant=True).fingerprint(values)

    def settle(self, report: Report) -> None:
        """Tell the observer where we are; what came back otherwise is a change to be found."""
        look = self._after
        if look is None:
            raise RestoreError("The restored state was not verified.")
        observer = self._place.observer
        present = {entity: v for entity, v in self._target.items() if entity in look.values}
        gone = [entity for entity in observer.state if entity not in present]
        for partition in self._partitions.values():
            for component in partition.components:
                for live_segment in component.live_segments:
                    # It is in the store: it is what the version was built from.
                    live_segment.stored = live_segment.stored or live_segment.named
        for change in self._plan.changed:
            if change.written_only:
                # Nobody has looked at it since.
                look = look.without(change.entities)
        # A setting that could not be set is now what it was: to be found by the next look.
        look = look.without(filter(is_setting, look.last_seen.keys() - self._target.keys()))
        observer.accept(look, Change(present, gone, {}, self._partitions))
        report.patched.sort()
        report.loaded.sort()
        report.settings.sort()


def _live_definition(place: Workspace, look: Look, number: str) -> Any | None:
    found = look.values.get(number)
    return place.observer.object_ids.live(number) if found is None else found
