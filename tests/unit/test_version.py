"""The version stands in three files, which must agree."""

import shutil
from pathlib import Path

import pytest
from packaging.version import Version

import kishu
from tools import version


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    for path in version.PLACES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(version.ROOT / path, tmp_path / path)
    return tmp_path


def test_the_files_agree() -> None:
    assert version.differing(version.ROOT) == []
    assert version.versions(version.ROOT)[version.SOURCE] == {Version(kishu.__version__)}


def test_it_is_above_the_earlier_kishu_on_pypi() -> None:
    assert Version(kishu.__version__) > Version("0.3.4")


@pytest.mark.parametrize("path", version.PLACES)
def test_a_file_that_differs_is_named(copies: Path, path: Path) -> None:
    file = copies / path
    (before,) = version.versions(copies)[path]
    text = str(before) if path == version.SOURCE else version.for_npm(before)
    file.write_text(
        file.read_text(encoding="utf-8").replace(f'"{text}"', '"0.9.0"', 1), encoding="utf-8"
    )
    wrong = version.differing(copies)
    assert len(wrong) == (2 if path == version.SOURCE else 1)
    assert all("0.9.0" in line for line in wrong)


def test_a_file_without_a_version_is_a_fault(copies: Path) -> None:
    (copies / version.PACKAGE).write_text("{}\n", encoding="utf-8")
    with pytest.raises(version.NoVersion, match=r"package\.json"):
        version.differing(copies)


@pytest.mark.parametrize(
    ("python", "npm"),
    [
        ("0.4.0", "0.4.0"),
        ("1.2", "1.2.0"),
        ("0.4.0.dev0", "0.4.0-dev.0"),
        ("0.4.0a1", "0.4.0-alpha.1"),
        ("0.4.0rc2", "0.4.0-rc.2"),
        ("0.4.0rc2.dev3", "0.4.0-rc.2.dev.3"),
    ],
)
def test_written_versions_are_read_as_the_same(copies: Path, python: str, npm: str) -> None:
    version.write(copies, Version(python))
    assert version.differing(copies) == []
    assert f'"version": "{npm}"' in (copies / version.PACKAGE).read_text(encoding="utf-8")
    unchanged = (version.ROOT / version.LOCK).read_text(encoding="utf-8").splitlines()
    lines = (copies / version.LOCK).read_text(encoding="utf-8").splitlines()
    differ = [line for line, other in zip(lines, unchanged, strict=True) if line != other]
    assert all(npm in line for line in differ)
    assert len(differ) <= 2
