"""Restore a state from end to end: plan, build, apply, verify.

Everything is built before the live session is touched. If verifying shows that an object that was
changed in place is not what it should be, all is taken back, and that object is loaded instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, NamedTuple

from kishu import limits
from kishu.building.assembly import Assembly
from kishu.building.build import Build
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
from kishu.worktree.look import Change, Look
from kishu.worktree.observer import Observer
from kishu.worktree.partition import Partition
from kishu.worktree.recorder import Recorder

Replay = Callable[[VersionId, Build], dict[str, Any]]
"""Runs cells again to make a version; returns its variables' values by name.

Raises:
    KishuError: the version cannot be made so.
"""


class Workspace(NamedTuple):
    """Hold what a restore reads from, and what it changes.

    Attributes:
        store: the store that chunks are read from.
        history: the history, which holds the recipes of all versions.
        observer: the observer of the live state.
        namespace: the user's namespace, with IPython's own names.
        defaults: what IPython itself bound in the namespace, by name.
        ambient: the settings.
        variables: the function that returns the user's variables as they are now.
        replay: the function that makes a version by running its cell again.
        recorder: the recorder of this session, which knows the names of the chunks it has recorded.
        progress: the function to be told how many bytes of how many have been read.
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


def restore(workspace: Workspace, look: Look, target: State, report: Report) -> Callable[[], None]:
    """Make the live state the target, and say in a report what happened.

    A version that cannot be built costs no other: its variables stay as they are.

    Args:
        workspace: what to read from and to change.
        look: a look that was just accepted, so that the history holds the live state.
        target: the version of each entity in the target.
        report: the report, whose lists are filled.

    Returns:
        The function that drops the old values, which are kept alive until it is called.

    Raises:
        Damaged: the record of a version in the target is lost; the session is as it was.
        KeyboardInterrupt: the user interrupted. If that was during `Changes.apply`, the changes
            were made and stay; else the session is as it was.
        BaseException: applying or verifying failed; the session is as it was.
    """
    planned = plan(workspace.history, workspace.observer, look, target)
    attempt = _Attempt(workspace, look, target, planned)
    try:
        attempt.run(report)
        unfaithful = attempt.unfaithful
    except BufferError:
        # A bytearray cannot change its size while a memoryview of it exists.
        unfaithful = {change.version for change in planned.changed}
    if unfaithful:
        # Loading them whole cannot fail in the same way: it depends on no live object.
        without_updates = [
            change._replace(actions={}) if change.version in unfaithful else change
            for change in planned.changed
        ]
        attempt.take_back()
        attempt.release()
        report.patched, report.loaded, report.recomputed, report.settings = [], [], [], []
        report.unchecked, report.missing = {}, {}
        attempt = _Attempt(workspace, look, target, planned._replace(changed=without_updates))
        attempt.run(report)
    attempt.settle(report)
    return attempt.release


def let_go(workspace: Workspace, release: Callable[[], None], report: Report) -> None:
    """Drop the old values, and report the variables that code run at their end has changed.

    Args:
        workspace: what was restored.
        release: what `restore` returned.
        report: the report of the restore.
    """
    if _ran_code(release):
        look = workspace.observer.look(workspace.variables())
        for name in (
            name for co_variable in look.dirty for name in co_variable if is_variable(name)
        ):
            reason = "the end of an object that the restore let go of changed it again"
            report.unchecked.setdefault(name, reason)


def note_shortfall(name: str, assembly: Assembly, flaw: Flaw | None, report: Report) -> None:
    """Report what a variable lacks that was built.

    Args:
        name: the variable.
        assembly: the assembly that built it.
        flaw: what round-trip checks found wrong with the version; None if nothing.
        report: the report of the restore.
    """
    for unstorable in assembly.missing:
        report.missing[name] = f"came back without its {unstorable.type}: {unstorable.text}"
    if assembly.notes:
        report.unchecked[name] = "; ".join(dict.fromkeys(assembly.notes))
    if flaw is not None:
        report.missing[name] = f"it {flaw.text}"


