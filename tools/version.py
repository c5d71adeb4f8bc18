"""The version of Kishu, which stands in `src/kishu/__init__.py` and, for npm, in two more files.

``python -m tools.version`` ends with an error if a copy differs; ``python -m tools.version
0.4.0rc1`` writes that version to all three. Everything else (`pyproject.toml` of both
distributions, the dependency of one on the other) is computed from these when they are built.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).parents[1]
SOURCE = Path("src/kishu/__init__.py")
PACKAGE = Path("jupyterlab_kishu/package.json")
LOCK = Path("jupyterlab_kishu/package-lock.json")

# The lock begins with the package's own name and version, twice; those of dependencies follow.
PLACES = {
    SOURCE: (r'^(__version__ = ")([^"]+)(")', 1),
    PACKAGE: (r'^(  "version": ")([^"]+)(")', 1),
    LOCK: (r'^(\s*"name": "jupyterlab_kishu",\n\s*"version": ")([^"]+)(")', 2),
}
KINDS = {"a": "alpha", "b": "beta", "rc": "rc"}


class NoVersion(Exception):
    """A file does not say its version where it should."""


def versions(root: Path) -> dict[Path, set[Version]]:
    """Return the versions that each file states; more than one in a file is a fault, too."""
    found = {}
    for path, (pattern, count) in PLACES.items():
        matches = re.findall(pattern, (root / path).read_text(encoding="utf-8"), re.MULTILINE)
        if len(matches) != count:
            raise NoVersion(f"{path} states its version {len(matches)} times; expected {count}.")
        found[path] = {Version(match[1]) for match in matches}
    return found


def differing(root: Path) -> list[str]:
    """Return a line for each file whose version is not that of the source."""
    found = versions(root)
    (right,) = found[SOURCE]
    return [
        f"{path} says {', '.join(sorted(map(str, said)))}; {SOURCE} says {right}."
        for path, said in found.items()
        if said != {right}
    ]


def write(root: Path, version: Version) -> None:
    """Write a version to every file that states one."""
    for path, (pattern, _) in PLACES.items():
        text = str(version) if path == SOURCE else for_npm(version)
        file = root / path
        before = file.read_text(encoding="utf-8")
        after = re.sub(pattern, rf"\g<1>{text}\g<3>", before, flags=re.MULTILINE)
        file.write_text(after, encoding="utf-8", newline="\n")


def for_npm(version: Version) -> str:
    """Return the version as npm writes it: 0.4.0rc1 is 0.4.0-rc.1 there."""
    text = ".".join(str(number) for number in (*version.release, 0, 0)[:3])
    if version.pre:
        text += f"-{KINDS[version.pre[0]]}.{version.pre[1]}"
    if version.dev is not None:
        text += f"{'.' if version.pre else '-'}dev.{version.dev}"
    return text


def main() -> int:
    """Check the versions, or write the one that is given; 0 if they agree."""
    if len(sys.argv) > 1:
        write(ROOT, Version(sys.argv[1]))
    wrong = differing(ROOT)
    print("\n".join(wrong) or next(iter(versions(ROOT)[SOURCE])))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
