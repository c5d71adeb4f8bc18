"""Report what a restore did, variable by variable."""

from __future__ import annotations

import msgspec

from kishu.history.documents import Target


class Report(msgspec.Struct, omit_defaults=False):
    """Tell what happened to each variable when a state was brought back.

    Attributes:
        verb: the verb that was called: ``undo``, ``redo``, ``checkout`` or ``restore``.
        label: what the verb undid, redid or checked out, in words.
        before: the commit that the variables were at; empty if there was none.
        head: the commit that the variables are at now; empty if there is none.
        kept: the variables that stayed the same live objects, untouched.
        patched: the variables whose live object was updated in place.
        loaded: the variables with a new object, loaded from the history.
        recomputed: the variables whose cells were run again.
        removed: the variables that the target state does not have.
        settings: the settings (random numbers, directory …) that were brought to other values.
        unchecked: the variables that came back but may differ from what they were, with the reason.
        missing: the variables and settings that did not come back, or not wholly, with the reason.
        notes: what else the reader should know, one remark each.
        cells: the cells for the notebook, which the front end puts in; None if it stays as it is.
        ms: how long the restore took, in milliseconds.
    """

    verb: str
    label: str = ""
    before: str = ""
    head: str = ""
    kept: list[str] = []
    patched: list[str] = []
    loaded: list[str] = []
    recomputed: list[str] = []
    removed: list[str] = []
    settings: list[str] = []
    unchecked: dict[str, str] = {}
    missing: dict[str, str] = {}
    notes: list[str] = []
    cells: Target | None = None
    ms: float = 0.0

    def __repr__(self) -> str:
        """Return the report as text, one line for each kind of thing that happened."""
        lines = [f"{self.label or self.verb} ({self.ms:.0f} ms), now at {self.head[:8]}"]
        for name in ("patched", "loaded", "recomputed", "removed", "settings"):
            variables = getattr(self, name)
            if variables:
                lines.append(f"  {name + ':':<12}{_shown(variables)}")
        if self.kept:
            lines.append(f"  {'kept:':<12}{_counted(self.kept)}")
        for name, reason in self.unchecked.items():
            lines.append(f"  unchecked:  {name}: {reason}")
        for name, reason in self.missing.items():
            lines.append(f"  missing:    {name}: {reason}")
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)


_MOST_NAMES = 12
"""The largest number of names on a line."""


def _shown(names: list[str]) -> str:
    """Join names; of many, the first ones and the number of the others."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _counted(names: list[str]) -> str:
    """Join names; of many, say only how many there are."""
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} variables"
