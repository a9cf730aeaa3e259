"""A telephone asks a colleague by a second line of its own, and hands its caller over by REFER with
Replaces: rows of docs/ownership.md on the real Asterisk, with the real core, and without it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.integration.test_talk_on_asterisk import (
    ANN,
    BOB,
    CID,
    Talk,
    answered,
    answered_by_one_of,
    lose,
    talk,
)
from tests.phones import Call, Phone

pytestmark = pytest.mark.asterisk

FAR, FAR_DESK = "s@acd-second-far", "dest@acd-second-far"
"""How both halves of the far end of a second line are called: with an agent, with a destination."""


async def asks(it: Talk, agent: str = BOB) -> tuple[Call, Call]:
    """ANN holds her caller and calls an agent, whose phone rings: both calls."""
    assert await it.leg.offer_again("sendonly") == 200
    await it.until_contact("held", ANN)
    second = await it.phones[ANN].call(agent)
    assert second.up.is_set(), second.failed
    return second, await it.phones[agent].rings()


async def asked(it: Talk) -> tuple[Call, Call]:
    """The same, and BOB has answered."""
    second, rings = await asks(it)
    rings.answer()
    await it.until_together(FAR, BOB)
    await it.until_agents(ann="talking", bob="talking")
    return second, rings


async def is_handed_to(it: Talk, leg: Call, *lines: Call) -> None:
    """BOB has the caller; ANN's lines have ended, and she wraps up, once."""
    await it.until_together("caller", BOB)
    await it.until_contact("talking", BOB)
    await it.until_agents(ann="wrap-up", bob="talking")
    for line in lines:
        await asyncio.wait_for(line.ended.wait(), 5)

    async def two() -> bool:
        return len(it.house.channels()) == 2

    await it.house.until(two, 5)
    await leg.hang_up()
    await it.until_agents(bob="wrap-up")
    await it.served_once()
    taken = [(r.data["agent"], r.contact is not None) for r in await it.house.records("TakenOver")]
    assert taken == [(BOB, True)]


@pytest.mark.parametrize("named", ["second", "first"])
async def test_a_telephone_asks_swaps_and_hands_its_caller_over(named: str) -> None:
    """Some telephones send the REFER by their first line and name the second, some the other way
    round."""
    async with talk() as it:
        second, leg = await asked(it)
        await it.until_contact("held", ANN)
        assert {"caller", ANN} in it.bridges() and {ANN, FAR} in it.bridges()
        await second.offer_again("sendonly")
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        await it.leg.offer_again("sendonly")
        await second.offer_again("sendrecv")
        await it.until_contact("held", ANN)
        asks, names = (it.leg, second) if named == "second" else (second, it.leg)
        assert await asks.refer(BOB, replaces=names) == 202
        await it.house.until(lambda: told(asks, "SIP/2.0 200 OK"), 5)
        await asks.hang_up()  # as telephones do once they are told
        await is_handed_to(it, leg, names)


async def test_a_transfer_before_the_colleague_has_answered_goes_on_ringing() -> None:
    async with talk() as it:
        second, rings = await asks(it)
        assert await it.leg.refer(BOB, replaces=second) == 202
        await it.until_agents(ann="wrap-up")
        assert not rings.ended.is_set()
        rings.answer()
        await is_handed_to(it, rings, second)


@pytest.mark.long
async def test_a_transfer_to_a_colleague_who_then_says_no_keeps_the_callers_place() -> None:
    async with talk() as it:
        [before] = (await it.house.core.ask("contacts"))["contacts"]
        second, rings = await asks(it)
        assert await it.leg.refer(BOB, replaces=second) == 202
        await it.until_agents(ann="wrap-up")
        rings.decline("603 Decline")
        leg = await it.phones[CID].rings()
        [after] = (await it.house.core.ask("contacts"))["contacts"]
        assert (after["key"], after["state"]) == (before["key"], "ringing")
        leg.answer()
        await it.until_together("caller", CID)
        await it.caller.hang_up()
        await it.served_once()


