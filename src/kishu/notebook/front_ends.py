"""The front ends that show the notebook: what they tell of its cells, and what they are asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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

_REMEMBERED = 8
"""How many front ends' cells are remembered: a page that was reloaded is a new one."""


class FrontEnds:
    """Which notebook a session is of, and its cells as those tell them who show it.

    Args:
        path: the notebook's path, None for none.
        uuid: the id in its metadata.
        changed: told ``wanted`` when a front end is to be asked for a commit's cells.

    Attributes:
        shown: the cells for as long as a request lasts that brought them; None otherwise.
        can_bring: whether a front end can be asked to check out a commit's cells.
        wanted: the commit whose cells a cell has asked for; empty for none.
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
        """See that the notebook has an id: a front end will write it to the metadata."""
        if not self.uuid and self.path is not None:
            self.uuid = marked or str(uuid.uuid4())
            self.follow(self.path)

    def follow(self, path: Path) -> None:
        """Keep the history for a notebook that was renamed or moved."""
        self.path = path
        note(self._store, Notebook(str(path), self.uuid))

    @contextmanager
    def showing(self, front_end: str, cells: list[ToldCell] | None) -> Iterator[None]:
        """Take the notebook's cells to be these, for the length of a request.

        Commits made meanwhile have them, and a checkout can replace them.

        Args:
            front_end: the one that shows them; what it told before need not be told again.
            cells: all of them, in order; None where it shows none.

        Raises:
            UnknownCells: some are said to be as told before, and were not.
            NotRecording: the disk refused.
        """
        if cells is not None:
            self.shown = self._worktree.document = self._told(front_end, cells)
        try:
            yield
        finally:
            self.shown = self._worktree.document = None

    def record_cells(self, front_end: str, commit: CommitId, cells: list[ToldCell]) -> None:
        """Take note of the notebook's cells at a commit that was made before.

        Raises:
            UnknownCells, NotRecording: as for `showing`.
        """
        document = self._told(front_end, cells)
        if commit in self._history.commits and commit not in self._history.documents:
            told = document.for_commit(self._history.commit(commit).parent)
            try:
                self._ledger.write("cells", documents={commit: told}, when="soon")
            except NotRecording:
                del self._documents[front_end]
                raise
            document.recorded(commit)

    def forget(self) -> None:
        """Have all cells told anew: what was stored of them may have been collected."""
        self._documents.clear()

    def _told(self, front_end: str, cells: list[ToldCell]) -> LiveDocument:
        document = self._documents.pop(front_end, None)
        if document is None:
            document = LiveDocument(self._history, self._store, self._writer)
        # Where this fails, nothing counts as told any longer.
        document.tell(cells)
        self._documents[front_end] = document
        while len(self._documents) > _REMEMBERED:
            del self._documents[next(iter(self._documents))]
        return document

    # Going to the cells of another commit

    def cells_of(self, commit: CommitId) -> Target | None:
        """Give the cells of a commit as the notebook's next ones; None where there is no way."""
        return None if self.shown is None else self.shown.target(commit)

    def went_to(self, cells: Target) -> None:
        """Take the notebook to have been brought to these cells."""
        if self.shown is not None:
            self.shown.went_to(cells.commit)

    def why_not_bring(self, commit: CommitId) -> str:
        """Say why no front end can be asked for a commit's cells; empty where one can."""
        if not documents.nearest(self._history, commit):
            return "the notebook's cells are as they were: nobody told what they were then"
        if not self.can_bring:
            return "the notebook's cells are as they were: no front end is here to change them"
        return ""

    def ask_for(self, commit: CommitId) -> str:
        """Have a front end bring back a commit's cells, if one is there; says what comes of it."""
        why_not = self.why_not_bring(commit)
        if why_not:
            return why_not
        self.wanted = commit
        self._changed("wanted")
        return "the notebook's cells follow"
