"""What a restore did, name by name."""

from __future__ import annotations

import msgspec

from kishu.history.documents import Target


class Report(msgspec.Struct, omit_defaults=False):
    """What happened to each variable when a state was brought back.

    Attributes:
        verb: what was asked for: ``undo``, ``redo``, ``checkout``, ``restore``.
        label: what it undid, redid or checked out, in words.
        before: the commit that the variables were at.
        head: the commit that they are at now.
        kept: variables that stayed the same live objects, untouched.
        patched: variables whose live object was changed back in place.
        loaded: variables with a new object, loaded from the history.
        recomputed: variables whose cells were run again.
        removed: variables that the target state does not have.
        settings: what was set back outside of the variables: random numbers, directory ….
        unchecked: variables that came back but could not be checked further, and why.
        missing: variables, or parts of them, that could not come back, and why.
        notes: what else the reader should know.
        cells: the cells for the notebook, where it is to be changed; the front end does it.
        ms: how long it took.
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


_MOST = 12


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _counted(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= _MOST else f"{len(names)} variables"
