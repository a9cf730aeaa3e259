"""The ways to a number outside, as variables of the channel that `acd-out` dials for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.dialling import Route

MOST_ROUTES = 9
"""So many trunks the dialplan tries."""


def variables(routes: Sequence[Route]) -> dict[str, str]:
    """Ended by an empty one: what an earlier call has left on the channel is not dialled."""
    found: dict[str, str] = {}
    for n, route in enumerate(routes[:MOST_ROUTES], start=1):
        found |= {f"ROUTE_{n}": route.dial, f"FROM_{n}": route.caller_id}
    after = len(routes[:MOST_ROUTES]) + 1
    return found | ({f"ROUTE_{after}": ""} if after <= MOST_ROUTES else {})