@pytest.mark.long
@pytest.mark.parametrize("how", ["declines", "hangs up", "is let go", "is let go ringing"])
async def test_a_colleague_who_goes_leaves_the_caller_with_the_agent(how: str) -> None:
    async with talk() as it:
        if how in ("declines", "is let go ringing"):
            second, leg = await asks(it)
        else:
            second, leg = await asked(it)
        if how == "declines":
            leg.decline("603 Decline")
        elif how == "hangs up":
            await leg.hang_up()
        else:
            await second.hang_up()
        await asyncio.wait_for(second.ended.wait(), 5)
        await asyncio.wait_for(leg.ended.wait(), 5)
        await it.until_agents(ann="talking", bob="ready")
        await it.until_contact("held", ANN)
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        assert it.bridges() == [{"caller", ANN}]
        await it.leg.hang_up()  # as in any talk: nobody is consulted any more
        await it.until_agents(ann="wrap-up")
        await it.served_once()


@pytest.mark.long
async def test_a_telephone_may_ask_a_second_colleague_after_the_first() -> None:
    async with talk() as it:
        second, leg = await asked(it)
        again = await it.phones[ANN].call(CID)
        assert again.failed == 486, "one at a time"
        await second.hang_up()
        await asyncio.wait_for(leg.ended.wait(), 5)
        await it.until_agents(bob="ready")
        third = await it.phones[ANN].call(CID)
        (await it.phones[CID].rings()).answer()
        await it.until_together(FAR, CID)
        assert await it.leg.refer(CID, replaces=third) == 202
        await it.until_together("caller", CID)
        await it.until_contact("talking", CID)
        await it.caller.hang_up()
        await it.served_once()


@pytest.mark.long
@pytest.mark.parametrize("when", ["rings", "talks"])
async def test_hanging_up_on_the_caller_in_a_consultation_hands_them_over(when: str) -> None:
    async with talk() as it:
        second, leg = await (asks(it) if when == "rings" else asked(it))
        await it.leg.hang_up()
        await asyncio.wait_for(second.ended.wait(), 5)
        if when == "rings":
            leg.answer()
        await is_handed_to(it, leg, second)


@pytest.mark.long
@pytest.mark.parametrize("when", ["rings", "talks"])
async def test_a_caller_who_hangs_up_ends_it_for_everybody(when: str) -> None:
    async with talk() as it:
        second, leg = await (asks(it) if when == "rings" else asked(it))
        await it.caller.hang_up()
        for line in (it.leg, second, leg):
            await asyncio.wait_for(line.ended.wait(), 4)
        await it.until_agents(ann="wrap-up", bob="ready")
        await it.served_once()


@pytest.mark.long
@pytest.mark.parametrize("lost", ["first line", "second line"])
@pytest.mark.parametrize("when", ["rings", "talks"])
async def test_a_telephone_that_is_lost_leaves_the_caller_to_the_colleague_or_the_line(
    lost: str, when: str
) -> None:
    async with talk() as it:
        first = next(c for c in it.house.channels() if ANN in c)
        second, leg = await (asks(it) if when == "rings" else asked(it))
        lines = {c for c in it.house.channels() if ANN in c}
        await lose(it.house, first if lost == "first line" else (lines - {first}).pop())
        await asyncio.wait_for(it.leg.ended.wait(), 5)
        await asyncio.wait_for(second.ended.wait(), 5)
        await it.until_agents(ann="wrap-up")
        if when == "rings":
            await asyncio.wait_for(leg.ended.wait(), 5)
            leg = await answered_by_one_of(it, (BOB, CID))
        await it.until_together("caller", leg.phone.name)
        await leg.hang_up()
        await it.served_once()


@pytest.mark.long
@pytest.mark.parametrize("how", ["refer", "hang up", "second lost"])
async def test_without_python_a_consultation_ends_as_with_it(how: str) -> None:
    async with talk() as it:
        first = next(c for c in it.house.channels() if ANN in c)
        second, leg = await asked(it)
        lines = {c for c in it.house.channels() if ANN in c}
        it.house.kill_python()
        if how == "refer":
            assert await it.leg.refer(BOB, replaces=second) == 202
        elif how == "hang up":
            await it.leg.hang_up()
        else:
            await lose(it.house, (lines - {first}).pop())
        await it.until_together("caller", BOB)
        await it.house.start_calls()
        await is_handed_to(it, leg, second)


