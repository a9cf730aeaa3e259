"""What a listening step understands, as data: today keys, later the same forms by speech.

A grammar turns what the caller gave into the value that is kept, in one form whatever the way in:
a date is `2026-03-05`, an amount `12.50` or `12.50 CNY`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ivr.step import Strict

MOST_KEYS = 32
AMOUNT_KEYS = 15
DATE_KEYS = 8

Form = Literal["digits", "date", "amount"]
_AMOUNT = re.compile(r"(?=\d|\*\d)(?P<whole>[0-9]*)(?:\*(?P<parts>[0-9]{1,2}))?")


class Keys(Strict):
    """How many keys an answer has."""

    least: Annotated[int, Field(ge=1, le=MOST_KEYS)] = 1
    """Fewer are no answer."""
    most: Annotated[int, Field(ge=1, le=MOST_KEYS)]
    """The last of so many ends the answer."""

    @model_validator(mode="after")
    def _in_order(self) -> Keys:
        if self.least > self.most:
            raise ValueError(f"`least` is {self.least}, more than `most`, {self.most}")
        return self


@dataclass(frozen=True, slots=True)
class Grammar:
    """The answers that one step understands."""

    form: Form
    keys: Keys
    currency: str | None = None
    """Of an amount that is money."""

    @property
    def most_bytes(self) -> int:
        """The longest value: a date has two signs more than keys, `*50` becomes `0.50 CNY`."""
        return self.keys.most + len("0 CNY")

    @property
    def ways(self) -> frozenset[str]:
        """Ways of saying that every value of this grammar can be said in."""
        if self.form == "amount":
            return frozenset({"money"}) if self.currency else frozenset({"number", "percent"})
        return frozenset({"date", "weekday"} if self.form == "date" else {"digits"})

    @property
    def example(self) -> str:
        """One of its values."""
        keys = {"date": "20260305", "amount": "5", "digits": "5" * self.keys.most}[self.form]
        return str(Grammar(self.form, Keys(most=MOST_KEYS), self.currency).value(keys))

    def value(self, keys: str) -> str | None:
        """The value that these keys mean; None: none in this grammar."""
        if not self.keys.least <= len(keys) <= self.keys.most:
            return None
        if self.form == "date":
            return _date(keys)
        if self.form == "amount":
            return _amount(keys, self.currency)
        return keys if _all_digits(keys) else None


def _all_digits(keys: str) -> bool:
    return keys.isascii() and keys.isdecimal()


def _date(keys: str) -> str | None:
    """`YYYYMMDD`, a day of the calendar from the year 1000 on."""
    if not _all_digits(keys) or len(keys) != DATE_KEYS or keys.startswith("0"):
        return None
    try:
        return date(int(keys[:4]), int(keys[4:6]), int(keys[6:])).isoformat()
    except ValueError:
        return None


def _amount(keys: str, currency: str | None) -> str | None:
    """`*` is the point: `12*5` is 12.50."""
    found = _AMOUNT.fullmatch(keys)
    if not found:
        return None
    whole = found["whole"].lstrip("0") or "0"
    parts = f".{found['parts']:0<2}" if found["parts"] else ""
    return f"{whole}{parts}" + (f" {currency}" if currency else "")
