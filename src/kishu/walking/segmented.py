"""Long containers, walked a thousand elements at a time.

A change to a long list, dict, set or array of objects should cost what it touched. So it is walked,
compared and stored in segments. Their bounds stay where they were: after an insertion, segments
begin again at the object at which one began before. That is cheaper than bounds read off the
content, and as good within a session; across sessions a restore brings the bounds back with the
content.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import xxhash

from kishu.handlers.numpy import form_of, holds_objects, in_memory_order
from kishu.handlers.registry import ATOMS, treatment
from kishu.history.reasons import Unstorable
from kishu.history.records import Segment
from kishu.walking.identity import ObjectId
from kishu.walking.references import LINKING, externally_referenced
from kishu.walking.walk import PROTOCOL, Counters, Scan, Sink, Walk, plain_scan

SEGMENTED = 4096
"""Elements from which a container is walked in segments."""

_ELEMENTS = 1024
_MOST_BYTES = 256 * 1024
_FEWEST = 16
_SURE = 4
"""Elements by which the beginning of a piece is known again."""

_LOOKED_AT = 256


class SelfContaining(Exception):
    """A long container is met within a piece of one: they are walked whole, as anything else."""


def is_segmented(value: Any) -> bool:
    """Whether a value is walked in segments."""
    if type(value) in LINKING:
        return len(value) >= SEGMENTED
    return is_array(value) and value.size >= SEGMENTED and holds_objects(value)


def is_array(value: object) -> bool:
    """Whether a value is an array of NumPy's own type."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def form(container: Any) -> list[bytes]:
    """What a container is besides its elements, as a stream: an array's shape, else nothing."""
    return [pickle.dumps(form_of(container), PROTOCOL)] if is_array(container) else []


def segmented_within(value: object) -> dict[int, Any]:
    """The long containers that a value is, or holds near its surface, by address.

    Which they are depends on the content alone, so that a restored value is stored as it was.
    """
    if is_segmented(value):
        return {id(value): value}
    found: dict[int, Any] = {}
    waiting, seen, left = [value], {id(value)}, _LOOKED_AT
    while waiting:
        children = _children(waiting.pop(0))
        if len(children) > left:
            continue
        left -= len(children)
        for child in children:
            if type(child) in ATOMS or id(child) in seen:
                continue
            seen.add(id(child))
            if is_segmented(child):
                found[id(child)] = child
            else:
                waiting.append(child)
    return found


def _children(value: object) -> Sequence[Any]:
    cls = type(value)
    if cls is list or cls is tuple:
        return value  # type: ignore[return-value]
    if cls is not dict:
        if not treatment(cls).plain:
            return ()
        try:
            value = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return ()
    return list(value.values()) if type(value) is dict else ()


class LiveSegment:
    """A run of a long container's elements, as a look saw it.

    Attributes:
        count: how many elements.
        first: the addresses of the first few.
        digest: of their stream and memory; equal means unchanged content.
        held: addresses of nodes in it that something else holds, too.
        scan: what the walk found; None once ``stored`` says it all.
        refs, marks, unstorable: as in a scan.
        members: by position, what its stream refers to: positions in its part's ``members``.
        stored: the segment in the history that it equals; None if not known.
        named: the segment that it would be stored as.
    """

    __slots__ = (
        "count", "digest", "first", "held", "members", "named", "refs", "scan", "stored",
        "unstorable", "unstorable_ids",
    )  # fmt: skip

    def __init__(
        self, count: int, first: tuple[int, ...], held: frozenset[int], scan: Scan
    ) -> None:
        self.count = count
        self.first = first
        self.held = held
        self.digest = scan.digest
        self.refs = scan.refs
        self.unstorable_ids = scan.unstorable_ids
        self.unstorable = scan.unstorable
        self.scan: Scan | None = scan
        self.members: list[int] = []
        self.stored: Segment | None = None
        self.named: Segment | None = None


class _KnownSegment(NamedTuple):
    """A piece as it was when last accepted; an empty digest says: not seen yet, but cut here."""

    size: int
    first: tuple[int, ...]
    digest: bytes
    stored: Segment | None


