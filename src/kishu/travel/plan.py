"""The plan of a restore: for each part of the target, what becomes of the live object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from kishu.building.fill import fillable
from kishu.history.history import History, State
from kishu.history.records import Part, Recipe, VersionId, is_number, is_variable
from kishu.worktree.covariables import Group
from kishu.worktree.observer import UNRECORDED, Look, Observer
from kishu.worktree.partition import LivePart


class Keep(NamedTuple):
    """The live object already has the part's content."""

    live: Any


class Rewrite(NamedTuple):
    """The live object differs in the bytes of some buffers alone."""

    live: Any
    now: Part
    memory: list[tuple[memoryview, int]]


class Refill(NamedTuple):
    """The live object takes over the content of a new one."""

    live: Any


class Splice(NamedTuple):
    """The live long container takes new elements where its segments differ.

    Attributes:
        now: what it is now.
        same_members: whether what its segments refer to stays the same objects.
    """

    live: Any
    now: Part
    same_members: bool


Action = Keep | Rewrite | Refill | Splice


class CoVariable(NamedTuple):
    """One co-variable of the target that the live state does not have.

    Attributes:
        version: the version to bring back.
        entities: its variables and definitions.
        actions: what becomes of live objects, by part; a part without one is loaded.
    """

    version: VersionId
    recipe: Recipe
    entities: Group
    actions: dict[int, Action]

    @property
    def written_only(self) -> bool:
        """Whether nothing happens but that bytes are written into memory that is there."""
        return len(self.actions) == len(self.recipe.parts) and not any(
            isinstance(action, Refill | Splice) for action in self.actions.values()
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
    changed: list[CoVariable]

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
        changed.append(CoVariable(version, recipe, entities, actions))
    return Plan(
        kept=[e for e in target if now.get(e) == target[e] and is_variable(e)],
        removed=[entity for entity in now if entity not in target and not is_number(entity)],
        changed=changed,
    )


class _Alive(NamedTuple):
    """A live part: what it is now, by recipe and by walk, and the tops it refers to."""

    now: Part
    part: LivePart
    members: list[Any]


def _alive(
    observer: Observer, look: Look, history: History, entities: Iterable[str]
) -> dict[int, _Alive]:
    """The live parts of the co-variables that will change, by their carriers' serials."""
    found: dict[int, _Alive] = {}
    for group in dict.fromkeys(look.group_of[entity] for entity in entities):
        try:
            cut = observer.cut(look, group)
        except Exception:  # noqa: S112
            # A thread changes it right now: nothing of it can be kept.
            continue
        version = observer.state.get(group[0], UNRECORDED)
        if version == UNRECORDED:
            continue
        recipe = history.recipe(version)
        if len(recipe.parts) != len(cut.parts):
            continue
        for now, part in zip(recipe.parts, cut.parts, strict=True):
            members = [cut.parts[index].top for index in part.members]
            found[observer.carriers.serial(part.top)] = _Alive(now, part, members)
    return found


def _actions(recipe: Recipe, serials: list[int], alive: dict[int, _Alive]) -> dict[int, Action]:
    """What to do with each part whose carrier still lives.

    A part that cannot be changed in place is loaded, and then whatever refers to it changes too:
    so the question is asked again until nothing more falls out.
    """
    if len(serials) != len(recipe.parts):
        return {}
    found = {
        index: alive[serial]
        for index, serial in enumerate(serials)
        if serial in alive and recipe.parts[index].kind in ("value", "instance", "long")
    }
    while True:
        actions = {index: _action(recipe, index, entry, found) for index, entry in found.items()}
        lost = [index for index, action in actions.items() if action is None]
        if not lost:
            return {index: action for index, action in actions.items() if action is not None}
        for index in lost:
            del found[index]


def _action(recipe: Recipe, index: int, entry: _Alive, found: dict[int, _Alive]) -> Action | None:
    target, now = recipe.parts[index], entry.now
    live = entry.part.top
    same_members = len(target.members) == len(entry.members) and all(
        member in found and found[member].part.top is held
        for member, held in zip(target.members, entry.members, strict=True)
    )
    if target.kind == now.kind == "long" and not (target.unstorable or now.unstorable):
        if target.stream != now.stream:
            # An array of another shape.
            return None
        if target.segments == now.segments and same_members:
            return Keep(live)
        if type(live) is not set or not (target.members or now.members):
            return Splice(live, now, same_members)
    if target.kind == now.kind and target.stream == now.stream and same_members:
        if target.buffers == now.buffers and target.oob == now.oob:
            return Keep(live)
        if target.oob == now.oob and _rewritable(target, entry):
            buffers = entry.part.scan.buffers
            changed = [
                (memory.data(), position)
                for position, memory in enumerate(buffers)
                if target.buffers[position] != now.buffers[position]
            ]
            return Rewrite(live, now, changed)
    return Refill(live) if fillable(type(live)) and not target.unstorable else None


def _rewritable(target: Part, entry: _Alive) -> bool:
    memories = entry.part.scan.buffers
    return all(
        wanted == now or (wanted.size == now.size and memory.own)
        for wanted, now, memory in zip(target.buffers, entry.now.buffers, memories, strict=True)
    )
