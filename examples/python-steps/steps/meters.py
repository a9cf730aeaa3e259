"""Python steps of a water works: is this a meter's number, and keep what the meter shows."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

from ivr.python_steps import Ended, python_step

READINGS = Path(__file__).resolve().parent.parent / "readings"
WEIGHTS = (7, 3, 1, 7, 3, 1, 7)


@python_step(outcomes=["valid", "mistyped"], pure=True)
def meter_number(number: str) -> str:
    """Seven digits and a check digit: one wrong key, and it is no number of a meter."""
    digits = [int(sign) for sign in number]
    total = sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=False))
    return "valid" if len(digits) == 8 and digits[7] == total % 10 else "mistyped"


@python_step(outcomes={"kept": ["cubic"], "too_much": []}, has_effect=True, seconds=3)
def keep_reading(meter: str, reading: int, key: str, most: int = 99_999) -> Ended:
    """Write it down, once for one key: who is asked again with it finds the file there."""
    if reading > most:
        return Ended("too_much")
    READINGS.mkdir(exist_ok=True)
    name = sha256(key.encode()).hexdigest()
    unfinished = READINGS / f".{name}.{os.getpid()}"
    unfinished.write_text(json.dumps({"meter": meter, "reading": reading}), encoding="utf-8")
    unfinished.replace(READINGS / f"{name}.json")  # the same again changes nothing
    return Ended("kept", cubic=reading)
