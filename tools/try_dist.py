"""Install what `make dist` built into an empty environment and use it there.

``python -m tools.try_dist dist`` makes a virtual environment in a temporary directory, installs
all wheels of the directory into it, and runs `%load_ext kishu`, two cells and an undo in a kernel
of that environment. Nothing of the checkout can be imported there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

# Runs inside of the new environment, which has jupyter_client and ipykernel by way of jupyterlab.
SESSION = """\
import sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
try:
    def run(source):
        said = []
        def hear(message):
            content = message["content"]
            said.append(content.get("text") or content.get("evalue") or "")
        reply = client.execute_interactive(source, timeout=120, output_hook=hear)["content"]
        text = "".join(said).strip()
        print(f"  {source}\\n      {text}")
        if reply["status"] != "ok":
            sys.exit(f"{source!r} failed.")
        return text

    run("%load_ext kishu")
    run("numbers = [1, 2, 3]")
    run("numbers.clear()")
    run("%kishu undo")
    if run("print(numbers)") != "[1, 2, 3]":
        sys.exit("The undo did not bring the list back.")
    where = run("import kishu; print(kishu.__file__)")
    if not where.startswith(sys.prefix):
        sys.exit(f"kishu was imported from {where}, and not from the wheel.")
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


def main() -> int:
    """Try the wheels; 0 if all went well."""
    wheels = sorted(map(str, Path(sys.argv[1]).absolute().glob("*.whl")))
    if not wheels:
        print(f"No wheels in {sys.argv[1]}.")
        return 1
    # Where files in use cannot be removed, a kernel that is still ending must not fail the test.
    with tempfile.TemporaryDirectory(prefix="kishu-dist-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        venv.create(home / "venv", with_pip=True)
        scripts = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
        python = str(scripts / "python")
        environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            "KISHU_HOME": str(home / "kishu"),
            # Kernels and extensions that are installed for the user must not stand in for ours.
            "JUPYTER_NO_CONFIG": "1",
            "JUPYTER_DATA_DIR": str(home / "data"),
            "PATH": os.pathsep.join([str(scripts), os.environ["PATH"]]),
        }

        def run(*command: str) -> str:
            print("$ python", *command, flush=True)
            done = subprocess.run(
                [python, *command], cwd=home, env=environment, check=False, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            print(done.stdout, end="", flush=True)
            done.check_returncode()
            return done.stdout

        run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wheels)
        run("-m", "pip", "check")
        (home / "session.py").write_text(SESSION, encoding="utf-8")
        run("session.py")
        listed = run("-m", "jupyter", "labextension", "list")
        line = next((line for line in listed.splitlines() if "jupyterlab_kishu" in line), "")
        if "enabled" not in line or "OK" not in line:
            print("JupyterLab does not list the extension as enabled.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
