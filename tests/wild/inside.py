"""What is asked of a kernel between cells, so that no cell is run for it and no name is bound.

All of it runs in the kernel. It writes to files what may be large.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import types
import warnings
from typing import Any

from tests.oracle import describe as oracle
from tests.wild import artists

_LONGEST = 200_000
"""Characters of a description that are kept for people to read."""
_DEFINED = (type, types.FunctionType)
_NOT_SHARED = (
    *_DEFINED,
    types.ModuleType,
    types.CodeType,
    types.MethodType,
    types.MappingProxyType,
)
_KEPT: dict[str, set[str]] = {
    "numpy": set(),
    "pandas": {"_cache", "_item_cache"},
    "weakref": {"_dirty_len"},
}
"""Attributes in which libraries keep for themselves what they were asked once."""
_STAND_IN = '"type": "kishu.'
_SHELLS = ("_exit_code",)  # what IPython keeps of the last `!command`

Json = Any


class _Walk(oracle._Walk):
    """The oracle's walk, which tells of a figure what was drawn and not how."""

    def _fills(self) -> list[tuple[type | tuple[type, ...], oracle.Fill]]:
        fills = super()._fills()
        artist = artists.loaded_artist()
        if artist is not None:
            fills.insert(0, (artist, lambda obj: artists.tell(obj, self.see)))
        sqlite: Any = sys.modules.get("sqlite3")
        if sqlite is not None:
            fills.insert(0, (sqlite.Connection, self._database))
        return fills

    def _database(self, obj: Any) -> dict[str, Json]:
        """Tell what is in a database."""
        try:
            dump = _digest("\n".join(obj.iterdump()))
        except Exception as error:
            dump = repr(error)
        return self._instance(obj) | {"dump": dump}

    def _attributes(self, obj: object) -> dict[str, Json]:
        kept = _KEPT.get(str(type(obj).__module__).partition(".")[0])
        if kept is None:
            return super()._attributes(obj)
        own = dict(getattr(obj, "__dict__", {}))
        if own.get("_fill_value", kept) is None:  # of a masked array that was not asked for it
            own["_fill_value"] = self.numpy.ma.core._check_fill_value(None, obj.dtype)  # type: ignore[attr-defined]
        return {"attributes": {name: self.see(own[name]) for name in sorted(own.keys() - kept)}}

    def _held(self, obj: object) -> dict[str, Json]:
        """Leave out the address that Cython's functions show among their members."""
        held = super()._held(obj)
        return {name: told for name, told in held.items() if "vectorcalloffset" not in name}

    def _column(self, obj: Any) -> dict[str, Json]:
        """Tell times with a zone, periods and texts of pandas all at once, not one by one."""
        kind = type(obj.dtype).__name__
        if kind in ("DatetimeTZDtype", "PeriodDtype"):
            values = getattr(obj, "asi8", None)
            values = obj.array.asi8 if values is None else values
            return {"dtype": repr(obj.dtype), "values": _digest(repr(values.tobytes()))}
        if kind == "StringDtype":
            texts = [item if type(item) is str else None for item in obj]
            return {"dtype": repr(obj.dtype), "values": _digest(json.dumps(texts))}
        return super()._column(obj)


def write_state(path: str) -> None:
    """Write to a file what the user's variables are, each by itself and all together."""
    state = _state(_namespace())
    with open(path, "w", encoding="utf-8") as file:
        json.dump(state, file)


def _namespace() -> dict[str, object]:
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    namespace: dict[str, object] = shell.user_ns
    return namespace


def _state(namespace: dict[str, object]) -> dict[str, Json]:
    names = [name for name in sorted(namespace) if oracle._is_users(name, namespace[name], _SHELLS)]
    walks: list[_Walk] = []  # alive together, so that no address is used twice
    owners: dict[object, set[str]] = {}
    told: dict[str, Json] = {}
    texts: dict[str, str] = {}
    for name in names:
        walk = _Walk(namespace)
        text = _text(walk, namespace[name])
        walks.append(walk)
        told[name] = _digest(text)
        texts[told[name]] = text[:_LONGEST]
        for place in _shared(walk):
            owners.setdefault(place, set()).add(name)
    together = _Walk(namespace)
    roots = [[name, together.see(namespace[name])] for name in names]
    ties: dict[str, set[str]] = {name: set() for name in names}
    for tied in owners.values():
        if len(tied) > 1:
            for name in tied:
                ties[name] |= tied - {name}
    return {
        "names": told,
        "ties": {name: sorted(others) for name, others in ties.items()},
        "together": _digest(json.dumps(roots) + together.text()),
        "definitions": {
            name: id(namespace[name]) for name in names if _is_defined(namespace[name])
        },
        "texts": texts,
    }


def _is_defined(value: object) -> bool:
    return isinstance(value, _DEFINED) and getattr(value, "__module__", None) == "__main__"


def _text(walk: _Walk, value: object) -> str:
    return json.dumps(walk.see(value)) + "\n" + walk.text()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _shared(walk: _Walk) -> list[object]:
    """List what of a variable another one can change: its objects and its memory."""
    objects = [
        number
        for number in walk.numbers
        for obj in [walk.objects[walk.numbers[number]]]
        if not isinstance(obj, _NOT_SHARED)
    ]
    return [*objects, *(("memory", start) for start in walk.memories)]


def after_cell() -> dict[str, Json]:
    """Have the last cell committed and what is due after it done; tell of it.

    Gives the newest commit, how many there are, and the process's CPU seconds when the cell was
    committed and when all that waits for an idle kernel was done.
    """
    from kishu.kernel import attached

    at = attached.current()
    committed = time.process_time()
    while at.recording.has_checks:
        at.recording.check_next()
    settled = time.process_time()
    commits = at.session.log()
    newest = _plain(commits[0]) if commits else None
    return {"cpu": [committed, settled], "commits": len(commits), "newest": newest}


def commits_since(count: int) -> list[Json]:
    """List the commits after the first ``count``, oldest first."""
    import kishu

    commits = kishu.session().log()
    return [_plain(entry) for entry in reversed(commits[: len(commits) - count])]


def _plain(value: object) -> Json:
    import msgspec

    return msgspec.to_builtins(value)


def write_at(ref: str, name: str, path: str) -> None:
    """Write to a file what a variable was at a commit, and what is said when it is asked for."""
    import kishu

    told: dict[str, Json] = {"said": [], "digest": "", "text": ""}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            value = kishu.session().at(ref)[name]
        except Exception as error:
            told["said"] = [f"{type(error).__name__}: {error}"]
        else:
            text = _text(_Walk(_namespace()), value)
            told |= {"digest": _digest(text), "text": text[:_LONGEST]}
            told["said"] = [str(warning.message) for warning in heard]
            if _STAND_IN in text:
                told["said"].append("a stand-in of Kishu's is there")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(told, file)
