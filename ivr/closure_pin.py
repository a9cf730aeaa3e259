"""A PIN that is never written down: what is kept tells whether one is it, and no more."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass

FORM = re.compile(r"scrypt (\d+) ([0-9a-f]{32}) ([0-9a-f]{64})")
LEAST, MOST = 6, 12
"""Digits."""
COST, BLOCK = 2**14, 8
SALT_BYTES, DIGEST_BYTES = 16, 32


class BadPin(ValueError):
    """What was given is no PIN, or what is kept cannot be read; says the way out."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The digest of a PIN, with the salt and the cost by which it was made (scrypt)."""

    cost: int
    salt: bytes
    digest: bytes

    def is_good(self, keys: str) -> bool:
        """Takes a while, so that nobody tries many. Blocks."""
        return hmac.compare_digest(_digest(keys, self.salt, self.cost), self.digest)

    def written(self) -> str:
        """As it is kept; `read` understands it."""
        return f"scrypt {self.cost} {self.salt.hex()} {self.digest.hex()}\n"


def make(keys: str) -> Pin:
    """The digest of this PIN; raises `BadPin`."""
    if not re.fullmatch(rf"[0-9]{{{LEAST},{MOST}}}", keys, re.ASCII) or len(set(keys)) < 3:
        raise BadPin(f"a PIN is {LEAST} to {MOST} digits, of which three are different")
    salt = os.urandom(SALT_BYTES)
    return Pin(COST, salt, _digest(keys, salt, COST))


def read(text: str) -> Pin:
    """What `written` has written; raises `BadPin`."""
    found = FORM.fullmatch(text.strip())
    if not found:
        raise BadPin("the file of the PIN cannot be read: ./hotline closure pin sets a new one")
    return Pin(int(found[1]), bytes.fromhex(found[2]), bytes.fromhex(found[3]))


def _digest(keys: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(keys.encode(), salt=salt, n=cost, r=BLOCK, p=1, dklen=DIGEST_BYTES)
