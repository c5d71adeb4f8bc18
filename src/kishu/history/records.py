"""What a history consists of, as plain data: recipes, commits and operations.

These structs are the on-disk records (JSON, see docs/dev/format.md) and the only form in which
layers above `observe` and below `travel` see a state: no live objects, nothing pickled.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from blake3 import blake3

from kishu.history.reasons import Flaw, Unstorable

VersionId = str
CommitId = str
OperationId = str


class Blob(msgspec.Struct, omit_defaults=True, frozen=True):
    """A byte string of any length, as a tree of chunks.

    ``names`` are the chunks in order when ``depth`` is 0; otherwise each names a node, a chunk
    that holds the raw names one level down.
    """

    size: int
    names: list[str]
    depth: int = 0


class CodePlace(msgspec.Struct, omit_defaults=True, frozen=True):
    """Where a code object, or a class statement, stood.

    Attributes:
        file: the name of the file that it was compiled as; empty for a class.
        line: its first line.
        magic: the number of the byte code (`importlib.util.MAGIC_NUMBER`); 0 for a class.
        text: the name of the text that was compiled, among the history's sources; empty where it
            is not known.
        flags: the compiler's flags: what ``from __future__`` had switched on.
        name: its qualified name, without the functions that some Pythons make of comprehensions.
        at: line and column of the first thing in it, which tell lambdas on one line apart.
    """

    file: str
    line: int
    magic: int = 0
    text: str = ""
    flags: int = 0
    name: str = ""
    at: tuple[int, int] = (0, 0)


class Segment(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A run of a long container's elements; the fields are those of a part.

    Attributes:
        count: how many elements.
        stream: the pickle of a list of them; of a dict, of two lists, keys and values.
        members: by position, what the stream refers to: positions in the part's ``members``.
    """

    count: int
    stream: Blob
    buffers: list[Blob] = []
    oob: list[Blob] = []
    members: list[int] = []
    places: list[CodePlace] = []
    unstorable: list[Unstorable] = []
    opaque: list[str] = []


