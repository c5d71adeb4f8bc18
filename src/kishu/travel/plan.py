"""Plan a restore: decide for each component of the target what becomes of the live object.

A component whose carrier (the live object that held its version) is still alive can be kept or
changed in place. Any other component has no action in the plan: it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from kishu.building.update import updatable
from kishu.history.history import History, State
from kishu.history.records import Component, Recipe, VersionId, is_definition, is_variable
from kishu.worktree.covariables import CoVariable
from kishu.worktree.look import UNRECORDED, Look
from kishu.worktree.observer import Observer
from kishu.worktree.partition import LiveComponent


class Keep(NamedTuple):
    """Keep a live object, which has the component's content already."""

    live: Any


class Rewrite(NamedTuple):
    """Write bytes into a live object that differs from the target in some buffers alone.

    Attributes:
        live: the object.
        now: the component that describes the object as it is.
        memory: the memory of each buffer that differs, with the buffer's position in the component.
    """

    live: Any
    now: Component
    memory: list[tuple[memoryview, int]]


class Update(NamedTuple):
    """Give a live object the content of a new one."""

    live: Any


class UpdateSegments(NamedTuple):
    """Give a live segmented container new elements where its segments differ from the target's.

    Attributes:
        live: the container.
        now: the component that describes the container as it is.
        same_members: True if the components that its segments refer to are the same live objects
            in the target.
    """

    live: Any
    now: Component
    same_members: bool


Action = Keep | Rewrite | Update | UpdateSegments


class PlannedCoVariable(NamedTuple):
    """Say how one version that the live state does not have is brought back.

    Attributes:
        version: the version.
        recipe: how the version is built.
        entities: those of the recipe's entities that have this version in the target.
        actions: what becomes of live objects, by the position of the component; a component
            without an action is loaded.
    """

    version: VersionId
    recipe: Recipe
    entities: CoVariable
    actions: dict[int, Action]

    @property
    def written_only(self) -> bool:
        """Tell whether every live object is kept, or has only bytes written into its memory."""
        return len(self.actions) == len(self.recipe.components) and not any(
            isinstance(action, Update | UpdateSegments) for action in self.actions.values()
        )


class Plan(NamedTuple):
    """Say what a restore will do.

    Attributes:
        kept: the variables that stay as they are.
        removed: the variables and settings that the target does not have.
        changed: the versions to be brought back.
    """

    kept: list[str]
    removed: list[str]
    changed: list[PlannedCoVariable]

    @property
    def live(self) -> dict[VersionId, dict[int, Any]]:
        """Return the live objects to be reused: by version, then by the component's position."""
        return {
            change.version: {index: action.live for index, action in change.actions.items()}
            for change in self.changed
        }


def plan(history: History, observer: Observer, look: Look, target: State) -> Plan:
    """Plan how the live state becomes the target.

    Args:
        history: the history, which holds both states.
        observer: the observer of the live state.
        look: a look that has just verified the live state.
        target: the version of each entity in the target.
    """
    now = observer.state
    differing = [entity for entity, version in target.items() if now.get(entity) != version]
    alive = _alive(observer, look, history, [entity for entity in differing if entity in now])
    changed = []
    for version in dict.fromkeys(target[entity] for entity in differing):
        recipe = history.recipe(version)
        # Some entities of the recipe may have another version in the target, or are not wanted.
        entities = tuple(sorted(e for e in recipe.roots if target.get(e) == version))
        actions = _actions(recipe, observer.carriers.of(version), alive)
        changed.append(PlannedCoVariable(version, recipe, entities, actions))
    return Plan(
        kept=[e for e in target if now.get(e) == target[e] and is_variable(e)],
        removed=[entity for entity in now if entity not in target and not is_definition(entity)],
        changed=changed,
    )


class _Alive(NamedTuple):
    """Describe a live component.

    Attributes:
        now: the component as it is recorded in the live version's recipe.
        component: the component as the walk found it.
        members: the objects of the other components that it refers to, in order.
    """

    now: Component
    component: LiveComponent
    members: list[Any]


def _alive(
    observer: Observer, look: Look, history: History, entities: Iterable[str]
) -> dict[int, _Alive]:
    """Find the live components of the entities that will change, with all that share with them.

    Returns:
        The components, by the serial number that the observer's carriers give to their objects. A
        co-variable that is not recorded, or cannot be walked now, is left out.
    """
    alive: dict[int, _Alive] = {}
    for co_variable in dict.fromkeys(look.co_variable_of[entity] for entity in entities):
        try:
            partition = observer.partition(look, co_variable)
        except Exception:  # noqa: S112
            # A thread may be changing it now: all of it is loaded.
            continue
        version = observer.state.get(co_variable[0], UNRECORDED)
        if version == UNRECORDED:
            continue
        recipe = history.recipe(version)
        if len(recipe.components) != len(partition.components):
            continue
        for now, component in zip(recipe.components, partition.components, strict=True):
            members = [partition.components[index].top for index in component.members]
            alive[observer.carriers.serial(component.top)] = _Alive(now, component, members)
    return alive


def _actions(recipe: Recipe, serials: list[int], alive: dict[int, _Alive]) -> dict[int, Action]:
    """Decide what to do with each component whose carrier is still alive.

    A component that cannot be changed in place will be loaded. Those that refer to it must then
    refer to a new object, which may change what is done with them: so all are decided again until
    no more have to be loaded.

    Args:
        recipe: the recipe of the version to be brought back.
        serials: the serial numbers of the objects that carried the version, by component; empty if
            the version was not carried in this session.
        alive: the live components, by serial number.

    Returns:
        The actions, by the position of the component.
    """
    if len(serials) != len(recipe.components):
        return {}
    reusable = {
        index: alive[serial]
        for index, serial in enumerate(serials)
        if serial in alive and recipe.components[index].kind in ("value", "instance", "segmented")
    }
    while True:
        actions = {index: _action(recipe, index, reusable) for index in reusable}
        loaded = [index for index, action in actions.items() if action is None]
        if not loaded:
            return {index: action for index, action in actions.items() if action is not None}
        for index in loaded:
            del reusable[index]


def _action(recipe: Recipe, index: int, reusable: dict[int, _Alive]) -> Action | None:
    """Decide what to do with the live object of one component; None if it must be loaded.

    Args:
        recipe: the recipe of the version to be brought back.
        index: the position of the component.
        reusable: the live components that may be reused, by the position of the component.
    """
    entry = reusable[index]
    target, now = recipe.components[index], entry.now
    live = entry.component.top
    same_members = len(target.members) == len(entry.members) and all(
        member in reusable and reusable[member].component.top is live_member
        for member, live_member in zip(target.members, entry.members, strict=True)
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
    """Tell whether each buffer that differs has its size and its memory is the object's own."""
    memories = entry.component.scan.buffers
    return all(
        wanted == now or (wanted.size == now.size and memory.own)
        for wanted, now, memory in zip(target.buffers, entry.now.buffers, memories, strict=True)
    )
