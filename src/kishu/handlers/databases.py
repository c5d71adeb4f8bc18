"""Reduce and rebuild SQLite connections: to a file by its path, in memory by the content."""

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
    """Reduce a connection to the path of its file, or to the content of its database in memory.

    The content of a file is not stored. A closed connection is reduced to a closed one; one that
    another thread owns is unstorable.
    """
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
    """Connect to a database file, and have the report say that its content is not restored.

    Raises:
        FileNotFoundError: there is no such file; sqlite3 would make an empty one.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"the database {path} is not there")
    loading.now().note(f"what was written to {path} since stays there")
    return sqlite3.connect(path)


@builder
def connect_memory(index: int, size: int) -> sqlite3.Connection:
    """Connect to a new database in memory that has the content of a buffer.

    Args:
        index: the buffer's position among those of the loading.
        size: its size in bytes; 0 for an empty database.
    """
    data = bytearray(size)
    loading.now().memory(index, memoryview(data))
    connection = sqlite3.connect(":memory:")
    if size:
        connection.deserialize(bytes(data))
    return connection


@builder
def closed_connection() -> sqlite3.Connection:
    """Make a connection that is closed."""
    connection = sqlite3.connect(":memory:")
    connection.close()
    return connection


@builder
def set_connection_options(connection: sqlite3.Connection, options: dict[str, Any]) -> None:
    """Set how a connection begins transactions, and what it makes of rows and texts.

    Args:
        connection: the connection.
        options: the values of its attributes by name.
    """
    for name, value in options.items():
        setattr(connection, name, value)
