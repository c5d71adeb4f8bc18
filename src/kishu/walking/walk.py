"""Walk a value with pickle: its stream, its memory, and the objects that others may share.

A walk is one pass of the pickler that is written in C. The pickler calls back for instances,
functions and classes, and handlers say what is done with them; large memory is left out of the
stream. The `Scan` of the pass has a digest, by which a change is seen, the addresses of the objects
that other values may share, and the stream, which is stored if the value changed.
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

from kishu import limits
from kishu.handlers import loading
from kishu.handlers.api import Reduced
from kishu.handlers.classes import parts_of_class
from kishu.handlers.code import parts_of_function
from kishu.handlers.extra_state import reduce_by_attributes, with_extra_state
from kishu.handlers.instances import reduce_instance, without_caches
from kishu.handlers.learned import Learned
from kishu.handlers.treatments import treatment
from kishu.handlers.typeinfo import ATOMS, has_caches, importable, type_name, types_made_in_passing
from kishu.history.reasons import Unstorable, UnstorableKind
from kishu.walking.identity import ObjectId, ObjectIds
from kishu.walking.references import externally_referenced

_NO_ATTRIBUTES: dict[str, Any] = {}
PROTOCOL = 5
"""The protocol of pickle that streams are written in."""

DIGEST_BYTES = 16
"""The length of one xxh3_128 hash."""


_CONTAINERS = (dict, list, tuple)
_VALUE = itemgetter(1)


class Memory(NamedTuple):
    """Bytes that a walk left out of the stream, with the hashes of their chunks.

    Attributes:
        view: the bytes, or a function that makes them.
        nbytes: how many bytes.
        digests: the xxh3_128 of each chunk, one after the other.
        own: True if the bytes are the live object's memory itself, and writing there changes no
            other value.
        ends: where each chunk ends; empty if each but the last has 256 KiB.
    """

    view: memoryview | Callable[[], memoryview]
    nbytes: int
    digests: bytes
    own: bool = False
    ends: Sequence[int] = ()

    def data(self) -> memoryview:
        """Return the bytes; make them if they are made at need."""
        return self.view if isinstance(self.view, memoryview) else self.view()


Token = tuple[bytes, int]
"""A digest, and a hash of which objects were walked: equal means that neither content nor sharing
changed."""


class Scan(NamedTuple):
    """The result of walking one value.

    Attributes:
        digest: a hash of the stream and of all memory; equal means unchanged content.
        plain: True if the value is small and consists of built-in containers and atoms alone.
        stream: the pickle, as consecutive runs of bytes.
        ids: addresses of the nodes that more than one holder may share.
        top: address of the value itself; 0 if its identity is not state.
        loops: True if something inside may refer back to the value itself.
        refs: the definitions that the value refers to, by object id.
        unstorable_ids: object ids of what it holds that cannot be stored.
        buffers: memory and content that handlers took out of the stream, by position.
        oob: buffers that the value's own pickling gave out of band (protocol 5), in order.
        code: the code objects in it, and the line numbers of its classes, in order.
        unstorable: the places in it that cannot be stored, with their kinds.
        opaque: names of types in it that only their own reduce describes, sorted.
        members: addresses of the other components referred to, by the position that the stream
            calls them by; empty but for the scan of a `ComponentWalk`.
        segmented: the segmented containers that the value is or holds, by address, which are not
            in the stream; None if there are none.
        is_partial: True if elements of an object array were stored outside of the stream, so that
            the stream cannot reproduce their sharing; that of a `WholeWalk` can.
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
    is_partial: bool = False

    @property
    def nbytes(self) -> int:
        """Return how many bytes the stream and all memory have."""
        memory = sum(memory.nbytes for memory in (*self.buffers, *self.oob))
        return sum(map(len, self.stream)) + memory


class Counters:
    """Counts what walks cost.

    Attributes:
        values: how many values were walked.
        nodes: how many objects were met in them.
        bytes_hashed: how many bytes were hashed outside of streams.
    """

    def __init__(self) -> None:
        self.values = 0
        self.nodes = 0
        self.bytes_hashed = 0


