"""The plan of a restore: for each part of the target, what becomes of the live object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from kishu.building.update import updatable
from kishu.history.history import History, State
from kishu.history.records import Component, Recipe, VersionId, is_definition, is_variable
from kishu.worktree.covariables import CoVariable
from kishu.worktree.observer import UNRECORDED, Look, Observer
from kishu.worktree.partition import LiveComponent


class Keep(NamedTuple):
    """The live object already has the part's content."""

    live: Any


class Rewrite(NamedTuple):
    """The live object differs in the bytes of some buffers alone."""

    live: Any
    now: Component
    memory: list[tuple[memoryview, int]]


class Update(NamedTuple):
    """The live object takes over the content of a new one."""

    live: Any


class UpdateSegments(NamedTuple):
    """The live long container takes new elements where its segments differ.

    Attributes:
        now: what it is now.
        same_members: whether what its segments refer to stays the same objects.
    """

    live: Any
    now: Component
    same_members: bool


Action = Keep | Rewrite | Update | UpdateSegments


class PlannedCoVariable(NamedTuple):
    """One co-variable of the target that the live state does not have.

    Attributes:
        version: the version to bring back.
        entities: its variables and definitions.
        actions: what becomes of live objects, by part; a part without one is loaded.
    """

    version: VersionId
    recipe: Recipe
    entities: CoVariable
    actions: dict[int, Action]

    @property
    def written_only(self) -> bool:
        """Whether nothing happens but that bytes are written into memory that is there."""
        return len(self.actions) == len(self.recipe.components) and not any(
            isinstance(action, Update | UpdateSegments) for action in self.actions.values()
        )


class Plan(NamedTuple):
    """What a restore will do.

    Attributes:
        kept: variables that stay as they are.
        removed: variables and settings that the target does not have.
        changed: co-variables to bring back.
    """

    kept: list[str]
    removed: list[str]
    changed: list[PlannedCoVariable]

    @property
    def live(self) -> dict[VersionId, dict[int, Any]]:
        """The live objects to build around: by version, by part."""
        return {
            change.version: {index: action.live for index, action in change.actions.items()}
            for change in self.changed
        }


def plan(history: History, observer: Observer, look: Look, target: State) -> Plan:
    """Compare the target with the live state, which ``look`` has just verified."""
    now = observer.state
    differing = [entity for entity, version in target.items() if now.get(entity) != version]
    alive = _alive(observer, look, history, [entity for entity in differing if entity in now])
    changed = []
    for version in dict.fromkeys(target[entity] for entity in differing):
        recipe = history.recipe(version)
        # Not those of its roots that have another version by now, or are left out.
        entities = tuple(sorted(e for e in recipe.roots if target.get(e) == version))
        actions = _actions(recipe, observer.carriers.of(version), alive)
        changed.append(PlannedCoVariable(version, recipe, entities, actions))
    return Plan(
        kept=[e for e in target if now.get(e) == target[e] and is_variable(e)],
        removed=[entity for entity in now if entity not in target and not is_definition(entity)],
        changed=changed,
    )


class _Alive(NamedTuple):
    """A live part: what it is now, by recipe and by walk, and the tops it refers to."""

    now: Component
    component: LiveComponent
    members: list[Any]


def _alive(
    observer: Observer, look: Look, history: History, entities: Iterable[str]
) -> dict[int, _Alive]:
    """The live parts of the co-variables that will change, by their carriers' serials."""
    found: dict[int, _Alive] = {}
    for co_variable in dict.fromkeys(look.co_variable_of[entity] for entity in entities):
        try:
            partition = observer.partition(look, co_variable)
        except Exception:  # noqa: S112
            # A thread changes it right now: nothing of it can be kept.
            continue
        version = observer.state.get(co_variable[0], UNRECORDED)
        if version == UNRECORDED:
            continue
        recipe = history.recipe(version)
        if len(recipe.components) != len(partition.components):
            continue
        for now, component in zip(recipe.components, partition.components, strict=True):
            members = [partition.components[index].top for index in component.members]
            found[observer.carriers.serial(component.top)] = _Alive(now, component, members)
    return found


def _actions(recipe: Recipe, serials: list[int], alive: dict[int, _Alive]) -> dict[int, Action]:
    """What to do with each part whose carrier still lives.

    A part that cannot be changed in place is loaded, and then whatever refers to it changes too:
    so the question is asked again until nothing more falls out.
    """
    if len(serials) != len(recipe.components):
        return {}
    found = {
        index: alive[serial]
        for index, serial in enumerate(serials)
        if serial in alive and recipe.components[index].kind in ("value", "instance", "segmented")
    }
    while True:
        actions = {index: _action(recipe, index, entry, found) for index, entry in found.items()}
        lost = [index for index, action in actions.items() if action is None]
        if not lost:
            return {index: action for index, action in actions.items() if action is not None}
        for index in lost:
            del found[index]


def _action(recipe: Recipe, index: int, entry: _Alive, found: dict[int, _Alive]) -> Action | None:
    target, now = recipe.components[index], entry.now
    live = entry.component.top
    same_members = len(target.members) == len(entry.members) and all(
        member in found and found[member].component.top is held
        for member, held in zip(target.members, entry.members, strict=True)
    )
    if target.kind == now.kind == "segmented" and not (target.unstorable or now.unstorable):
        if target.stream != now.stream:
            # An array of another shape.
            return None
        if target.segments == now.segments and same_members:
            return Keep(live)
        if type(live) is not set or not (target.members or now.members):
            return UpdateSegments(live, now, same_members)
    if target.kind == now.kind and target.stream == now.stream and same_members:
        if target.buffers == now.buffers and target.oob == now.oob:
            return Keep(live)
        if target.oob == now.oob and _rewritable(target, entry):
            buffers = entry.component.scan.buffers
            changed = [
                (memory.data(), position)
                for position, memory in enumerate(buffers)
                if target.buffers[position] != now.buffers[position]
            ]
            return Rewrite(live, now, changed)
    return Update(live) if updatable(type(live)) and not target.unstorable else None


def _rewritable(target: Component, entry: _Alive) -> bool:
    memories = entry.component.scan.buffers
    return all(
        wanted == now or (wanted.size == now.size and memory.own)
        for wanted, now, memory in zip(target.buffers, entry.now.buffers, memories, strict=True)
    )
