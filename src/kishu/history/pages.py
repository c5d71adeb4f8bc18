"""Pages: the segments of a long container, thirty or so to a chunk."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kishu.errors import Damaged
from kishu.history import blobs
from kishu.history.records import Blob, Segment
from kishu.store.store import UNREADABLE, Store
from kishu.store.writer import Naming, Writer

_LONGEST = 96


def write_pages(segments: list[Segment], writer: Writer | Naming) -> Blob:
    """Store a container's segments; the blob's size is how many there are."""
    names = []
    page: list[Segment] = []
    for segment in segments:
        page.append(segment)
        if _ends_page(segment) or len(page) == _LONGEST:
            names.append(writer.put(msgspec.json.encode(page)))
            page = []
    if page:
        names.append(writer.put(msgspec.json.encode(page)))
    return blobs.write_tree(names, len(segments), writer)


def _ends_page(segment: Segment) -> bool:
    """One in thirty-two, by content: pages begin where they did when one segment changes."""
    return segment.stream.names[0] < "08"


def read_pages(blob: Blob, store: Store) -> Iterator[Segment]:
    """The segments, in order.

    Raises:
        Damaged: a page is missing or damaged.
    """
    for name in blobs.leaf_names(blob, store):
        try:
            yield from msgspec.json.decode(store.get(name), type=list[Segment])
        except UNREADABLE as error:
            raise Damaged(f"Page {name} of a long container cannot be read: {error}.") from error
