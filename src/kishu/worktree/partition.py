"""Partition co-variables into components, so that each shared object is stored once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kishu import limits
from kishu.handlers.treatments import treatment
from kishu.handlers.typeinfo import is_careful, type_name
from kishu.history.records import is_definition
from kishu.walking.segmented import Elements, LiveSegment, form
from kishu.walking.walk import ComponentWalk, Scan, Walk, plain_scan
from kishu.worktree.covariables import CoVariable

DEFINITION = "definition"
BUNDLE = "bundle"
SEGMENTED = "segmented"
VALUE = "value"
INSTANCE = "instance"


class LiveComponent(NamedTuple):
    """A component of a live co-variable.

    Attributes:
        kind: as in `kishu.history.records.Component`.
        top: the object that the component is.
        scan: the scan of the object and of all that belongs to it alone.
        members: positions in the partition of the components that the stream refers to, in the
            order in which it numbers them.
        live_segments: the segments of a segmented container; empty for other kinds.
    """

    kind: str
    top: Any
    scan: Scan
    members: list[int]
    live_segments: Sequence[LiveSegment] = ()


class Walks(NamedTuple):
    """Makes the walks of a partition.

    Attributes:
        whole: makes a walk that keeps the elements of object arrays in its stream.
        component: makes a walk of one component.
        live_segments: returns the segments of a container as the look saw them.
    """

    whole: Callable[[], Walk]
    component: Callable[[], ComponentWalk]
    live_segments: Callable[[Any], list[LiveSegment]]


class Partition(NamedTuple):
    """The components of a live co-variable.

    Attributes:
        roots: the position of each entity's component.
        components: all components, those of the entities first.
    """

    roots: dict[str, int]
    components: list[LiveComponent]


def partition(
    co_variable: CoVariable, values: Mapping[str, Any], scans: Mapping[str, Scan], walks: Walks
) -> Partition:
    """Partition a co-variable into components.

    A single entity that does not refer back to itself is one component, as it was scanned.
    Otherwise the entities' objects are components, and so is every object that two components
    reach: such objects are found by walking, and the walks are begun again with them as components
    until no more are found. Where that does not end, or where a cycle could not be built, one
    component holds the values of all variables.

    Args:
        co_variable: the names of the entities.
        values: the live object of each.
        scans: the scan of each, of its value alone.
        walks: makes the walks.
    """
    entity, *others = co_variable
    value = values[entity]
    segmented = {
        address: container
        for scan in scans.values()
        for address, container in (scan.segmented or {}).items()
    }
    if not others and not scans[entity].loops and not segmented:
        kind = DEFINITION if is_definition(entity) else VALUE
        return Partition({entity: 0}, [LiveComponent(kind, value, scans[entity], [])])
    shared: dict[int, Any] = {
        address: container for address, container in segmented.items()
        if not any(container is value for value in values.values())
    }  # fmt: skip
    conflicts: dict[int, Any] = {}
    for _ in range(limits.PARTITION_ROUNDS):
        shared.update(conflicts)
        result, conflicts = _partition_once(co_variable, values, shared, segmented, walks)
        if not conflicts or len(conflicts) > limits.SHARED_OBJECTS:
            break
    if conflicts or _has_impossible_cycle(result.components):
        return _bundle(co_variable, values, walks.whole)
    return result


def _partition_once(
    co_variable: CoVariable,
    values: Mapping[str, Any],
    shared: Mapping[int, Any],
    segmented: Mapping[int, Any],
    walks: Walks,
) -> tuple[Partition, dict[int, Any]]:
    """Walk the entities' objects and the shared ones as components.

    Returns the partition, and the objects that more than one component reached though they are
    none, by address: with these the partition is not usable.
    """
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
    walks_alive: list[ComponentWalk] = []
    for index, (planned, top) in enumerate(order):
        kind = planned
        if id(top) in segmented and kind == VALUE:
            component, new_conflicts = _partition_segmented(
                index, top, tops, owners, walks, walks_alive
            )
            conflicts.update(new_conflicts)
            components.append(component)
            if len(conflicts) > limits.SHARED_OBJECTS:
                break
            continue
        walk = walks.component()
        # Objects that a walk made must live to the end: another walk's would get their addresses.
        walks_alive.append(walk)
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
    walks_alive: list[ComponentWalk],
) -> tuple[LiveComponent, dict[int, Any]]:
    """Walk a segmented container as a component; return it, and its conflicts by address.

    Only a segment in which there is an object of another component is walked again, so that it
    refers to that; the others are as the look saw them.
    """
    members: dict[int, int] = {}
    conflicts: dict[int, Any] = {}
    live_segments = []
    elements_of = None
    end = 0
    for position, live_segment in enumerate(walks.live_segments(top)):
        at, end = end, end + live_segment.count
        own = -1 - (index << 32) - position
        if tops.keys().isdisjoint(live_segment.external) and owners.keys().isdisjoint(
            live_segment.external
        ):
            owners.update(dict.fromkeys(live_segment.external, own))
            live_segments.append(live_segment)
            continue
        walk = walks.component()
        walks_alive.append(walk)
        walk.begin_component(own, as_shell=True, tops=tops, owners=owners)
        elements_of = elements_of or Elements(top)
        content, elements = elements_of.content(at, at + live_segment.count)
        scan = walk.scan_segment(content, elements, elements_of.extra)
        walk.claim_nodes()
        conflicts.update(walk.conflicts)
        rewalked = LiveSegment(live_segment.count, live_segment.first, live_segment.external, scan)
        for address in scan.members:
            member = tops.get(address, -1)
            rewalked.members.append(members.setdefault(member, len(members)))
        live_segments.append(rewalked)
    return LiveComponent(
        SEGMENTED, top, plain_scan(form(top)), list(members), live_segments
    ), conflicts


def _has_impossible_cycle(components: list[LiveComponent]) -> bool:
    """Return True if a component in a cycle of components cannot be made before its content."""
    for index, component in enumerate(components):
        if (
            component.kind == VALUE
            and not can_be_shell(component.top)
            and _reaches(components, index, index)
        ):
            return True
    return False


def _reaches(components: list[LiveComponent], start: int, goal: int) -> bool:
    """Return True if a component refers to another, directly or through others."""
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
    """Return True if an object of this type can be made empty, and be given its content later."""
    return type(obj) in (list, dict, set) or _is_shell_instance(obj)


def _is_shell_instance(obj: Any) -> bool:
    """Return True for an instance that its class's default ``__new__`` can make without content."""
    cls = type(obj)
    default: Any = object
    return treatment(cls).plain and cls.__new__ is default.__new__ and not is_careful(cls)


def _bundle(
    co_variable: CoVariable, values: Mapping[str, Any], new_walk: Callable[[], Walk]
) -> Partition:
    """Make one component of all variables' values, and one of each definition.

    The pickle is of a dict of the values by name: pickle itself takes care of their cycles.
    """
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
    """Return the qualified name of the type of a component's top."""
    return type_name(type(component.top))