class Component(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One object and all that belongs to it alone, as bytes.

    Attributes:
        type: the qualified name of the object's type.
        kind: ``value``: the stream is one pickle of the object. ``instance``: two, its class and
            itself, so that it can exist before what it holds. ``definition``: two, how to make the
            function or class and what to fill it with. ``bundle``: one of a dict of values by
            entity, for objects that only a common pickle can hold together. ``segmented``: a
            list, dict, set or array of objects whose elements are in ``segments``.
        stream: the pickle; of a long array its form, of other long containers nothing.
        buffers: memory that Kishu's own reducers took out of the stream, by position.
        oob: memory that libraries passed out-of-band (pickle protocol 5), in order.
        members: other parts of the recipe that the stream refers to, by position.
        places: where each code object stood, in order; not part of the content.
        unstorable: what of it could not be stored; the stream refers to each by its position.
        opaque: types that only their own reduce describes: not checked further.
        segments: the tree of the pages of a long container's segments; ``nbytes``: their bytes.
    """

    type: str
    kind: Literal["value", "instance", "definition", "bundle", "segmented"] = "value"
    stream: Blob
    buffers: list[Blob] = []
    oob: list[Blob] = []
    members: list[int] = []
    places: list[CodePlace] = []
    unstorable: list[Unstorable] = []
    opaque: list[str] = []
    segments: Blob | None = None
    nbytes: int = 0


class Recipe(msgspec.Struct, omit_defaults=True):
    """How to build one version of a co-variable: which part each of its entities is.

    Attributes:
        roots: the part of each entity: a variable's name, a definition's number (``#…``), or a
            setting's name (``!…``).
        parts: the parts that the roots and other parts refer to.
        nbytes: the bytes of all streams and buffers.
    """

    roots: dict[str, int]
    components: list[Component]
    nbytes: int = 0

    @property
    def storable(self) -> bool:
        """Whether every bit of it is stored."""
        return not any(component.unstorable for component in self.components)

    @property
    def unreadable(self) -> str:
        """Why changes of it are not seen; empty where they are."""
        places = [place for component in self.components for place in component.unstorable]
        return next((place.text for place in places if place.unreadable), "")

    def status(self) -> Status:
        """What of this version is stored."""
        if self.storable:
            return "stored"
        if any(
            component.unstorable and component.type == component.unstorable[0].type
            for component in self.components
        ):
            return "recomputable"
        return "partial"


def is_definition(entity: str) -> bool:
    """Whether an entity is a definition, named by its number, and not a variable."""
    return entity.startswith("#")


SETTING = "!"
"""What the names of settings (random numbers, directory, options …) begin with, as entities."""


def is_setting(entity: str) -> bool:
    """Whether an entity is state outside of the variables."""
    return entity.startswith(SETTING)


def is_variable(entity: str) -> bool:
    """Whether an entity is a variable of the user's."""
    return not entity.startswith(("#", SETTING))


Status = Literal["stored", "partial", "recomputable"]
"""``stored``; ``partial``: but for places in it; ``recomputable``: the value itself cannot be."""


class Cell(msgspec.Struct, omit_defaults=True):
    """The cell whose run a commit records.

    Attributes:
        source: the cell's text; empty on the disk, where ``code`` names it.
        number: the execution count, the ``7`` of ``In [7]``; 0 where there is none.
        id: the notebook's own id of the cell, where the front end gave one.
        outcome: ``ok``, or the name of the exception that ended it.
        seconds: how long it ran.
        effects: what it did that running it again would do again: ``file``, ``process``,
            ``socket``, ``thread``, as an audit hook saw it.
        code: what `source_name` gives for the text, under which an operation brings it.
    """

    source: str = ""
    number: int = 0
    id: str = ""
    outcome: str = "ok"
    seconds: float = 0.0
    effects: list[str] = []
    code: str = ""


def source_name(source: str) -> str:
    """The name of a cell's text: the first 160 bits of its BLAKE3, in hex."""
    return blake3(source.encode()).hexdigest(length=20)


CommitKind = Literal["run", "named", "attach", "restart", "found"]


class Commit(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The state after a cell run or a named commit, as the difference from its parent.

    Attributes:
        id: unique in the history; any unique prefix names it.
        parent: the commit whose state it changes; empty for a state made from nothing.
        kind: ``run``, ``named``, ``attach`` (the state found), ``restart`` (the empty state) or
            ``found`` (a change found outside a cell's own commit).
        time: seconds since the epoch, for reading only: no order depends on it.
        set: entities with a new version.
        gone: entities that are no more.
        cost: milliseconds that making the commit took.
        nbytes: bytes stored for it.
        branch: the branch that moved to it.
        unverified: variables that there was no time to look at: a later commit has their changes.
        late: variables among `set` that the commit before had not looked at.
        through: variables that refer to a function or class that changed, and did not themselves.
    """

    id: CommitId
    parent: CommitId = ""
    kind: CommitKind
    time: float
    message: str = ""
    cell: Cell | None = None
    set: dict[str, VersionId] = {}
    gone: list[str] = []
    cost: float = 0.0
    nbytes: int = 0
    branch: str = ""
    unverified: list[str] = []
    late: list[str] = []
    through: list[str] = []


class StoredCell(msgspec.Struct, omit_defaults=True, frozen=True):
    """A cell of the notebook, as JSON in the notebook format.

    Attributes:
        body: the cell without its outputs.
        outputs: the list of its outputs, apart, so that an edit does not store them again.
    """

    body: Blob
    outputs: Blob | None = None


class Document(msgspec.Struct, omit_defaults=True, frozen=True):
    """The notebook's cells at a commit, as the difference from those at another.

    Attributes:
        base: the commit whose cells it changes; empty for none.
        order: the ids of all cells, in order; None where they are those of ``base``.
        cells: cells that are new or differ, by id.
    """

    base: CommitId = ""
    order: list[str] | None = None
    cells: dict[str, StoredCell] = {}


class RefMove(msgspec.Struct, omit_defaults=True):
    """A branch or tag set to a commit; ``was`` is where it stood, ``to`` empty deletes it."""

    kind: Literal["branch", "tag"]
    name: str
    to: CommitId = ""
    was: CommitId = ""


OperationKind = Literal[
    "attach",
    "restart",
    "run",
    "commit",
    "undo",
    "redo",
    "checkout",
    "branch",
    "tag",
    "ignore",
    "unignore",
    "cells",
    "check",
    "gc",
    "detach",
]

STEPS: frozenset[OperationKind] = frozenset({"run", "checkout", "restart"})
"""The operations that undo and redo move along."""


class Operation(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One entry of the append-only log: what was done, from where, to where.

    Attributes:
        id: unique in the history.
        session: the kernel's life that did it.
        parents: the operations it came after.
        time: seconds since the epoch, for reading only.
        before: the commit of the variables before it.
        head: the commit of the variables after it.
        code: the commit of the notebook's cells after it; empty when it is `head`.
        branch: the branch we are on after it; empty when on none.
        position: the step on which we stand after it; `previous` is the one before that step.
        commits: commits that came with it, oldest first.
        versions: recipes of the versions that appear in them for the first time.
        sources: texts of cells, and of what was compiled, that appear for the first time, by name.
        moves: refs that it set.
        names: the variables that an ``ignore`` or ``unignore`` names; the commits whose data a
            ``gc`` let go.
        documents: the notebook's cells at commits, as a front end told them.
        flaws: what is wrong with what loading versions back gave.
    """

    id: OperationId
    kind: OperationKind
    session: str
    parents: list[OperationId] = []
    time: float
    before: CommitId = ""
    head: CommitId = ""
    code: CommitId = ""
    branch: str = ""
    position: OperationId = ""
    previous: OperationId = ""
    commits: list[Commit] = []
    versions: dict[VersionId, Recipe] = {}
    sources: dict[str, str] = {}
    moves: list[RefMove] = []
    names: list[str] = []
    documents: dict[CommitId, Document] = {}
    flaws: dict[VersionId, Flaw] = {}

    @property
    def changes_something(self) -> bool:
        """Whether one of its commits differs from its parent."""
        return any(commit.set or commit.gone for commit in self.commits)
