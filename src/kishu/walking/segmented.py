"""Walk large containers in segments of about a thousand elements.

A change to a large list, dict, set or array of objects should cost what it touched, so that each
segment is walked, compared and stored by itself. Segments keep their bounds: after an insertion,
they begin again at an object at which one began before. That is cheaper than bounds computed from
the content, and as good within a session; a restore brings the bounds back with the content.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import xxhash

from kishu import limits
from kishu.handlers.geometry import form_of, holds_objects, in_memory_order
from kishu.handlers.treatments import treatment
from kishu.handlers.typeinfo import ATOMS
from kishu.history.reasons import Unstorable
from kishu.history.records import Segment
from kishu.walking.identity import ObjectId
from kishu.walking.references import LINKING, externally_referenced
from kishu.walking.walk import PROTOCOL, Counters, Scan, Sink, Walk, plain_scan


class SelfContaining(Exception):
    """Raised where a segmented container is within a segment: its value is then walked whole."""


def is_segmented(value: Any) -> bool:
    """Return True for a large list, dict, set or array of objects: it is walked in segments."""
    if type(value) in LINKING:
        return len(value) >= limits.LARGE_ELEMENTS
    return is_array(value) and value.size >= limits.LARGE_ELEMENTS and holds_objects(value)


def is_array(value: object) -> bool:
    """Return True for an array of NumPy's own class, not of a subclass."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def form(container: Any) -> list[bytes]:
    """Return what a container is besides its elements, pickled: of an array, its form.

    Empty for other containers.
    """
    return [pickle.dumps(form_of(container), PROTOCOL)] if is_array(container) else []


def segmented_within(value: object) -> dict[int, Any]:
    """Return the segmented containers that a value is, or holds near its surface, by address.

    Which ones they are depends on the value's content alone, so that a restored value is divided
    as the first was.
    """
    if is_segmented(value):
        return {id(value): value}
    containers: dict[int, Any] = {}
    waiting, seen, left = [value], {id(value)}, limits.SURFACE_ELEMENTS
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
                containers[id(child)] = child
            else:
                waiting.append(child)
    return containers


def _children(value: object) -> Sequence[Any]:
    """Return the elements, values or attributes of a value; none if only its class knows them."""
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
    """A segment of a live container: a run of its elements, as a look saw them.

    Attributes:
        count: how many elements.
        first: addresses of the first few elements.
        external: addresses of the nodes in it that something else holds, too, and whose sharing is
            state.
        digest: a hash of the elements' stream and memory; equal means unchanged content.
        scan: the scan of the elements; None where ``stored`` is known already.
        refs: the definitions that the elements refer to, by object id.
        unstorable_ids: object ids of what they hold that cannot be stored.
        unstorable: the places in them that cannot be stored, with their kinds.
        members: for each component that the stream refers to, by the position in the stream's own
            count, its position in the ``members`` of the container's component.
        stored: the segment in the history that has this content; None if not known.
        named: the segment as it was last described for the history, stored or not; None before.
    """

    __slots__ = (
        "count", "digest", "external", "first", "members", "named", "refs", "scan", "stored",
        "unstorable", "unstorable_ids",
    )  # fmt: skip

    def __init__(
        self, count: int, first: tuple[int, ...], external: frozenset[int], scan: Scan
    ) -> None:
        self.count = count
        self.first = first
        self.external = external
        self.digest = scan.digest
        self.refs = scan.refs
        self.unstorable_ids = scan.unstorable_ids
        self.unstorable = scan.unstorable
        self.scan: Scan | None = scan
        self.members: list[int] = []
        self.stored: Segment | None = None
        self.named: Segment | None = None


class _KnownSegment(NamedTuple):
    """A segment as it was when a look was last accepted.

    Attributes:
        size: how many elements.
        first: addresses of the first few elements.
        digest: a hash of its content; empty if a restore said where it begins and ends, and no
            look saw it yet.
        stored: the segment in the history that has this content; None if not known.
    """

    size: int
    first: tuple[int, ...]
    digest: bytes
    stored: Segment | None


class ContainersScan(NamedTuple):
    """The scans of all segments of an entity's segmented containers, in one.

    Attributes:
        digest: a hash of the containers' forms and of all segments' digests.
        ids: addresses of the containers, and of the nodes in them that others may share.
        refs: the definitions that the elements refer to, by object id.
        unstorable_ids: object ids of what they hold that cannot be stored.
        unstorable: the places in them that cannot be stored, with their kinds.
    """

    digest: bytes
    ids: frozenset[int]
    refs: dict[ObjectId, object]
    unstorable_ids: tuple[ObjectId, ...]
    unstorable: list[Unstorable]


