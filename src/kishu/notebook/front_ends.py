"""Take in what front ends tell of the notebook's cells, and ask them for other cells."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kishu import limits
from kishu.errors import NotRecording
from kishu.history import documents
from kishu.history.catalog import Notebook, note
from kishu.history.documents import Target, ToldCell
from kishu.history.history import History
from kishu.history.ledger import Ledger
from kishu.history.records import CommitId
from kishu.notebook.cells import LiveDocument
from kishu.store.store import Store
from kishu.store.writer import Writer
from kishu.worktree.worktree import Worktree


class FrontEnds:
    """Keep which notebook a session is of, and its cells as each front end shows them.

    Args:
        store: where recorded cells are read.
        history: the history whose commits have the cells.
        ledger: writes operations, and knows the head.
        writer: where new cells are written.
        worktree: makes the commits that the cells come with.
        path: the notebook's absolute path; None if it is not known.
        uuid: the id in the notebook's metadata; empty if it has none.
        changed: called with ``wanted`` when a front end is to be asked for a commit's cells.

    Attributes:
        path: the notebook's absolute path; None if it is not known.
        uuid: the id in the notebook's metadata; empty if it has none.
        shown: the cells that the present request came with; None if it came without, or there is
            no request.
        can_bring: True if a front end can be asked to check out a commit's cells.
        wanted: the commit whose cells a cell (``%kishu checkout``) has asked for; empty for none.
    """

    def __init__(
        self,
        store: Store,
        history: History,
        ledger: Ledger,
        writer: Writer,
        worktree: Worktree,
        path: Path | None,
        uuid: str,
        changed: Callable[[str], None],
    ) -> None:
        self.path = path
        self.uuid = uuid
        self.shown: LiveDocument | None = None
        self.can_bring = False
        self.wanted: CommitId = ""
        self._store = store
        self._history = history
        self._ledger = ledger
        self._writer = writer
        self._worktree = worktree
        self._changed = changed
        self._documents: dict[str, LiveDocument] = {}

    def be_known_by(self, marked: str) -> None:
        """Give the notebook an id if it has none; a front end then writes it to the metadata.

        Args:
            marked: the id that the metadata has already; empty to make a new one.
        """
        if not self.uuid and self.path is not None:
            self.uuid = marked or str(uuid.uuid4())
            self.follow(self.path)

    def follow(self, path: Path) -> None:
        """Take note of the notebook's new path after it was renamed or moved.

        Args:
            path: the absolute path.
        """
        self.path = path
        note(self._store, Notebook(str(path), self.uuid))

    @contextmanager
    def showing(self, front_end: str, cells: list[ToldCell] | None) -> Iterator[None]:
        """Take the given cells for the notebook's for as long as a request lasts.

        Commits made meanwhile record them, and a checkout can replace them.

        Args:
            front_end: the id of the front end that shows the cells.
            cells: all cells in order, by id alone those that this front end told before and that
                have not changed; None if the request came without cells.

        Raises:
            UnknownCells: a cell is given by id alone that this front end has not told.
            NotRecording: the disk refused to store a cell.
        """
        if cells is not None:
            self.shown = self._worktree.document = self._update(front_end, cells)
        try:
            yield
        finally:
            self.shown = self._worktree.document = None

    def record_cells(self, front_end: str, commit: CommitId, cells: list[ToldCell]) -> None:
        """Record the notebook's cells for a commit that was made without them.

        If the commit is unknown, or has cells already, they are only kept as the front end's.

        Args:
            front_end: the id of the front end that shows the cells.
            commit: the commit's id; empty for none.
            cells: all cells in order, as in `showing`.

        Raises:
            UnknownCells: a cell is given by id alone that this front end has not told.
            NotRecording: the disk refused.
        """
        document = self._update(front_end, cells)
        if commit in self._history.commits and commit not in self._history.documents:
            difference = document.for_commit(self._history.commit(commit).parent)
            try:
                self._ledger.write("cells", documents={commit: difference}, when="soon")
            except NotRecording:
                del self._documents[front_end]
                raise
            document.note_recorded(commit)

    def forget(self) -> None:
        """Forget all cells, so that front ends must tell them in full.

        Garbage collection may have dropped the chunks of cells that no commit has.
        """
        self._documents.clear()

    def _update(self, front_end: str, cells: list[ToldCell]) -> LiveDocument:
        """Update a front end's cells and return them; the oldest front end's are forgotten.

        Raises:
            UnknownCells: a cell is given by id alone that this front end has not told.
            NotRecording: the disk refused to store a cell.
        """
        document = self._documents.pop(front_end, None)
        if document is None:
            document = LiveDocument(self._history, self._store, self._writer)
        # If this fails, the document stays out: the front end must tell all its cells in full.
        document.update(cells)
        self._documents[front_end] = document
        while len(self._documents) > limits.REMEMBERED_FRONT_ENDS:
            del self._documents[next(iter(self._documents))]
        return document

    # Going to the cells of another commit

    def cells_of(self, commit: CommitId) -> Target | None:
        """Read the cells to which the notebook has to be brought for a commit.

        None if the present request came without cells, or the commit's are not known.

        Raises:
            Damaged: a record of the cells is lost.
            NotRecoverable: a cell is lost or damaged.
        """
        return None if self.shown is None else self.shown.target(commit)

    def went_to(self, cells: Target) -> None:
        """Take note that the notebook has been brought to these cells."""
        if self.shown is not None:
            self.shown.went_to(cells.commit)

    def why_not_bring(self, commit: CommitId) -> str:
        """Say why no front end can be asked for a commit's cells; empty if one can."""
        if not documents.nearest(self._history, commit):
            return "the notebook's cells are as they were: nobody told what they were then"
        if not self.can_bring:
            return "the notebook's cells are as they were: no front end is here to change them"
        return ""

    def ask_for(self, commit: CommitId) -> str:
        """Ask a front end to bring back a commit's cells, if possible, and say what comes of it."""
        why_not = self.why_not_bring(commit)
        if why_not:
            return why_not
        self.wanted = commit
        self._changed("wanted")
        return "the notebook's cells follow"
