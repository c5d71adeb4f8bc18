"""Store the notebook's cells, and put those at a commit together from the stored differences."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from kishu import limits
from kishu.errors import Damaged, NotRecoverable
from kishu.history import blobs
from kishu.history.history import History
from kishu.history.records import Blob, CommitId, Document, StoredCell
from kishu.store.store import UNREADABLE, Store
from kishu.store.writer import Writer

NotebookCell = dict[str, Any]
"""A cell in the notebook format (nbformat 4): ``id``, ``cell_type``, ``source``, …"""


class ToldCell(msgspec.Struct, omit_defaults=True):
    """Hold a cell as a front end sends it to the kernel, or the kernel to a front end.

    Attributes:
        id: the cell's id in the notebook.
        cell: the cell in the notebook format; None if the receiver has it like this already.
    """

    id: str
    cell: NotebookCell | None = None


class Target(msgspec.Struct):
    """Hold the cells that a notebook is to have after a checkout.

    Attributes:
        commit: the commit whose cells they are: the one asked for or, if no cells are known for
            that, its nearest ancestor for which they are.
        cells: all cells, in order; those that the notebook has like this already, by id alone.
    """

    commit: CommitId
    cells: list[ToldCell]


class Cells(NamedTuple):
    """Name the stored cells of a whole notebook.

    Attributes:
        commit: the id of the commit at which the notebook has these cells.
        cells: where each cell is stored, by the cell's id, in the notebook's order.
    """

    commit: CommitId
    cells: dict[str, StoredCell]

    def since(self, base: Cells | None) -> Document:
        """Return these cells as the difference from others; from no cells if ``base`` is None."""
        if base is None:
            return Document("", list(self.cells), self.cells)
        changed = {id: cell for id, cell in self.cells.items() if base.cells.get(id) != cell}
        same_order = list(self.cells) == list(base.cells)
        return Document(base.commit, None if same_order else list(self.cells), changed)


def nearest(history: History, id: CommitId) -> CommitId:
    """Return the id of a commit or, if its cells are not known, of its nearest ancestor's.

    Empty if the cells are known at none of them.

    Raises:
        Damaged: the record of an ancestor is lost.
    """
    return next((c.id for c in history.ancestry(id) if c.id in history.documents), "")


def cells_at(history: History, id: CommitId) -> Cells | None:
    """Return the cells at a commit or, if they are not known, at its nearest ancestor.

    None if they are known at none of them. The cost grows with the number of the commit's
    ancestors, so that nothing that runs after every cell should call this.

    Raises:
        Damaged: the record of an ancestor, or one that the cells are a difference from, is lost.
    """
    start = nearest(history, id)
    return _put_together(history, start, {}) if start else None


def _put_together(
    history: History, start: CommitId, known: dict[CommitId, dict[str, StoredCell]]
) -> Cells:
    """Return the cells at a commit by following the stored differences back to all of them.

    Args:
        start: a commit for which the history has a document.
        known: cells already put together, by commit; those of this commit are added.

    Raises:
        Damaged: one of the differences is lost, or they go in a circle.
    """
    differences: list[Document] = []
    id = start
    while id and id not in known:
        # More steps than there are documents: some document is based on itself.
        if id not in history.documents or len(differences) > len(history.documents):
            raise Damaged(f"The record of the cells at commit {id} is lost.")
        differences.append(history.documents[id])
        id = differences[-1].base
    cells = dict(known[id]) if id else {}
    for document in reversed(differences):
        cells |= document.cells
        if document.order is not None:
            cells = {id: cells[id] for id in document.order if id in cells}
    known[start] = cells
    return Cells(start, cells)


def is_untrusted(history: History, id: CommitId) -> bool:
    """Return True if the cells at a commit are put together from an untrusted operation, too.

    Raises:
        Damaged: the record of an ancestor is lost.
    """
    base, seen = nearest(history, id), set[CommitId]()
    while base in history.documents and base not in seen:
        if base in history.untrusted_documents:
            return True
        seen.add(base)
        base = history.documents[base].base
    return False


def chunks_of(history: History, commits: Iterable[CommitId], store: Store) -> set[str]:
    """Return the names of all chunks that the notebook's cells at some commits need.

    Raises:
        Damaged: a record, or a chunk that names other chunks, is lost.
    """
    known: dict[CommitId, dict[str, StoredCell]] = {}
    starts = dict.fromkeys(filter(None, (nearest(history, id) for id in commits)))
    return {
        name
        for start in starts
        for cell in _put_together(history, start, known).cells.values()
        for blob in (cell.body, cell.outputs)
        if blob is not None
        for name in blobs.all_names(blob, store)
    }


def store_cell(cell: NotebookCell, writer: Writer) -> StoredCell:
    """Store a cell's JSON in chunks, its outputs apart from the rest, and return their names.

    Raises:
        NotRecording: the chunks cannot be written.
    """
    body = {key: value for key, value in cell.items() if key != "outputs"}
    return StoredCell(
        _store_json(body, writer),
        _store_json(cell["outputs"], writer) if "outputs" in cell else None,
    )


def _store_json(value: object, writer: Writer) -> Blob:
    """Store a value as JSON in chunks of 256 KiB, and return their names."""
    try:
        data = msgspec.json.encode(value, order="sorted")
    except UnicodeEncodeError:
        # A lone surrogate: an output may have been cut in the middle of an emoji.
        data = json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    chunks = range(0, len(data), limits.CHUNK_BYTES)
    names = [writer.put(data[at : at + limits.CHUNK_BYTES]) for at in chunks]
    return blobs.write_tree(names, len(data), writer)


def read_cell(id: str, stored: StoredCell, store: Store) -> NotebookCell:
    """Read a stored cell, with its outputs, and return it in the notebook format.

    Args:
        id: the cell's id, for the error's message.
        stored: the names of the cell's chunks.
        store: the history that has these chunks.

    Raises:
        NotRecoverable: a chunk of the cell is missing or damaged.
    """
    try:
        cell: NotebookCell = msgspec.json.decode(blobs.read(stored.body, store), type=dict)
        if stored.outputs is not None:
            cell["outputs"] = msgspec.json.decode(blobs.read(stored.outputs, store), type=list)
    except (Damaged, *UNREADABLE) as error:
        raise NotRecoverable(f"Cell {id} cannot be read: {error}") from error
    return cell
