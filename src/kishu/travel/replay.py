"""Make a version that cannot be stored by running again the cell that made it."""

from __future__ import annotations

import ast
import builtins
from typing import Any

from kishu.building.build import Build
from kishu.config import Config
from kishu.errors import KishuError, NotRecoverable, ReplayError
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

_READS_ANY_NAME = frozenset({"exec", "eval", "globals", "locals", "vars", "dir", "get_ipython"})
"""Functions through which a cell may read variables that its code does not name."""


class Replayer:
    """Make versions by running cells again.

    A cell is run again only if it took no longer than the configured time and, as an audit hook saw
    when it ran, wrote no file, opened no socket, and started no process and no thread. It works on
    copies of its inputs, never on live objects.

    Args:
        store: the store that inputs are loaded from.
        history: the history that holds the cells.
        object_ids: the numbers of live definitions and of live objects that cannot be stored.
        host: the kernel, which runs the cells.
        config: whether cells may be run again, and how long they may have taken.
    """

    def __init__(
        self, store: Store, history: History, object_ids: ObjectIds, host: Host, config: Config
    ) -> None:
        self._store = store
        self._history = history
        self._object_ids = object_ids
        self._host = host
        self._config = config

    def values(self, version: VersionId, build: Build) -> dict[str, Any]:
        """Run the cell that made a version, and return the values of the version's variables.

        Args:
            version: the version.
            build: the build of the state that the values are for; definitions are shared with it.

        Returns:
            The values by name.

        Raises:
            ReplayError: the cell must not run by itself, failed, or did not bind all the variables.
            NotRecoverable: no cell of this history made the version.
            KishuError: a variable that the cell reads cannot be built.
        """
        commit = self._history.commit(self._history.made_by.get(version, ""))
        if commit.cell is None or not commit.parent:
            raise NotRecoverable(
                "It cannot be stored, and no cell made it since Kishu was attached.",
                "Run the code that makes it.",
            )
        self._check(commit.cell, commit.id)
        bound = self._run(commit.cell, commit.parent, build)
        names = list(filter(is_variable, self._history.recipe(version).roots))
        lost = [name for name in names if name not in bound]
        if lost:
            raise ReplayError(
                f"Running {_named(commit.cell)} again did not make {', '.join(lost)}."
            )
        return {name: bound[name] for name in names}

    def _check(self, cell: Cell, id: CommitId) -> None:
        """Refuse a cell that must not be run without being asked for.

        Args:
            cell: the cell.
            id: the commit that it made.

        Raises:
            ReplayError: replay is switched off, or the cell took too long or had effects.
        """
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
        """Run a cell again on copies of what it read, and return the variables as it left them.

        It is given the variables that its code names. If it then lacks another, it is run once more
        with all of them.

        Args:
            cell: the cell.
            parent: the commit of the state in which the cell was run.
            build: the build that definitions are shared with.

        Raises:
            ReplayError: the cell failed.
            KishuError: a variable that the cell names, or a setting, cannot be built.
        """
        state = self._history.state(parent)
        names = names_read(cell.source)
        with self._copying_build(state, build) as copies:
            settings = self._settings(state, copies)
        for wanted in (names, None) if names is not None else (None,):
            with self._copying_build(state, build) as copies:
                inputs = self._loaded(state, wanted, copies)
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

    def _copying_build(self, state: State, build: Build) -> Build:
        """Make a build that gives copies of the variables of a state.

        Args:
            state: the state in which the cell was run.
            build: the build that definitions are shared with, where the versions are the same.
        """
        shared = {
            number: build.definition(number)
            for number, version in state.items()
            if is_definition(number) and build.has_definition(number, version)
        }
        return Build(
            self._store, self._history, self._object_ids, self._host.namespace, state, {}, shared
        )

    def _settings(self, state: State, copies: Build) -> dict[str, Any]:
        """Load the settings of a state, by name; leave out those that this kernel cannot have."""
        settings = {}
        for entity in filter(is_setting, state):
            name = entity.removeprefix(SETTING)
            value = copies.value(entity)
            if not self._host.ambient.why_not(name, value):
                settings[name] = value
        return settings

    def _loaded(self, state: State, wanted: set[str] | None, copies: Build) -> dict[str, Any]:
        """Load the variables that a cell reads, by name.

        Args:
            state: the state in which the cell was run.
            wanted: the names that the cell reads; None for all variables, as far as they can be
                built.
            copies: the build that gives copies.

        Raises:
            KishuError: a wanted variable cannot be built.
        """
        inputs: dict[str, Any] = {}
        for name, version in state.items():
            is_wanted = is_variable(name) and (wanted is None or name in wanted)
            if not is_wanted or name in inputs:
                continue
            try:
                inputs.update(self._input(name, version, copies))
            except KishuError:
                if wanted is not None:
                    raise
        return inputs

    def _input(self, name: str, version: VersionId, copies: Build) -> dict[str, Any]:
        """Make the value of one variable that a cell reads, by loading it or by its own cell.

        Returns:
            The variable by name; where its cell was run, also the others of its co-variable.

        Raises:
            KishuError: the value cannot be made.
        """
        status = self._history.status(version)
        if status == "stored":
            try:
                return {name: copies.value(name)}
            except KishuError:
                raise
            except Exception:
                # Code of the value's class failed while it was unpickled.
                return self.values(version, copies)
        try:
            return self.values(version, copies)
        except KishuError:
            if status == "partial":
                return {name: copies.value(name)}
            raise


def names_read(source: str) -> set[str] | None:
    """Return the names that a cell may read; None if it may read any name."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    calls = any(isinstance(node, (ast.Call, ast.Await)) for node in ast.walk(tree))
    if names & _READS_ANY_NAME:
        return None
    return None if calls and _calls_more_than_builtins(tree) else names


def _calls_more_than_builtins(tree: ast.AST) -> bool:
    """Tell whether a cell calls anything but built-in functions by their names.

    Such code stands outside of the cell, and may read any global.
    """
    return any(
        isinstance(node, ast.Call)
        and not (isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id))
        for node in ast.walk(tree)
    )


def _named(cell: Cell) -> str:
    """Return how messages call a cell: by its number, where it has one."""
    return f"cell [{cell.number}]" if cell.number else "the cell"