@pytest.mark.long
async def test_without_python_nobody_is_asked_and_who_rings_is_let_go() -> None:
    async with talk() as it:
        second, rings = await asks(it)
        it.house.kill_python()
        await second.hang_up()
        rings.answer()
        await asyncio.wait_for(rings.ended.wait(), 10)
        refused = await it.phones[ANN].call(CID)
        assert refused.failed == 486
        await it.house.start_calls()
        await it.until_agents(ann="talking", bob="ready")
        await it.until_contact("held", ANN)
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        await it.caller.hang_up()
        await it.served_once()


async def test_commands_go_on_with_what_the_telephone_began() -> None:
    async with talk() as it:
        second, leg = await asked(it)
        await it.house.core.ask("talk cancel", agent=ANN)
        await asyncio.wait_for(leg.ended.wait(), 5)
        await asyncio.wait_for(second.ended.wait(), 5)
        await it.until_agents(ann="talking", bob="ready")
        second, leg = await asked(it)
        await it.house.core.ask("talk complete", agent=ANN)
        await is_handed_to(it, leg, second, it.leg)


@pytest.mark.long
async def test_a_call_that_is_no_question_about_a_talk_is_refused() -> None:
    async with talk() as it:
        assert (await it.phones[BOB].call(CID)).failed == 486, "no talk"
        assert (await it.phones[ANN].call(ANN)).failed == 486, "not oneself"
        assert (await it.phones[ANN].call("4000")).failed == 486, "no place in line"
        assert (await it.phones[ANN].call("support")).failed == 404, "nobody answers for a queue"
        assert (await it.phones[ANN].call("13800138000")).failed == 404
        await it.ask("hold")
        assert (await it.phones[ANN].call(BOB)).failed == 486, "held by command"
        await it.ask("resume")
        await it.until_together("caller", ANN)
        await it.caller.hang_up()
        await it.served_once()


async def test_nobody_takes_a_place_in_somebody_elses_talk() -> None:
    """An INVITE with Replaces is refused whoever sends it, and nothing changes."""
    async with talk() as it, AsyncExitStack() as stack:
        outside = ("127.0.0.1", it.house.settings.ports.sip)
        stranger = await stack.enter_async_context(Phone(outside, "15559999"))
        for phone, number in ((it.phones[BOB], "4000"), (it.phones[ANN], BOB), (stranger, "4000")):
            for named in (it.leg, it.caller):
                taken = await phone.call(number, replaces=named)
                assert taken.failed == 401, (phone.name, taken.failed)
        assert it.bridges() == [{"caller", ANN}]
        await it.until_agents(ann="talking", bob="ready")
        await it.caller.hang_up()
        await it.served_once()


@pytest.mark.long
@pytest.mark.parametrize("whose", ["nobody's", "an agent's", "a caller's"])
async def test_a_transfer_that_names_somebody_elses_call_brings_no_two_strangers_together(
    whose: str,
) -> None:
    async with talk() as it, AsyncExitStack() as stack:
        outside = ("127.0.0.1", it.house.settings.ports.sip)
        other = await stack.enter_async_context(Phone(outside, "15550002"))
        second = await other.call("4000")
        rings = await answered_by_one_of(it, (BOB, CID))
        await it.until_together("caller", rings.phone.name)
        before = talkers(it)
        mine = next(names for names in before if any(ANN in name for name in names))
        gone = Call(it.phones[ANN], "no-such-call", "<sip:a@b>;tag=1", "<sip:c@d>;tag=2", "")
        named = {"nobody's": gone, "an agent's": rings, "a caller's": second}[whose]
        assert await it.leg.refer(BOB, replaces=named) == 202
        if whose == "nobody's":
            await it.house.until(lambda: told(it.leg, "SIP/2.0 404 Not Found"), 5)
            assert talkers(it) == before
        elif whose == "an agent's":
            await asyncio.wait_for(rings.ended.wait(), 5)
            again = await answered_by_one_of(it, (BOB, CID))
            await it.until_together("caller", again.phone.name)
        else:
            await asyncio.wait_for(second.ended.wait(), 5)
            await asyncio.wait_for(rings.ended.wait(), 5)

        async def mine_again() -> bool:
            return mine in talkers(it)

        await it.house.until(mine_again, 5)
        await it.until_contact("talking", ANN)
        assert all(len({n for n in names if "trunk" in n}) == 1 for names in talkers(it))
        await it.caller.hang_up()
        await second.hang_up()
        await it.until_over()
        assert await it.endings() == ["served", "served"]


