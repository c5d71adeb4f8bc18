"""Define the records of a history: recipes, commits and operations, as plain data.

They are stored as JSON (see docs/dev/format.md). They hold no live objects, and bytes that have to
be unpickled only by the names of the chunks that hold them.
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
    """Name the chunks of a byte string of any length, by the top of a tree.

    Attributes:
        size: the length in bytes; for the pages of a large container, the number of segments.
        names: the names of the chunks at the top of the tree, in order: of the data itself if
            `depth` is 0, else of nodes, chunks that hold the binary names of the level below.
        depth: the number of levels of nodes.
    """

    size: int
    names: list[str]
    depth: int = 0


class CodePlace(msgspec.Struct, omit_defaults=True, frozen=True):
    """Say where a code object, or a class statement, stood in the notebook or a file.

    Attributes:
        file: the file name that the code was compiled with; empty for a class.
        line: the number of the first line.
        magic: the version of the byte code (`importlib.util.MAGIC_NUMBER`), as an integer; 0 for
            a class.
        text: the name of the text that was compiled, by which the history's sources have it;
            empty if it is not known.
        flags: the compiler's flags that ``from __future__`` had switched on.
        name: the qualified name, without the functions that older Pythons make of
            comprehensions.
        at: the line and column where the code's first instruction stands, by which lambdas on
            one line are told apart.
    """

    file: str
    line: int
    magic: int = 0
    text: str = ""
    flags: int = 0
    name: str = ""
    at: tuple[int, int] = (0, 0)


class Segment(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Store a run of consecutive elements of a large container; fields not told are a component's.

    Attributes:
        count: the number of elements.
        stream: the pickle of a list of the elements; for a dict, of a list of keys and one of
            values.
        members: the components that the stream refers to, each as its position among the
            `members` of the container's own component; the stream has positions in this list.
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
    """Store one object, and all that belongs to it alone.

    Attributes:
        type: the qualified name of the object's type.
        kind: the form of the stream. ``value``: one pickle, of the object. ``instance``: two
            pickles, of its class and of the object, so that it can be made before its content.
            ``definition``: two pickles, how to make the function or class, and its content.
            ``bundle``: one pickle, of a dict of values by entity, for objects that can only be
            pickled together. ``segmented``: no pickle of the elements of a list, dict, set or
            array of objects, which are in `segments`.
        stream: the pickles; for a segmented array, one of its form (shape, order of axes …), for
            other segmented containers nothing.
        buffers: the memory that Kishu's handlers took out of the stream; the stream refers to
            each by its position.
        oob: the memory that libraries passed out-of-band (pickle protocol 5), in order.
        members: the positions, in the recipe, of the other components that the stream refers to.
        places: where each code object in the stream stood, in order; not part of what the
            version's name is computed from.
        unstorable: the places in the object that could not be stored; the stream refers to each
            by its position.
        opaque: the types of objects within that only their own ``__reduce__`` describes.
        segments: the pages that hold a segmented container's segments; None for other kinds.
        nbytes: the bytes of all segments together; 0 for other kinds.
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
    """Say how to build one version of a co-variable.

    Attributes:
        roots: for each entity (a variable's name, a definition's ``#…``, a setting's ``!…``) the
            position of its component.
        components: all components; roots and other components refer to them by position.
        nbytes: the bytes of all streams and buffers.
    """

    roots: dict[str, int]
    components: list[Component]
    nbytes: int = 0

    @property
    def storable(self) -> bool:
        """Return True if the version is stored whole, without an unstorable place."""
        return not any(component.unstorable for component in self.components)

    @property
    def unreadable(self) -> str:
        """Return why changes in part of the value cannot be seen; empty if all are seen."""
        places = [place for component in self.components for place in component.unstorable]
        return next((place.text for place in places if place.unreadable), "")

    def status(self) -> Availability:
        """Return ``stored``, ``partial`` or ``recomputable``, as `Availability` explains them."""
        if self.storable:
            return "stored"
        if any(
            component.unstorable and component.type == component.unstorable[0].type
            for component in self.components
        ):
            return "recomputable"
        return "partial"


def is_definition(entity: str) -> bool:
    """Return True if an entity is a definition: its name begins with ``#``."""
    return entity.startswith("#")


SETTING = "!"
"""The first character of a setting's name, by which entities of that kind are known."""


def is_setting(entity: str) -> bool:
    """Return True if an entity is a setting (ambient state): its name begins with ``!``."""
    return entity.startswith(SETTING)


def is_variable(entity: str) -> bool:
    """Return True if an entity is a variable: neither a definition nor a setting."""
    return not entity.startswith(("#", SETTING))


