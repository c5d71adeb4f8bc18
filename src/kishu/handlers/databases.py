"""sqlite3: a connection by its file, one in memory by its content."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from kishu.format1 import builder
from kishu.handlers import loading
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


@handles("sqlite3.Connection")
def reduce_connection(walk: Walk, connection: sqlite3.Connection) -> Reduced:
    """What was written to a file stays there; a database in memory comes back as it was."""
    try:
        databases = connection.execute("PRAGMA database_list").fetchall()
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error).lower():
            return walk.unstorable(connection, "live", f"it cannot be used here: {error}")
        return closed_connection, ()
    path = next((path for _, name, path in databases if name == "main"), "")
    options = {
        "isolation_level": connection.isolation_level,
        "row_factory": connection.row_factory,
        "text_factory": connection.text_factory,
    }
    if path:
        return connect_file, (path,), options, None, None, set_connection_options
    data = connection.serialize()
    index = walk.memory(memoryview(data), own=False)
    return connect_memory, (index, len(data)), options, None, None, set_connection_options


@builder
def connect_file(path: str) -> sqlite3.Connection:
    """A connection to a file that is there.

    Raises:
        FileNotFoundError: it is not.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"the database {path} is not there")
    loading.now().note(f"what was written to {path} since stays there")
    return sqlite3.connect(path)


@builder
def connect_memory(index: int, size: int) -> sqlite3.Connection:
    """A database in memory, with the content of a buffer."""
    data = bytearray(size)
    loading.now().memory(index, memoryview(data))
    connection = sqlite3.connect(":memory:")
    if size:
        connection.deserialize(bytes(data))
    return connection


@builder
def closed_connection() -> sqlite3.Connection:
    """A connection that was closed."""
    connection = sqlite3.connect(":memory:")
    connection.close()
    return connection


@builder
def set_connection_options(connection: sqlite3.Connection, options: dict[str, Any]) -> None:
    """How it begins transactions, and what rows and texts become."""
    for name, value in options.items():
        setattr(connection, name, value)
