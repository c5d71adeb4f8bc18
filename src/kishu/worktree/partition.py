"""Cutting a co-variable into parts, so that each shared object is stored and restored once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kishu.handlers.instances import is_careful
from kishu.handlers.registry import treatment, type_name
from kishu.history.records import is_number
from kishu.walking.segmented import Line, Piece, form
from kishu.walking.walk import CutWalk, LoopWalk, Scan, Walk, plain_scan
from kishu.worktree.covariables import Group

DEFINITION = "definition"
BUNDLE = "bundle"
LONG = "long"
VALUE = "value"
INSTANCE = "instance"
_MOST_ROUNDS = 12
_MOST_SHARED = 1000
"""Objects that are parts of their own; where more are shared, one pickle holds them all."""


class LivePart(NamedTuple):
    """A part of the live state: its top object, what the walk found, the parts it refers to.

    ``pieces``: of a long container.
    """

    kind: str
    top: Any
    scan: Scan
    members: list[int]
    pieces: Sequence[Piece] = ()


class Walks(NamedTuple):
    """How to begin each kind of walk."""

    plain: Callable[[], Walk]
    loop: Callable[[], LoopWalk]
    cut: Callable[[], CutWalk]
    pieces: Callable[[Any], list[Piece]]


class Cut(NamedTuple):
    """A co-variable cut into parts; ``roots`` tells the part of each entity."""

    roots: dict[str, int]
    parts: list[LivePart]


def cut(group: Group, values: Mapping[str, Any], scans: Mapping[str, Scan], walks: Walks) -> Cut:
    """Cut a group into parts.

    A lone entity without a loop is one part as it was scanned. Otherwise the tops are the
    entities' own objects and every object that two parts reach; walking stops at tops, and is done
    again while it meets objects that another part has walked.
    """
    entity, *others = group
    value = values[entity]
    longs = {
        address: long for scan in scans.values() for address, long in (scan.longs or {}).items()
    }
    if not others and not scans[entity].loops and not longs:
        kind = DEFINITION if is_number(entity) else VALUE
        return Cut({entity: 0}, [LivePart(kind, value, scans[entity], [])])
    shared: dict[int, Any] = {
        address: long for address, long in longs.items()
        if not any(long is value for value in values.values())
    }  # fmt: skip
    conflicts: dict[int, Any] = {}
    if not longs and not any(is_number(e) or values[e] is not value for e in group):
        result = _lone_top(group, value, walks.loop())
    else:
        for _ in range(_MOST_ROUNDS):
            shared.update(conflicts)
            result, conflicts = _cut_once(group, values, shared, longs, walks)
            if not conflicts or len(conflicts) > _MOST_SHARED:
                break
    if conflicts or _has_knot(result.parts):
        return _bundle(group, values, walks.plain)
    return result


def _lone_top(group: Group, value: Any, walk: LoopWalk) -> Cut:
    """One object under one or more names: nothing else can belong to another part."""
    kind: str = VALUE
    values: tuple[Any, ...] = (value,)
    if _is_hollow_instance(value):
        kind, values = INSTANCE, (type(value), value)
    # An object that cannot exist before its content refers to itself as pickle does.
    walk.expect(value if can_be_hollow(value) else object())
    scan = walk.scan(*values)
    return Cut(dict.fromkeys(group, 0), [LivePart(kind, value, scan, [0] * len(scan.members))])


def _cut_once(
    group: Group,
    values: Mapping[str, Any],
    shared: Mapping[int, Any],
    longs: Mapping[int, Any],
    walks: Walks,
) -> tuple[Cut, dict[int, Any]]:
    tops: dict[int, int] = {}
    order: list[tuple[str, Any]] = []
    roots: dict[str, int] = {}
    for entity in group:
        value = values[entity]
        if is_number(entity):
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
    parts = []
    kept: list[CutWalk] = []
    for index, (planned, top) in enumerate(order):
        kind = planned
        if id(top) in longs and kind == VALUE:
            part, met = _cut_long(index, top, tops, owners, walks, kept)
            conflicts.update(met)
            parts.append(part)
            if len(conflicts) > _MOST_SHARED:
                break
            continue
        walk = walks.cut()
        # Kept to the end: its passing objects must not give their addresses to another walk's.
        kept.append(walk)
        own = id(top) if kind == VALUE else -1 - index
        walk.cut(own, kind == VALUE and can_be_hollow(top), tops, owners)
        if kind == DEFINITION:
            scan = walk.scan_definition(top)
        elif _is_hollow_instance(top):
            kind, scan = INSTANCE, walk.scan(type(top), top)
        else:
            scan = walk.scan(top)
        conflicts.update(walk.conflicts)
        members = [tops.get(address, -1) for address in scan.members]
        parts.append(LivePart(kind, top, scan, members))
    return Cut(roots, parts), conflicts


def _cut_long(
    index: int,
    top: Any,
    tops: dict[int, int],
    owners: dict[int, int],
    walks: Walks,
    kept: list[CutWalk],
) -> tuple[LivePart, dict[int, Any]]:
    """A long container as a part; also the objects met that belong to other parts.

    Only a piece with an object that something else holds needs a walk that asks about each; the
    others are as the look saw them.
    """
    members: dict[int, int] = {}
    conflicts: dict[int, Any] = {}
    pieces = []
    line = None
    end = 0
    for number, piece in enumerate(walks.pieces(top)):
        at, end = end, end + piece.count
        own = -1 - (index << 32) - number
        if tops.keys().isdisjoint(piece.held) and owners.keys().isdisjoint(piece.held):
            owners.update(dict.fromkeys(piece.held, own))
            pieces.append(piece)
            continue
        walk = walks.cut()
        kept.append(walk)
        walk.cut(own, hollow=True, tops=tops, owners=owners)
        line = line or Line(top)
        content, elements = line.content(at, at + piece.count)
        scan = walk.scan_piece(content, elements, line.extra)
        conflicts.update(walk.conflicts)
        apart = Piece(piece.count, piece.first, piece.held, scan)
        for address in scan.members:
            member = tops.get(address, -1)
            apart.members.append(members.setdefault(member, len(members)))
        pieces.append(apart)
    return LivePart(LONG, top, plain_scan(form(top)), list(members), pieces), conflicts


def _has_knot(parts: list[LivePart]) -> bool:
    """Whether some cycle of parts has one that cannot exist before its content does."""
    for index, part in enumerate(parts):
        if part.kind == VALUE and not can_be_hollow(part.top) and _reaches(parts, index, index):
            return True
    return False


def _reaches(parts: list[LivePart], start: int, goal: int) -> bool:
    seen: set[int] = set()
    waiting = list(parts[start].members)
    while waiting:
        index = waiting.pop()
        if index == goal:
            return True
        if index not in seen:
            seen.add(index)
            waiting.extend(parts[index].members)
    return False


def can_be_hollow(obj: Any) -> bool:
    """Whether an object of that kind can be made first and filled later."""
    return type(obj) in (list, dict, set) or _is_hollow_instance(obj)


def _is_hollow_instance(obj: Any) -> bool:
    cls = type(obj)
    default: Any = object
    return treatment(cls).plain and cls.__new__ is default.__new__ and not is_careful(cls)


def _bundle(group: Group, values: Mapping[str, Any], new_walk: Callable[[], Walk]) -> Cut:
    """All values of the group as one pickle; its definitions as parts of their own."""
    together = {entity: values[entity] for entity in group if not is_number(entity)}
    parts = [LivePart(BUNDLE, together, new_walk().scan(together), [])]
    roots = dict.fromkeys(together, 0)
    for entity in group:
        if is_number(entity):
            roots[entity] = len(parts)
            scan = new_walk().scan_definition(values[entity])
            parts.append(LivePart(DEFINITION, values[entity], scan, []))
    return Cut(roots, parts)


def part_type(part: LivePart) -> str:
    """The type of a part's top, as reports name it."""
    return type_name(type(part.top))
