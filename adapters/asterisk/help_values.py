"""Numbers of help (110, 120 ...) in the dialplan: every telephone of the house may dial them, in a
talk or in none, however it stands with our processes.

The ways are as the site file has them when Asterisk starts. No cap, no hours, no rule of `outbound`
holds them up; without a trunk that has a number to show there is no way.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.asterisk import routes
from ivr.dialling import NotDialled, Today
from ivr.dialling import routes as ways_to
from ivr.phone_numbers import numbers_of_help
from ivr.settings import Settings


def values(settings: Settings) -> dict[str, str]:
    """What stands for `@NUMBERS_OF_HELP@`."""
    return {"NUMBERS_OF_HELP": "\n".join(_entries(settings))}


def _entries(settings: Settings) -> Iterator[str]:
    outbound, trunks = settings.site.outbound, settings.site.trunks
    for number in sorted(numbers_of_help(outbound.region) | set(outbound.emergency)):
        try:
            ways = ways_to(outbound, trunks, number, queue="", today=Today())
        except NotDialled:
            continue
        sets = [f"Set({name}={value})" for name, value in routes.variables(ways).items()]
        yield "\n same => n,".join([f"exten => {number},1,NoOp()", *sets, "Goto(acd-help,s,1)"])
