"""Store live co-variables: write their components as chunks, and describe them as recipes."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

import msgspec
from blake3 import blake3

from kishu import limits
from kishu.handlers.sources import place_of
from kishu.history.blobs import write_tree
from kishu.history.pages import write_pages
from kishu.history.records import (
    Blob,
    CodePlace,
    Component,
    Recipe,
    Segment,
    VersionId,
    source_name,
)
from kishu.store.packs import NAME_BYTES, chunk_name
from kishu.store.writer import Naming, Writer
from kishu.walking.segmented import LiveSegment
from kishu.walking.walk import DIGEST_BYTES, Memory, Scan
from kishu.worktree.partition import SEGMENTED, LiveComponent, Partition, component_type


class Recorder:
    """Writes the chunks of co-variables, and makes their recipes.

    A chunk of memory that this session has named already is neither hashed for its name nor
    written again.

    Args:
        writer: writes chunks; a `Naming` only names them.

    Attributes:
        progress: called with the number of bytes that were recorded since its last call.
        sources: texts that code was compiled from, by name, that `take_sources` has not given yet.
    """

    def __init__(self, writer: Writer | Naming) -> None:
        self.progress: Callable[[int], None] = lambda nbytes: None
        self.sources: dict[str, str] = {}
        self._writer = writer
        self._writes = isinstance(writer, Writer)
        self._names: dict[bytes, str] = {}

    def forget(self) -> None:
        """Forget which chunks are written, as a collection of garbage may have deleted them."""
        self._names.clear()

    def take_sources(self) -> dict[str, str]:
        """Return the texts that were noted since the last call, by name."""
        taken, self.sources = self.sources, {}
        return taken

    def naming(self) -> Recorder:
        """Make a recorder that writes nothing: its recipes are for comparing with others."""
        names = Recorder(Naming())
        names._names = self._names
        return names

    def record(self, partition: Partition) -> tuple[VersionId, Recipe]:
        """Write a co-variable's chunks, and return its version and its recipe.

        Equal content has equal versions.

        Raises:
            NotRecording: the disk refused.
        """
        components = [self._component(component) for component in partition.components]
        recipe = Recipe(
            partition.roots,
            components,
            sum(component.nbytes or _nbytes(component) for component in components),
        )
        return version_id(recipe), recipe

    def _component(self, component: LiveComponent) -> Component:
        """Write one component, and return its description."""
        scan = component.scan
        if component.kind == SEGMENTED:
            return self._segmented_component(component)
        return Component(
            type=component_type(component),
            kind=component.kind,  # type: ignore[arg-type]
            members=component.members,
            **self._content(scan),
        )

    def _content(self, scan: Scan) -> dict[str, Any]:
        """Write a scan, and return the fields that components and segments have in common."""
        return {
            "stream": self._stream(scan.stream),
            "buffers": [self._memory(memory) for memory in scan.buffers],
            "oob": [self._memory(memory) for memory in scan.oob],
            "places": [self._place(code) for code in scan.code],
            "unstorable": scan.unstorable,
            "opaque": scan.opaque,
        }

    def _place(self, code: CodeType | int) -> CodePlace:
        """Describe where code stands, and note the text that it was compiled from.

        A recorder that only names does not read the text.

        Args:
            code: a code object, or the line of a class statement.
        """
        if isinstance(code, int) or not self._writes:
            return CodePlace("", code if isinstance(code, int) else code.co_firstlineno)
        place, text = place_of(code)
        if not text:
            return place
        name = source_name(text)
        self.sources[name] = text
        return msgspec.structs.replace(place, text=name)

    def _segmented_component(self, component: LiveComponent) -> Component:
        """Write those segments of a container that are not stored, and return its description."""
        segments = [
            live_segment.stored or self._segment(live_segment)
            for live_segment in component.live_segments
        ]
        unstorable = dict.fromkeys(place for each in segments for place in each.unstorable)
        return Component(
            type=component_type(component),
            kind="segmented",
            stream=self._stream(component.scan.stream),
            members=component.members,
            unstorable=list(unstorable),
            opaque=sorted({type for segment in segments for type in segment.opaque}),
            segments=write_pages(segments, self._writer),
            nbytes=sum(_nbytes(segment) for segment in segments),
        )

    def _segment(self, live_segment: LiveSegment) -> Segment:
        """Write one segment, and return its description, which the live segment notes."""
        scan = live_segment.scan
        if scan is None:
            raise ValueError("A piece was let go of before it was stored.")
        live_segment.named = Segment(
            count=live_segment.count, members=live_segment.members, **self._content(scan)
        )
        if self._writes:
            live_segment.stored = live_segment.named
        return live_segment.named

    def _stream(self, stream: list[bytes]) -> Blob:
        """Write a stream in chunks of 256 KiB."""
        data = stream[0] if len(stream) == 1 else b"".join(stream)
        names = [
            self._writer.put(memoryview(data)[at : at + limits.CHUNK_BYTES])
            for at in range(0, len(data), limits.CHUNK_BYTES)
        ]
        self.progress(len(data))
        return write_tree(names, len(data), self._writer)

    def _memory(self, memory: Memory) -> Blob:
        """Write those chunks of memory that have no name yet; ask for the bytes only for these."""
        names = []
        reported = 0
        view: memoryview | None = None
        starts = (
            (0, *memory.ends[:-1]) if memory.ends else range(0, memory.nbytes, limits.CHUNK_BYTES)
        )
        for index, at in enumerate(starts):
            digest = memory.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
            name = self._names.get(digest)
            if name is None:
                if view is None:
                    view = memory.data()
                chunk = view[at : memory.ends[index] if memory.ends else at + limits.CHUNK_BYTES]
                name = self._writer.put(chunk, chunk_name(chunk))
                if len(self._names) >= limits.REMEMBERED_CHUNKS:
                    self._names.clear()
                self._names[digest] = name
                self.progress(at - reported)
                reported = at
            names.append(name)
        self.progress(memory.nbytes - reported)
        return write_tree(names, memory.nbytes, self._writer)


def _nbytes(component: Component | Segment) -> int:
    """Return how many bytes the stream and the buffers have."""
    return sum(blob.size for blob in (component.stream, *component.buffers, *component.oob))


def version_id(recipe: Recipe) -> VersionId:
    """Return the id of the version that a recipe builds: a hash of 160 bits, in hexadecimal.

    Where code stood in which file is no part of it.
    """
    content = [
        (
            component.kind,
            component.stream,
            component.buffers,
            component.oob,
            component.members,
            component.segments,
        )
        for component in recipe.components
    ]
    data = msgspec.json.encode((sorted(recipe.roots.items()), content))
    return blake3(data).hexdigest(length=NAME_BYTES)
