"""``%kishu VERB``: the verbs as a magic."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from kishu.errors import KishuError, UnknownRef, UsageError
from kishu.kernel import attached, show
from kishu.session import Session
from kishu.verbs import BY_NAME, VERBS, Field, Verb


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}.", f"`{self.prog} --help` says how it is used.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _Done


class _Done(Exception):
    """The help was printed; there is nothing more to do."""


def _parser() -> _Parser:
    parser = _Parser(prog="%kishu", description="Undo cells, name states, go back to them.")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    for verb in VERBS:
        if not verb.on_line:
            continue
        text = f"{verb.help}: `%%kishu {verb.example}`"
        sub = subparsers.add_parser(verb.name, help=verb.help, description=text)
        sub.add_argument("--json", action="store_true", help="print plain JSON")
        for field in verb.fields:
            if field.where != "message":
                _add(sub, field)
    return parser


def _add(parser: argparse.ArgumentParser, field: Field) -> None:
    """Have a parser take what a verb takes."""
    options: dict[str, Any] = {"help": field.help}
    if field.given in ("switch", "part"):
        options["action"] = "store_true"
    elif field.given == "names":
        options["metavar"] = "A,B"
    elif field.type == list[str]:
        options["nargs"] = "+" if field.required else "*"
    else:
        options |= {"type": field.type, "default": None if field.required else field.default}
        if not (field.required or field.option):
            options["nargs"] = "?"
    if field.option:
        long = f"--{field.name.replace('_', '-')}"
        parser.add_argument(*{field.option: None, long: None}, dest=field.name, **options)
    else:
        parser.add_argument(field.name, **options)


def _given(verb: Verb, arguments: argparse.Namespace) -> dict[str, Any]:
    """Give what was said on a line as `Session`'s method takes it."""
    given = {f.name: getattr(arguments, f.name) for f in verb.fields if f.where != "message"}
    parts = [field.name for field in verb.fields if field.given == "part"]
    if not any(given[name] for name in parts):
        given |= dict.fromkeys(parts, True)
    for field in verb.fields:
        if field.given == "names" and given[field.name] is not None:
            given[field.name] = given[field.name].split(",")
    return given


def run(line: str) -> Any:
    """Run a verb; gives what it gave."""
    parser = _parser()
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{line}: {error}.", "Close the quotes.") from None
    arguments = parser.parse_args(words or ["help"])
    if arguments.verb == "help":
        parser.print_help()
        return None
    if arguments.verb == "init":
        shell = get_ipython()
        assert shell is not None, "a magic runs in a shell"
        print(show.greeting(attached.attach(shell, arguments.notebook).recording))
        return None
    at = attached.current()
    verb = BY_NAME[arguments.verb]
    if verb.name == "detach":
        attached.detach()
        print("Kishu is detached; the history stays.")
        return None
    given = _given(verb, arguments)
    if verb.name == "at":
        return _at(at.session, **given)
    do = _OTHERWISE.get(verb.name) or getattr(Session, verb.name)
    if arguments.json:
        print(msgspec.json.encode(do(at.session, **given)).decode())
        return None
    with show.progress(at.recording):
        result = do(at.session, **given)
    print(show.text(verb.name, result))
    return None


def _at(session: Session, ref: str, name: str) -> Any:
    state = session.at(ref)
    if name not in state:
        raise UnknownRef(f"{name} is no variable of {ref}.", f"It has {', '.join(state)}.")
    return state[name]


def _branch(session: Session, name: str | None, ref: str | None) -> Any:
    if name is not None:
        session.branch(name, ref)
    return session.branches()


def _tag(session: Session, name: str | None, ref: str | None) -> Any:
    if name is not None:
        session.tag(name, ref)
    return session.tags()


_OTHERWISE: dict[str, Callable[..., Any]] = {
    "log": lambda session, n: session.log()[:n],
    "branch": _branch,
    "tag": _tag,
    "ignore": lambda session, names: session.ignore(*names),
    "unignore": lambda session, names: session.unignore(*names),
}
"""Verbs that a line says otherwise than `Session`'s method of that name takes it."""


def kishu_magic(line: str) -> Any:
    """Undo cells, name states, go back to them: ``%kishu help`` lists the verbs."""
    try:
        return run(line)
    except _Done:
        return None
    except KishuError as error:
        if "--json" in line.split():
            print(msgspec.json.encode(error.as_data()).decode())
        else:
            print(f"{error.message}\n{error.remedy}")
        return None
    except Exception as error:
        # A fault of ours is told, not raised: the cell's own state is what it was.
        print(f"Kishu failed: {type(error).__name__}: {error}\nThe session is as it was.")
        return None


def register_magics(shell: InteractiveShell) -> None:
    """Make ``%kishu`` known."""
    shell.register_magic_function(kishu_magic, "line", "kishu")
