"""The key: one for all of a user's kernels, for the user's eyes alone, and no other fits."""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kishu.errors import StoreError
from kishu.store.key import KEY_BYTES, Key
from tests.unit.builders import mode

if TYPE_CHECKING:
    from pathlib import Path


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    mac = Key.load(home).sign(b"record")
    assert Key.load(home).verifies(b"record", mac)
    assert (mode(home), mode(home / "key")) == (0o700, 0o600)
    assert [path.name for path in home.iterdir()] == ["key"]


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    assert Key.load(tmp_path / "a").sign(b"") != Key.load(tmp_path / "b").sign(b"")


def test_kernels_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    together, macs = threading.Barrier(8), []

    def start() -> None:
        together.wait()
        macs.append(Key.load(tmp_path).sign(b"record"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(macs) == 8
    assert len(set(macs)) == 1


@given(secret=st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), data=st.binary())
def test_a_mac_is_hmac_sha256_and_only_its_own_data_fits(secret: bytes, data: bytes) -> None:
    mac = Key(secret).sign(data)
    assert mac == hmac.new(secret, data, hashlib.sha256).hexdigest()
    assert Key(secret).verifies(data, mac)
    assert not Key(secret).verifies(data + b"\0", mac)
    assert not Key(secret[::-1] + b"x").verifies(data, mac)
    assert not Key(secret).verifies(data, mac.replace(mac[0], "z"))


@pytest.mark.parametrize("found", [b"", b"short", bytes(KEY_BYTES + 1)])
def test_a_file_that_is_no_key_is_refused_and_left_alone(tmp_path: Path, found: bytes) -> None:
    (tmp_path / "key").write_bytes(found)
    with pytest.raises(StoreError, match=str(tmp_path / "key")):
        Key.load(tmp_path)
    assert (tmp_path / "key").read_bytes() == found


def test_a_key_that_cannot_be_read_or_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    (tmp_path / "file").touch()
    for home in (tmp_path, tmp_path / "file"):
        with pytest.raises(StoreError, match=str(home / "key")):
            Key.load(home)
