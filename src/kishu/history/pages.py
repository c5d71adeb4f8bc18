"""Store the segments of a large container in pages: chunks of about thirty segments each."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kishu import limits
from kishu.errors import Damaged
from kishu.history import blobs
from kishu.history.records import Blob, Segment
from kishu.store.store import UNREADABLE, Store
from kishu.store.writer import Naming, Writer


def write_pages(segments: list[Segment], writer: Writer | Naming) -> Blob:
    """Store a container's segments, and return the names of their pages.

    The returned blob's `size` is the number of segments.

    Args:
        segments: all segments of the container, in order.
        writer: stores the pages, or only names them.

    Raises:
        NotRecording: a page cannot be written.
    """
    names = []
    page: list[Segment] = []
    for segment in segments:
        page.append(segment)
        if _ends_page(segment) or len(page) == limits.PAGE_SEGMENTS:
            names.append(writer.put(msgspec.json.encode(page)))
            page = []
    if page:
        names.append(writer.put(msgspec.json.encode(page)))
    return blobs.write_tree(names, len(segments), writer)


def _ends_page(segment: Segment) -> bool:
    """Return True for one segment in thirty-two, chosen by the hash of its content.

    So pages begin at the same segments as before when others are inserted or removed, and pages
    without a change keep their names.
    """
    return segment.stream.names[0] < "08"


def read_pages(blob: Blob, store: Store) -> Iterator[Segment]:
    """Read the pages that `write_pages` stored, and yield their segments in order.

    Raises:
        Damaged: a page, or a chunk that names pages, is missing or damaged.
    """
    for name in blobs.leaf_names(blob, store):
        try:
            yield from msgspec.json.decode(store.get(name), type=list[Segment])
        except UNREADABLE as error:
            raise Damaged(f"Page {name} of a long container cannot be read: {error}.") from error
