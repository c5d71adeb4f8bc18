"""Cutting a co-variable into parts, so that each shared object is stored and restored once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kishu.handlers.instances import is_careful
from kishu.handlers.registry import treatment, type_name
from kishu.history.records import is_definition
from kishu.walking.segmented import Elements, LiveSegment, form
from kishu.walking.walk import ComponentWalk, Scan, Walk, plain_scan
from kishu.worktree.covariables import CoVariable

DEFINITION = "definition"
BUNDLE = "bundle"
SEGMENTED = "segmented"
VALUE = "value"
INSTANCE = "instance"
_MOST_ROUNDS = 12
_MOST_SHARED = 1000
"""Objects that are parts of their own; where more are shared, one pickle holds them all."""


class LiveComponent(NamedTuple):
    """A part of the live state: its top object, what the walk found, the parts it refers to.

    ``live_segments``: of a long container.
    """

    kind: str
    top: Any
    scan: Scan
    members: list[int]
    live_segments: Sequence[LiveSegment] = ()


class Walks(NamedTuple):
    """How to begin each kind of walk."""

    plain: Callable[[], Walk]
    component: Callable[[], ComponentWalk]
    live_segments: Callable[[Any], list[LiveSegment]]


class Partition(NamedTuple):
    """A co-variable cut into parts; ``roots`` tells the part of each entity."""

    roots: dict[str, int]
    components: list[LiveComponent]


def partition(
    co_variable: CoVariable, values: Mapping[str, Any], scans: Mapping[str, Scan], walks: Walks
) -> Partition:
    """Cut a group into parts.

    A lone entity without a loop is one part as it was scanned. Otherwise the tops are the
    entities' own objects and every object that two parts reach; walking stops at tops, and is done
    again while it meets objects that another part has walked.
    """
    entity, *others = co_variable
    value = values[entity]
    segmented = {
        address: long for scan in scans.values() for address, long in (scan.segmented or {}).items()
    }
    if not others and not scans[entity].loops and not segmented:
        kind = DEFINITION if is_definition(entity) else VALUE
        return Partition({entity: 0}, [LiveComponent(kind, value, scans[entity], [])])
    shared: dict[int, Any] = {
        address: long for address, long in segmented.items()
        if not any(long is value for value in values.values())
    }  # fmt: skip
    conflicts: dict[int, Any] = {}
    for _ in range(_MOST_ROUNDS):
        shared.update(conflicts)
        result, conflicts = _partition_once(co_variable, values, shared, segmented, walks)
        if not conflicts or len(conflicts) > _MOST_SHARED:
            break
    if conflicts or _has_knot(result.components):
        return _bundle(co_variable, values, walks.plain)
    return result


def _partition_once(
    co_variable: CoVariable,
    values: Mapping[str, Any],
    shared: Mapping[int, Any],
    segmented: Mapping[int, Any],
    walks: Walks,
) -> tuple[Partition, dict[int, Any]]:
    tops: dict[int, int] = {}
    order: list[tuple[str, Any]] = []
    roots: dict[str, int] = {}
    for entity in co_variable:
        value = values[entity]
        if is_definition(entity):
            roots[entity] = len(order)
            order.append((DEFINITION, value))
        else:
            if id(value) not in tops:
                tops[id(value)] = len(order)
                order.append((VALUE, value))
            roots[entity] = tops[id(value)]
    for address, value in shared.items():
        tops[address] = len(order)
        order.append((VALUE, value))
    owners: dict[int, int] = {}
    conflicts: dict[int, Any] = {}
    components = []
    kept: list[ComponentWalk] = []
    for index, (planned, top) in enumerate(order):
        kind = planned
        if id(top) in segmented and kind == VALUE:
            component, met = _partition_segmented(index, top, tops, owners, walks, kept)
            conflicts.update(met)
            components.append(component)
            if len(conflicts) > _MOST_SHARED:
                break
            continue
        walk = walks.component()
        # Kept to the end: its passing objects must not give their addresses to another walk's.
        kept.append(walk)
        own = id(top) if kind == VALUE else -1 - index
        walk.begin_component(own, kind == VALUE and can_be_shell(top), tops, owners)
        kind, scan = _scan_component(walk, kind, top)
        if index + 1 < len(order):
            # Nothing is walked after the last: where one object is all, this would only cost.
            walk.claim_nodes()
        conflicts.update(walk.conflicts)
        members = [tops.get(address, -1) for address in scan.members]
        components.append(LiveComponent(kind, top, scan, members))
    return Partition(roots, components), conflicts


def _scan_component(walk: ComponentWalk, kind: str, top: Any) -> tuple[str, Scan]:
    """Walk a component that is not segmented; return its kind, and the scan.

    Args:
        kind: DEFINITION, or VALUE: of a value whose shell can be made, the kind is INSTANCE.
    """
    if kind == DEFINITION:
        return kind, walk.scan_definition(top)
    if _is_shell_instance(top):
        return INSTANCE, walk.scan(type(top), top)
    return kind, walk.scan(top)


def _partition_segmented(
    index: int,
    top: Any,
    tops: dict[int, int],
    owners: dict[int, int],
    walks: Walks,
    kept: list[ComponentWalk],
) -> tuple[LiveComponent, dict[int, Any]]:
    """A long container as a part; also the objects met that belong to other parts.

    Only a piece with an object that something else holds needs a walk that asks about each; the
    others are as the look saw them.
    """
    members: dict[int, int] = {}
    conflicts: dict[int, Any] = {}
    live_segments = []
    elements_of = None
    end = 0
    for number, live_segment in enumerate(walks.live_segments(top)):
        at, end = end, end + live_segment.count
        own = -1 - (index << 32) - number
        if tops.keys().isdisjoint(live_segment.external) and owners.keys().isdisjoint(
            live_segment.external
        ):
            owners.update(dict.fromkeys(live_segment.external, own))
            live_segments.append(live_segment)
            continue
        walk = walks.component()
        kept.append(walk)
        walk.begin_component(own, as_shell=True, tops=tops, owners=owners)
        elements_of = elements_of or Elements(top)
        content, elements = elements_of.content(at, at + live_segment.count)
        scan = walk.scan_segment(content, elements, elements_of.extra)
        walk.claim_nodes()
        conflicts.update(walk.conflicts)
        apart = LiveSegment(live_segment.count, live_segment.first, live_segment.external, scan)
        for address in scan.members:
            member = tops.get(address, -1)
            apart.members.append(members.setdefault(member, len(members)))
        live_segments.append(apart)
    return LiveComponent(
        SEGMENTED, top, plain_scan(form(top)), list(members), live_segments
    ), conflicts


def _has_knot(components: list[LiveComponent]) -> bool:
    """Whether some cycle of parts has one that cannot exist before its content does."""
    for index, component in enumerate(components):
        if (
            component.kind == VALUE
            and not can_be_shell(component.top)
            and _reaches(components, index, index)
        ):
            return True
    return False


def _reaches(components: list[LiveComponent], start: int, goal: int) -> bool:
    seen: set[int] = set()
    waiting = list(components[start].members)
    while waiting:
        index = waiting.pop()
        if index == goal:
            return True
        if index not in seen:
            seen.add(index)
            waiting.extend(components[index].members)
    return False


def can_be_shell(obj: Any) -> bool:
    """Whether an object of that kind can be made first and filled later."""
    return type(obj) in (list, dict, set) or _is_shell_instance(obj)


def _is_shell_instance(obj: Any) -> bool:
    cls = type(obj)
    default: Any = object
    return treatment(cls).plain and cls.__new__ is default.__new__ and not is_careful(cls)


def _bundle(
    co_variable: CoVariable, values: Mapping[str, Any], new_walk: Callable[[], Walk]
) -> Partition:
    """All values of the group as one pickle; its definitions as parts of their own."""
    together = {entity: values[entity] for entity in co_variable if not is_definition(entity)}
    components = [LiveComponent(BUNDLE, together, new_walk().scan(together), [])]
    roots = dict.fromkeys(together, 0)
    for entity in co_variable:
        if is_definition(entity):
            roots[entity] = len(components)
            scan = new_walk().scan_definition(values[entity])
            components.append(LiveComponent(DEFINITION, values[entity], scan, []))
    return Partition(roots, components)


def component_type(component: LiveComponent) -> str:
    """The type of a part's top, as reports name it."""
    return type_name(type(component.top))
