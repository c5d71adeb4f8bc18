"""Sizes, counts and times that bound what Kishu does, each with its reason.

What the user can set stands in `config.py`. Whoever uses a limit reads it here at run time
(``limits.CHUNK_BYTES``), so that a test can set another.
"""

from __future__ import annotations

# On the disk

CHUNK_BYTES = 256 * 1024
"""Bytes of a chunk of memory: a changed byte stores so much; hashing in such pieces costs no more
than hashing in one."""
FAN_OUT = 32
"""Chunk names in a node of a blob: a change to a large blob writes a few nodes of 640 bytes."""
PACK_BYTES = 256 * 1024 * 1024
"""Bytes of a pack, at which a new one begins: copying a history moves files of a usual size."""
INLINE_BYTES = 4096
"""Bytes from which a chunk goes into a pack; smaller ones go into the record that names them, which
saves a write."""
PAGE_SEGMENTS = 96
"""Segments in a page at most, where none of them ends the page by its content."""

# Writing

SYNC_SECONDS = 1.0
"""How often what was written is synced at most: a power cut costs no more than that."""
AT_ONCE_BYTES = 4 * 1024 * 1024
"""Bytes that may wait for the disk and still be written by who records: some milliseconds."""
BACKLOG_BYTES = 192 * 1024 * 1024
"""Bytes that may wait for the disk at all: they are copies, and memory is the user's."""
LEASE_SECONDS = 30.0
"""How long attaching waits for a collection of garbage to end."""
LEASE_POLL_SECONDS = 0.05
"""How often it looks whether that has ended."""
REMEMBERED_CHUNKS = 200_000
"""Chunks whose names are remembered by their quick hash: 30 MB at most."""

# Walking

LARGE_ELEMENTS = 4096
"""Elements from which a list, dict, set or array of objects is walked in segments, and nodes from
which a walk records only those that are externally referenced: below, the whole is quick enough."""
SEGMENT_ELEMENTS = 1024
"""Elements of a segment: small enough to store for one change, large enough for C to be fast."""
SEGMENT_BYTES = 256 * 1024
"""Bytes of a segment's stream, above which it gets fewer elements."""
SEGMENT_MIN_ELEMENTS = 16
"""Elements that a segment has at least, however large they are."""
SEGMENT_SIGN_ELEMENTS = 4
"""Elements by whose addresses the beginning of a segment is found again after an insertion."""
SURFACE_ELEMENTS = 256
"""Elements looked at in a value for large containers near its surface."""
SMALL_ATOM_BYTES = 1024
"""Bytes of an unchanging value up to which it is kept alive, to know it by its identity."""
COHORT_VARIABLES = 64
"""Small variables verified in one walk: a walk costs five times what a small value does."""
RECURSION_LIMIT = 20_000
"""Depth to which a chain of objects is followed: the C stack has room for that many."""
TEXT_COLUMN_ELEMENTS = 64
"""Elements from which a column of text is compared by reference."""
TEXT_CACHE_ELEMENTS = 8_000_000
"""Elements of all columns of text whose references are kept: 64 MB."""
COUNTED_CALLS = 1_000_000
"""Calls by which the counts of a restored `lru_cache` are brought up at most."""

# Components

SHARED_OBJECTS = 1000
"""Objects that are components of their own; where more are shared, one stream holds them all."""
PARTITION_ROUNDS = 12
"""How often a co-variable is divided anew because components met in each other."""

# Round-trip checks

CHECKED_BYTES = 10 * 1024 * 1024
"""Bytes of a version up to which it is checked: that takes some 50 ms."""
CHECKED_FIRST_BYTES = 64 * 1024 * 1024
"""The same for a class of which none has come back yet."""
CHECKED_STREAM_BYTES = 1024 * 1024
"""Bytes of a version's streams up to which it is checked: loading objects is slower than memory."""
CHECKED_AT_ONCE_BYTES = 256 * 1024
"""Bytes of a version up to which it is checked before its commit."""
CHECKED_AT_ONCE_SECONDS = 0.25
"""How long all checks before a commit may take."""
PROOFS_NEEDED = 3
"""Versions of a class that must come back whole before its others wait for idle time."""
CHECKS_WAITING = 100
"""Versions that wait for a check at most; the oldest go unchecked."""

# The kernel

IDLE_SECONDS = 0.25
"""How long no cell has run when the kernel counts as idle."""
REMEMBERED_COMMITS = 1000
"""Commits that are remembered by their cell's number, for front ends that tell cells late."""
REMEMBERED_FRONT_ENDS = 8
"""Front ends whose cells are remembered: a page that was reloaded is a new one."""
PROGRESS_PATIENCE_SECONDS = 0.4
"""How long a front end's request takes before its progress is told."""
PROGRESS_LINE_PATIENCE_SECONDS = 1.0
"""How long a verb in a cell takes before its progress is shown."""
PROGRESS_PAUSE_SECONDS = 0.2
"""How long it is between two tellings of progress."""
