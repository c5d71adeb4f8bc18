"""A real JupyterLab or Notebook server with a place of its own, over loopback."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 60
_CLASSES = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}


class Server:
    """One server; its kernels' histories live under ``place / "kishu"``.

    Args:
        place: a directory of its own for all that it reads and writes.
        python: of the environment it is installed in.
        app: ``jupyterlab`` or ``notebook``.
        base_url: where it is mounted, as a hub does it.
        settings: what the user has set for Kishu.
    """

    def __init__(
        self,
        place: Path,
        python: str = sys.executable,
        app: str = "jupyterlab",
        base_url: str = "/",
        settings: dict[str, bool] | None = None,
    ) -> None:
        self.place = place
        self.root = place / "root"
        self.home = place / "kishu"
        self.token = secrets.token_hex(8)
        self.app = app
        self.base_url = base_url
        self.port = _free_port()
        for path in (self.root, self.home):
            path.mkdir(parents=True)
        _write_settings(place / "settings", settings or {})
        _write_kernel(place / "data")
        environment = {
            **os.environ,
            "HOME": str(place),
            "KISHU_HOME": str(self.home),
            "IPYTHONDIR": str(place / "ipython"),
            "JUPYTER_CONFIG_DIR": str(place / "config"),
            "JUPYTER_DATA_DIR": str(place / "data"),
            "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces"),
            "PYTHONWARNINGS": "ignore",
        }
        environment.pop("JPY_SESSION_NAME", None)
        self._log = (place / "server.log").open("wb")
        self._process = subprocess.Popen(
            [
                python, "-m", app, "--allow-root", "--no-browser",
                "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}",
                "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}",
                f"--ServerApp.root_dir={self.root}", f"--ServerApp.base_url={base_url}",
                f"--{_CLASSES[app]}.expose_app_in_browser=True",
            ],
            env=environment, stdout=self._log, stderr=subprocess.STDOUT, cwd=place,
        )  # fmt: skip

    def __enter__(self) -> Self:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}api/status?token={self.token}", timeout=5):
                    return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise RuntimeError((self.place / "server.log").read_text()) from None
                time.sleep(0.05)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}{self.base_url}"

    def page(self, notebook: str) -> str:
        """The address of a page of its own with that notebook."""
        if self.app == "notebook":
            return f"{self.url}notebooks/{notebook}?token={self.token}"
        workspace = secrets.token_hex(4)
        return f"{self.url}lab/workspaces/{workspace}/tree/{notebook}?reset&token={self.token}"

    def stop(self) -> None:
        """End it, and its kernels with it."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _write_kernel(data: Path) -> None:
    """A kernel that says it speaks another language."""
    path = data / "kernels" / "other" / "kernel.json"
    path.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    path.write_text(json.dumps({"argv": argv, "display_name": "Other", "language": "other"}))


def _write_settings(settings: Path, kishu: dict[str, bool]) -> None:
    """No news and no updates; what the user has set for Kishu."""
    for plugin, wanted in {
        "@jupyterlab/apputils-extension/notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        },
        "jupyterlab_kishu/plugin": kishu,
    }.items():
        path = settings / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(wanted))
