"""Documents: the notebook's cells at a commit, put together from what each commit says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from kishu.errors import Damaged, NotRecoverable
from kishu.history import blobs
from kishu.history.history import History
from kishu.history.records import Blob, CommitId, Document, StoredCell
from kishu.store.store import UNREADABLE, Store
from kishu.store.writer import Writer

NotebookCell = dict[str, Any]
"""A cell in the notebook format (nbformat 4): ``id``, ``cell_type``, ``source``, …"""


class ToldCell(msgspec.Struct, omit_defaults=True):
    """A cell, as it is told to or by a front end.

    Attributes:
        id: its id in the notebook.
        cell: the cell in the notebook format; None where it is as it was told before.
    """

    id: str
    cell: NotebookCell | None = None


class Target(msgspec.Struct):
    """The cells to bring a notebook to.

    Attributes:
        commit: whose cells they are: the one asked for, or its nearest ancestor with known ones.
        cells: all of them, in order; those that the notebook has like this, by id alone.
    """

    commit: CommitId
    cells: list[ToldCell]


class Cells(NamedTuple):
    """All cells of a notebook, as they are stored, in order, by id."""

    commit: CommitId
    cells: dict[str, StoredCell]

    def since(self, base: Cells | None) -> Document:
        """These cells, told as the difference from others."""
        if base is None:
            return Document("", list(self.cells), self.cells)
        changed = {id: cell for id, cell in self.cells.items() if base.cells.get(id) != cell}
        same_order = list(self.cells) == list(base.cells)
        return Document(base.commit, None if same_order else list(self.cells), changed)


def nearest(history: History, id: CommitId) -> CommitId:
    """The commit, or its nearest ancestor, whose cells are known; empty for none."""
    return next((c.id for c in history.ancestry(id) if c.id in history.documents), "")


def cells_at(history: History, id: CommitId) -> Cells | None:
    """The cells at a commit, or where they are not known at its nearest ancestor; None for none.

    Costs the number of ancestors: for looking and travelling, not for the cell path.

    Raises:
        Damaged: a record is lost.
    """
    start = nearest(history, id)
    return _put_together(history, start, {}) if start else None


def _put_together(
    history: History, start: CommitId, known: dict[CommitId, dict[str, StoredCell]]
) -> Cells:
    line: list[Document] = []
    id = start
    while id and id not in known:
        if id not in history.documents or len(line) > len(history.documents):
            raise Damaged(f"The record of the cells at commit {id} is lost.")
        line.append(history.documents[id])
        id = line[-1].base
    cells = dict(known[id]) if id else {}
    for document in reversed(line):
        cells |= document.cells
        if document.order is not None:
            cells = {id: cells[id] for id in document.order if id in cells}
    known[start] = cells
    return Cells(start, cells)


def is_untrusted(history: History, id: CommitId) -> bool:
    """Whether what is known of the cells at a commit rests on a record that is not trusted."""
    start, seen = nearest(history, id), set[CommitId]()
    while start in history.documents and start not in seen:
        if start in history.untrusted_documents:
            return True
        seen.add(start)
        start = history.documents[start].base
    return False


def chunks_of(history: History, stays: Iterable[CommitId], store: Store) -> set[str]:
    """The names of all chunks that the cells at these commits need.

    Raises:
        Damaged: a record or a node is lost.
    """
    known: dict[CommitId, dict[str, StoredCell]] = {}
    starts = dict.fromkeys(filter(None, (nearest(history, id) for id in stays)))
    return {
        name
        for start in starts
        for cell in _put_together(history, start, known).cells.values()
        for blob in (cell.body, cell.outputs)
        if blob is not None
        for name in blobs.all_names(blob, store)
    }


def store_cell(cell: NotebookCell, writer: Writer) -> StoredCell:
    """Store a cell.

    Raises:
        NotRecording: the disk refused.
    """
    body = {key: value for key, value in cell.items() if key != "outputs"}
    return StoredCell(
        _store_json(body, writer),
        _store_json(cell["outputs"], writer) if "outputs" in cell else None,
    )


def _store_json(value: object, writer: Writer) -> Blob:
    try:
        data = msgspec.json.encode(value, order="sorted")
    except UnicodeEncodeError:
        # Half an emoji, as an output that was cut in two may have it.
        data = json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    chunks = range(0, len(data), blobs.CHUNK_BYTES)
    names = [writer.put(data[at : at + blobs.CHUNK_BYTES]) for at in chunks]
    return blobs.write_tree(names, len(data), writer)


def read_cell(id: str, stored: StoredCell, store: Store) -> NotebookCell:
    """Read a cell.

    Raises:
        NotRecoverable: it is lost or damaged.
    """
    try:
        cell: NotebookCell = msgspec.json.decode(blobs.read(stored.body, store), type=dict)
        if stored.outputs is not None:
            cell["outputs"] = msgspec.json.decode(blobs.read(stored.outputs, store), type=list)
    except (Damaged, *UNREADABLE) as error:
        raise NotRecoverable(f"Cell {id} cannot be read: {error}") from error
    return cell
