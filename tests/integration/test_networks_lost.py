"""A telephone's network is lost in the middle of a talk: its speech stops, or its signals do.

Rows 7, 8, 49 and 50 of docs/ownership.md on the real Asterisk. What the configuration waits for is
made shorter here, once it has been seen to stand there as the page says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.asterisk.config import Folders
from tests.integration.test_ownership_and_kills import caller_leaves, gone
from tests.integration.test_talk_on_asterisk import ANN, BOB, CID
from tests.lost_phone import SESSION_SECONDS, LosingPhone, lose_speech
from tests.speaking import mouth
from tests.talk_stage import FIRST, LAST, TalkStage, talk_stage

pytestmark = [
    pytest.mark.long,
    pytest.mark.asterisk, pytest.mark.timeout(230), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
SPEECH, SPEECH_ON_HOLD = 4, 9
SHORTER = {
    "rtp_timeout = 30\n": f"rtp_timeout = {SPEECH}\n",
    "rtp_timeout_hold = 300\n": f"rtp_timeout_hold = {SPEECH_ON_HOLD}\n",
    "timers_sess_expires = 600\n": f"timers_sess_expires = {SESSION_SECONDS}\n",
}
SLACK = 4.0
UNANSWERED = 32.0
"""So long a request by SIP is sent again before it counts as not answered."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[TalkStage]:
    async with talk_stage(LosingPhone) as found:
        path = Folders.of(found.house.settings).conf.with_name("pjsip.conf")
        text = path.read_text()
        for long, short in SHORTER.items():
            assert text.count(long) == 1, f"the page says {long}"
            text = text.replace(long, short)
        path.write_text(text)
        await asyncio.to_thread(found.house.asterisk.command, "module reload res_pjsip.so")
        yield found


@pytest.mark.parametrize("during", ["talk", "hold", "hold by phone"])
async def test_an_agents_phone_that_says_nothing_any_more_has_lost_its_network(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        if during == "hold":
            await it.ask("hold")
        elif during == "hold by phone":
            assert await it.leg.offer_again("sendonly") == 200
            await it.until_contact("held", ANN)
        since = time.monotonic()
        lose_speech(it.leg)
        most = SPEECH_ON_HOLD if during == "hold by phone" else SPEECH
        await gone(it.leg, most + SLACK)
        assert time.monotonic() - since > most - 1.5, "a phone that holds may be silent for longer"
        owners = ["ann", await it.taken()]
        await caller_leaves(it)
        await it.books.close(*owners, wrapped=owners, said=[[FIRST], [LAST]])


async def test_the_network_of_who_consults_is_lost_and_the_other_takes_over(
    stage: TalkStage,
) -> None:
    async with stage.talk() as it:
        await it.ask("consult", to_agent=BOB)
        await it.answers(BOB)
        await it.until_together(ANN, BOB)
        lose_speech(it.leg)
        await gone(it.leg, SPEECH + SLACK)
        assert await it.taken() == "bob"
        await caller_leaves(it)
        await it.books.close("ann", "bob", wrapped=["ann", "bob"], said=[[FIRST, LAST]])


async def test_who_answers_no_refresh_of_the_session_is_gone(stage: TalkStage) -> None:
    """The agent's phone in one talk, the caller's in another; both are heard speaking all along."""
    longest = SESSION_SECONDS + UNANSWERED + SLACK
    async with stage.talk(LosingPhone) as it:
        server = ("127.0.0.1", stage.house.settings.ports.sip)
        await it.house.core.ask("agent logout", agent=CID)
        async with LosingPhone(server, "15559999") as other:
            call = await other.call("4000")
            async with mouth(call):
                leg = await it.answers(BOB)
                await it.until_together("caller", BOB)
                await it.house.core.ask("agent login", agent=CID)
                [theirs] = [
                    one["contact"] for one in (await it.house.core.ask("contacts"))["contacts"]
                    if one["contact"] != it.books.contact
                ]  # fmt: skip
                other.lose_signals()
                lost = it.phones[ANN]
                assert isinstance(lost, LosingPhone)
                lost.lose_signals()
                await gone(leg, longest)
                await it.until_agents(bob="wrap-up")

        async def ended() -> bool:
            found = await it.house.records("ContactEnded")
            return [one.data["how"] for one in found if one.contact == theirs] == ["served"]

        await it.house.until(ended, 10)
        assert await it.taken() == "cid"
        await it.until_agents(ann="wrap-up", bob="wrap-up", cid="talking")
        await caller_leaves(it)
        owners = ["ann", "cid"]
        await it.books.close(*owners, wrapped=["ann", "bob", "cid"], said=[[FIRST], [LAST]])
