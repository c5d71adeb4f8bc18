"""Kishu in JupyterLab and Notebook 7: a prebuilt extension; all it does is in the browser."""

from importlib.metadata import version

__version__ = version("jupyterlab_kishu")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyterlab_kishu"}]
