"""Kishu gives a Jupyter session a history of its variables, as git gives files one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kishu.errors import KishuError

# Imported before `session` is defined: a submodule's first import binds its name here.
from kishu.session import Session

if TYPE_CHECKING:
    import os

__version__ = "0.4.0.dev0"
__all__ = ["KishuError", "Session", "__version__", "attach", "detach", "session"]


def attach(notebook: str | os.PathLike[str] | None = None) -> Session:
    """Attach to the running IPython shell; attaching twice gives the same session."""
    from kishu.kernel import extension

    return extension.attach(notebook)


def session() -> Session:
    """The attached session."""
    from kishu.kernel import extension

    return extension.session()


def detach() -> None:
    """End the attached session; its history stays."""
    from kishu.kernel import extension

    extension.detach()


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext kishu``."""
    from kishu.kernel import extension

    extension.load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext kishu``."""
    from kishu.kernel import extension

    extension.unload_ipython_extension(shell)
