"""The internal numbers of the house (`directory` in the site file), which agents' phones dial."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from pydantic import model_validator

from ivr.faults import meant
from ivr.keys import Keys, Name, PhoneName
from ivr.phone_numbers import calls_help

NUMBER = re.compile(r"[0-9]{2,6}")
KINDS = ("agent", "queue", "destination")
ONE_OF = "name exactly one of `agent`, `queue` and `destination`"


class HouseNumber(Keys):
    """Whom an internal number reaches: exactly one."""

    agent: PhoneName | None = None
    queue: Name | None = None
    destination: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> HouseNumber:
        if sum(bool(name) for name in (self.agent, self.queue, self.destination)) != 1:
            raise ValueError(ONE_OF)
        return self

    @property
    def kind(self) -> str:
        """Which of the three."""
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.agent or self.queue or self.destination or ""


def directory_faults(
    directory: Mapping[str, HouseNumber], known: Mapping[str, Collection[str]],
    numbers: Collection[str], region: str,
) -> Iterator[str]:  # fmt: skip
    """What is wrong with them, a sentence each. `known`: the names of each kind."""
    for number, entry in directory.items():
        here = f"site.yaml: directory.{number}"
        if not NUMBER.fullmatch(number):
            yield f"{here}: an internal number has two to six digits"
        elif number in numbers:
            yield f"{here}: this is a number that callers dial; choose another"
        elif calls_help(number, region):
            yield f"{here}: this calls help; choose another"
        if entry.name not in known[entry.kind]:
            near = meant(entry.name, known[entry.kind])
            yield f"{here}.{entry.kind}: there is no {entry.kind} {entry.name!r}{near}"
