"""The vault's keys: one master key outside the database, and what follows from it.

A data key per person seals that person's fields (AES-256-GCM) and is itself sealed ("wrapped") by
the master key. The blind index of numbers is an HMAC under a key derived from the master key.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ivr.ports import StoreRefused

KEY_BYTES = 32
NONCE_BYTES = 12
FORM = b"\x01"
"""First byte of everything sealed: AES-256-GCM, nonce, then ciphertext with tag."""


def seal(key: bytes, clear: bytes, bound_to: str) -> bytes:
    """Seal so that it opens with this key and in this place (`bound_to`) only."""
    nonce = os.urandom(NONCE_BYTES)
    return FORM + nonce + AESGCM(key).encrypt(nonce, clear, FORM + bound_to.encode())


def open_sealed(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """What was sealed; `StoreRefused` when a bit, the key or the place is another."""
    form, nonce, text = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, text, form + bound_to.encode())
    except (InvalidTag, ValueError):
        raise StoreRefused(f"{bound_to}: what is sealed there is damaged, or not ours") from None


class MasterKey:
    """A master key, with its derived keys. `id` tells which one sealed something."""

    def __init__(self, secret: bytes) -> None:
        self._wrap = _derived(secret, "wrap data keys")
        self._index = _derived(secret, "index of numbers")
        self.archive = _derived(secret, "seal secrets in a backup")
        self.id = _derived(secret, "id")[:8].hex()

    def wrap(self, data_key: bytes, person: str) -> bytes:
        return seal(self._wrap, data_key, f"{person} key")

    def unwrap(self, wrapped: bytes, person: str) -> bytes:
        return open_sealed(self._wrap, wrapped, f"{person} key")

    def blind(self, number: str) -> bytes:
        """The number's place in the index; without the key it tells nothing."""
        return hmac.digest(self._index, number.encode(), "sha256")


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, None, b"hotline " + purpose.encode()).derive(secret)


class KeyRing:
    """The master key's files in the secrets folder: the current one and, while keys are being
    changed, the one before. Reads them again when they have changed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "master-key"
        self.before = folder / "master-key.before"
        self._read_at: tuple[int, int] | None = None
        self._keys: list[MasterKey] = []

    @property
    def current(self) -> MasterKey:
        return self._fresh()[0]

    def all(self) -> list[MasterKey]:
        return self._fresh()

    def find(self, key_id: str) -> MasterKey:
        for key in self._fresh():
            if key.id == key_id:
                return key
        raise StoreRefused(
            f"{self.path} is not the key that this vault was sealed with: put the right one there"
        )

    def make(self) -> None:
        """Make the first master key. Whoever is first wins; nobody reads half a key."""
        with suppress(FileExistsError):
            _write_new(self.path)

    def change(self) -> None:
        """Put a new master key in place; the old one stays beside it until `retire`.

        When the change before was interrupted, that one is taken up again.
        """
        if not self.before.exists():
            os.link(self.path, self.before)
        if self.path.read_text() == self.before.read_text():
            spare = self.path.with_name("master-key.new")
            spare.unlink(missing_ok=True)
            _write_new(spare)
            spare.replace(self.path)

    def retire(self) -> None:
        self.before.unlink(missing_ok=True)

    def _fresh(self) -> list[MasterKey]:
        try:
            state = self.path.stat()
        except FileNotFoundError:
            raise StoreRefused(
                f"the vault's master key {self.path} is missing: copy it back from where you keep "
                "it; without it nothing personal can be read"
            ) from None
        if self._read_at != (state.st_ino, state.st_mtime_ns):
            fresh = [*keys_in(self.path), *keys_in(self.before)]
            known = {key.id for key in fresh}
            self._keys = fresh + [key for key in self._keys if key.id not in known]
            self._read_at = (state.st_ino, state.st_mtime_ns)
        return self._keys


def keys_in(path: Path) -> Iterator[MasterKey]:
    """The key in a file; none when there is no such file."""
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        return
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise StoreRefused(f"{path} is not a master key ({KEY_BYTES * 2} hexadecimal digits)")
    yield MasterKey(secret)


def _write_new(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    spare.touch(mode=0o600)
    with spare.open("w") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(spare, path)
    finally:
        spare.unlink()
