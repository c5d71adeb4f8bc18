"""The notebook's cells as the front end last told them, beside the history."""

from __future__ import annotations

from kishu.errors import KishuError, UnknownCells
from kishu.history import documents
from kishu.history.documents import Cells, Target, ToldCell
from kishu.history.history import History
from kishu.history.records import CommitId, Document, StoredCell
from kishu.store.store import Store
from kishu.store.writer import Writer


class LiveDocument:
    """What the cells are, as far as the session was told; told in differences."""

    def __init__(self, history: History, store: Store, writer: Writer) -> None:
        self._history = history
        self._store = store
        self._writer = writer
        self._cells: dict[str, StoredCell] = {}
        self._base: Cells | None = None

    def tell(self, cells: list[ToldCell]) -> None:
        """Take in what the cells are now.

        Raises:
            UnknownCells: one that was never told is said to be as before; nothing is taken in.
            NotRecording: the disk refused.
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
        """What a commit on top of ``parent`` says of the cells."""
        return Cells("", self._cells).since(self._cells_at(parent))

    def recorded(self, id: CommitId) -> None:
        """The history has the cells as they are now as those of a commit."""
        self._base = Cells(id, dict(self._cells))

    def differs_from(self, id: CommitId) -> bool:
        """Whether the cells are others than those that the history has for a commit."""
        base = self._cells_at(id)
        return base is None or list(base.cells.items()) != list(self._cells.items())

    def _cells_at(self, id: CommitId) -> Cells | None:
        """As `documents.cells_at`, with next to no cost where it gave the same the last time."""
        try:
            start = documents.nearest(self._history, id)
            if self._base is None or self._base.commit != start:
                self._base = documents.cells_at(self._history, start) if start else None
            return self._base
        except KishuError:
            # What is lost is told anew.
            return None

    def target(self, id: CommitId) -> Target | None:
        """How the notebook becomes that of a commit, all of it read; None where nobody knows.

        Raises:
            Damaged: a record is lost.
            NotRecoverable: a cell is damaged.
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
        """The notebook has been brought to the cells of a commit."""
        self._base = self._cells_at(id)
        if self._base is not None:
            self._cells = dict(self._base.cells)


def _free(id: str, taken: dict[str, StoredCell]) -> str:
    """The id, or where two cells have it another for the second: no cell is lost for that."""
    number, free = 2, id
    while free in taken:
        number, free = number + 1, f"{id}-{number}"
    return free
