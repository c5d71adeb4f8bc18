"""Writes down the messages of `kishu.kernel.messages`: for readers, and for TypeScript.

``python -m tools.schema`` writes both; a test fails where they are out of date.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect as types

from kishu import errors
from kishu.kernel import messages

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dev" / "messages.md"
MODULE = ROOT / "jupyterlab_kishu" / "src" / "messages.ts"

_PLAIN = {
    types.StrType: "string",
    types.IntType: "number",
    types.FloatType: "number",
    types.BoolType: "boolean",
    types.NoneType: "null",
    types.AnyType: "any",
}
_INTRODUCTION = """# Messages

_Made from `src/kishu/kernel/messages.py` by `python -m tools.schema`._

A client of a Jupyter kernel asks with `kishu_request` and is answered with `kishu_reply`, a
`Reply` or an `ErrorReply`; what happens is told on iopub as `kishu_event`, an `Event`. A kernel
answers once `kishu.kernel.extension.serve()` has run in it, or `%load_ext kishu`. The request's
content has the word below as `verb`; fields may be left out where they have a default, and
unknown fields are ignored.

**Shell channel**: answered on the main thread, in order with cells, never inside one, and not
aborted with the cells of a failed run. **Control channel**: answered at once, also while a cell
runs.

1. `hello` is the first request. A kernel that speaks another protocol answers with an error.
2. Each request names the client and the notebook it shows; so a rename is noticed. Requests that
   may need the notebook's cells bring them: those that this client told before by `id` alone.
3. `unknown-cells`, as an error or in an event, asks the client to tell all its cells in full
   again.
4. After each cell that ran, `cells` tells on the control channel what the notebook looks like.
5. A checkout's `Report` has the cells to put in place, those that the client has already by `id`
   alone.