Availability = Literal["stored", "partial", "recomputable"]
"""What of a version is stored: all of it (``stored``), all but places within a value
(``partial``), or not a value itself, which its cell has to make again (``recomputable``)."""


class Cell(msgspec.Struct, omit_defaults=True):
    """Describe the cell whose run a commit records.

    Attributes:
        source: the cell's text; empty in the stored record, where `code` names the text, and
            where that is lost.
        number: the execution count, the ``7`` of ``In [7]``; 0 if there is none.
        id: the cell's id in the notebook; empty if no front end told it.
        outcome: ``ok``, or the name of the exception that ended the cell.
        seconds: the time for which the cell ran.
        effects: the kinds of effects outside of the session that an audit hook saw, which
            another run would have again: ``file``, ``process``, ``socket``, ``thread``.
        code: the name that `source_name` gives to the text, by which the history's sources
            have it.
    """

    source: str = ""
    number: int = 0
    id: str = ""
    outcome: str = "ok"
    seconds: float = 0.0
    effects: list[str] = []
    code: str = ""


def source_name(source: str) -> str:
    """Return the name of a text: the first 160 bits of its BLAKE3 hash, in hexadecimal."""
    return blake3(source.encode()).hexdigest(length=20)


CommitKind = Literal["run", "named", "attach", "restart", "found"]


class Commit(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Describe the state after a cell run or a named commit, as the difference from its parent.

    Attributes:
        id: the commit's id, unique in the history.
        parent: the id of the commit from whose state this one differs; empty if from no state.
        kind: how the commit came about: ``run`` (a cell ran), ``named`` (the user asked for it),
            ``attach`` (what Kishu found when it was loaded), ``restart`` (what a new kernel
            began with) or ``found`` (a change found outside of a cell's own commit).
        time: the seconds since the epoch, for people.
        message: the text that the user gave; empty for none.
        cell: the cell that ran; None for commits of other kinds.
        set: the new version of each entity that has one.
        gone: the entities that exist no longer.
        cost: the milliseconds that making the commit took.
        nbytes: the bytes stored for the commit.
        branch: the branch that was moved from the parent to this commit; empty for none.
        unverified: the variables that there was no time to verify; if they changed, a later
            commit says so.
        late: the variables among `set` that the commit before had not verified, so that they may
            have changed earlier.
        through: the variables whose own content stayed, but that refer to a function or class
            that changed.
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
    """Store a cell of the notebook, as JSON in the notebook format (nbformat 4).

    Attributes:
        body: the cell without its outputs.
        outputs: the list of the cell's outputs, stored apart so that an edit of the text does
            not store them again; None for a cell that has no such list.
    """

    body: Blob
    outputs: Blob | None = None


class Document(msgspec.Struct, omit_defaults=True, frozen=True):
    """Store the notebook's cells at a commit, as the difference from those at another.

    Attributes:
        base: the id of that other commit; empty if `cells` has all.
        order: the ids of all cells, in order; None if they are those at `base`.
        cells: the cells that are new or differ, by id.
    """

    base: CommitId = ""
    order: list[str] | None = None
    cells: dict[str, StoredCell] = {}


class RefMove(msgspec.Struct, omit_defaults=True):
    """Record that a branch or tag was made, moved or deleted.

    Attributes:
        kind: ``branch`` or ``tag``.
        name: the branch's or tag's name.
        to: the commit that it names from now on; empty if it was deleted.
        was: the commit that it named before; empty if it is new.
    """

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
    """Record one entry of the append-only log: what was done, and the head before and after.

    Attributes:
        id: the operation's id, unique in the history.
        kind: what was done.
        session: the id of the session that did it.
        parents: the ids of the operations that it came after; empty for the first.
        time: the seconds since the epoch, for people.
        before: the commit of the variables before the operation.
        head: the commit of the variables after it.
        code: the commit of the notebook's cells after it; empty if that is `head`.
        branch: the session's branch after it; empty if the session is on none.
        position: the id of the step that an undo would take back next; empty if there is none.
        previous: for a step, the id of the step before it; empty for the first, and for
            operations that are no steps.
        commits: the commits made by the operation, oldest first.
        versions: the recipes of versions that are new to the history.
        sources: texts new to the history, of cells and of other compiled code, by name.
        moves: the branches and tags that it made, moved or deleted.
        names: for ``ignore`` and ``unignore``, names of variables; for ``gc``, the ids of the
            commits whose data it dropped.
        documents: the notebook's cells at commits, as a front end told them.
        flaws: what round-trip checks found wrong, by version.
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
        """Return True if one of the commits made differs from its parent."""
        return any(commit.set or commit.gone for commit in self.commits)
