"""Give a Jupyter session a history of its variables, as git gives files one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kishu.errors import KishuError

# Before `session` is defined: the first import of the submodule `kishu.session` binds that name
# in this module, and would replace the function.
from kishu.session import Session

if TYPE_CHECKING:
    import os

__version__ = "0.4.0.dev0"
__all__ = ["KishuError", "Session", "__version__", "attach", "detach", "session"]


def attach(notebook: str | os.PathLike[str] | None = None) -> Session:
    """Attach a session to the running IPython shell, or return the one that is attached already.

    Args:
        notebook: the notebook's path; None to take what the front end told the kernel.

    Raises:
        NotAttached: no IPython shell runs in this process.
        StoreError: the history cannot be opened or made.
    """
    from kishu.kernel import extension

    return extension.attach(notebook)


def session() -> Session:
    """Commit the last cell, if that is still to be done, and return the attached session.

    Raises:
        NotAttached: no session was attached to this process, or `detach` has ended it.
    """
    from kishu.kernel import extension

    return extension.session()


def detach() -> None:
    """End the attached session, if any; its history stays."""
    from kishu.kernel import extension

    extension.detach()


def load_ipython_extension(shell: Any) -> None:
    """Attach a session to the shell and print a greeting, as ``%load_ext kishu`` asks."""
    from kishu.kernel import extension

    extension.load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """End the attached session, as ``%unload_ext kishu`` asks."""
    from kishu.kernel import extension

    extension.unload_ipython_extension(shell)
