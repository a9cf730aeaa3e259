"""`kill -9` of all our processes in the middle of a talk: who has the contact, and what is left.

Rows of docs/ownership.md on the real Asterisk. After each talk its books must agree: one end, one
wrap-up for each owner, one line in the history, and a recording that is complete and in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.test_talk_on_asterisk import ANN, BOB, CID
from tests.phones import Call
from tests.talk_stage import BOSS, FIRST, LAST, Spoken, TalkStage, talk_stage

pytestmark = [
    pytest.mark.once,
    pytest.mark.long,
    pytest.mark.asterisk, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
ENDS = 12.0
"""Seconds in which a leg that is refused has heard so, and is gone."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[TalkStage]:
    async with talk_stage() as found:
        yield found


async def gone(leg: Call, seconds: float = ENDS) -> None:
    await asyncio.wait_for(leg.ended.wait(), seconds)


async def caller_leaves(it: Spoken) -> None:
    """The customer says a last word and hangs up: whoever talks is hung up within two seconds."""
    await it.say(LAST)
    talks = [one for phone in it.phones.values() for one in phone.calls if one.up.is_set()]
    await it.caller.hang_up()
    for leg in talks:
        await gone(leg, 2.5)
    await it.until_over()


@pytest.mark.parametrize("during", ["talk", "hold", "hold by phone"])
async def test_a_talk_is_the_agents_whatever_becomes_of_python(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        if during == "hold":
            await it.ask("hold")
        elif during == "hold by phone":
            assert await it.leg.offer_again("sendonly") == 200
            await it.until_contact("held", ANN)
        it.house.kill_python()
        await it.back()
        await it.until_contact("talking" if during == "talk" else "held", ANN)
        if during == "hold":
            await it.leg.press("*")
        elif during == "hold by phone":
            await it.leg.offer_again("sendrecv")
        await it.until_together("caller", ANN)
        await it.until_contact("talking", ANN)
        await caller_leaves(it)
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST, LAST]])


@pytest.mark.parametrize("during", ["consult", "swap", "conference"])
async def test_a_consulted_agent_who_goes_while_python_is_dead_leaves_the_caller_to_the_other(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        await it.ask("consult", to_agent=BOB)
        leg = await it.answers(BOB)
        await it.until_together(ANN, BOB)
        if during != "consult":
            await it.ask(during)
        it.house.kill_python()
        await leg.hang_up()
        await it.until_together("caller", ANN)
        await it.back()
        await it.until_contact("talking", ANN)
        await it.until_agents(ann="talking", bob="ready")
        await caller_leaves(it)
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST, LAST]])


@pytest.mark.parametrize("ends", ["B is refused", "star"])
async def test_a_consultation_that_rings_is_over_once_python_is_back(
    stage: TalkStage, ends: str
) -> None:
    async with stage.talk() as it:
        await it.ask("consult", to_agent=BOB)
        leg = await it.phones[BOB].rings()
        it.house.kill_python()
        if ends == "star":
            await it.leg.press("*")
            await it.until_together("caller", ANN)
        await it.back()
        leg.answer()  # an older epoch, or hung up already
        await gone(leg)
        await it.until_together("caller", ANN)
        await it.until_contact("talking", ANN)
        await it.until_agents(ann="talking", bob="ready")
        await caller_leaves(it)
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST, LAST]])


async def test_a_caller_sent_to_a_queue_waits_there_though_python_dies(stage: TalkStage) -> None:
    async with stage.talk() as it:
        for name in (BOB, CID):
            await it.house.core.ask("agent logout", agent=name)
        await it.ask("transfer", to_queue="support")
        it.house.kill_python()
        await gone(it.leg)
        await it.back()
        await it.until_state("waiting")
        await it.house.core.ask("agent login", agent=BOB)
        await it.answers(BOB)
        await it.until_together("caller", BOB)
        await it.until_contact("talking", BOB)
        await caller_leaves(it)
        await it.books.close("ann", "bob", wrapped=["ann", "bob"], said=[[FIRST], [LAST]])


async def test_an_agent_who_is_sent_a_caller_is_refused_once_python_is_back(
    stage: TalkStage,
) -> None:
    async with stage.talk() as it:
        await it.ask("transfer", to_agent=BOB)
        leg = await it.phones[BOB].rings()
        it.house.kill_python()
        await it.back()
        leg.answer()
        await gone(leg)
        owners = ["ann", await it.taken()]
        await caller_leaves(it)
        await it.books.close(*owners, wrapped=owners, said=[[FIRST], [LAST]])


@pytest.mark.parametrize("killed", ["before it", "while B rings"])
async def test_a_telephone_hands_its_caller_on_though_python_dies(
    stage: TalkStage, killed: str
) -> None:
    async with stage.talk() as it:
        if killed == "before it":
            it.house.kill_python()
        assert await it.leg.refer(BOB) == 202
        if killed == "before it":
            await it.until_without(ANN)
            await it.back()
        else:
            it.phones[BOB].rung.put_nowait(await it.phones[BOB].rings())
            it.house.kill_python()
            await it.answers(BOB)
            await it.until_together("caller", BOB)
            await it.back()
        owners = ["ann", await it.taken()]
        await it.leg.hang_up()  # as telephones do that are told that it is done
        await caller_leaves(it)
        said = [[FIRST], [LAST]] if killed == "before it" else [[FIRST, LAST]]
        await it.books.close(*owners, wrapped=owners, said=said)


async def test_a_talk_that_a_supervisor_listens_to_is_the_agents_though_python_dies(
    stage: TalkStage,
) -> None:
    async with stage.talk() as it:
        await it.house.core.ask("listen", of=ANN, phone=BOSS, how="listen", who="eve")
        listens = await it.answers(BOSS)
        it.house.kill_python()
        await it.back()
        await it.until_contact("talking", ANN)
        assert not listens.ended.is_set()
        await caller_leaves(it)
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST, LAST]])
        assert len(await it.books.records("ListeningBegan")) == 1


@pytest.mark.parametrize("to", ["queue", "agent"])
@pytest.mark.parametrize("seconds", [0.0, 0.02])
async def test_a_transfer_that_python_dies_of_is_done_or_not_begun(
    stage: TalkStage, to: str, seconds: float
) -> None:
    """Rows 28 and 29, wherever between two commands it dies."""
    async with stage.talk() as it:
        where = {"to_queue": "support"} if to == "queue" else {"to_agent": BOB}
        asks = asyncio.ensure_future(it.house.core.ask("talk transfer", agent=ANN, **where))
        await asyncio.sleep(seconds)
        it.house.kill_python()
        await asyncio.wait({asks})
        asks.exception()
        await it.back()
        has = await it.taken()
        assert (has == "ann") is not it.leg.ended.is_set()
        await caller_leaves(it)
        owners = ["ann"] if has == "ann" else ["ann", has]
        said = [[FIRST, LAST]] if has == "ann" else [[FIRST], [LAST]]
        await it.books.close(*owners, wrapped=owners, said=said)
