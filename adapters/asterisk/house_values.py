"""The internal numbers of the house, as contexts of the dialplan: what agents' phones may dial.

They are as the site file has them when Asterisk starts. Nothing outside can be dialled so.
"""

from __future__ import annotations

from ivr.house_numbers import HouseNumber
from ivr.settings import Settings

SEAT = "SEAT_{}"
"""The global variable of each agent."""


def values(settings: Settings) -> dict[str, str]:
    """What stands for `@HOUSE_NUMBERS@`."""
    entries = settings.site.directory.items()
    return {"HOUSE_NUMBERS": "\n".join(_entry(settings, number, to) for number, to in entries)}


def _entry(settings: Settings, number: str, to: HouseNumber) -> str:
    """Telephones ring; a queue is waited for, as of the first number that leads there, or out of a
    talk for a colleague who serves it."""
    if to.queue:
        numbers = settings.site.numbers
        own = [name for name, entry in numbers.items() if entry.queue == to.queue]
        way_in = next(iter([*own, *numbers]))
        other = "${CHANNELS(^PJSIP/${CHANNEL(endpoint)}-)}"
        alone = f'$["{other}" = "${{CHANNEL}}"]'
        sets = [f"Set(INSIDE_QUEUE={to.queue})", f"GotoIf({alone}?acd-own,{way_in},1)",
                f"Set(TO={to.queue})", "Set(TO_KIND=queue)", "Goto(acd-second,s,1)"]  # fmt: skip
    else:
        sets = [f"Set(TO={_phone(settings, to)})", *_seat(to), "Goto(acd-inside,s,1)"]
    first, *rest = sets
    return "\n".join([f"exten => {number},1,{first}", *(f" same => n,{step}" for step in rest)])


def _seat(to: HouseNumber) -> list[str]:
    """Where the agent sits, if it is not at their own telephone: a variable that the core sets."""
    if not to.agent:
        return []
    seat = SEAT.format(to.agent)
    return [f'ExecIf($["${{{seat}}}" != ""]?Set(TO=${{{seat}}}))']


def _phone(settings: Settings, to: HouseNumber) -> str:
    """The telephone's account; empty where it is outside."""
    site = settings.site
    if to.agent:
        entry = site.phones.get(to.agent)
        return to.agent if entry and not entry.number else ""
    return site.destinations[to.destination or ""].phone