async def told(call: Call, what: str) -> bool:
    """Whether this is the last thing that the telephone was told of its transfer."""
    return call.told[-1:] == [what]


DESK = {"destinations": {"reception": {"phone": "2001", "seconds": 5}}}


@pytest.mark.long
@pytest.mark.parametrize("how", ["after words", "while it rings", "in vain"])
async def test_a_destination_is_asked_and_given_the_caller(how: str) -> None:
    async with talk(site=DESK) as it, AsyncExitStack() as stack:
        server = ("127.0.0.1", it.house.settings.ports.sip)
        secret = it.house.settings.phone_secret("2001")
        reception = await stack.enter_async_context(Phone(server, "2001", secret))
        await reception.register()
        await it.leg.offer_again("sendonly")
        second = await it.phones[ANN].call("reception")
        rings = await reception.rings()
        assert (await it.phones[ANN].call(BOB)).failed == 486, "one at a time"
        if how == "after words":
            rings.answer()
            await it.until_together(FAR_DESK, "2001")
        assert await it.leg.refer("reception", replaces=second) == 202
        await it.until_agents(ann="wrap-up")
        await it.until_contact("after")
        await asyncio.wait_for(second.ended.wait(), 5)
        if how == "in vain":
            leg = await answered_by_one_of(it, (BOB, CID))
            await it.until_together("caller", leg.phone.name)
            await leg.hang_up()
        else:
            if how == "while it rings":
                rings.answer()
                await it.until_together(FAR_DESK, "2001")
            await it.until_together(FAR_DESK, "caller")
            await rings.hang_up()
        await it.served_once()
        ended = [(r.data["to"], r.data["how"]) for r in await it.house.records("DestinationEnded")]
        assert ended == [("reception", "no_answer" if how == "in vain" else "done")]


@pytest.mark.long
@pytest.mark.parametrize("who", ["agent", "second line", "destination", "caller"])
async def test_a_destination_that_is_only_asked_has_no_part_in_the_talk(who: str) -> None:
    async with talk(site=DESK) as it, AsyncExitStack() as stack:
        server = ("127.0.0.1", it.house.settings.ports.sip)
        secret = it.house.settings.phone_secret("2001")
        reception = await stack.enter_async_context(Phone(server, "2001", secret))
        await reception.register()
        await it.leg.offer_again("sendonly")
        second = await it.phones[ANN].call("reception")
        rings = await answered(reception)
        await it.until_together(FAR_DESK, "2001")
        ends = {"agent": it.leg, "second line": second, "destination": rings, "caller": it.caller}
        await ends[who].hang_up()
        for line in (second, rings):
            await asyncio.wait_for(line.ended.wait(), 5)
        if who in ("second line", "destination"):
            assert it.bridges() == [{"caller", ANN}]
            await it.leg.hang_up()
        await it.until_agents(ann="wrap-up")
        await it.served_once()
        assert await it.house.records("DestinationRung") == []


def talkers(it: Talk) -> set[frozenset[str]]:
    """Which channels are together, by their full names."""
    found: dict[str, set[str]] = {}
    for line in it.house.asterisk.command("core show channels concise").splitlines():
        name, *rest = line.split("!")
        if rest and rest[-2]:
            found.setdefault(rest[-2], set()).add(name)
    return {frozenset(names) for names in found.values()}
