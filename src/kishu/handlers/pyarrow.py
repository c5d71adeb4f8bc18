"""pyarrow: its buffers, arrays and tables never change."""

from kishu.handlers.typeinfo import Library, know

know(Library(("pyarrow",), faithful=True))
know(Library(("pyarrow.lib",), values=True))