"""


def structs() -> list[type[msgspec.Struct]]:
    """Return all structs of the messages, each after those that it uses."""
    found: dict[str, type[msgspec.Struct]] = {}

    def take(type_: types.Type) -> None:
        if isinstance(type_, types.StructType) and type_.cls.__name__ not in found:
            for field in type_.fields:
                take(field.type)
            found[type_.cls.__name__] = type_.cls
        for inner in _inner(type_):
            take(inner)

    roots: Any = (
        *messages.ShellRequest.__args__, *messages.ControlRequest.__args__, *messages.RESULTS,
        messages.Reply, messages.ErrorReply, messages.Event,
    )  # fmt: skip
    for root in roots:
        take(types.type_info(root))
    return list(found.values())


def error_classes() -> list[type[errors.KishuError]]:
    """Return all classes of the tree of errors, each before those that derive from it."""

    def below(cls: type[errors.KishuError]) -> list[type[errors.KishuError]]:
        # A program (a test, say) may derive classes of its own; they are not told to anybody.
        ours = [sub for sub in cls.__subclasses__() if sub.__module__ == errors.__name__]
        return [cls, *(each for sub in ours for each in below(sub))]

    return below(errors.KishuError)


def _inner(type_: types.Type) -> list[types.Type]:
    if isinstance(type_, types.UnionType):
        return list(type_.types)
    if isinstance(type_, types.ListType):
        return [type_.item_type]
    if isinstance(type_, types.DictType):
        return [type_.key_type, type_.value_type]
    return []


def typescript(type_: types.Type) -> str:
    """Return how TypeScript writes a type."""
    if isinstance(type_, types.StructType):
        return type_.cls.__name__
    if isinstance(type_, types.LiteralType):
        return " | ".join(f"'{value}'" for value in type_.values)
    if isinstance(type_, types.UnionType):
        return " | ".join(sorted(map(typescript, type_.types), key="null".__eq__))
    if isinstance(type_, types.ListType):
        item = typescript(type_.item_type)
        return f"({item})[]" if " " in item else f"{item}[]"
    if isinstance(type_, types.DictType):
        return f"{{ [key: string]: {typescript(type_.value_type)} }}"
    return _PLAIN[type(type_)]


def module() -> str:
    """Return the TypeScript module."""
    parts = [
        "// Made from src/kishu/kernel/messages.py by `python -m tools.schema`: change it there.\n",
        f"export const PROTOCOL = {messages.PROTOCOL};\n",
    ]
    kinds = _members(f"'{cls.kind}'" for cls in error_classes())
    parts.append(
        "/** The kinds of errors that a kernel tells of; a newer one may have others. */\n"
        f"export type ErrorKind ={kinds};\n"
    )
    for cls in structs():
        info: Any = types.type_info(cls)
        lines = [f"/** {_summary(cls)} */", f"export interface {cls.__name__} {{"]
        if info.tag is not None:
            lines.append(f"  verb: '{info.tag}';")
        may_lack = issubclass(cls, messages.Request) or cls.__struct_config__.omit_defaults
        for field in info.fields:
            mark = "?" if may_lack and not field.required else ""
            # An error's kind is a plain string in Python, where the classes decide.
            is_kind = cls is messages.ErrorReply and field.name == "kind"
            kind = "ErrorKind" if is_kind else typescript(field.type)
            lines.append(f"  {field.encode_name}{mark}: {kind};")
        parts.append("\n".join([*lines, "}"]) + "\n")
    for name, union in (
        ("ShellRequest", messages.ShellRequest), ("ControlRequest", messages.ControlRequest),
    ):  # fmt: skip
        names: Any = union.__args__
        parts.append(f"export type {name} ={_members(cls.__name__ for cls in names)};\n")
    verbs = "".join(f"\n  '{verb}'," for verb in _verbs_with_cells())
    parts.append(
        "/** The verbs of the shell channel whose requests tell the notebook's cells. */\n"
        f"export const VERBS_WITH_CELLS = [{verbs}\n] as const;\n"
    )
    return "\n".join(parts)


def _members(names: Iterable[str]) -> str:
    return "".join(f"\n  | {name}" for name in names)


def _verbs_with_cells() -> list[str]:
    requests: Any = messages.ShellRequest.__args__
    return [messages.verb_of(cls) for cls in requests if "cells" in cls.__struct_fields__]


def page() -> str:
    """Return the page for readers."""
    sections = [
        ("Requests on the shell channel", list(messages.ShellRequest.__args__)),
        ("Requests on the control channel", list(messages.ControlRequest.__args__)),
        ("Replies and events", [messages.Reply, messages.ErrorReply, messages.Event]),
    ]
    told = {cls for _, some in sections for cls in some}
    sections.append(("What they hold", [cls for cls in structs() if cls not in told]))
    lines = [_INTRODUCTION]
    for title, some in sections:
        lines.append(f"## {title}\n")
        for cls in dict.fromkeys(some):
            lines += _described(cls)
    lines += ["## Error kinds\n", "A program may rely on these words: none changes.\n"]
    lines += ["| `kind` | what happened |", "| --- | --- |"]
    lines += [f"| `{cls.kind}` | {_summary(cls)} |" for cls in error_classes()]
    return "\n".join([*lines, ""])


def _described(cls: type[msgspec.Struct]) -> list[str]:
    info: Any = types.type_info(cls)
    title = f"`{info.tag}`" if info.tag is not None else f"`{cls.__name__}`"
    lines = [f"### {title}\n", f"{_summary(cls)}\n"]
    fields = [field for field in info.fields if field.name not in _common(cls)]
    if fields:
        lines += ["| field | type | default |", "| --- | --- | --- |"]
        for field in fields:
            default = "" if field.required else f"`{_default(field)}`"
            kind = typescript(field.type).replace("|", "\\|")
            lines.append(f"| `{field.encode_name}` | `{kind}` | {default} |")
        lines.append("")
    explained = re.search(r"Attributes:\n(.*)", inspect.getdoc(cls) or "", re.DOTALL)
    if explained:
        text = inspect.cleandoc(explained[1]).replace("\n    ", " ").replace("``", "`")
        lines += [f"- {line}" for line in text.splitlines()] + [""]
    return lines


def _common(cls: type[msgspec.Struct]) -> set[str]:
    """Return the fields that every request has; they are told once."""
    return {"client", "notebook"} if issubclass(cls, messages.Request) else set()


def _default(field: types.Field) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.json.encode(field.default_factory()).decode()
    return msgspec.json.encode(field.default).decode()


def _summary(cls: type) -> str:
    first = (inspect.getdoc(cls) or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    MODULE.write_text(module(), encoding="utf-8")
