"""The notebook of the unit tests, for the crash tests too."""

from tests.unit.conftest import notebook

__all__ = ["notebook"]
