"""A telephone waits in a queue for a colleague, whoever is next, by a second line of its own: rows
of docs/ownership.md on the real Asterisk, with the real core, and without it.

After each talk its books must agree: one end, one wrap-up for each owner, one line in the history,
a recording that is complete and in order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.ports import CoreRefused
from tests.integration.test_ownership_and_kills import gone
from tests.integration.test_second_line_outside import key_of
from tests.integration.test_talk_on_asterisk import ANN, BOB, CID, lose
from tests.phones import Call, Phone
from tests.talk_stage import FIRST, LAST, Spoken, TalkStage, talk_stage

pytestmark = [
    pytest.mark.asterisk, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
QUEUE = "803"
FAR_LINE = "line@acd-second-far"
"""How the far end is called on which a colleague is waited for."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[TalkStage]:
    async with talk_stage(site={"directory": {QUEUE: {"queue": "support"}}}) as found:
        yield found


async def asks(it: Spoken) -> Call:
    """BOB and CID have gone; ANN holds her caller and waits for whoever comes back first."""
    for name in (BOB, CID):
        await it.house.core.ask("agent logout", agent=name)
    assert await it.leg.offer_again("sendonly") == 200
    await it.until_contact("held", ANN)
    second = await it.phones[ANN].call(QUEUE)
    assert second.up.is_set(), second.failed
    await it.until_together(ANN, FAR_LINE)
    return second


async def comes_back(it: Spoken, name: str) -> None:
    await it.house.core.ask("agent login", agent=name)


async def asked(it: Spoken) -> tuple[Call, Call]:
    """The same, and BOB has come back and answered: both calls."""
    second = await asks(it)
    await comes_back(it, BOB)
    leg = await it.answers(BOB)
    await it.until_together(FAR_LINE, BOB)
    await it.until_agents(ann="talking", bob="talking")
    return second, leg


@pytest.mark.parametrize("named", ["second", "first"])
async def test_whoever_is_next_in_a_queue_is_asked_and_given_the_caller(
    stage: TalkStage, named: str
) -> None:
    async with stage.talk() as it:
        second = await asks(it)
        await comes_back(it, BOB)
        (await it.phones[BOB].rings()).decline("603 Decline")
        await it.until_agents(bob="ready")
        await comes_back(it, CID)
        leg = await it.answers(CID)
        await it.until_together(FAR_LINE, CID)
        await it.until_agents(ann="talking", bob="ready", cid="talking")
        await second.offer_again("sendonly")
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        asks_for, names = (it.leg, second) if named == "second" else (second, it.leg)
        assert await asks_for.refer(QUEUE, replaces=names) == 202
        await it.until_together("caller", CID)
        await it.until_contact("talking", CID)
        await it.until_agents(ann="wrap-up", bob="ready", cid="talking")
        await it.say(LAST)
        await leg.hang_up()
        await it.until_over()
        await it.books.close("ann", "cid", wrapped=["ann", "cid"], said=[[FIRST, LAST]])
        taken = await it.books.records("TakenOver")
        assert [one.data["agent"] for one in taken] == [CID]


@pytest.mark.parametrize("how", ["by REFER", "by hanging up on the caller", "while BOB rings"])
async def test_who_is_handed_on_before_a_colleague_comes_waits_there_with_the_own_key(
    stage: TalkStage, how: str
) -> None:
    async with stage.talk() as it:
        second = await asks(it)
        before = await key_of(it)
        if how == "while BOB rings":
            await comes_back(it, BOB)
            rings = await it.phones[BOB].rings()
            await it.until_agents(bob="offered")
        if how == "by hanging up on the caller":
            await it.leg.hang_up()
        else:
            assert await it.leg.refer(QUEUE, replaces=second) == 202
        await gone(second, 5)
        await it.until_agents(ann="wrap-up")
        if how == "while BOB rings":
            await gone(rings, 5)
        else:
            await it.until_state("waiting")
            assert await key_of(it) == before
            await comes_back(it, BOB)
        owner = await it.taken()
        assert await key_of(it) == before and owner == "bob"
        await it.say(LAST)
        await it.caller.hang_up()
        await it.until_over()
        await it.books.close("ann", "bob", wrapped=["ann", "bob"], said=[[FIRST], [LAST]])