def _ran_code(release: Callable[[], None]) -> bool:
    """Drop the old values, and tell whether that ran any Python code but Kishu's.

    A ``__del__``, or the callback of a weak reference, may change anything.
    """
    ran: list[str] = []
    if sys.getprofile() is not None:
        # The user's own profiler must not miss a call: take it that code ran.
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
    """Carry out one plan, once.

    Args:
        workspace: what to read from and to change.
        look: the look that verified the live state.
        target: the version of each entity in the target.
        planned: the plan.

    Attributes:
        unfaithful: the versions whose live objects were changed in place, and are not what they
            should be.
    """

    def __init__(self, workspace: Workspace, look: Look, target: State, planned: Plan) -> None:
        self.unfaithful: set[VersionId] = set()
        self._workspace = workspace
        self._before = look
        self._plan = planned
        self._target = dict(target)
        self._changes = Changes()
        object_ids = workspace.observer.object_ids
        live = {
            entity: obj
            for entity in target
            if is_definition(entity)
            and (obj := _live_definition(workspace, look, entity)) is not None
        }
        self._live_definitions = live
        self._build = Build(
            workspace.store, workspace.history, object_ids, workspace.observer.learned,
            workspace.namespace, target,
            planned.live, live,
            {entity for change in planned.changed for entity in change.entities},
        )  # fmt: skip
        total = sum(change.recipe.nbytes for change in planned.changed)
        self._build.progress = counting(workspace.progress, "read", total)
        self._inverse: Inverse | None = None
        self._after: Look | None = None

    def run(self, report: Report) -> None:
        """Build what the plan needs, apply it, and verify what is there then.

        Raises:
            KeyboardInterrupt: the user interrupted. If that was during `Changes.apply`, the changes
                were made and stay; else the session is as it was.
            BaseException: what went wrong; the session is as it was.
        """
        for name in self._plan.removed:
            if is_setting(name):
                self._changes.settings[name.removeprefix(SETTING)] = None
                report.settings.append(name.removeprefix(SETTING))
            else:
                self._unbind(name)
        report.kept = list(self._plan.kept)
        for name in report.kept:
            unreadable = self._workspace.history.recipe(self._target[name]).unreadable
            if unreadable:
                report.unchecked[name] = f"it {unreadable}: what changed in it stays changed"
        report.removed = list(filter(is_variable, self._plan.removed))
        with quietly():
            for change in self._plan.changed:
                self._prepare(change, report)
            for number, made in self._build.built_definitions.items():
                self._workspace.observer.object_ids.register(number, made)
            self._inverse = self._changes.apply(self._workspace.namespace, self._workspace.ambient)
            for container, counts in self._build.segmented:
                self._workspace.observer.segmented.adopt(container, counts)
            self._build.let_go()
        try:
            self._verify(report)
        except BaseException:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Make the session what it was before `run`; do nothing if `run` changed nothing."""
        if self._inverse is not None:
            self._inverse()
            self._inverse = None

    def release(self) -> None:
        """Drop what was built and the old values; this attempt cannot be used any more."""
        self._build.let_go()
        del self._inverse, self._after, self._before, self._plan, self._changes, self._build

    # Building

    def _prepare(self, change: PlannedCoVariable, report: Report) -> None:
        """Build one version, or report why it cannot be built; never raise for that."""
        names = list(filter(is_variable, change.entities))
        try:
            self._prepare_settings(change, report)
            status = self._workspace.history.status(change.version)
            if status == "stored" or (not change.recipe.storable and self._still_lives(change)):
                self._rebuild_or_recompute(change, names, report)
            else:
                self._recompute_or_rebuild(change, names, report)
        except KishuError as error:
            self._give_up(change, names, str(error), report)
        except Exception as error:
            self._give_up(change, names, f"{type(error).__name__}: {error}", report)

    def _prepare_settings(self, change: PlannedCoVariable, report: Report) -> None:
        """Load the values of the settings among the entities.

        Raises:
            NotRecoverable: a setting cannot have its value here.
        """
        ambient = self._workspace.ambient
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
        """Build a stored version; if unpickling it fails, make its variables by their cell.

        Raises:
            Exception: the version could be had in neither way.
        """
        try:
            self._rebuild(change, names, report)
        except Exception as error:
            if isinstance(error, KishuError) or not names:
                raise
            # Code of its class failed, or a library that it needs is not installed.
            try:
                self._recompute(change, names, report)
            except KishuError:
                raise error from None

    def _recompute_or_rebuild(
        self, change: PlannedCoVariable, names: list[str], report: Report
    ) -> None:
        """Make a version that is not stored whole by its cell; else build what is stored of it.

        Raises:
            KishuError: its cell cannot be run again, and too little of it is stored.
        """
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
        """Build a version from its recipe, and note what is to be changed for it.

        Args:
            change: the version, with what becomes of live objects.
            names: its variables.
            report: the report, where they are said to be patched or loaded, and what they lack.

        Raises:
            Exception: something could not be built; no change was noted.
        """
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
        definitions = [
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
        # What can fail stands above, so that a failure leaves no change of this version.
        self._changes.fills += fills
        for index, live, edits in segment_updates:
            self._changes.segment_updates.append((live, edits))
            build.segmented.append((live, assembly.counts(index)))
        self._changes.definitions += definitions
        self._changes.bytes += writes
        for name in names:
            if self._workspace.namespace.get(name, self) is not values[name]:
                self._changes.bind[name] = values[name]
            same = self._before.values.get(name, self) is values[name]
            (report.patched if same else report.loaded).append(name)
            for unstorable in assembly.reused:
                report.unchecked[name] = (
                    f"holds the {unstorable.type} that was there: {unstorable.text}"
                )
            flaw = self._workspace.history.flaws.get(change.version)
            note_shortfall(name, assembly, flaw, report)
            opaque = sorted(
                {type for component in change.recipe.components for type in component.opaque}
            )
            if opaque:
                report.unchecked.setdefault(name, f"{', '.join(opaque[:3])}: by its own reduce")

    def _still_lives(self, change: PlannedCoVariable) -> bool:
        """Tell whether all objects that could not be stored are still alive, to be used again."""
        assembly = self._build.assembly(change.version)
        for entity in change.entities:
            assembly.root(entity)
        return not assembly.missing

    def _recompute(self, change: PlannedCoVariable, names: list[str], report: Report) -> None:
        """Make a version's variables by running its cell again.

        A version without variables, of definitions that are all alive, needs nothing.

        Raises:
            KishuError: the cell cannot be run, or a definition that is gone was not stored.
        """
        if not names:
            live = [entity for entity in change.entities if entity in self._live_definitions]
            if len(live) < len(change.entities):
                raise NotRecoverable("A function or class could not be stored.")
            return
        values = self._workspace.replay(change.version, self._build)
        unstorables = [
            unstorable
            for component in change.recipe.components
            for unstorable in component.unstorable
        ]
        for name in names:
            self._changes.bind[name] = values[name]
            report.recomputed.append(name)
            for unstorable in unstorables:
                if unstorable.leads_to_copies:
                    report.unchecked[name] = f"its {unstorable.type}: {unstorable.text}"

    def _give_up(
        self, change: PlannedCoVariable, names: list[str], reason: str, report: Report
    ) -> None:
        """Report a version that could not be built; leave its entities as they are.

        The target is changed, so that it says what will be there: the entities' present versions.

        Args:
            change: the version.
            names: its variables.
            reason: why it could not be built.
            report: the report of the restore.
        """
        now = self._workspace.observer.state
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
        """Note that a variable is to be removed; a name of IPython's own that it hid comes back."""
        if name in self._workspace.defaults:
            self._changes.bind[name] = self._workspace.defaults[name]
        elif name in self._workspace.namespace:
            self._changes.unbind.append(name)

    def _differing(self, change: PlannedCoVariable, index: int, action: Rewrite) -> list[Bytes]:
        """Read the chunks in which a component's buffers differ from the live memory.

        Args:
            change: the version that the component belongs to.
            index: the component's position.
            action: what is known of the live object.

        Raises:
            Damaged: a chunk is lost.
        """
        store = self._workspace.store
        target = change.recipe.components[index]
        writes = []
        for memory, position in action.memory:
            wanted, present = target.buffers[position], action.now.buffers[position]
            for at, name in blobs.differing(wanted, present, store):
                chunk = store.get(name)
                writes.append(Bytes(memory, at * limits.CHUNK_BYTES, chunk))
                self._build.progress(len(chunk))
        return writes

    # Verifying

    def _verify(self, report: Report) -> None:
        """Walk what the restore changed, and compare it with the target.

        What differs is found unfaithful, if it was changed in place, or else reported as unchecked.
        """
        observer = self._workspace.observer
        look = observer.look_again(self._workspace.variables(), self._before, self._touched())
        recorder = self._workspace.recorder.naming()
        partitions: dict[VersionId, Partition] = {}
        for co_variable in look.dirty:
            try:
                partition = observer.partition(look, co_variable)
                live_version, _ = recorder.record(partition)
            except Exception:
                # A thread may be changing it; the next commit will find what it has become.
                self._disagree(co_variable, report)
                continue
            wanted = {self._target.get(entity, "") for entity in co_variable}
            if len(wanted) == 1 and "" not in wanted:
                version = wanted.pop()
                names = list(filter(is_variable, co_variable))
                recipe = self._workspace.history.recipe(version)
                same_entities = recipe.roots.keys() == set(co_variable)
                recomputed = bool(names) and set(names) <= set(report.recomputed)
                same = live_version == version or self._is_same(
                    look, co_variable, version, recomputed
                )
                if same_entities and (same or recomputed):
                    partitions[version] = partition
                    if not same:
                        self._note_other_result(names, report)
                    continue
            self._disagree(co_variable, report)
        self._find_unmoved(look, report)
        self._after = look
        self._partitions = partitions

    def _note_other_result(self, names: list[str], report: Report) -> None:
        """Report that variables made by their cell again are not what they were."""
        for name in names:
            report.unchecked[name] = "its cell, run again, did not make what it made then"

    def _find_unmoved(self, look: Look, report: Report) -> None:
        """Find versions of which, against the plan, nothing has changed in the live session.

        They have the same consequence as those that verifying finds to differ.
        """
        moved = {entity for co_variable in look.dirty for entity in co_variable}
        for change in self._plan.changed:
            present = [e for e in change.entities if e in look.values and e in self._target]
            if change.written_only or not moved.isdisjoint(present):
                continue
            for entity in present:
                self._disagree(look.co_variable_of[entity], report)

    def _touched(self) -> set[str]:
        """Return the entities that must be walked to verify the restore.

        They are those that were changed or removed, with all that shared with them. Where only
        bytes were written into memory, nothing is walked.
        """
        changed = [c for c in self._plan.changed if not c.written_only]
        touched = {entity for change in changed for entity in change.entities}
        touched.update(*(self._before.co_variable_of.get(entity, ()) for entity in touched))
        return touched.union(*(self._before.co_variable_of[name] for name in self._plan.removed))

    def _disagree(self, co_variable: tuple[str, ...], report: Report) -> None:
        """Take note that the live values of a co-variable differ from the target.

        A version of it that was changed in place is unfaithful. If there is none, its variables are
        reported as unchecked.
        """
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

    def _is_same(
        self, look: Look, co_variable: tuple[str, ...], version: VersionId, recomputed: bool
    ) -> bool:
        """Tell whether live values have the same fingerprint as newly loaded ones.

        Values that cannot be loaded or compared are not the same.

        Args:
            look: the look at the live values.
            co_variable: their variables, and the definitions among them, which are not compared.
            version: the version to be loaded.
            recomputed: True if the live values were made by running their cell again, so that no
                live object may stand in the loaded ones for what could not be stored: what was
                noted of it is compared.
        """
        observer = self._workspace.observer
        try:
            build = Build(
                self._workspace.store, self._workspace.history, observer.object_ids,
                observer.learned, self._workspace.namespace, self._target, {},
                {number: obj for number, obj in look.values.items() if is_definition(number)},
            )  # fmt: skip
            names = [entity for entity in co_variable if not is_definition(entity)]
            build.reuses = not recomputed
            with build, quietly():
                stored = {name: build.assembly(version).root(name) for name in names}
            live = {name: look.values[name] for name in names}
            return self._fingerprint(stored) == self._fingerprint(live)
        except Exception:
            # Code of a class may fail, or the values be nested too deeply.
            return False

    def _fingerprint(self, values: dict[str, Any]) -> str:
        """Return the fingerprint of variables, objects that the user excludes included."""
        context = self._workspace.observer.context._replace(excluded=frozenset())
        return Canonical(context, tolerant=True).fingerprint(values)

    def settle(self, report: Report) -> None:
        """Have the observer take the target for the state that the live session is in.

        Where the live values differ from it, the observer will find a change when it looks next.

        Raises:
            RestoreError: `run` has not verified the live session.
        """
        look = self._after
        if look is None:
            raise RestoreError("The restored state was not verified.")
        observer = self._workspace.observer
        present = {entity: v for entity, v in self._target.items() if entity in look.values}
        gone = [entity for entity in observer.state if entity not in present]
        for partition in self._partitions.values():
            for component in partition.components:
                for live_segment in component.live_segments:
                    # The version was built from it, so that the store has it.
                    live_segment.stored = live_segment.stored or live_segment.named
        for change in self._plan.changed:
            if change.written_only:
                # What was seen of it before the bytes were written holds no longer.
                look = look.without(change.entities)
        # A setting that could not be set still has its old value: the next look must find it.
        look = look.without(filter(is_setting, look.last_seen.keys() - self._target.keys()))
        observer.accept(look, Change(present, gone, {}, self._partitions))
        report.patched.sort()
        report.loaded.sort()
        report.settings.sort()


def _live_definition(workspace: Workspace, look: Look, number: str) -> Any | None:
    """Return the live definition of a number; None if there is none."""
    definition = look.values.get(number)
    return workspace.observer.object_ids.live(number) if definition is None else definition
