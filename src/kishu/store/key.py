"""Load or make the user's secret key, which signs records, and check signatures with it."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from kishu.errors import StoreError
from kishu.store import system

KEY_BYTES = 32
MAC_HEX = 64


class Key:
    """Sign bytes, and check signatures, with one secret (HMAC-SHA256).

    Args:
        secret: the key's bytes, `KEY_BYTES` of them.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def load(cls, home: Path) -> Key:
        """Read the key from ``home/key``; make the file, with mode 0600, if there is none.

        Raises:
            StoreError: the file cannot be read or made, or has another size than a key.
        """
        path = home / "key"
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                cls._create(path)
            secret = path.read_bytes()
        except OSError as error:
            raise StoreError(
                f"The signing key {path} cannot be used: {error.strerror}.",
                "Make the directory writable, or set KISHU_HOME to one that is.",
            ) from error
        if len(secret) != KEY_BYTES:
            raise StoreError(
                f"{path} is not a signing key ({len(secret)} bytes instead of {KEY_BYTES}).",
                "Move it away; a new one is made, and older histories then need `%kishu trust`.",
            )
        return cls(secret)

    @staticmethod
    def _create(path: Path) -> None:
        """Write a new random key to a file beside the path, then link it to the path.

        Where another process has made the path's file in the meantime, that one stays.
        """
        # A link puts the whole key in place at once, or fails: two kernels that start together
        # use the same key.
        aside = path.with_name(f"key.{os.getpid()}.{secrets.token_hex(4)}")
        fd = os.open(aside, system.NEW, 0o600)
        try:
            os.write(fd, secrets.token_bytes(KEY_BYTES))
            system.sync(fd)
        finally:
            os.close(fd)
        with suppress(FileExistsError):
            system.give_name(aside, path)

    def sign(self, data: bytes) -> str:
        """Return the MAC of some bytes as 64 hexadecimal digits."""
        return hmac.digest(self._secret, data, "sha256").hex()

    def verifies(self, data: bytes, mac: str) -> bool:
        """Return True if a MAC, in hexadecimal, is the one that this key gives for the bytes."""
        return hmac.compare_digest(self.sign(data).encode(), mac.encode("utf-8", "replace"))
