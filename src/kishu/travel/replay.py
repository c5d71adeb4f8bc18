"""Replay: running the cell that made a version again, for what cannot be stored."""

from __future__ import annotations

import ast
from typing import Any

from kishu.building.build import Build
from kishu.config import Config
from kishu.errors import KishuError, NotRecoverable, ReplayError
from kishu.handlers.learned import Learned
from kishu.history.history import History, State
from kishu.history.records import (
    SETTING,
    Cell,
    CommitId,
    VersionId,
    is_definition,
    is_setting,
    is_variable,
)
from kishu.ports import Host
from kishu.store.store import Store
from kishu.walking.identity import ObjectIds

_SEES_ALL = frozenset({"exec", "eval", "globals", "locals", "vars", "dir", "get_ipython"})


class Replayer:
    """Makes versions by running cells again.

    It runs by itself only what took less than the configured time and, as an audit hook saw when
    it ran, wrote no file, started no process and opened no socket. The cell works on copies of its
    inputs, never on live objects.
    """

    def __init__(
        self,
        store: Store,
        history: History,
        object_ids: ObjectIds,
        learned: Learned,
        host: Host,
        config: Config,
    ) -> None:
        self._store = store
        self._history = history
        self._object_ids = object_ids
        self._learned = learned
        self._host = host
        self._config = config

    def values(self, version: VersionId, build: Build) -> dict[str, Any]:
        """The objects of a version's variables, made by its cell.

        Args:
            build: the build of the state they are for; definitions are shared with it.

        Raises:
            ReplayError: the cell must not run by itself, or did not make them again.
            NotRecoverable: no cell made them.
        """
        commit = self._history.commit(self._history.made_by.get(version, ""))
        if commit.cell is None or not commit.parent:
            raise NotRecoverable(
                "It cannot be stored, and no cell made it since Kishu was attached.",
                "Run the code that makes it.",
            )
        self._check(commit.cell, commit.id)
        left = self._run(commit.cell, commit.parent, build)
        names = list(filter(is_variable, self._history.recipe(version).roots))
        lost = [name for name in names if name not in left]
        if lost:
            raise ReplayError(
                f"Running {_named(commit.cell)} again did not make {', '.join(lost)}."
            )
        return {name: left[name] for name in names}

    def _check(self, cell: Cell, id: CommitId) -> None:
        reason = ""
        if not self._config.replay:
            reason = "automatic replay is switched off"
        elif cell.seconds > self._config.replay_seconds:
            reason = f"it took {cell.seconds:.0f} s"
        elif cell.effects:
            reason = f"it used a {' and a '.join(cell.effects)}"
        if reason:
            raise ReplayError(
                f"It cannot be stored, and {_named(cell)}, which made it, is not run again by"
                f" itself: {reason}.",
                f"Run that cell again by hand; `%kishu show {id[:8]}` has its code.",
            )

    def _run(self, cell: Cell, parent: CommitId, build: Build) -> dict[str, Any]:
        state = self._history.state(parent)
        names = names_read(cell.source)
        with self._aside(state, build) as aside:
            settings = self._settings(state, aside)
        for wanted in (names, None) if names is not None else (None,):
            with self._aside(state, build) as aside:
                inputs = self._loaded(state, wanted, aside)
            try:
                return self._host.run_again(cell.source, inputs, settings, cell.outcome)
            except NameError as error:
                if wanted is not None and getattr(error, "name", None) in state:
                    continue
                failure: BaseException = error
            except KishuError:
                raise
            except Exception as error:
                failure = error
            raise ReplayError(
                f"Running {_named(cell)} again failed: {type(failure).__name__}: {failure}."
            ) from failure
        raise ReplayError(f"Running {_named(cell)} again failed.")

    def _aside(self, state: State, build: Build) -> Build:
        """A build of copies: what the cell may read, as it was before it ran."""
        shared = {
            number: build.definition(number)
            for number, version in state.items()
            if is_definition(number) and build.has_definition(number, version)
        }
        return Build(
            self._store,
            self._history,
            self._object_ids,
            self._learned,
            self._host.namespace,
            state,
            {},
            shared,
        )

    def _settings(self, state: State, aside: Build) -> dict[str, Any]:
        """The settings as they were before it ran, those that can be brought back here."""
        found = {}
        for entity in filter(is_setting, state):
            name = entity.removeprefix(SETTING)
            value = aside.value(entity)
            if not self._host.ambient.why_not(name, value):
                found[name] = value
        return found

    def _loaded(self, state: State, wanted: set[str] | None, aside: Build) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for name, version in state.items():
            is_wanted = is_variable(name) and (wanted is None or name in wanted)
            if not is_wanted or name in inputs:
                continue
            try:
                inputs.update(self._input(name, version, aside))
            except KishuError:
                if wanted is not None:
                    raise
        return inputs

    def _input(self, name: str, version: VersionId, aside: Build) -> dict[str, Any]:
        """What a cell reads under a name, with what else was made together with it."""
        status = self._history.status(version)
        if status == "stored":
            try:
                return {name: aside.value(name)}
            except KishuError:
                raise
            except Exception:
                # Its class's own code failed: its cell makes it, too.
                return self.values(version, aside)
        try:
            return self.values(version, aside)
        except KishuError:
            if status == "partial":
                return {name: aside.value(name)}
            raise


def names_read(source: str) -> set[str] | None:
    """The names that a cell may read; None if it may read any."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    calls = any(isinstance(node, (ast.Call, ast.Await)) for node in ast.walk(tree))
    if names & _SEES_ALL:
        return None
    return None if calls and _calls_more_than_builtins(tree) else names


def _calls_more_than_builtins(tree: ast.AST) -> bool:
    """Whether code outside the cell may run, which may read any global."""
    import builtins

    return any(
        isinstance(node, ast.Call)
        and not (isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id))
        for node in ast.walk(tree)
    )


def _named(cell: Cell) -> str:
    return f"cell [{cell.number}]" if cell.number else "the cell"
