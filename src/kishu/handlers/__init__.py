"""One file per kind of object that needs care: how it is walked and how it is rebuilt."""

from kishu.handlers import (
    classes,
    code,
    constants,
    ipython,
    locks,
    matplotlib,
    numpy,
    pandas,
    torch,
)

__all__ = [
    "classes",
    "code",
    "constants",
    "ipython",
    "locks",
    "matplotlib",
    "numpy",
    "pandas",
    "torch",
]
