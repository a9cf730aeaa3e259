"""The secrets of passes: made, read as people type them, and kept as a keyed hash only.

A code of nine digits could be found from a plain hash by trying all of them: the key of the hash
lies outside the database.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from hashlib import sha256

from ivr.passes import Form

PASS_KEY = "passes"  # noqa: S105
"""The name of the secret that is the key of the hash."""
LINK_BYTES = 16
CODE_DIGITS = 9
_LINK = re.compile(r"[A-Za-z0-9_-]{22}")
_CODE = re.compile(r"[0-9]{9}")
_BETWEEN = re.compile(r"[\s.\-]+")
"""What people put between the groups of a number."""
_LONGEST_TYPED = 40


@dataclass(frozen=True, slots=True)
class Secret:
    """What redeems a pass. Never written down by us, in no log, and shown to its customer once."""

    form: Form
    text: str

    def __repr__(self) -> str:
        return f"Secret({self.form})"

    @property
    def groups(self) -> str:
        """A code as it is said and read: in groups of three."""
        return " ".join(self.text[at : at + 3] for at in range(0, CODE_DIGITS, 3))

    def digest(self, key: str) -> str:
        """What is kept of it, with the key that lies elsewhere."""
        return hmac.new(key.encode(), f"{self.form}:{self.text}".encode(), sha256).hexdigest()


def new_secret(form: Form) -> Secret:
    """128 random bits for a link, nine random digits for a code."""
    if form is Form.LINK:
        return Secret(form, secrets.token_urlsafe(LINK_BYTES))
    return Secret(form, f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}")


def read(typed: str) -> Secret | None:
    """The secret that somebody has opened or typed; None when it can be none."""
    text = typed.strip()
    if len(text) > _LONGEST_TYPED:
        return None
    if _LINK.fullmatch(text):
        return Secret(Form.LINK, text)
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    return Secret(Form.CODE, digits) if _CODE.fullmatch(digits) else None
