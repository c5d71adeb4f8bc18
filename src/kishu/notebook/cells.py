"""Keep the notebook's cells as a front end last told them, and compare them with the history."""

from __future__ import annotations

from kishu.errors import KishuError, UnknownCells
from kishu.history import documents
from kishu.history.documents import Cells, Target, ToldCell
from kishu.history.history import History
from kishu.history.records import CommitId, Document, StoredCell
from kishu.store.store import Store
from kishu.store.writer import Writer


class LiveDocument:
    """Keep the cells of a notebook as one front end shows them.

    The front end sends in full only those cells that have changed since it last sent them.

    Args:
        history: the history whose commits have the cells.
        store: where recorded cells are read.
        writer: where new cells are written.
    """

    def __init__(self, history: History, store: Store, writer: Writer) -> None:
        self._history = history
        self._store = store
        self._writer = writer
        self._cells: dict[str, StoredCell] = {}
        # The cells that the history has for the head, or had when they were last compared.
        self._base: Cells | None = None

    def update(self, cells: list[ToldCell]) -> None:
        """Store the cells that have changed, and take the given ones for what the notebook has now.

        Args:
            cells: all cells in order, unchanged ones by id alone.

        Raises:
            UnknownCells: a cell is given by id alone that was never given in full; what the
                notebook has stays as it was before.
            NotRecording: the disk refused to store a cell; as above.
        """
        known = self._cells
        now: dict[str, StoredCell] = {}
        for told in cells:
            if told.cell is not None:
                now[_free(told.id, now)] = documents.store_cell(told.cell, self._writer)
            elif told.id in known and told.id not in now:
                now[told.id] = known[told.id]
            else:
                raise UnknownCells(f"Cell {told.id} was never told.")
        self._cells = now

    def for_commit(self, parent: CommitId) -> Document:
        """Return the cells as a new commit records them: the difference from its parent's."""
        return Cells("", self._cells).since(self._cells_at(parent))

    def note_recorded(self, id: CommitId) -> None:
        """Take note that the history now has the present cells as those of a commit."""
        self._base = Cells(id, dict(self._cells))

    def differs_from(self, id: CommitId) -> bool:
        """Return True if the history has other cells, or none, for a commit."""
        base = self._cells_at(id)
        return base is None or list(base.cells.items()) != list(self._cells.items())

    def _cells_at(self, id: CommitId) -> Cells | None:
        """Return the cells that the history has for a commit or its nearest ancestor.

        None if it has none, or if the record is lost. The last result is kept: most calls are for
        the head, at each cell run.
        """
        try:
            start = documents.nearest(self._history, id)
            if self._base is None or self._base.commit != start:
                self._base = documents.cells_at(self._history, start) if start else None
            return self._base
        except KishuError:
            # The next commit then records all cells, not a difference from lost ones.
            return None

    def target(self, id: CommitId) -> Target | None:
        """Read the cells to which the notebook has to be brought for a commit.

        Cells that the notebook has already are given by id alone. None if no cells were recorded
        for the commit or an ancestor of it.

        Raises:
            Damaged: a record of the cells is lost.
            NotRecoverable: a cell is lost or damaged.
        """
        target = documents.cells_at(self._history, id)
        if target is None:
            return None
        return Target(
            target.commit,
            [
                ToldCell(
                    id,
                    None
                    if self._cells.get(id) == stored
                    else documents.read_cell(id, stored, self._store),
                )
                for id, stored in target.cells.items()
            ],
        )

    def went_to(self, id: CommitId) -> None:
        """Take note that the notebook has been brought to the cells of a commit."""
        self._base = self._cells_at(id)
        if self._base is not None:
            self._cells = dict(self._base.cells)


def _free(id: str, taken: dict[str, StoredCell]) -> str:
    """Return the id, or if it is taken, the id with a number behind it.

    A notebook file can have two cells with one id; both are to be kept.
    """
    number, free = 2, id
    while free in taken:
        number, free = number + 1, f"{id}-{number}"
    return free
