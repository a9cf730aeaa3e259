"""Every leg of a talk dies, in every state of it: who has the contact then, and what is left.

Rows of docs/ownership.md on the real Asterisk, with Python alive. After each talk its books must
agree: one end, one wrap-up for each owner, one line in the history, and a recording that is
complete and in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.ports import CoreRefused
from tests.integration.test_ownership_and_kills import caller_leaves, gone
from tests.integration.test_talk_on_asterisk import ANN, BOB, CID
from tests.phones import Call
from tests.talk_stage import FIRST, LAST, SECOND, Spoken, TalkStage, talk_stage

pytestmark = [
    pytest.mark.long,
    pytest.mark.asterisk, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
THREE = ["consult", "swap", "conference"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[TalkStage]:
    async with talk_stage() as found:
        yield found


async def three(it: Spoken, during: str) -> Call:
    """BOB is consulted, and so far has it come."""
    await it.ask("consult", to_agent=BOB)
    leg = await it.answers(BOB)
    await it.until_together(ANN, BOB)
    if during != "consult":
        await it.ask(during)
    return leg


@pytest.mark.parametrize("during", ["talk", "hold", "hold by phone"])
async def test_an_agent_whose_line_is_lost_leaves_the_caller_to_the_queue(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        if during == "hold":
            await it.ask("hold")
        elif during == "hold by phone":
            assert await it.leg.offer_again("sendonly") == 200
            await it.until_contact("held", ANN)
        await it.lose(ANN)
        owners = ["ann", await it.taken()]
        await caller_leaves(it)
        await it.books.close(*owners, wrapped=owners, said=[[FIRST], [LAST]])


@pytest.mark.parametrize("during", ["hold", "hold by phone"])
async def test_a_caller_who_hangs_up_on_hold_ends_the_agents_leg_at_once(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        if during == "hold":
            await it.ask("hold")
        else:
            assert await it.leg.offer_again("sendonly") == 200
        await it.until_contact("held", ANN)
        await it.caller.hang_up()
        await gone(it.leg, 2.5)
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])


@pytest.mark.parametrize("during", THREE)
async def test_a_consulted_agent_takes_over_when_the_others_line_is_lost(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        await three(it, during)
        await it.lose(ANN)
        await it.until_together("caller", BOB)
        await it.until_contact("talking", BOB)
        await it.until_agents(ann="wrap-up", bob="talking")
        await caller_leaves(it)
        await it.books.close("ann", "bob", wrapped=["ann", "bob"], said=[[FIRST, LAST]])


@pytest.mark.parametrize("during", THREE)
async def test_a_consulted_agent_whose_line_is_lost_leaves_the_caller_to_the_other(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        await three(it, during)
        if during != "consult":
            await it.say(SECOND)
        await it.lose(BOB)
        await it.until_together("caller", ANN)
        await it.until_contact("talking", ANN)
        await it.until_agents(ann="talking", bob="ready")
        await caller_leaves(it)
        said = [FIRST, LAST] if during == "consult" else [FIRST, SECOND, LAST]
        await it.books.close("ann", wrapped=["ann"], said=[said])


@pytest.mark.parametrize("during", ["rings", *THREE])
async def test_a_caller_who_hangs_up_ends_a_consultation_for_both(
    stage: TalkStage, during: str
) -> None:
    async with stage.talk() as it:
        if during == "rings":
            await it.ask("consult", to_agent=BOB)
            leg = await it.phones[BOB].rings()
        else:
            leg = await three(it, during)
        await it.caller.hang_up()
        for one in (it.leg, leg):
            await gone(one, 2.5)
        await it.until_agents(ann="wrap-up", bob="ready")
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])


@pytest.mark.parametrize("then", ["B answers", "B declines", "the caller hangs up"])
@pytest.mark.parametrize("by", ["transfer", "consultation"])
async def test_who_is_handed_on_to_an_agent_who_rings_is_nobodys_until_then(
    stage: TalkStage, by: str, then: str
) -> None:
    """By a transfer, or because who consults hangs up meanwhile."""
    async with stage.talk() as it:
        await it.ask("transfer" if by == "transfer" else "consult", to_agent=BOB)
        rings = await it.phones[BOB].rings()
        if by == "consultation":
            await it.leg.hang_up()
        await gone(it.leg)
        await it.until_state("after")
        await it.until_agents(ann="wrap-up", bob="offered")
        if then == "the caller hangs up":
            await it.caller.hang_up()
            await gone(rings, 2.5)
            await it.until_over()
            await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])
            return
        if then == "B answers":
            it.phones[BOB].rung.put_nowait(rings)
        else:
            rings.decline("603 Decline")
        owners = ["ann", await it.taken()]
        assert owners[1] == ("bob" if then == "B answers" else "cid")
        await caller_leaves(it)
        said = [[FIRST, LAST]] if then == "B answers" else [[FIRST], [LAST]]
        await it.books.close(*owners, wrapped=owners, said=said)


@pytest.mark.parametrize("during", THREE)
async def test_a_caller_whose_two_agents_are_gone_at_once_waits_again(
    stage: TalkStage, during: str
) -> None:
    """B is gone before it has taken over, or (rarely, in the fifth of a second that B takes) just
    after; nobody has the caller but the queue either way."""
    async with stage.talk() as it:
        await three(it, during)
        await it.lose(ANN, BOB, causes=("16", "38"))
        has = await it.taken()
        taken = await it.books.records("TakenOver")
        owners = ["ann", "bob", has] if taken else ["ann", has]
        await caller_leaves(it)
        await it.books.close(*owners, wrapped=owners, said=[[FIRST], [LAST]])


async def test_a_transfer_to_nobody_changes_nothing(stage: TalkStage) -> None:
    async with stage.talk() as it:
        await it.house.core.ask("agent pause", agent=CID)
        for to, why in ((ANN, "no room"), (CID, "not ready"), ("agent-none", "there is no agent")):
            for what in ("transfer", "consult"):
                with pytest.raises(CoreRefused, match=why):
                    await it.house.core.ask(f"talk {what}", agent=ANN, to_agent=to)
        await asyncio.sleep(0.5)
        assert it.bridges() == [{"caller", ANN}] and it.phones[CID].rung.empty()
        await caller_leaves(it)
        await it.house.core.ask("agent logout", agent=CID)
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST, LAST]])


async def test_a_telephone_that_names_an_agent_who_is_not_ready_gives_the_caller_to_the_line(
    stage: TalkStage,
) -> None:
    async with stage.talk() as it:
        await it.house.core.ask("agent pause", agent=BOB)
        assert await it.leg.refer(BOB) == 202
        await it.until_without(ANN)
        assert await it.taken() == "cid"
        await it.leg.hang_up()  # as telephones do that are told that it is done
        await caller_leaves(it)
        await it.house.core.ask("agent logout", agent=BOB)
        await it.books.close("ann", "cid", wrapped=["ann", "cid"], said=[[FIRST], [LAST]])
