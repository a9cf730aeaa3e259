"""The form by which a message is left: what is taken of it, and what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr.chats import LONGEST_NAME, LONGEST_WORDS, plain
from ivr.phone_numbers import dialled_digits, e164, is_emergency, is_premium

LONGEST_MAIL = 254
MAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}\.[^\s@<>\"]{2,63}")


@dataclass(frozen=True, slots=True)
class Form:
    """A message that can be answered."""

    name: str
    number: str
    """E.164; empty: none."""
    mail: str
    words: str
    text: bool
    """Whether it is to be confirmed by a text."""

    @property
    def reach(self) -> Mapping[str, str]:
        """Who it is, and where they are to be answered."""
        return {"name": self.name, "number": self.number, "mail": self.mail}


def form_of(fields: Mapping[str, Any], region: str) -> Form | str:
    """The form, or what is wrong with it in one word: `words` (none, or too many), `number` (none
    that can be called), `mail` (no address), `reach` (neither, so that nobody could be answered).
    `region`: whose numbers are written without a code."""
    words, mail = _text(fields, "words"), _text(fields, "mail")
    if not words or len(words) > LONGEST_WORDS:
        return "words"
    number = _number(_text(fields, "number"), region)
    if number is None:
        return "number"
    if mail and (len(mail) > LONGEST_MAIL or not MAIL.fullmatch(mail)):
        return "mail"
    if not number and not mail:
        return "reach"
    name = " ".join(_text(fields, "name").split())[:LONGEST_NAME]
    return Form(name, number, mail, words, bool(fields.get("text")) and bool(number))


def _text(fields: Mapping[str, Any], name: str) -> str:
    return plain(str(fields.get(name) or "")).strip()


def _number(written: str, region: str) -> str | None:
    """E.164; empty for none, None for one that nobody may be called by."""
    if not written:
        return ""
    digits = dialled_digits(written)
    number = e164(digits, region) if digits else None
    if number is None or is_premium(number) or is_emergency(number, region):
        return None
    return number
