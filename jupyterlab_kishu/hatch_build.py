"""Tie this distribution to the `kishu` of its own version, when it is built."""

from __future__ import annotations

from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class KishuOfTheSameVersion(MetadataHookInterface):
    """Fill in `dependencies`, which name the version and so cannot stand in `pyproject.toml`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the dependencies to the project's metadata."""
        metadata["dependencies"] = [f"kishu=={metadata['version']}", "jupyterlab>=4.2,<5"]
