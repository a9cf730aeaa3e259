"""The holidays of countries and regions, as plain dates.

The package that knows them takes a quarter of a second to import: it is imported here alone, and
only when somebody asks.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import date
from functools import cache

from ivr.faults import meant

YEARS = range(2020, 2041)
"""Always the same years: the same file gives the same rules, whenever it is read."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A country's days off, and the weekends that are worked for them."""

    holidays: frozenset[date]
    workdays: frozenset[date]


@cache
def calendar(code: str) -> Calendar:
    """By a country's two letters, perhaps with a region: `CN`, `DE-BY`.

    Years that a government has yet to plan are estimated. Raises ValueError for unknown codes.
    """
    country, _, region = code.partition("-")
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise ValueError(
            f"{code!r} is neither a day, like 2026-10-01, nor a country, like CN or DE-BY"
        )
    import holidays

    try:
        known = holidays.country_holidays(country, years=[], language="en_US")
    except NotImplementedError as fault:
        raise ValueError(f"no calendar is known of the country {country!r}") from fault
    if region and region not in known.subdivisions:
        raise ValueError(f"{country} has no region {region!r}{meant(region, known.subdivisions)}")
    years = [year for year in YEARS if known.start_year <= year <= known.end_year]
    with warnings.catch_warnings():  # of years that some calendars do not reach
        warnings.simplefilter("ignore")
        found = holidays.country_holidays(
            country, subdiv=region or None, years=years, language="en_US"
        )
    worked = {day for day in found.weekend_workdays if day.year in YEARS}
    return Calendar(frozenset(found), frozenset(worked - found.keys()))
