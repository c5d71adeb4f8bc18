"""Reduce IPython's shell and kernel to the running ones, which a process has once."""

from __future__ import annotations

from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles


@handles("IPython.core.interactiveshell.InteractiveShell", subclasses=True, sharing_is_state=False)
def reduce_shell(walk: Walk, shell: Any) -> Reduced:
    """Reduce a shell to the one that runs where it is loaded."""
    return the_shell, ()


@builder
def the_shell() -> Any:
    """Return the running shell; None outside of IPython."""
    from IPython.core.getipython import get_ipython

    return get_ipython()


@handles("ipykernel.kernelbase.Kernel", subclasses=True, sharing_is_state=False)
def reduce_kernel(walk: Walk, kernel: Any) -> Reduced:
    """Reduce a kernel to the one that runs where it is loaded."""
    return the_kernel, ()


@builder
def the_kernel() -> Any:
    """Return the running kernel; None in a plain terminal."""
    return getattr(the_shell(), "kernel", None)
