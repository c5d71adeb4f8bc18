"""The verbs: what a session can be asked to do, by whomever.

One row a verb. Magics, the messages of front ends and the README's table are made from it, and so
will be the command line.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Given = Literal["words", "switch", "part", "names"]
"""How a value is given on a line: as a word (or words), by a switch, by a switch that leaves the
others of its kind out, or as names separated by commas."""


class Field(NamedTuple):
    """Describe an argument of a verb.

    Attributes:
        name: as `Session`'s method calls it.
        type: of its value.
        help: what it says, in a few words.
        default: its value where it is not given; `REQUIRED` where it must be.
        given: how it is given on a line.
        option: how the option is called on a line, ``-m`` say; empty for a word in its place.
        asked_as: its name in messages, where that is another.
        where: ``line`` or ``message`` where only these have it; empty for everywhere.
    """

    name: str
    type: Any
    help: str
    default: Any = None
    given: Given = "words"
    option: str = ""
    asked_as: str = ""
    where: str = ""

    @property
    def required(self) -> bool:
        """Tell whether the argument must be given."""
        return self.default is REQUIRED


REQUIRED: Any = object()
"""The default of what must be given."""


class Verb(NamedTuple):
    """Something to ask of a session.

    Attributes:
        name: the word.
        help: what it does, as a line that begins with a verb.
        fields: what it takes.
        gives: what it gives, in words; the type where there is one.
        example: a line as a user writes it, without ``%kishu``.
        asked: whether front ends can ask for it.
        shows_cells: whether whoever asks tells the notebook's cells, so that the commit has them.
        request: what its message's class is called, where that is not the verb itself.
        on_line: whether it can be said on a line (a magic, a terminal).
    """

    name: str
    help: str
    gives: str
    fields: tuple[Field, ...] = ()
    example: str = ""
    asked: bool = False
    shows_cells: bool = False
    request: str = ""
    on_line: bool = True


_FORCE = Field(
    "force", bool, "go on where the disk refuses to record what has changed: it is lost", False,
    given="switch", option="--force",
)  # fmt: skip

VERBS: tuple[Verb, ...] = (
    Verb("help", "list the verbs", "nothing; it prints them", example="help"),
    Verb(
        "init", "attach to this notebook", "nothing; it prints a greeting",
        (Field("notebook", str, "its path, where the kernel cannot know it", None, where="line"),),
        example="init",
    ),
    Verb(
        "undo", "take back cell runs, checkouts and restarts, one at a time; variables only",
        "a `Report`", (Field("n", int, "how many steps", 1), _FORCE), "undo 2",
        asked=True, shows_cells=True,
    ),
    Verb(
        "redo", "do undone steps again", "a `Report`",
        (Field("n", int, "how many steps", 1), _FORCE), "redo", asked=True, shows_cells=True,
    ),
    Verb(
        "commit", "name the present state, variables and cells", "an `Entry`",
        (Field("message", str, "the name", "", option="-m"),),
        'commit -m "features ready"', asked=True, shows_cells=True,
    ),
    Verb(
        "checkout", "go to a state, or bring back single variables of it", "a `Report`",
        (
            Field("ref", str, "the commit", REQUIRED),
            Field("variables", bool, "the variables alone", True, "part", "--variables"),
            Field("notebook", bool, "the notebook's cells alone", True, "part", "--notebook",
                  asked_as="code"),
            Field("only", list[str] | None, "these variables alone", None, "names", "--only"),
            _FORCE,
        ),
        "checkout main --only df", asked=True, shows_cells=True,
    ),
    Verb(
        "at", "give a variable of another state, without going there", "the value",
        (
            Field("ref", str, "the commit", REQUIRED),
            Field("name", str, "the variable", REQUIRED),
        ),
        "at HEAD~3 df",
    ),
    Verb(
        "restore", "bring back, after a restart or a crash, the last state of the kernel before",
        "a `Report`", example="restore", asked=True, shows_cells=True,
    ),
    Verb(
        "branch", "make or move a name that moves with you; without a name, list them",
        "all branches, with the commits where they stand",
        (
            Field("name", str, "the branch", None),
            Field("ref", str, "the commit; the present one if not given", None),
        ),
        "branch trees",
    ),
    Verb(
        "tag", "give a commit a name that stays; without a name, list them",
        "all tags, with their commits",
        (
            Field("name", str, "the tag", None),
            Field("ref", str, "the commit; the present one if not given", None),
        ),
        "tag best",
    ),
    Verb(
        "log", "list the commits, newest first; nothing is unpickled or run", "a list of `Entry`",
        (
            Field("n", int, "how many", 20, option="-n", where="line"),
            Field("automatic", int,
                  "how many of the newest that have neither message nor tag to give as well", 500,
                  where="message"),
        ),
        "log -n 50", asked=True,
    ),
    Verb(
        "show", "show one commit in full", "a `Shown`",
        (Field("ref", str, "the commit", "HEAD"),), "show @7",
    ),
    Verb(
        "diff", "say how the variables of two commits differ", "a `StateDifference`",
        (Field("a", str, "one commit", REQUIRED), Field("b", str, "the other", "HEAD")),
        "diff HEAD~2",
    ),
    Verb(
        "find", "list the commits that changed a variable", "a list of `Entry`",
        (Field("name", str, "the variable", REQUIRED),), "find df",
    ),
    Verb(
        "status", "say where you are, what it cost, and whether it records", "a `Status`",
        example="status", asked=True, request="StatusOf",
    ),
    Verb("pause", "stop committing cells", "a `Status`", example="pause", asked=True),
    Verb("unpause", "commit cells again", "a `Status`", example="unpause", asked=True),
    Verb(
        "ignore", "leave variables out; without names, list them", "all that are left out",
        (Field("names", list[str], "the variables", ()),), "ignore raw",
    ),
    Verb(
        "unignore", "take variables in again", "all that are still left out",
        (Field("names", list[str], "the variables", REQUIRED),), "unignore raw",
    ),
    Verb(
        "gc", "let go of the data of old automatic commits, as the config says", "a `Garbage`",
        (Field("dry_run", bool, "only say what would go", False, "switch", "--dry-run"),),
        "gc --dry-run",
    ),
    Verb(
        "trust", "use a history that came from elsewhere", "how many sessions' records that are",
        example="trust", asked=True,
    ),
    Verb(
        "check", "read every record and chunk, and name what is damaged", "what is damaged",
        example="check",
    ),
    Verb(
        "detach", "stop recording this notebook; its history stays", "nothing", example="detach",
        asked=True,
    ),
)  # fmt: skip
"""All verbs, in the order in which they are listed."""

BY_NAME = {verb.name: verb for verb in VERBS}
