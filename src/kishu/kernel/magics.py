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

Verb = Callable[[Session, argparse.Namespace], Any]


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
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)

    def verb(name: str, help: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=help, description=help)
        sub.add_argument("--json", action="store_true", help="print plain JSON")
        return sub

    verb("help", "list the verbs")
    verb("init", "attach to this notebook").add_argument("notebook", nargs="?")
    verb("status", "where the session is, and whether it records")
    verb("log", "the commits, newest first").add_argument("-n", type=int, default=20)
    verb("show", "one commit in full").add_argument("ref", nargs="?", default="HEAD")
    diff = verb("diff", "how the variables of two commits differ")
    diff.add_argument("a")
    diff.add_argument("b", nargs="?", default="HEAD")
    verb("find", "the commits that changed a variable").add_argument("name")
    undo = verb("undo", "take back the last cell runs")
    redo = verb("redo", "do again what was undone")
    for step in (undo, redo):
        step.add_argument("n", type=int, nargs="?", default=1)
    verb("commit", "name the present state").add_argument("-m", "--message", default="")
    checkout = verb("checkout", "go to another state")
    checkout.add_argument("ref")
    checkout.add_argument("--variables", action="store_true", help="the variables alone")
    checkout.add_argument("--notebook", action="store_true", help="the notebook's cells alone")
    checkout.add_argument("--only", metavar="A,B", help="these variables alone")
    for travel in (undo, redo, checkout):
        travel.add_argument("--force", action="store_true", help="lose what cannot be recorded")
    at = verb("at", "a variable of another state: `old = %%kishu at REF NAME`")
    at.add_argument("ref")
    at.add_argument("name")
    for name, help in (
        ("branch", "make or move a branch; without a name, list them"),
        ("tag", "name a commit for good; without a name, list them"),
    ):
        sub = verb(name, help)
        sub.add_argument("name", nargs="?")
        sub.add_argument("ref", nargs="?")
    verb("restore", "bring back the last state of the kernel that was here before")
    verb("pause", "stop committing cells")
    verb("unpause", "commit cells again")
    verb("ignore", "leave variables out; without names, list them").add_argument("names", nargs="*")
    verb("unignore", "take variables in again").add_argument("names", nargs="+")
    verb("trust", "vouch for a history that came from elsewhere")
    gc = verb("gc", "let go of the data of old automatic commits, as the config says")
    gc.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    verb("check", "read every record and chunk, and name what is damaged")
    verb("detach", "stop recording this notebook")
    return parser


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
    session = at.session
    if arguments.verb == "detach":
        attached.detach()
        print("Kishu is detached; the history stays.")
        return None
    if arguments.verb == "at":
        return _at(session, arguments)
    if arguments.json:
        result = _VERBS[arguments.verb](session, arguments)
    else:
        with show.progress(at.recording):
            result = _VERBS[arguments.verb](session, arguments)
    if arguments.json:
        print(msgspec.json.encode(result).decode())
    else:
        print(show.text(arguments.verb, result))
    return None


def _checkout(session: Session, arguments: argparse.Namespace) -> Any:
    return session.checkout(
        arguments.ref,
        variables=arguments.variables or not arguments.notebook,
        notebook=arguments.notebook or not arguments.variables,
        only=arguments.only.split(",") if arguments.only else None,
        force=arguments.force,
    )


def _at(session: Session, arguments: argparse.Namespace) -> Any:
    state = session.at(arguments.ref)
    if arguments.name not in state:
        raise UnknownRef(
            f"{arguments.name} is no variable of {arguments.ref}.", f"It has {', '.join(state)}."
        )
    return state[arguments.name]


def _branch(session: Session, arguments: argparse.Namespace) -> Any:
    if arguments.name is not None:
        session.branch(arguments.name, arguments.ref)
    return session.branches()


def _tag(session: Session, arguments: argparse.Namespace) -> Any:
    if arguments.name is not None:
        session.tag(arguments.name, arguments.ref)
    return session.tags()


_VERBS: dict[str, Verb] = {
    "status": lambda session, arguments: session.status(),
    "log": lambda session, arguments: session.log()[: arguments.n],
    "show": lambda session, arguments: session.show(arguments.ref),
    "diff": lambda session, arguments: session.diff(arguments.a, arguments.b),
    "find": lambda session, arguments: session.find(arguments.name),
    "undo": lambda session, arguments: session.undo(arguments.n, arguments.force),
    "redo": lambda session, arguments: session.redo(arguments.n, arguments.force),
    "commit": lambda session, arguments: session.commit(arguments.message),
    "checkout": _checkout,
    "branch": _branch,
    "tag": _tag,
    "restore": lambda session, arguments: session.restore(),
    "pause": lambda session, arguments: session.pause(),
    "unpause": lambda session, arguments: session.unpause(),
    "ignore": lambda session, arguments: session.ignore(*arguments.names),
    "unignore": lambda session, arguments: session.unignore(*arguments.names),
    "trust": lambda session, arguments: session.trust(),
    "gc": lambda session, arguments: session.gc(arguments.dry_run),
    "check": lambda session, arguments: session.check(),
}


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