def hash_memory(view: memoryview, counters: Counters, own: bool = False) -> Memory:
    """Return contiguous memory with the hash of each 256 KiB of it.

    Args:
        view: the memory.
        counters: told how many bytes were hashed.
        own: True if it is the live object's memory, and writing there changes no other value.
    """
    nbytes = view.nbytes
    counters.bytes_hashed += nbytes
    if nbytes <= limits.CHUNK_BYTES:
        return Memory(view, nbytes, xxhash.xxh3_128_digest(view), own)
    digests = [
        xxhash.xxh3_128_digest(view[at : at + limits.CHUNK_BYTES])
        for at in range(0, nbytes, limits.CHUNK_BYTES)
    ]
    return Memory(view, nbytes, b"".join(digests), own)


class Sink:
    """A file for a pickler to write to: keeps what is written, large bytes without a copy.

    Attributes:
        written: the bytes of each call, in order.
    """

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep some bytes."""
        self.written.append(data if type(data) is bytes else bytes(data))


def _take_oob(oob: list[Memory], counters: Counters, buffer: pickle.PickleBuffer) -> None:
    """Hash a buffer that the pickler gives out of band, and append it to ``oob``."""
    oob.append(hash_memory(buffer.raw(), counters))


class Unreadable(NamedTuple):
    """A value whose walk failed, to be walked instead of it: all of it is one unstorable place.

    Attributes:
        value: the value.
        reason: how its walk failed.
    """

    value: object
    reason: str


class Context(NamedTuple):
    """Hold what all walks of a session use.

    Attributes:
        object_ids: the ids of definitions, and of objects that cannot be stored.
        user_globals: the namespace of the notebook; a function that has it as its globals is of
            the notebook.
        excluded: qualified names of classes whose instances are never stored.
        counters: where the cost of walks is counted.
        tables: what handlers work out of all variables, by name; emptied at each look.
        learned: what the session has learned of classes.
    """

    object_ids: ObjectIds
    user_globals: dict[str, Any]
    excluded: frozenset[str]
    counters: Counters
    tables: dict[str, Any]
    learned: Learned


class Reducing:
    """Answers a pickler that asks how to reduce objects, and handlers that are asked in turn.

    It is mixed into a pickler: the one written in C (`Walk`), or the one written in Python (for
    fingerprints).

    Args:
        context: what all walks of the session use.
        tolerant: True to leave out what cannot be pickled, False to raise.
    """

    def __init__(self, context: Context, tolerant: bool = False) -> None:
        sink = Sink()
        oob: list[Memory] = []
        super().__init__(  # type: ignore[call-arg]
            sink, PROTOCOL, buffer_callback=partial(_take_oob, oob, context.counters)
        )
        self._stream = sink.written
        self._oob = oob
        self._context = context
        self.user_globals = context.user_globals
        self.learned = context.learned
        self._object_ids = context.object_ids
        self._excluded = context.excluded
        self._counters = context.counters
        self._tolerant = tolerant
        # Whether there was anything but built-in containers and atoms.
        self._asked = False
        self._buffers: list[Memory] = []
        self._refs: dict[ObjectId, object] = {}
        self._unstorable_ids: dict[ObjectId, None] = {}
        self._code: list[CodeType | int] = []
        self._unstorable: list[Unstorable] = []
        self._opaque: dict[str, None] = {}
        # Addresses; those of the first are in the scan's ids, those of the other are not.
        self._tracked_sharing: set[int] = set()
        # Buffer and size in bytes of the elements that were taken out, by their holder's address.
        self._stored_outside: dict[int, tuple[int, int]] = {}
        # Of the elements taken out: those that something else holds, too; see ExternalReferences.
        self._external_places: list[tuple[int, int]] = []
        self._is_partial = False
        self._ignored_sharing: set[int] = set()
        # Another object at an address in _ignored_sharing would be taken for the one meant.
        self._kept_alive: list[object] = []
        self._deferred: set[int] = set()
        self._replaced: dict[int, dict[str, Any]] = {}
        self._defined: object = None
        self._scanned: tuple[object, ...] = ()

    # What handlers may ask

    def memory(self, view: memoryview, own: bool) -> int:
        """Take contiguous memory out of the stream; return its position among the buffers.

        Args:
            view: the memory.
            own: True if it is the live object's, and writing there changes no other value.
        """
        self._buffers.append(hash_memory(view, self._counters, own))
        return len(self._buffers) - 1

    def content(self, make: Callable[[], memoryview], digests: bytes, size: int) -> int:
        """Take content out of the stream as bytes; return their position among the buffers.

        Args:
            make: makes the bytes, when they are needed.
            digests: the hashes of their chunks; empty if they are yet to be computed.
            size: how many bytes they are.
        """
        digests = digests or hash_memory(make(), self._counters).digests
        self._buffers.append(Memory(make, size, digests))
        return len(self._buffers) - 1

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what a handler works out of all variables; make it once a look.

        Args:
            name: what it is kept under until the look ends.
            make: makes it; the result must keep no variable alive.
        """
        tables = self._context.tables
        if name not in tables:
            tables[name] = make()
        return tables[name]

    def track_content_sharing(self, holder: object) -> None:
        """Make the sharing of what an object holds state, though sharing the object may not be."""
        # No object has an odd address: so `ignore_sharing` of the holder does not take this back.
        self._tracked_sharing.add(id(holder) + 1)

    def opaque(self, what: str) -> None:
        """Note a type in the value that only its own reduce describes."""
        self._opaque[what] = None

    def take_elements(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Return None: the objects stay in the stream; see `Walk.take_elements`."""
        return None

    def digests(self, index: int) -> bytes:
        """Return the hashes of the chunks of the buffer at that position."""
        return self._buffers[index].digests

    def definition(self, obj: object) -> str:
        """Note that the value refers to a definition; return the definition's object id."""
        object_id = self._object_ids.id_of(obj)
        self._refs[object_id] = obj
        return object_id

    def unstorable(
        self, obj: object, kind: UnstorableKind, detail: str = "", *content: object
    ) -> Reduced:
        """Leave an object out, and return the reduction that is written in its place.

        Args:
            obj: the object.
            kind: why it cannot be stored.
            detail: what is to be said of that beyond the kind.
            content: what is known of the object; where that differs, the object changed.
        """
        self._unstorable.append(Unstorable(type_name(type(obj)), kind, detail))
        object_id = self._object_ids.id_of(obj)
        self._unstorable_ids[object_id] = None
        arguments = object_id, len(self._unstorable) - 1
        if not content:
            return loading.unstorable, arguments
        return loading.unstorable, arguments, content, None, None, loading.ignore_content

    def renew_id(self, obj: object) -> None:
        """Give an object that cannot be stored another id: it is no longer what it was."""
        self._object_ids.forget(obj)

    def note_code(self, code: CodeType | int) -> int:
        """Note a code object, or the line of a class; return the note's position."""
        self._code.append(code)
        return len(self._code) - 1

    def track_sharing(self, obj: object) -> None:
        """Make the sharing of this object state, whatever its type says."""
        self._tracked_sharing.add(id(obj))

    def ignore_sharing(self, obj: object) -> None:
        """Make the sharing of this object no state, whatever its type says."""
        self._ignored_sharing.add(id(obj))
        self._kept_alive.append(obj)

    def ignores_sharing(self, obj: object) -> bool:
        """Return True if `ignore_sharing` was called with the object."""
        return id(obj) in self._ignored_sharing

    def is_scanned(self, obj: object) -> bool:
        """Return True if the object is the value that is walked, not only held by it."""
        return any(each is obj for each in self._scanned)

    def replace(self, obj: object, attributes: dict[str, Any]) -> None:
        """Have the handler of an object that is walked later write these attributes instead."""
        self._replaced[id(obj)] = attributes

    def replaced(self, obj: object) -> dict[str, Any]:
        """Return the attributes that `replace` was given for the object; empty if it was not."""
        return self._replaced.get(id(obj), _NO_ATTRIBUTES)

    def defines(self, function: object) -> bool:
        """Return True if the walk is of that function's definition, not of a reference to it."""
        return function is self._defined

    def defer(self, cell: object) -> None:
        """Have a closure's cell written empty; the definition writes its content at its end."""
        self._deferred.add(id(cell))

    def is_deferred(self, cell: object) -> bool:
        """Return True if `defer` was called with the cell."""
        return id(cell) in self._deferred

    def is_component(self, obj: object) -> bool:
        """Return True if the object is a component of its own, which this walk only refers to."""
        return False

    # What the pickler calls

    def reducer_override(self, obj: Any) -> Any:
        """Return the handler's reduction of an object, or the object's own where there is none.

        NotImplemented lets the pickler ask the object itself.
        """
        self._asked = True
        cls = type(obj)
        if cls is Unreadable:
            return self.unstorable(obj.value, "unreadable", obj.reason)
        reduce, _, opaque, _, compiled, _ = treatment(cls)
        if self._excluded and type_name(cls) in self._excluded:
            return self.unstorable(obj, "excluded")
        if self.learned.is_passed_over(cls):
            return reduce_by_attributes(self, obj)
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
        elif opaque and (self.learned.lost_names(cls) or has_caches(cls)):
            reduced = _reduced(obj)
        else:
            return NotImplemented
        return self._amended(obj, reduced) if opaque else reduced

    def _note_opaque(self, obj: Any) -> None:
        """Note the type of an object that only its own reduce describes.

        What can be imported by its name is stored by that, and shared with nobody.
        """
        if hasattr(obj, "__qualname__") and importable(obj):
            self.ignore_sharing(obj)
        else:
            self._opaque[type_name(type(obj))] = None

    def _amended(self, obj: Any, reduced: Reduced) -> Reduced:
        """Return an object's own reduction, without its caches and with its extra state."""
        return with_extra_state(self, obj, without_caches(self, obj, reduced))

    def _reduce_compiled(self, obj: Any) -> Reduced:
        """Return the own reduction of an instance of a compiled type.

        The sharing of what the reduce made, and the object does not hold, is ignored.
        """
        reduced = _reduced(obj)
        passing = types_made_in_passing()
        if passing and type(reduced) is tuple:
            direct = gc.get_referents(obj)
            within = gc.get_referents(*(each for each in direct if type(each) in _CONTAINERS))
            held = {*map(id, direct), *map(id, within)}
            for arguments_or_state in reduced[1:3]:
                inner = (
                    arguments_or_state.values()
                    if type(arguments_or_state) is dict
                    else arguments_or_state
                )
                for value in inner if isinstance(inner, Iterable) else ():
                    if type(value) in passing and id(value) not in held:
                        self.ignore_sharing(value)
        return reduced

    def _try_reduce(self, obj: Any) -> Reduced:
        """Return the object's own reduction; where that fails, what is written in its place."""
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
    """One pass of pickle over one value; an instance serves for one of its methods, once."""

    # Of the walk of a segment alone: addresses of the lists that are made to pickle its elements,
    # addresses of the elements, and how many references these have beyond those of a list's.
    _temporary: frozenset[int] | set[int] = frozenset()
    _elements: frozenset[int] = frozenset()
    _extra = 0

    def take_elements(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Take elements out of the stream; return their position among the buffers, and size.

        Each 1024 elements are a pickle and a chunk of their own. None if the elements must stay in
        the stream: there is anything but built-in containers and atoms in them.

        Args:
            items: the elements.
            holder: the object that holds them; what it holds is taken out once.
            extra: how many references an element has beyond those of an element of a list.
        """
        if id(holder) in self._stored_outside:
            # Two values of the walk look at the same elements.
            self._is_partial = True
            return self._stored_outside[id(holder)]
        pickles: list[bytes] = []
        ends: list[int] = []
        ids: set[int] = set()
        places: list[tuple[int, int]] = []
        for at in range(0, len(items), limits.SEGMENT_ELEMENTS):
            run = items[at : at + limits.SEGMENT_ELEMENTS]
            external = externally_referenced(run, extra, self._counters)
            if external is None:
                return None
            ids |= external.ids
            places += external.places
            pickles.append(pickle.dumps(run, PROTOCOL))
            ends.append(len(pickles[-1]) + (ends[-1] if ends else 0))
        self._tracked_sharing |= ids
        self._external_places += places
        self._is_partial |= bool(places)
        self._counters.bytes_hashed += ends[-1]
        digests = b"".join(map(xxhash.xxh3_128_digest, pickles))
        self._buffers.append(
            Memory(lambda: memoryview(b"".join(pickles)), ends[-1], digests, ends=ends)
        )
        self._stored_outside[id(holder)] = position = len(self._buffers) - 1, ends[-1]
        return position

    def scan_definition(self, obj: Any) -> Scan:
        """Walk what a function or class of the notebook consists of; of a bare object, nothing."""
        self._defined = obj
        if isinstance(obj, type):
            skeleton, content = parts_of_class(self, obj)
            if skeleton[0] == "enum":
                self.ignore_sharing(skeleton[-1])
        elif isinstance(obj, FunctionType):
            skeleton, content = parts_of_function(self, obj)
        else:
            return self.scan((), ())
        # It is made here and gone after the walk: another object may then have its address.
        self.ignore_sharing(content)
        return self.scan(skeleton, content)

    def scan(self, *values: object) -> Scan:
        """Walk values as one stream, in which they may share objects.

        Args:
            values: one value; or what is loaded one after the other, such as a definition's
                skeleton and content.

        Raises:
            Exception: whatever an object's own reduce raises. A tolerant walk leaves out objects
                whose reduce fails, but still raises what else goes wrong.
        """
        limit = sys.getrecursionlimit()
        # A linked list is as deep as it is long; the C stack has room for this depth.
        sys.setrecursionlimit(max(limit, limits.RECURSION_LIMIT))
        self._scanned = values
        try:
            for value in values:
                self.dump(value)
        finally:
            sys.setrecursionlimit(limit)
        self._counters.values += len(values)
        return self._scan_of(values)

    def scan_segment(self, content: Any, elements: list[Any], extra: int) -> Scan:
        """Walk the elements of one segment of a container.

        Args:
            content: what is pickled: a list of the elements or, of a dict, a tuple of a list of
                keys and a list of values. Sharing these lists is no state.
            elements: all elements, in one list.
            extra: how many references an element has beyond those of an element of a list.
        """
        self._temporary = (
            {id(content), *map(id, content)} if type(content) is tuple else {id(content)}
        )
        self._elements = frozenset(map(id, elements))
        self._extra = extra + 1
        return self.scan(content)

    def plain_token(self, values: list[Any]) -> Token | None:
        """Return a token of values that consist of built-in containers and atoms alone.

        None if one of them holds anything else by now, or cannot be walked.
        """
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
        """Return a token of values that share objects; None if one of them cannot be walked."""
        try:
            scan = self.scan(*values)
        except Exception:
            return None
        signs = scan.ids, tuple(map(id, values)), tuple(scan.refs), scan.unstorable_ids
        return scan.digest, hash(signs)

    def _scan_of(self, values: tuple[object, ...]) -> Scan:
        """Return the scan of values that were pickled just now."""
        memo = self.memo.copy()
        self._counters.nodes += len(memo)
        top = id(values[0]) if len(values) == 1 and id(values[0]) in memo else 0
        if top and not sharing_is_state(values[0]):
            top = 0
        stream = self._stream
        digest = xxhash.xxh3_128()
        for data in stream:
            digest.update(data)
        for memory in self._buffers:
            digest.update(memory.digests)
        for memory in self._oob:
            digest.update(memory.digests)
        if self._external_places:
            digest.update(self._pattern(memo))
        return Scan(
            digest=digest.digest(),
            is_partial=self._is_partial,
            plain=not self._asked and len(memo) <= limits.LARGE_ELEMENTS,
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
        """Return a sign of who shares whom among the elements that were taken out of the stream.

        Only objects that something besides their container holds are in it.
        """
        first: dict[int, int] = {}
        missing = (-1, None)
        return repr([
            (place, first.setdefault(address, len(first)), memo.get(address, missing)[0])
            for place, address in self._external_places
        ]).encode()  # fmt: skip

    def _shareable(self, memo: dict[int, tuple[int, Any]]) -> frozenset[int]:
        """Return the addresses of the nodes that more than one holder may share.

        Of a small value without instances, those are all nodes whose sharing is state. Elsewhere
        there may be many, and a reduce may have made objects that are gone after the walk, so that
        others get their addresses: there, they are the nodes that something besides their one
        container holds, by their count of references.
        """
        if not self._asked and len(memo) <= limits.LARGE_ELEMENTS:
            few = [i for i, (_, o) in memo.items() if type(o) is not str and sharing_is_state(o)]
            return (
                (frozenset(few) | self._tracked_sharing) - self._ignored_sharing - self._temporary
            )
        external = _externally_referenced(memo, _LONE)
        if self._elements:
            # The list would be counted as one more reference to each of its nodes.
            del external
            more = set(map(id, _externally_referenced(memo, _LONE + self._extra)))
            external = [
                node
                for node in _externally_referenced(memo, _LONE)
                if id(node) not in self._elements or id(node) in more
            ]
        kinds = {cls: treatment(cls).sharing_is_state for cls in set(map(type, external))}
        ids = {id(node) for node in external if kinds[type(node)]}
        passing = [node for node in external if not kinds[type(node)]]
        if passing:
            ids.update(_sharing_is_state_within(passing, memo))
        return (frozenset(ids) | self._tracked_sharing) - self._ignored_sharing - self._temporary


def plain_scan(stream: list[bytes]) -> Scan:
    """Return the scan of a value that consists of built-in containers and atoms alone.

    Args:
        stream: the pickle, as consecutive runs of bytes.
    """
    digest = xxhash.xxh3_128()
    for data in stream:
        digest.update(data)
    return Scan(
        digest=digest.digest(), plain=True, stream=stream, ids=frozenset(), top=0, loops=False,
        refs={}, unstorable_ids=(), buffers=[], oob=[], code=[], unstorable=[], opaque=[],
        members=[],
    )  # fmt: skip


class WholeWalk(Walk):
    """A walk that keeps the elements of object arrays in the stream, with all their sharing."""

    def take_elements(self, items: list[Any], holder: object, extra: int) -> tuple[int, int] | None:
        """Return None: the elements stay in the stream."""
        return None


class ComponentWalk(WholeWalk):
    """A walk of one component of a co-variable, which refers to the others and does not enter them.

    Call `begin_component` before the scan.

    Attributes:
        conflicts: objects that the walk met and that an earlier walk has claimed for another
            component, by address: they must become components of their own.
    """

    def begin_component(
        self, top: int, as_shell: bool, tops: dict[int, int], owners: dict[int, int]
    ) -> None:
        """Say which component is walked, and which others there are.

        Args:
            top: address of the component's top, the object that it is stored for; for a
                definition or a segment, a negative number that no other component has.
            as_shell: True if the top can be made before its content: what is inside then refers to
                it as to any other component, otherwise as pickle does.
            tops: the components' positions, by the addresses of their tops.
            owners: the top that each claimed node belongs to, by address; `claim_nodes` adds to it.
        """
        self._top = top
        self._as_shell = as_shell
        self._begun = False
        self._tops = tops
        self._owners = owners
        self._members: dict[int, int] = {}
        self.conflicts: dict[int, Any] = {}

    def is_component(self, obj: object) -> bool:
        """Return True if the object is a component of its own, which this walk only refers to."""
        return id(obj) in self._tops

    def defines(self, function: object) -> bool:
        """Return True if the function is this walk's definition, or its top."""
        return super().defines(function) or id(function) == self._top

    def reducer_override(self, obj: Any) -> Any:
        """Return how an object is reduced, as any walk does.

        The pickler would copy the attributes of a library's instance: where their dict is a
        component of its own, the instance is reduced so that it refers to that.
        """
        reduced = super().reducer_override(obj)
        if (
            reduced is NotImplemented
            and treatment(type(obj)).plain
            and self.is_component(getattr(obj, "__dict__", None))
        ):
            return reduce_instance(self, obj)
        return reduced

    def persistent_id(self, obj: Any) -> int | None:
        """Return the position by which the stream refers to another component's object.

        None has the pickler write the object itself.
        """
        address = id(obj)
        if address == self._top and not (self._begun and self._as_shell):
            self._begun = True
            return None
        if address not in self._tops:
            owner = self._owners.get(address)
            if owner is None or owner == self._top:
                return None
            self.conflicts[address] = obj
        elif address in self._ignored_sharing:
            return None
        return self._members.setdefault(address, len(self._members))

    def scan(self, *values: object) -> Scan:
        """Walk the component; ``members`` of the scan are the addresses that it refers to."""
        return super().scan(*values)._replace(loops=False, members=list(self._members))

    def claim_nodes(self) -> None:
        """Make the nodes that were walked, and that others could share, this component's own.

        Later walks with the same ``owners`` do not enter them, and have them in ``conflicts``.
        """
        for address, (_, obj) in self.memo.copy().items():
            if address not in self._ignored_sharing and (
                sharing_is_state(obj) or address in self._tracked_sharing
            ):
                self._owners.setdefault(address, self._top)


def _externally_referenced(memo: dict[int, tuple[int, Any]], lone: int) -> list[Any]:
    """Return the nodes that something besides their container holds, and that are no atoms.

    Also those that have weak references, which are not counted.

    Args:
        memo: a copy of the pickler's memo.
        lone: how many references a node shows here that one container alone holds.
    """
    count = sys.getrefcount
    external = [o for _, o in memo.values() if count(o) > lone and type(o) not in ATOMS]
    kinds = set(map(type, map(_VALUE, memo.values())))
    weakly = {cls for cls in kinds if cls.__weakrefoffset__ and treatment(cls).sharing_is_state}
    if weakly:
        external += [
            o for _, o in memo.values() if type(o) in weakly and weakref.getweakrefcount(o) > 0
        ]
    return external


# What these hold is walked by name or as a definition, and is not a node of the value.
_NO_CONTAINERS = (type, FunctionType, ModuleType, CodeType)


def _sharing_is_state_within(nodes: list[Any], memo: dict[int, tuple[int, Any]]) -> Iterator[int]:
    """Yield addresses of the nodes whose sharing is state within nodes whose sharing is not.

    For a shared tuple that holds a set, that is the set's.
    """
    waiting = [o for o in nodes if gc.is_tracked(o)]
    seen: set[int] = set()
    while waiting:
        holder = waiting.pop()
        if id(holder) in seen or issubclass(type(holder), _NO_CONTAINERS):
            continue
        seen.add(id(holder))
        for node in gc.get_referents(holder):
            if id(node) not in memo or type(node) in ATOMS:
                continue
            if treatment(type(node)).sharing_is_state:
                yield id(node)
            elif gc.is_tracked(node):
                waiting.append(node)


def sharing_is_state(obj: object) -> bool:
    """Return True if it is state that two holders share the object, going by its type."""
    cls = type(obj)
    return cls not in ATOMS and treatment(cls).sharing_is_state


def refers_to(stream: list[bytes], index: int) -> bool:
    """Return False only if the stream does not fetch the memo's entry at ``index``.

    True is a guess: the bytes of the opcode may stand in the stream for something else.
    """
    fetch = b"h%c" % index if index < 256 else b"j" + index.to_bytes(4, "little")
    return any(fetch in data for data in stream)


def _reduced(obj: Any) -> Any:
    """Return the object's own reduction, or that of the function registered for its class."""
    registered = copyreg.dispatch_table.get(type(obj))
    return obj.__reduce_ex__(PROTOCOL) if registered is None else registered(obj)


def _found_by_name(obj: object, name: str) -> bool:
    """Return True if the name, looked up in the object's module, leads to the object."""
    module = sys.modules.get(getattr(obj, "__module__", None) or type(obj).__module__)
    target: object = module
    for step in name.split("."):
        target = getattr(target, step, None)
    return target is obj


def _lone_count() -> int:
    """Return how many references `Walk._shareable` counts for a node that one container holds."""
    seen: list[int] = []

    class Probe(Walk):
        def _shareable(self, memo: dict[int, tuple[int, Any]]) -> frozenset[int]:
            seen.append(
                next(n for n in range(99) if node not in map(id, _externally_referenced(memo, n)))
            )
            return frozenset()

    holder: list[list[object]] = [[]]
    node = id(holder[0])
    Probe(Context(ObjectIds("probe"), {}, frozenset(), Counters(), {}, Learned())).scan(holder)
    return seen[0]


_LONE = _lone_count()
