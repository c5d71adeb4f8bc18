"""The walk over a value: its bytes, its memory, and the objects that may be shared.

The portable walk is a C-speed pickling pass. It calls back for instances, functions and classes
(handlers say what to do with them) and leaves large memory out of the stream. One pass gives all
that the observer needs: a digest, the identities of shareable nodes, and, when the value has
changed, the stream to store.
"""

from __future__ import annotations

import copyreg
import gc
import pickle
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import xxhash

from kishu.handlers import loading
from kishu.handlers.classes import parts_of_class
from kishu.handlers.code import parts_of_function
from kishu.handlers.extra_state import extra_names, with_extra_state
from kishu.handlers.instances import has_caches, reduce_instance, without_caches
from kishu.handlers.registry import ATOMS, Reduced, importable, treatment, type_name
from kishu.history.blobs import CHUNK_BYTES
from kishu.history.reasons import Unstorable, UnstorableKind
from kishu.walking.identity import ObjectId, ObjectIds
from kishu.walking.references import externally_referenced

_NOTHING: dict[str, Any] = {}
PROTOCOL = 5
DIGEST_BYTES = 16
_FEW = 4096
_DEEPEST = 20_000
_TOGETHER = 1024
_OPEN = (dict, list, tuple)
_VALUE = itemgetter(1)


class Memory(NamedTuple):
    """Memory that a walk met: its bytes, and the xxh3_128 of each 256 KiB of them.

    ``own``: it is the live object's memory itself, and writing there changes nothing else.
    ``ends``: where its chunks end, if they are not of 256 KiB each.
    """

    view: memoryview | Callable[[], memoryview]
    nbytes: int
    digests: bytes
    own: bool = False
    ends: Sequence[int] = ()

    def data(self) -> memoryview:
        """The bytes."""
        return self.view if isinstance(self.view, memoryview) else self.view()


Token = tuple[bytes, int]
"""Digest and nodes of a walk: equal means that nothing changed, nor who shares what."""


class Scan(NamedTuple):
    """What one walk found.

    Attributes:
        digest: xxh3_128 of the stream and of all memory; equal means unchanged content.
        plain: whether it is small and made of built-in containers and atoms alone.
        stream: the pickle, in pieces.
        ids: addresses of the nodes that more than one holder may share.
        top: the address of the value itself, 0 where its identity is no state.
        loops: whether something inside refers back to the value itself.
        refs: the definitions it refers to, by number.
        marks: numbers of what it holds that cannot be stored.
        code: the code objects in it, and the lines of its classes, in order.
        members: addresses of the other tops it refers to, by position (only in a cut walk).
        longs: the long containers that it is or holds, by address; they are no part of the stream.
        apart: whether the stream lacks what it may share with itself: a `WholeWalk` has it all.
    """

    digest: bytes
    plain: bool
    stream: list[bytes]
    ids: frozenset[int]
    top: int
    loops: bool
    refs: dict[ObjectId, object]
    unstorable_ids: tuple[ObjectId, ...]
    buffers: list[Memory]
    oob: list[Memory]
    code: list[CodeType | int]
    unstorable: list[Unstorable]
    opaque: list[str]
    members: list[int]
    segmented: dict[int, Any] | None = None
    apart: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of the stream and of all memory."""
        memory = sum(memory.nbytes for memory in (*self.buffers, *self.oob))
        return sum(map(len, self.stream)) + memory


class Counters:
    """What walks have cost, for tests and for `status`."""

    def __init__(self) -> None:
        self.values = 0
        self.nodes = 0
        self.bytes_hashed = 0


def hash_memory(view: memoryview, counters: Counters, own: bool = False) -> Memory:
    """Hash contiguous memory in 256 KiB chunks."""
    nbytes = view.nbytes
    counters.bytes_hashed += nbytes
    if nbytes <= CHUNK_BYTES:
        return Memory(view, nbytes, xxhash.xxh3_128_digest(view), own)
    digests = [
        xxhash.xxh3_128_digest(view[at : at + CHUNK_BYTES]) for at in range(0, nbytes, CHUNK_BYTES)
    ]
    return Memory(view, nbytes, b"".join(digests), own)


class Sink:
    """Where the pickler writes: pieces, without a copy of the large ones."""

    def __init__(self) -> None:
        self.live_segments: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Take a piece."""
        self.live_segments.append(data if type(data) is bytes else bytes(data))


