"""From what was seen to what is stored: parts become chunks, a cut becomes a recipe."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

import msgspec
from blake3 import blake3

from kishu.handlers.sources import place_of
from kishu.history.blobs import CHUNK_BYTES, write_tree
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

_REMEMBERED_CHUNKS = 200_000


class Recorder:
    """Writes recipes, hashing and writing only chunks that this session has not written yet.

    Attributes:
        progress: told of bytes as they are recorded.
        sources: texts that code was compiled from, by name, since they were last taken.
    """

    def __init__(self, writer: Writer | Naming) -> None:
        self.progress: Callable[[int], None] = lambda nbytes: None
        self.sources: dict[str, str] = {}
        self._writer = writer
        self._keeps = isinstance(writer, Writer)
        self._names: dict[bytes, str] = {}

    def forget(self) -> None:
        """Take no chunk for written: garbage was collected."""
        self._names.clear()

    def take_sources(self) -> dict[str, str]:
        """Give the texts noted since this was last asked."""
        taken, self.sources = self.sources, {}
        return taken

    def naming(self) -> Recorder:
        """A recorder that only names what it is given: for comparing, not for keeping."""
        names = Recorder(Naming())
        names._names = self._names
        return names

    def record(self, partition: Partition) -> tuple[VersionId, Recipe]:
        """Store a co-variable; gives the version's id, equal for equal content, and its recipe.

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
        """The fields that a part and a segment have in common."""
        return {
            "stream": self._stream(scan.stream),
            "buffers": [self._memory(memory) for memory in scan.buffers],
            "oob": [self._memory(memory) for memory in scan.oob],
            "places": [self._place(code) for code in scan.code],
            "unstorable": scan.unstorable,
            "opaque": scan.opaque,
        }

    def _place(self, code: CodeType | int) -> CodePlace:
        """Say where code stands, and keep the text that it was compiled from."""
        if isinstance(code, int) or not self._keeps:
            return CodePlace("", code if isinstance(code, int) else code.co_firstlineno)
        place, text = place_of(code)
        if not text:
            return place
        name = source_name(text)
        self.sources[name] = text
        return msgspec.structs.replace(place, text=name)

    def _segmented_component(self, component: LiveComponent) -> Component:
        segments = [
            live_segment.stored or self._segment(live_segment)
            for live_segment in component.live_segments
        ]
        unstorable = dict.fromkeys(place for s in segments for place in s.unstorable)
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
        scan = live_segment.scan
        if scan is None:
            raise ValueError("A piece was let go of before it was stored.")
        live_segment.named = Segment(
            count=live_segment.count, members=live_segment.members, **self._content(scan)
        )
        if self._keeps:
            live_segment.stored = live_segment.named
        return live_segment.named

    def _stream(self, live_segments: list[bytes]) -> Blob:
        data = live_segments[0] if len(live_segments) == 1 else b"".join(live_segments)
        names = [
            self._writer.put(memoryview(data)[at : at + CHUNK_BYTES])
            for at in range(0, len(data), CHUNK_BYTES)
        ]
        self.progress(len(data))
        return write_tree(names, len(data), self._writer)

    def _memory(self, memory: Memory) -> Blob:
        names = []
        told = 0
        view: memoryview | None = None
        starts = (0, *memory.ends[:-1]) if memory.ends else range(0, memory.nbytes, CHUNK_BYTES)
        for index, at in enumerate(starts):
            digest = memory.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
            name = self._names.get(digest)
            if name is None:
                if view is None:
                    view = memory.data()
                chunk = view[at : memory.ends[index] if memory.ends else at + CHUNK_BYTES]
                name = self._writer.put(chunk, chunk_name(chunk))
                if len(self._names) >= _REMEMBERED_CHUNKS:
                    self._names.clear()
                self._names[digest] = name
                self.progress(at - told)
                told = at
            names.append(name)
        self.progress(memory.nbytes - told)
        return write_tree(names, memory.nbytes, self._writer)


def _nbytes(component: Component | Segment) -> int:
    return sum(blob.size for blob in (component.stream, *component.buffers, *component.oob))


def version_id(recipe: Recipe) -> VersionId:
    """The recipe's content, in 160 bits; where its code stood in which file does not count."""
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