class SegmentedContainers:
    """The segmented containers of a session, and where their segments begin.

    Args:
        new_walk: makes a walk; its argument is True for a tolerant one.
        counters: where the cost of walks is counted.
    """

    def __init__(self, new_walk: Callable[[bool], Walk], counters: Counters) -> None:
        self._new_walk = new_walk
        self._counters = counters
        # As accepted: the segments by their container's address, the containers by entity.
        self._known: dict[int, list[_KnownSegment]] = {}
        self._containers_of: dict[str, tuple[int, ...]] = {}
        # The same of the look that has begun.
        self._seen: dict[int, list[LiveSegment]] = {}
        self._containers_seen: dict[str, tuple[int, ...]] = {}
        sink = Sink()
        self._stream = sink.written
        self._pickler = pickle.Pickler(sink, PROTOCOL)

    def begin_look(self) -> None:
        """Drop what the last look saw, before another look."""
        self._seen = {}
        self._containers_seen = {}

    def accept(self) -> None:
        """Make what the look saw that which the next look compares with."""
        for address, live_segments in self._seen.items():
            self._known[address] = [
                _KnownSegment(each.count, each.first, each.digest, each.stored)
                for each in live_segments
            ]
        self._containers_of.update(self._containers_seen)
        self.begin_look()

    def retain(self, entities: Collection[str]) -> None:
        """Forget the containers of all entities but these."""
        self._containers_of = {e: at for e, at in self._containers_of.items() if e in entities}
        alive = {address for owned in self._containers_of.values() for address in owned}
        self._known = {a: known for a, known in self._known.items() if a in alive}

    def are_in(self, entity: str) -> bool:
        """Return True if the entity was or held a segmented container when last accepted."""
        return entity in self._containers_of

    def adopt(self, container: Any, counts: Iterable[int]) -> None:
        """Divide a container that a restore made as the stored one was divided.

        Args:
            container: the container.
            counts: how many elements each of its segments has.
        """
        elements_of = Elements(container)
        known = []
        at = 0
        for count in counts:
            known.append(
                _KnownSegment(
                    count,
                    elements_of.addresses(at, at + min(count, limits.SEGMENT_SIGN_ELEMENTS)),
                    b"",
                    None,
                )
            )
            at += count
        self._known[id(container)] = known

    def scan_containers(
        self, entity: str, containers: dict[int, Any], tolerant: bool
    ) -> ContainersScan:
        """Walk an entity's segmented containers, in order.

        Args:
            entity: the entity's name.
            containers: its segmented containers, by address.
            tolerant: True to leave out what cannot be pickled, False to raise.

        Raises:
            SelfContaining: one of the containers is within a segment of itself or of another.
            Exception: whatever an element's own reduce raises, unless the walk is tolerant.
        """
        before = self._containers_of.get(entity, ())
        digest = xxhash.xxh3_128()
        ids = set(containers)
        refs: dict[ObjectId, object] = {}
        unstorable_ids: list[ObjectId] = []
        unstorable: list[Unstorable] = []
        for index, container in enumerate(containers.values()):
            digest.update(b"".join(form(container)))
            predecessor = before[index] if index < len(before) else 0
            for live_segment in self.live_segments(container, predecessor, tolerant):
                if not live_segment.external.isdisjoint(containers):
                    raise SelfContaining
                digest.update(live_segment.digest)
                ids |= live_segment.external
                refs.update(live_segment.refs)
                unstorable_ids += live_segment.unstorable_ids
                unstorable += live_segment.unstorable
        self._containers_seen[entity] = tuple(containers)
        return ContainersScan(
            digest.digest(), frozenset(ids), refs, tuple(unstorable_ids), unstorable
        )

    def live_segments(
        self, container: Any, before: int = 0, tolerant: bool = False
    ) -> list[LiveSegment]:
        """Return the segments of a container, walked once a look.

        Args:
            container: a list, dict, set or array of objects.
            before: address of the container that the entity had in this place when last accepted;
                a new container is divided as that was. 0 if there was none.
            tolerant: True to leave out what cannot be pickled, False to raise.
        """
        live_segments = self._seen.get(id(container))
        if live_segments is None:
            known = self._known.get(id(container)) or self._known.get(before, [])
            live_segments = self._divide(Elements(container), known, tolerant)
            self._seen[id(container)] = live_segments
        return live_segments

    def _divide(
        self, elements_of: Elements, known: list[_KnownSegment], tolerant: bool
    ) -> list[LiveSegment]:
        """Walk a container in segments: those that were known, and new ones for what is between.

        A known segment whose content differs is divided anew as far as the next one that is found
        again.
        """
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
                index, end = _find_next_start(elements_of, at, known, starts, index)
            if (
                live_segments
                and end > at
                and live_segments[-1].count + end - at <= limits.SEGMENT_ELEMENTS
            ):
                # Otherwise a list that is appended to would end in segments of one element.
                at -= live_segments.pop().count
            live_segments += self._divide_anew(elements_of, at, end, tolerant)
            at = end
        return live_segments

    def _divide_anew(
        self, elements_of: Elements, at: int, end: int, tolerant: bool
    ) -> Iterator[LiveSegment]:
        """Walk a run of elements in new segments: of a thousand elements, or fewer large ones."""
        step = limits.SEGMENT_ELEMENTS
        while at < end:
            to = end if end - at < step * 3 // 2 else at + step
            live_segment = self._walk(elements_of, at, to, tolerant)
            while (
                _nbytes(live_segment) > limits.SEGMENT_BYTES
                and to - at >= 2 * limits.SEGMENT_MIN_ELEMENTS
            ):
                step = max(limits.SEGMENT_MIN_ELEMENTS, (to - at) // 2)
                to = at + step
                live_segment = self._walk(elements_of, at, to, tolerant)
            yield live_segment
            at = to

    def _walk(self, elements_of: Elements, at: int, end: int, tolerant: bool) -> LiveSegment:
        """Walk the elements from position ``at`` up to ``end`` as one segment."""
        content, elements = elements_of.content(at, end)
        external = externally_referenced(elements, elements_of.extra, self._counters)
        if external is None:
            scan = self._new_walk(tolerant).scan_segment(content, elements, elements_of.extra)
            return LiveSegment(
                end - at,
                elements_of.addresses(at, min(at + limits.SEGMENT_SIGN_ELEMENTS, end)),
                scan.ids,
                scan,
            )
        self._pickler.dump(content)
        self._pickler.clear_memo()
        scan = plain_scan(list(self._stream))
        self._stream.clear()
        return LiveSegment(
            end - at,
            elements_of.addresses(at, min(at + limits.SEGMENT_SIGN_ELEMENTS, end)),
            external.ids,
            scan,
        )


def _nbytes(live_segment: LiveSegment) -> int:
    """Return the length of a segment's stream; 0 if it is stored."""
    return sum(map(len, live_segment.scan.stream)) if live_segment.scan is not None else 0


class Elements:
    """The elements of a container in order, a dict's as keys and values.

    Attributes:
        count: how many elements, or keys, there are.
        extra: how many references an element has beyond those of an element of a list.

    Args:
        container: a list, dict, set or array of objects.

    Raises:
        RuntimeError: a dict was changed by another thread while it was read.
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
        """Return a run of elements in the form in which it is pickled, and as one list.

        It is pickled as a list; of a dict, as a list of keys and a list of values.
        """
        keys = self._keys[at:end]
        if self._values is None:
            return keys, keys
        values = self._values[at:end]
        return (keys, values), [*keys, *values]

    def addresses(self, at: int, end: int) -> tuple[int, ...]:
        """Return the addresses of a run of elements; of a dict, those of the keys."""
        return tuple(map(id, self._keys[at:end]))


def _find_next_start(
    elements_of: Elements, at: int, known: list[_KnownSegment], starts: dict[int, int], index: int
) -> tuple[int, int]:
    """Return which known segment is the first to begin after ``at``, and where it begins.

    If none begins within the elements that are searched: ``index`` again, and the position from
    which to search on.

    Args:
        elements_of: the elements of the container.
        at: where the segment at ``index`` should begin, and is not found as it was.
        known: the segments as last accepted.
        starts: the index of the known segment that begins with the element of an address.
        index: of the segment that was not found.
    """
    was = known[index]
    sight = min(elements_of.count, at + was.size + 2 * limits.SEGMENT_ELEMENTS)
    addresses = elements_of.addresses(at, sight)
    if index + 1 < len(known):
        begin = known[index + 1].first
        if addresses[was.size : was.size + len(begin)] == begin:
            return index + 1, at + was.size
    for offset, address in enumerate(addresses[1:], 1):
        later = starts.get(address, -1)
        if later >= index:
            begin = known[later].first
            if addresses[offset : offset + len(begin)] == begin:
                return later, at + offset
    return index, sight
