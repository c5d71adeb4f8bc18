"""The IPython shell: never state of the user's, whoever holds it."""

from __future__ import annotations

from typing import Any

from kishu.handlers.registry import Reduced, Walk, handles


@handles(
    "IPython.core.interactiveshell.InteractiveShell", "ipykernel.kernelbase.Kernel",
    subclasses=True, links=False,
)  # fmt: skip
def reduce_shell(walk: Walk, shell: Any) -> Reduced:
    """By what it is: the shell that runs, or its kernel."""
    return the_shell, (not hasattr(shell, "user_ns"),)


def the_shell(kernel: bool) -> Any:
    """The running shell, or its kernel."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    return shell.kernel if kernel else shell