def _take_oob(oob: list[Memory], counters: Counters, buffer: pickle.PickleBuffer) -> None:
    oob.append(hash_memory(buffer.raw(), counters))


class Unreadable(NamedTuple):
    """Stands for a value whose walk failed as a whole; it is walked as one hole."""

    value: object
    reason: str


class Context(NamedTuple):
    """What the walks of a session have in common.

    Attributes:
        identities: numbers for definitions and for what cannot be stored.
        user_globals: the namespace, so that functions of the notebook are known by their globals.
        excluded: qualified names of classes that are never stored.
        counters: what walks cost is added there.
        tables: what handlers need to know of all variables; empty again at each look.
    """

    object_ids: ObjectIds
    user_globals: dict[str, Any]
    excluded: frozenset[str]
    counters: Counters
    tables: dict[str, Any]


class Reducing:
    """What a walk does with objects that pickle asks about, whichever pickler runs it.

    Args:
        context: of the session.
        tolerant: leave out what cannot be pickled, instead of raising.
    """

    def __init__(self, context: Context, tolerant: bool = False) -> None:
        sink = Sink()
        oob: list[Memory] = []
        super().__init__(  # type: ignore[call-arg]
            sink, PROTOCOL, buffer_callback=partial(_take_oob, oob, context.counters)
        )
        self._stream = sink.live_segments
        self._oob = oob
        self._context = context
        self.user_globals = context.user_globals
        self._object_ids = context.object_ids
        self._excluded = context.excluded
        self._counters = context.counters
        self._tolerant = tolerant
        self._asked = False
        self._buffers: list[Memory] = []
        self._refs: dict[ObjectId, object] = {}
        self._unstorable_ids: dict[ObjectId, None] = {}
        self._code: list[CodeType | int] = []
        self._unstorable: list[Unstorable] = []
        self._opaque: dict[str, None] = {}
        self._tracked_sharing: set[int] = set()
        self._taken: dict[int, tuple[int, int]] = {}
        self._places: list[tuple[int, int]] = []
        self._apart = False
        self._ignored_sharing: set[int] = set()
        self._kept: list[object] = []
        self._deferred: set[int] = set()
        self._replaced: dict[int, dict[str, Any]] = {}
        self._defined: object = None
        self._scanned: tuple[object, ...] = ()

    # What handlers may ask

    def memory(self, view: memoryview, own: bool) -> int:
        """Take contiguous memory out of the stream; gives its position among the buffers."""
        self._buffers.append(hash_memory(view, self._counters, own))
        return len(self._buffers) - 1

    def content(self, make: Callable[[], memoryview], digests: bytes, size: int) -> int:
        """Take bytes that stand for content out of the stream; gives their position."""
        digests = digests or hash_memory(make(), self._counters).digests
        self._buffers.append(Memory(make, size, digests))
        return len(self._buffers) - 1

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What a handler needs to know of all variables: made once a look. It keeps none alive."""
        tables = self._context.tables
        if name not in tables:
            tables[name] = make()
        return tables[name]

    def track_content_sharing(self, holder: object) -> None:
        """Say that sharing what it holds is state, though sharing itself may not be."""
        # No object has an odd address: this one is not taken back with the holder's own.
        self._tracked_sharing.add(id(holder) + 1)

    def opaque(self, what: str) -> None:
        """Say that something of the value is not checked further."""
        self._opaque[what] = None

    def live_segments(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Take plain objects out of the stream; None: they stay in it."""
        return None

    def digests(self, index: int) -> bytes:
        """The digests of the buffer at that position."""
        return self._buffers[index].digests

    def definition(self, obj: object) -> str:
        """Note that the value refers to a definition; gives its number."""
        number = self._object_ids.id_of(obj)
        self._refs[number] = obj
        return number

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Reduced:
        """Leave the object out; ``content`` tells when it has changed."""
        self._unstorable.append(Unstorable(type_name(type(obj)), kind, detail))
        number = self._object_ids.id_of(obj)
        self._unstorable_ids[number] = None
        arguments = number, len(self._unstorable) - 1
        if not content:
            return loading.unstorable, arguments
        return loading.unstorable, arguments, content, None, None, loading.ignore_content

    def renew_id(self, obj: object) -> None:
        """Say that it is no longer what was left out under its number."""
        self._object_ids.forget(obj)

    def place(self, code: CodeType | int) -> int:
        """Note where code, or the class on that line, came from; gives the note's position."""
        self._code.append(code)
        return len(self._code) - 1

    def track_sharing(self, obj: object) -> None:
        """Say that sharing this object is state."""
        self._tracked_sharing.add(id(obj))

    def ignore_sharing(self, obj: object) -> None:
        """Say that sharing this object is not state."""
        self._ignored_sharing.add(id(obj))
        self._kept.append(obj)

    def ignores_sharing(self, obj: object) -> bool:
        """Whether `ignore_sharing` was said of it."""
        return id(obj) in self._ignored_sharing

    def is_scanned(self, obj: object) -> bool:
        """Whether it is what is walked, and not only held by that."""
        return any(each is obj for each in self._scanned)

    def replace(self, obj: object, attributes: dict[str, Any]) -> None:
        """Say what attributes of an object are taken to be."""
        self._replaced[id(obj)] = attributes

    def replaced(self, obj: object) -> dict[str, Any]:
        """What was said of its attributes."""
        return self._replaced.get(id(obj), _NOTHING)

    def defines(self, function: object) -> bool:
        """Whether this is the walk of that very definition."""
        return function is self._defined

    def defer(self, cell: object) -> None:
        """Write a closure's cell without its content, which comes later."""
        self._deferred.add(id(cell))

    def is_deferred(self, cell: object) -> bool:
        """Whether `defer` was said of it."""
        return id(cell) in self._deferred

    def is_component(self, obj: object) -> bool:
        """Whether it is a part of its own, to which this walk only refers."""
        return False

    # What the pickler calls

    def reducer_override(self, obj: Any) -> Any:
        """Ask the type's handler; without one, the object's own reduce serves."""
        self._asked = True
        cls = type(obj)
        if cls is Unreadable:
            return self.unstorable(obj.value, "unreadable", obj.reason)
        reduce, _, opaque, _, compiled, _ = treatment(cls)
        if self._excluded and type_name(cls) in self._excluded:
            return self.unstorable(obj, "excluded")
        if reduce is not None:
            reduced = reduce(self, obj)
            if reduced is not NotImplemented:
                return reduced
        elif opaque:
            self._note_opaque(obj)
        if self._tolerant:
            reduced = self._try_reduce(obj)
        elif compiled:
            reduced = self._reduce_compiled(obj)
        elif opaque and (extra_names(cls) or has_caches(cls)):
            reduced = _reduced(obj)
        else:
            return NotImplemented
        return self._amended(obj, reduced) if opaque else reduced

    def _note_opaque(self, obj: Any) -> None:
        if hasattr(obj, "__qualname__") and importable(obj):
            self.ignore_sharing(obj)
        else:
            self._opaque[type_name(type(obj))] = None

    def _amended(self, obj: Any, reduced: Reduced) -> Reduced:
        """An object's own reduce, without what reading it leaves, and with what it leaves out."""
        return with_extra_state(self, obj, without_caches(self, obj, reduced))

    def _reduce_compiled(self, obj: Any) -> Reduced:
        """The object's own reduce; arrays that it made in passing are nobody's state."""
        reduced = _reduced(obj)
        numpy = sys.modules.get("numpy")
        if numpy is not None and type(reduced) is tuple:
            own = gc.get_referents(obj)
            within = gc.get_referents(*(each for each in own if type(each) in _OPEN))
            held = {*map(id, own), *map(id, within)}
            for given in reduced[1:3]:
                inner = given.values() if type(given) is dict else given
                for value in inner if isinstance(inner, Iterable) else ():
                    if type(value) is numpy.ndarray and id(value) not in held:
                        self.ignore_sharing(value)
        return reduced

    def _try_reduce(self, obj: Any) -> Reduced:
        if issubclass(type(obj), (type, FunctionType)):
            return NotImplemented
        try:
            reduced = _reduced(obj)
        except Exception as error:
            return self.unstorable(obj, "unpicklable", f"{type(error).__name__}: {error}")
        if isinstance(reduced, str) and not _found_by_name(obj, reduced):
            return self.unstorable(
                obj, "unpicklable", f"it says that it is {reduced!r}, which is not there"
            )
        if not isinstance(reduced, (str, tuple)):
            return self.unstorable(
                obj, "unpicklable", "its reduce gives neither a name nor a recipe"
            )
        return reduced


