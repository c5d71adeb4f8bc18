"""Declare that pyarrow's objects pickle their whole state, and that those of its core never change.

Sharing buffers, arrays and tables is therefore not state.
"""

from kishu.handlers.typeinfo import Library, know

know(Library(("pyarrow",), faithful=True))
know(Library(("pyarrow.lib",), values=True))
