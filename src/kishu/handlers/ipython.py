"""The running shell and its kernel, by what they are, whoever holds them."""

from __future__ import annotations

from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


@handles("IPython.core.interactiveshell.InteractiveShell", subclasses=True, sharing_is_state=False)
def reduce_shell(walk: Walk, shell: Any) -> Reduced:
    """By what it is: the shell that runs."""
    return the_shell, ()


@builder
def the_shell() -> Any:
    """The running shell."""
    from IPython.core.getipython import get_ipython

    return get_ipython()


@handles("ipykernel.kernelbase.Kernel", subclasses=True, sharing_is_state=False)
def reduce_kernel(walk: Walk, kernel: Any) -> Reduced:
    """By what it is: the kernel that runs."""
    return the_kernel, ()


@builder
def the_kernel() -> Any:
    """The running kernel; None in a plain terminal."""
    return getattr(the_shell(), "kernel", None)
