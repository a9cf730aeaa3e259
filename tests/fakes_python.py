"""Python steps for flows in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from ivr.python_steps import Ended, PythonFunction, python_step, registration


@python_step(outcomes={"given": ["fee"], "free": []}, has_effect=True)
def fee_of(amount: Decimal, day: date, express: bool = False) -> Ended:
    """Some fee of some amount."""
    return Ended("given", fee=amount / 100) if express or amount > day.year else Ended("free")


@python_step(outcomes=["even", "odd"], pure=True)
def parity(number: int) -> str:
    """Whether a number is even."""
    return "odd" if number % 2 else "even"


@python_step(outcomes={"booked": ["ticket"]}, has_effect=True)
def book(text: str, key: str) -> Ended:
    """A place for somebody: the same for the same key."""
    return Ended("booked", ticket=f"{text} {key}")


def made(function: Callable[..., Any]) -> PythonFunction:
    """What was registered."""
    found = registration(function)
    assert found
    return found


FUNCTIONS = {function.__name__: made(function) for function in (fee_of, parity, book)}