async def test_a_colleague_comes_in_the_order_of_the_queue(stage: TalkStage) -> None:
    """Another caller has come later than ANN's, and waits in the same queue."""
    async with stage.talk() as it:
        server = ("127.0.0.1", it.house.settings.ports.sip)
        async with Phone(server, "15559999") as later:
            await asks(it)
            other = await later.call("4000")
            await it.house.until_states(waiting=1, held=1)
            await comes_back(it, BOB)
            await it.answers(BOB)
            await it.until_together(FAR_LINE, BOB)
            await comes_back(it, CID)
            leg = await it.phones[CID].rings()
            leg.answer()
            await it.until_together("caller", CID)
            await it.until_agents(ann="talking", bob="talking", cid="talking")
            await other.hang_up()
            await gone(leg, 5)
        await it.caller.hang_up()
        await it.until_over()
        await it.books.close("ann", wrapped=["ann", "cid"], said=[[FIRST]])


@pytest.mark.long
@pytest.mark.parametrize("when", ["waits", "rings", "talks"])
@pytest.mark.parametrize("who", ["the second line", "the caller", "the first line is lost"])
async def test_the_end_of_the_question_is_the_end_of_the_waiting(
    stage: TalkStage, who: str, when: str
) -> None:
    async with stage.talk() as it:
        [first] = [one for one in it.house.channels() if ANN in one]
        if when == "talks":
            second, leg = await asked(it)
        else:
            second, leg = await asks(it), None
        if when == "rings":
            await comes_back(it, BOB)
            leg = await it.phones[BOB].rings()
        if who == "the first line is lost":
            await lose(it.house, first)
        else:
            await (second if who == "the second line" else it.caller).hang_up()
        await gone(second, 5)
        owners, said = ["ann"], [[FIRST]]
        if who == "the first line is lost":
            if when == "waits":
                await comes_back(it, BOB)
            owners.append(await it.taken())
            await it.say(LAST)
            said = [[FIRST, LAST]] if when == "talks" else [[FIRST], [LAST]]
            await it.caller.hang_up()
        elif leg:
            await gone(leg, 5)
        if who == "the second line":
            await it.leg.offer_again("sendrecv")
            await it.until_contact("talking", ANN)
            await comes_back(it, CID)
            await it.until_agents(ann="talking", cid="ready")
            assert it.bridges() == [{"caller", ANN}] and it.phones[CID].rung.empty()
            await it.leg.hang_up()
        await it.until_over()
        await it.books.close(*owners, wrapped=owners, said=said)


@pytest.mark.long
@pytest.mark.parametrize("meanwhile", ["nothing", "REFER", "the second line ends"])
async def test_without_python_nobody_comes_and_the_waiting_goes_on_once_it_is_back(
    stage: TalkStage, meanwhile: str
) -> None:
    async with stage.talk() as it:
        second = await asks(it)
        before = await key_of(it)
        it.house.kill_python()
        if meanwhile == "REFER":
            assert await it.leg.refer(QUEUE, replaces=second) == 202
            await gone(second, 5)
        elif meanwhile == "the second line ends":
            await second.hang_up()
        await it.back()
        if meanwhile == "the second line ends":
            await it.until_contact("held", ANN)
            await comes_back(it, BOB)
            await it.until_agents(ann="talking", bob="ready")
            assert it.phones[BOB].rung.empty()
            await it.caller.hang_up()
            await it.until_over()
            await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])
            return
        await it.until_state("held" if meanwhile == "nothing" else "waiting")
        assert await key_of(it) == before
        await comes_back(it, BOB)
        if meanwhile == "nothing":
            await it.answers(BOB)
            await it.until_together(FAR_LINE, BOB)
            assert await it.leg.refer(QUEUE, replaces=second) == 202
            await it.until_together("caller", BOB)
        else:
            assert await it.taken() == "bob"
        await it.until_contact("talking", BOB)
        await it.say(LAST)
        await it.caller.hang_up()
        await it.until_over()
        said = [[FIRST, LAST]] if meanwhile == "nothing" else [[FIRST], [LAST]]
        await it.books.close("ann", "bob", wrapped=["ann", "bob"], said=said)


async def test_one_is_waited_for_at_a_time(stage: TalkStage) -> None:
    async with stage.talk() as it:
        second = await asks(it)
        await comes_back(it, CID)
        rings = await it.phones[CID].rings()
        await comes_back(it, BOB)
        for number in (QUEUE, BOB):
            assert (await it.phones[ANN].call(number)).failed == 486, number
        for what, fields in (("consult", {"to_agent": BOB}), ("hold", {})):
            with pytest.raises(CoreRefused, match=r"consulted|waited for"):
                await it.house.core.ask(f"talk {what}", agent=ANN, **fields)
        assert it.phones[BOB].rung.empty()
        rings.decline("603 Decline")
        await it.answers(BOB)
        await it.until_together(FAR_LINE, BOB)
        await second.hang_up()
        await it.until_agents(ann="talking", bob="ready")
        await it.caller.hang_up()
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])
