"""Check out a commit: its variables, the notebook's cells, or both."""

from __future__ import annotations

from kishu.errors import UsageError
from kishu.history import log, refs
from kishu.history.documents import Target
from kishu.history.history import History
from kishu.history.ledger import Ledger
from kishu.history.records import CommitId
from kishu.notebook.front_ends import FrontEnds
from kishu.travel.report import Report
from kishu.travel.traveller import Traveller
from kishu.worktree.worktree import Worktree


class Checkout:
    """Bring the variables, the notebook's cells, or both to a commit.

    Cells can be changed only by a front end that shows them.

    Args:
        history: the history of the session.
        ledger: writes operations, and knows the head.
        worktree: commits what is about to be replaced.
        traveller: brings the variables to a commit.
        front_ends: the notebook's cells, and the front ends that can change them.
    """

    def __init__(
        self,
        history: History,
        ledger: Ledger,
        worktree: Worktree,
        traveller: Traveller,
        front_ends: FrontEnds,
    ) -> None:
        self._history = history
        self._ledger = ledger
        self._worktree = worktree
        self._traveller = traveller
        self._front_ends = front_ends

    def go(
        self,
        ref: str,
        variables: bool,
        notebook: bool,
        only: list[str] | None,
        force: bool,
    ) -> Report:
        """Check out the commit that a ref names, and return a report.

        Args:
            ref: a commit's id or its unique prefix, a branch, a tag, ``HEAD~2``, ``@7``.
            variables: bring back the variables.
            notebook: bring back the notebook's cells, if a front end is there to do it.
            only: bring back these variables alone, and no cells; None for all.
            force: go on if the disk refuses to record what has changed, which is then lost.

        Raises:
            UnknownRef, AmbiguousRef: ``ref`` names no commit or several, or ``only`` something that
                is no variable there.
            UsageError: the cells alone are wanted, and no front end can bring them back.
            Untrusted: the state was written with another key.
            NotRecording: the disk refused to record what would be lost; nothing was changed.
            RestoreError: the state could not be built; nothing was changed.
        """
        target = refs.resolve(self._history, ref, self._ledger.head)
        label = self._label(ref, target)
        cells = self._cells_of(target) if notebook and only is None else None
        if not variables:
            return self._cells_alone(target, cells, label)
        if only is not None:
            self._worktree.commit_found()
            return self._traveller.take(target, only, label)
        branch = ref if ref in self._history.branches else self._traveller.branch_at(target)
        code = target if cells is not None else None
        report = self._traveller.go("checkout", target, label, force, code=code, branch=branch)
        if cells is not None:
            self._put_in_place(cells, report)
        elif notebook:
            report.notes.append(self._front_ends.ask_for(target))
        return report

    def _label(self, ref: str, target: CommitId) -> str:
        """Return the report's title, with the ref, or the commit's label if the ref is an id."""
        by_id = target and target.startswith(ref)
        named = log.label(self._history.commit(target)) if by_id else ref
        return f"Checked out {named} ({target[:8]})"

    def _cells_of(self, target: CommitId) -> Target | None:
        """Read all cells of the target before anything is changed.

        None if the request came without the notebook's cells, or the target's are not known.

        Raises:
            Untrusted: the state was written with another key.
            NotRecoverable: its data was let go by ``gc``, or a cell is lost or damaged.
            Damaged: a record of the cells is lost.
        """
        if self._front_ends.shown is None:
            return None
        self._traveller.check(target)
        return self._front_ends.cells_of(target)

    def _cells_alone(self, target: CommitId, cells: Target | None, label: str) -> Report:
        """Bring back the notebook's cells alone, or ask a front end to do so.

        This is no step: undo is of variables.

        Args:
            target: the commit.
            cells: its cells, if the front end that asks can put them in place; None otherwise.
            label: the report's title.

        Raises:
            UsageError: no front end can bring them back.
            NotRecording: the disk refused to record what would be replaced.
        """
        label = f"{label}, cells only"
        if cells is None:
            why_not = self._front_ends.why_not_bring(target)
            if why_not:
                raise UsageError(
                    f"{why_not.capitalize()}.",
                    "`%kishu show REF` shows the code of a commit's cell.",
                )
            head = self._ledger.head
            note = self._front_ends.ask_for(target)
            return Report("checkout", label, before=head, head=head, notes=[note])
        self._worktree.commit_found()
        self._worktree.commit_document()
        head = self._ledger.head
        report = Report("checkout", label, before=head, head=head)
        self._ledger.write("cells", code=target, when="some day")
        self._put_in_place(cells, report)
        return report

    def _put_in_place(self, cells: Target, report: Report) -> None:
        """Hand the cells over to the front end that asks, by way of the report."""
        self._front_ends.went_to(cells)
        report.cells = cells
