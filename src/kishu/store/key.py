"""The key that signs records: a record with its MAC was written by this user's Kishu."""

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
    """A symmetric signing key, kept in one file that only its owner may read."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def load(cls, home: Path) -> Key:
        """Read ``home/key``, or make it (mode 0600) when there is none.

        Raises:
            StoreError: the file cannot be read or made, or is not a key.
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
        # Linked into place whole, so that two kernels starting at once agree on one key.
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
        """The MAC (HMAC-SHA256, hex) of ``data``."""
        return hmac.digest(self._secret, data, "sha256").hex()

    def verifies(self, data: bytes, mac: str) -> bool:
        """Whether ``mac`` is this key's MAC of ``data``."""
        return hmac.compare_digest(self.sign(data).encode(), mac.encode("utf-8", "replace"))