class Walk(Reducing, pickle.Pickler):
    """One pass over one value; use `scan`."""

    # Of a piece of a long container alone.
    _passing: frozenset[int] | set[int] = frozenset()
    _elements: frozenset[int] = frozenset()
    _extra = 0

    def live_segments(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Take plain objects out of the stream, a thousand to a chunk."""
        if id(holder) in self._taken:
            self._apart = True
            return self._taken[id(holder)]
        taken: list[bytes] = []
        ends: list[int] = []
        ids: set[int] = set()
        places: list[tuple[int, int]] = []
        for at in range(0, len(items), _TOGETHER):
            run = items[at : at + _TOGETHER]
            held = externally_referenced(run, extra, self._counters)
            if held is None:
                return None
            ids |= held.ids
            places += held.places
            taken.append(pickle.dumps(run, PROTOCOL))
            ends.append(len(taken[-1]) + (ends[-1] if ends else 0))
        self._tracked_sharing |= ids
        self._places += places
        self._apart |= bool(places)
        self._counters.bytes_hashed += ends[-1]
        digests = b"".join(map(xxhash.xxh3_128_digest, taken))
        self._buffers.append(
            Memory(lambda: memoryview(b"".join(taken)), ends[-1], digests, ends=ends)
        )
        self._taken[id(holder)] = position = len(self._buffers) - 1, ends[-1]
        return position

    def scan_definition(self, obj: Any) -> Scan:
        """Walk what a function, class or bare object of the notebook is made of."""
        self._defined = obj
        if isinstance(obj, type):
            skeleton, content = parts_of_class(self, obj)
            if skeleton[0] == "enum":
                self.ignore_sharing(skeleton[-1])
        elif isinstance(obj, FunctionType):
            skeleton, content = parts_of_function(self, obj)
        else:
            return self.scan((), ())
        # Made here and gone after the walk: something else may then lie at its address.
        self.ignore_sharing(content)
        return self.scan(skeleton, content)

    def scan(self, *values: object) -> Scan:
        """Walk ``values`` (one, or a definition's two) as one stream.

        Raises:
            Exception: whatever a value's own reduce raises, unless the walk is tolerant.
        """
        limit = sys.getrecursionlimit()
        # A chain of objects is as deep as it is long; the C stack has room for that many.
        sys.setrecursionlimit(max(limit, _DEEPEST))
        self._scanned = values
        try:
            for value in values:
                self.dump(value)
        finally:
            sys.setrecursionlimit(limit)
        self._counters.values += len(values)
        return self._found(values)

    def scan_segment(self, content: Any, elements: list[Any], extra: int) -> Scan:
        """Walk some of a long container's elements.

        Args:
            content: what is pickled, a list of them or two; its own lists are nobody's state.
            elements: all of them, in one list.
            extra: by how many references a lone element is held more than a list's.
        """
        self._passing = (
            {id(content), *map(id, content)} if type(content) is tuple else {id(content)}
        )
        self._elements = frozenset(map(id, elements))
        self._extra = extra + 1
        return self.scan(content)

    def plain_token(self, values: list[Any]) -> Token | None:
        """Walk plain values together; None when one of them is plain no more."""
        try:
            self.dump(values)
        except Exception:
            return None
        self._counters.values += len(values)
        memo = self.memo.copy()
        self._counters.nodes += len(memo)
        del memo[id(values)]
        if self._asked:
            return None
        return xxhash.xxh3_128_digest(b"".join(self._stream)), hash(frozenset(memo))

    def shared_token(self, values: list[Any]) -> Token | None:
        """Walk values together that share much; None when one of them cannot be walked."""
        try:
            found = self.scan(*values)
        except Exception:
            return None
        signs = found.ids, tuple(map(id, values)), tuple(found.refs), found.unstorable_ids
        return found.digest, hash(signs)

    def _found(self, values: tuple[object, ...]) -> Scan:
        memo = self.memo.copy()
        self._counters.nodes += len(memo)
        top = id(values[0]) if len(values) == 1 and id(values[0]) in memo else 0
        if top and not sharing_is_state(values[0]):
            top = 0
        stream = self._stream
        digest = xxhash.xxh3_128()
        for live_segment in stream:
            digest.update(live_segment)
        for memory in self._buffers:
            digest.update(memory.digests)
        for memory in self._oob:
            digest.update(memory.digests)
        if self._places:
            digest.update(self._pattern(memo))
        return Scan(
            digest=digest.digest(),
            apart=self._apart,
            plain=not self._asked and len(memo) <= _FEW,
            stream=stream,
            ids=self._shareable(memo),
            top=top,
            loops=bool(top) and refers_to(stream, memo[top][0]),
            refs=self._refs,
            unstorable_ids=tuple(self._unstorable_ids),
            buffers=self._buffers,
            oob=self._oob,
            code=self._code,
            unstorable=self._unstorable,
            opaque=sorted(self._opaque),
            members=[],
        )

    def _pattern(self, memo: dict[int, tuple[int, Any]]) -> bytes:
        """Who is who among what was taken out of the stream and is held by something else, too."""
        first: dict[int, int] = {}
        missing = (-1, None)
        return repr([
            (place, first.setdefault(address, len(first)), memo.get(address, missing)[0])
            for place, address in self._places
        ]).encode()  # fmt: skip

    def _shareable(self, memo: dict[int, tuple[int, Any]]) -> frozenset[int]:
        """Nodes that two holders may share.

        Where there are many, or where a reduce made objects in passing (their addresses are free
        again after the walk): only those that something besides their one container holds. A lone
        node's count of references is known, and what only one thing holds is not shared.
        """
        if not self._asked and len(memo) <= _FEW:
            few = [i for i, (_, o) in memo.items() if type(o) is not str and sharing_is_state(o)]
            return (frozenset(few) | self._tracked_sharing) - self._ignored_sharing - self._passing
        held = _held_by_more(memo, _LONE)
        if self._elements:
            del held
            more = set(map(id, _held_by_more(memo, _LONE + self._extra)))
            held = [
                node
                for node in _held_by_more(memo, _LONE)
                if id(node) not in self._elements or id(node) in more
            ]
        kinds = {cls: treatment(cls).sharing_is_state for cls in set(map(type, held))}
        ids = {id(node) for node in held if kinds[type(node)]}
        passing = [node for node in held if not kinds[type(node)]]
        if passing:
            ids.update(_linking_within(passing, memo))
        return (frozenset(ids) | self._tracked_sharing) - self._ignored_sharing - self._passing


def plain_scan(stream: list[bytes]) -> Scan:
    """The scan of what was found to be built-in containers and atoms alone."""
    digest = xxhash.xxh3_128()
    for live_segment in stream:
        digest.update(live_segment)
    return Scan(
        digest=digest.digest(), plain=True, stream=stream, ids=frozenset(), top=0, loops=False,
        refs={}, unstorable_ids=(), buffers=[], oob=[], code=[], unstorable=[], opaque=[],
        members=[],
    )  # fmt: skip


class WholeWalk(Walk):
    """A walk of what several variables may share: nothing of that leaves the stream."""

    def live_segments(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """They stay in the stream."""
        return None


class ComponentWalk(WholeWalk):
    """A walk that stops at other tops and at nodes that belong to them.

    ``conflicts`` then holds, by address, the objects met that belong to another part.
    """

    def begin_component(
        self, value_top: int, as_shell: bool, tops: dict[int, int], owners: dict[int, int]
    ) -> None:
        """Prepare for the walk of one part.

        Args:
            value_top: the address of the part's top; a negative number for a definition.
            hollow: whether the top can exist before its content; what is inside then refers to it
                as to any other part, else as pickle does.
            tops: addresses of the objects that are parts of their own, by part.
            owners: which top each node already met belongs to; `claim_nodes` adds to it.
        """
        self._own = value_top
        self._as_shell = as_shell
        self._begun = False
        self._tops = tops
        self._owners = owners
        self._members: dict[int, int] = {}
        self.conflicts: dict[int, Any] = {}

    def is_component(self, obj: object) -> bool:
        """Whether it is a part of its own, to which this walk only refers."""
        return id(obj) in self._tops

    def defines(self, function: object) -> bool:
        """Whether this is the walk of that very function: what it holds may refer to it."""
        return super().defines(function) or id(function) == self._own

    def reducer_override(self, obj: Any) -> Any:
        """As in any walk; a library's instance whose attributes are a part of their own, too."""
        reduced = super().reducer_override(obj)
        if (
            reduced is NotImplemented
            and treatment(type(obj)).plain
            and self.is_component(getattr(obj, "__dict__", None))
        ):
            return reduce_instance(self, obj)
        return reduced

    def persistent_id(self, obj: Any) -> int | None:
        """The position of the member that ``obj`` is, None to descend into it."""
        address = id(obj)
        if address == self._own and not (self._begun and self._as_shell):
            self._begun = True
            return None
        if address not in self._tops:
            owner = self._owners.get(address)
            if owner is None or owner == self._own:
                return None
            self.conflicts[address] = obj
        elif address in self._ignored_sharing:
            return None
        return self._members.setdefault(address, len(self._members))

    def scan(self, *values: object) -> Scan:
        """Walk one component; the scan's ``members`` are the addresses of the tops referred to."""
        return super().scan(*values)._replace(loops=False, members=list(self._members))

    def claim_nodes(self) -> None:
        """Make the nodes that were walked, and that others could share, this component's own.

        A walk that begins later with the same ``owners`` stops at them, and has them in its
        ``conflicts``.
        """
        for address, (_, obj) in self.memo.copy().items():
            if address not in self._ignored_sharing and (
                sharing_is_state(obj) or address in self._tracked_sharing
            ):
                self._owners.setdefault(address, self._own)


def _held_by_more(memo: dict[int, tuple[int, Any]], lone: int) -> list[Any]:
    """The nodes that are no atoms and have more references than a lone one shows here.

    Those with weak references, too: these are not counted.
    """
    count = sys.getrefcount
    held = [o for _, o in memo.values() if count(o) > lone and type(o) not in ATOMS]
    kinds = set(map(type, map(_VALUE, memo.values())))
    weakly = {cls for cls in kinds if cls.__weakrefoffset__ and treatment(cls).sharing_is_state}
    if weakly:
        held += [
            o for _, o in memo.values() if type(o) in weakly and weakref.getweakrefcount(o) > 0
        ]
    return held


_NO_CONTAINERS = (type, FunctionType, ModuleType, CodeType)


def _linking_within(passing: list[Any], memo: dict[int, tuple[int, Any]]) -> Iterator[int]:
    """What shared nodes share that are no state themselves: the set inside a shared tuple."""
    waiting = [o for o in passing if gc.is_tracked(o)]
    seen: set[int] = set()
    while waiting:
        holder = waiting.pop()
        if id(holder) in seen or issubclass(type(holder), _NO_CONTAINERS):
            continue
        seen.add(id(holder))
        for held in gc.get_referents(holder):
            if id(held) not in memo or type(held) in ATOMS:
                continue
            if treatment(type(held)).sharing_is_state:
                yield id(held)
            elif gc.is_tracked(held):
                waiting.append(held)


def sharing_is_state(obj: object) -> bool:
    """Whether sharing ``obj`` is state."""
    cls = type(obj)
    return cls not in ATOMS and treatment(cls).sharing_is_state


def refers_to(stream: list[bytes], index: int) -> bool:
    """Whether the stream may fetch memo entry ``index`` (never wrong when it says no)."""
    fetch = b"h%c" % index if index < 256 else b"j" + index.to_bytes(4, "little")
    return any(fetch in live_segment for live_segment in stream)


def _reduced(obj: Any) -> Any:
    """What pickle would ask of the object, or of what is registered for its class."""
    registered = copyreg.dispatch_table.get(type(obj))
    return obj.__reduce_ex__(PROTOCOL) if registered is None else registered(obj)


def _found_by_name(obj: object, name: str) -> bool:
    module = sys.modules.get(getattr(obj, "__module__", None) or type(obj).__module__)
    found: object = module
    for step in name.split("."):
        found = getattr(found, step, None)
    return found is obj


def _lone_count() -> int:
    """The reference count that a node held by one container shows in `Walk._shareable`."""
    seen: list[int] = []

    class Probe(Walk):
        def _shareable(self, memo: dict[int, tuple[int, Any]]) -> frozenset[int]:
            seen.append(next(n for n in range(99) if node not in map(id, _held_by_more(memo, n))))
            return frozenset()

    holder: list[list[object]] = [[]]
    node = id(holder[0])
    Probe(Context(ObjectIds("probe"), {}, frozenset(), Counters(), {})).scan(holder)
    return seen[0]


_LONE = _lone_count()
