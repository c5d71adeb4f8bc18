"""Kishu in JupyterLab and Notebook 7: a prebuilt extension; all it does is in the browser."""

__version__ = "0.1.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyterlab_kishu"}]