class Around(NamedTuple):
    """What the pieces of a container say together."""

    digest: bytes
    ids: frozenset[int]
    refs: dict[ObjectId, object]
    unstorable_ids: tuple[ObjectId, ...]
    unstorable: list[Unstorable]


class SegmentedContainers:
    """The long containers of a session and where their pieces begin.

    Args:
        new_walk: begins a walk; tolerant or not.
    """

    def __init__(self, new_walk: Callable[[bool], Walk], counters: Counters) -> None:
        self._new_walk = new_walk
        self._counters = counters
        self._known: dict[int, list[_KnownSegment]] = {}
        self._owner: dict[str, tuple[int, ...]] = {}
        self._looked: dict[int, list[LiveSegment]] = {}
        self._met: dict[str, tuple[int, ...]] = {}
        sink = Sink()
        self._stream = sink.written
        self._pickler = pickle.Pickler(sink, PROTOCOL)

    def begin(self) -> None:
        """A new look begins: nothing that the last one saw is true any more."""
        self._looked = {}
        self._met = {}

    def accept(self) -> None:
        """Take what was just seen for true."""
        for address, live_segments in self._looked.items():
            self._known[address] = [
                _KnownSegment(p.count, p.first, p.digest, p.stored) for p in live_segments
            ]
        self._owner.update(self._met)
        self.begin()

    def retain(self, entities: Collection[str]) -> None:
        """Forget the containers of entities that are no more."""
        self._owner = {e: at for e, at in self._owner.items() if e in entities}
        alive = {address for owned in self._owner.values() for address in owned}
        self._known = {a: known for a, known in self._known.items() if a in alive}

    def are_in(self, entity: str) -> bool:
        """Whether the entity is, or holds, a long container, as far as was seen."""
        return entity in self._owner

    def adopt(self, container: Any, counts: Iterable[int]) -> None:
        """A restore made the container of segments of so many elements: they stay its pieces."""
        elements_of = Elements(container)
        known = []
        at = 0
        for count in counts:
            known.append(
                _KnownSegment(count, elements_of.addresses(at, at + min(count, _SURE)), b"", None)
            )
            at += count
        self._known[id(container)] = known

    def meet(self, entity: str, containers: dict[int, Any], tolerant: bool) -> Around:
        """Walk an entity's long containers, in order.

        Raises:
            Entangled: one of them is met within itself, or within another.
            Exception: whatever an element's own reduce raises, unless the walk is tolerant.
        """
        before = self._owner.get(entity, ())
        digest = xxhash.xxh3_128()
        ids = set(containers)
        refs: dict[ObjectId, object] = {}
        unstorable_ids: list[ObjectId] = []
        unstorable: list[Unstorable] = []
        for index, container in enumerate(containers.values()):
            digest.update(b"".join(form(container)))
            was = before[index] if index < len(before) else 0
            for live_segment in self.live_segments(container, was, tolerant):
                if not live_segment.held.isdisjoint(containers):
                    raise SelfContaining
                digest.update(live_segment.digest)
                ids |= live_segment.held
                refs.update(live_segment.refs)
                unstorable_ids += live_segment.unstorable_ids
                unstorable += live_segment.unstorable
        self._met[entity] = tuple(containers)
        return Around(digest.digest(), frozenset(ids), refs, tuple(unstorable_ids), unstorable)

    def live_segments(
        self, container: Any, was: int = 0, tolerant: bool = False
    ) -> list[LiveSegment]:
        """The pieces of a container as they are in this look.

        Args:
            container: a list, dict or set.
            was: the address of the container that its variable had before, if another.
        """
        found = self._looked.get(id(container))
        if found is None:
            known = self._known.get(id(container)) or self._known.get(was, [])
            found = self._cut(Elements(container), known, tolerant)
            self._looked[id(container)] = found
        return found

    def _cut(
        self, elements_of: Elements, known: list[_KnownSegment], tolerant: bool
    ) -> list[LiveSegment]:
        live_segments: list[LiveSegment] = []
        starts: dict[int, int] = {}
        at = index = 0
        while at < elements_of.count:
            end = elements_of.count
            if index < len(known):
                was = known[index]
                if at + was.size <= elements_of.count:
                    live_segment = self._walk(elements_of, at, at + was.size, tolerant)
                    if live_segment.digest == was.digest or not was.digest:
                        live_segment.stored = was.stored
                        if live_segment.stored is not None:
                            live_segment.scan = None
                        live_segments.append(live_segment)
                        at, index = at + was.size, index + 1
                        continue
                starts = starts or {old.first[0]: n for n, old in enumerate(known)}
                index, end = _resume(elements_of, at, known, starts, index)
            if live_segments and end > at and live_segments[-1].count + end - at <= _ELEMENTS:
                # Or a list that is appended to would end in pieces of one.
                at -= live_segments.pop().count
            live_segments += self._cut_anew(elements_of, at, end, tolerant)
            at = end
        return live_segments

    def _cut_anew(
        self, elements_of: Elements, at: int, end: int, tolerant: bool
    ) -> Iterator[LiveSegment]:
        """Pieces of a thousand elements, fewer where these are large."""
        step = _ELEMENTS
        while at < end:
            to = end if end - at < step * 3 // 2 else at + step
            live_segment = self._walk(elements_of, at, to, tolerant)
            while _nbytes(live_segment) > _MOST_BYTES and to - at >= 2 * _FEWEST:
                step = max(_FEWEST, (to - at) // 2)
                to = at + step
                live_segment = self._walk(elements_of, at, to, tolerant)
            yield live_segment
            at = to

    def _walk(self, elements_of: Elements, at: int, end: int, tolerant: bool) -> LiveSegment:
        content, elements = elements_of.content(at, end)
        held = externally_referenced(elements, elements_of.extra, self._counters)
        if held is None:
            scan = self._new_walk(tolerant).scan_segment(content, elements, elements_of.extra)
            return LiveSegment(
                end - at, elements_of.addresses(at, min(at + _SURE, end)), scan.ids, scan
            )
        self._pickler.dump(content)
        self._pickler.clear_memo()
        scan = plain_scan(list(self._stream))
        self._stream.clear()
        return LiveSegment(
            end - at, elements_of.addresses(at, min(at + _SURE, end)), held.ids, scan
        )


def _nbytes(live_segment: LiveSegment) -> int:
    return sum(map(len, live_segment.scan.stream)) if live_segment.scan is not None else 0


class Elements:
    """A container's elements in order.

    Attributes:
        count: how many.
        extra: by how many references a lone element is held more than a list's.
    """

    def __init__(self, container: Any) -> None:
        self.count = len(container)
        self.extra = 0
        self._values: list[Any] | None = None
        if type(container) is list:
            self._keys = container
            return
        self.extra = 1
        if is_array(container):
            self._keys = in_memory_order(container).tolist()
            self.count = len(self._keys)
            return
        self._keys = list(container)
        if type(container) is dict:
            self._values = list(container.values())
            self.extra = 2
            if self._keys != list(container) or len(self._values) != self.count:
                raise RuntimeError("the dict was changed while it was read")

    def content(self, at: int, end: int) -> tuple[Any, list[Any]]:
        """What is pickled of a run, a list or in a dict two, keys and values; and all of it."""
        keys = self._keys[at:end]
        if self._values is None:
            return keys, keys
        values = self._values[at:end]
        return (keys, values), [*keys, *values]

    def addresses(self, at: int, end: int) -> tuple[int, ...]:
        """The addresses of a run of elements; of the keys, in a dict."""
        return tuple(map(id, self._keys[at:end]))


def _resume(
    elements_of: Elements, at: int, known: list[_KnownSegment], starts: dict[int, int], index: int
) -> tuple[int, int]:
    """Which old piece is the first to begin again after ``at``, and where.

    At ``at`` should begin piece ``index``, which is not there as it was. Where none begins again
    within sight: the same piece, and a place to look on from.

    Args:
        starts: the number of the piece that begins with an address.
    """
    was = known[index]
    sight = min(elements_of.count, at + was.size + 2 * _ELEMENTS)
    addresses = elements_of.addresses(at, sight)
    if index + 1 < len(known):
        begin = known[index + 1].first
        if addresses[was.size : was.size + len(begin)] == begin:
            return index + 1, at + was.size
    for place, address in enumerate(addresses[1:], 1):
        later = starts.get(address, -1)
        if later >= index:
            begin = known[later].first
            if addresses[place : place + len(begin)] == begin:
                return later, at + place
    return index, sight
