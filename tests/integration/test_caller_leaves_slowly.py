"""A caller hangs up in a consultation, and Asterisk takes its time with what is to be told of it.

Row 54 of docs/ownership.md: while the caller's channel is still there, the agent's leg is gone
already, and whoever was consulted must not take it for a hand-over.
"""

from __future__ import annotations

import pytest

from tests.integration.test_talk_on_asterisk import ANN, BOB, Talk, consulted, talk
from tests.rig import login

pytestmark = [pytest.mark.long, pytest.mark.asterisk]
SLOW = ["Set(UNTIL=$[${EPOCH}+3])", "GotoIf($[${EPOCH}<${UNTIL}]?2)", "Return()"]


async def leaves_slowly(it: Talk) -> None:
    """After its own hang-up handler the caller's channel has another, of two or three seconds."""
    for priority, what in enumerate(SLOW, start=1):
        told = it.house.asterisk.command(f"dialplan add extension s,{priority},{what} into slow")
        assert "added" in told, told
    [line] = [one for one in it.house.channels() if one.startswith("PJSIP/trunk-")]
    link = await login(it.house.asterisk, "acd")
    try:
        await link.set(line, "CHANNEL(hangup_handler_wipe)", "slow,s,1")
        await link.set(line, "CHANNEL(hangup_handler_push)", "acd-gone,s,1")
    finally:
        await link.close()


@pytest.mark.parametrize("during", ["consult", "swap", "conference"])
async def test_who_was_only_asked_has_no_wrap_up_when_the_caller_hangs_up(during: str) -> None:
    async with talk() as it:
        await consulted(it)
        if during != "consult":
            await it.ask(during)
            await it.until_together("caller", ANN, *([BOB] if during == "conference" else []))
        await leaves_slowly(it)
        await it.caller.hang_up()
        await it.until_agents(ann="wrap-up")
        await it.served_once()
        await it.until_agents(ann="wrap-up", bob="ready")
        assert not await it.house.records("TakenOver")
