"""A telephone asks a number outside by a second line of its own, and hands its caller over to it:
rows of docs/ownership.md on the real Asterisk, with two trunks of which the first is dead.

After each talk its books must agree: one end, one wrap-up, one line in the history, a recording
that is complete and in order, and no number anywhere.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from ivr.dialling import NotDialled, Today, routes
from ivr.outbound import OutboundSettings
from ivr.trunks import TrunkEntry
from tests import hostile
from tests.integration.test_callbacks_on_asterisk import written
from tests.integration.test_longest_call import hears_tone
from tests.integration.test_ownership_and_kills import gone
from tests.integration.test_second_line import FAR_DESK, told
from tests.integration.test_talk_on_asterisk import ANN, BOB, lose, talk
from tests.outside import Outside, dialled
from tests.phones import Call
from tests.ports import reserved_port
from tests.rig import login
from tests.speaking import mouth
from tests.talk_stage import FIRST, LAST, Spoken, TalkStage, talk_stage
from tests.trunk_peer import Peer, believed, free_place

pytestmark = [
    pytest.mark.asterisk, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
SHORT, NUMBER, BRANCH = "13800138000", "+8613800138000", "+8613800138001"
OURS, THEIRS = "+861012345678", "+861012345679"
FULL, ALIVE = free_place("127.0.0.2"), reserved_port()
OUTSIDE = "caller.alive"
"""How the line to the number is called (`Talk.bridges`)."""
SITE: dict[str, Any] = {
    "destinations": {"branch": {"number": BRANCH, "seconds": 5}},
    "trunks": {
        "full": {"address": f"{FULL[0]}:{FULL[1]}", "caller_ids": [THEIRS], "incoming": False},
        "alive": {"address": f"127.0.0.1:{ALIVE}", "caller_ids": [OURS, THEIRS], "incoming": False},
    },
    "outbound": {
        "allow": ["+86"], "block": ["+86139"], "caller_id": OURS, "trunks": ["full", "alive"],
        "caller_ids": {"support": THEIRS}, "per_agent": 100, "longest_call": 60,
    },
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[TalkStage]:
    async with talk_stage(site=SITE) as found:
        yield found


@asynccontextmanager
async def outside(stage: TalkStage) -> AsyncIterator[Outside]:
    """Whoever is called by the second trunk."""
    server = ("127.0.0.1", stage.house.settings.ports.sip)
    async with Outside(server, ALIVE) as mobile:
        await believed(stage.house.asterisk, "alive")
        yield mobile


async def asks(it: Spoken, mobile: Outside, to: str = SHORT) -> tuple[Call, Call]:
    """ANN holds her caller and calls this number, where it rings: both calls."""
    assert await it.leg.offer_again("sendonly") == 200
    await it.until_contact("held", ANN)
    second = await it.phones[ANN].call(to)
    assert second.up.is_set(), second.failed
    return second, await mobile.rings()


async def asked(it: Spoken, mobile: Outside, to: str = SHORT) -> tuple[Call, Call]:
    """The same, and they have answered."""
    second, call = await asks(it, mobile, to)
    await answers(it, call)
    return second, call


async def answers(it: Spoken, call: Call) -> None:
    call.answer()
    await it.stack.enter_async_context(mouth(call))
    await it.until_together(FAR_DESK, OUTSIDE)


async def is_given(it: Spoken, *lines: Call) -> None:
    """The number has the caller; ANN's lines have ended, and she wraps up."""
    await it.until_together(FAR_DESK, "caller")
    await it.until_agents(ann="wrap-up")
    await it.until_state("after")
    for line in lines:
        await gone(line, 5)


async def key_of(it: Spoken) -> object:
    """The order key of the only contact."""
    [contact] = (await it.house.core.ask("contacts"))["contacts"]
    return contact["key"]


async def nothing_tells_the_number(stage: TalkStage) -> None:
    """Neither the journal nor what Asterisk has written down."""
    for record in await stage.house.records():
        assert "13800138" not in str(record.data), record.kind
    assert "13800138" not in written(stage.house.asterisk)


@pytest.mark.parametrize("named", ["second", "first"])
async def test_a_number_outside_is_asked_swapped_and_given_the_caller(
    stage: TalkStage, named: str
) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        second, call = await asked(it, mobile)
        assert call.invite and dialled(call) == NUMBER
        assert THEIRS in call.invite["From"], "the queue's"
        assert it.caller.phone.name not in str(call.invite)
        await second.offer_again("sendonly")
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        await it.leg.offer_again("sendonly")
        await second.offer_again("sendrecv")
        await it.until_contact("held", ANN)
        asks, names = (it.leg, second) if named == "second" else (second, it.leg)
        assert await asks.refer(SHORT, replaces=names) == 202
        await it.house.until(lambda: told(asks, "SIP/2.0 200 OK"), 5)
        await asks.hang_up()
        await is_given(it, names)
        await it.say(LAST)
        await call.hang_up()
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=[[FIRST, LAST]])
        [counted] = await it.books.records("DestinationDialled")
        assert (counted.data["to"], counted.data["agent"]) == ("outside number", ANN)
        [ended] = await it.books.records("DestinationEnded")
        assert (ended.data["to"], ended.data["how"]) == ("outside number", "done")
        assert await it.books.records("TakenOver") == []
        await nothing_tells_the_number(stage)


async def test_a_second_line_outside_leaves_by_the_trunk_that_takes_it(stage: TalkStage) -> None:
    """A destination that is a number outside, by its name; the first trunk is full."""
    async with Peer(FULL, invite="503 Service Unavailable") as full, outside(stage) as mobile:
        await believed(stage.house.asterisk, "full")
        async with stage.talk() as it:
            second, call = await asked(it, mobile, "branch")
            assert dialled(call) == BRANCH and len(full.of("INVITE")) == 1
            assert await it.leg.refer("branch", replaces=second) == 202
            await is_given(it, second)
            await it.caller.hang_up()
            await gone(call, 2.5)
        [ended] = await it.books.until(1, "DestinationEnded")
        assert (ended.data["to"], ended.data["how"]) == ("branch", "done")
        [counted] = await it.books.records("DestinationDialled")
        assert (counted.data["to"], counted.data["trunk"]) == ("branch", "full")
    await believed(stage.house.asterisk, "full", answers=False)


@pytest.mark.long
@pytest.mark.parametrize("then", ["answers", "declines", "rings out", "the caller hangs up"])
async def test_a_caller_given_to_a_number_that_rings_talks_with_it_or_waits_again(
    stage: TalkStage, then: str
) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        second, call = await asks(it, mobile, "branch")
        assert await it.leg.refer("branch", replaces=second) == 202
        await is_given(it, second)
        if then == "answers":
            await answers(it, call)
            await it.until_together(FAR_DESK, "caller")
            await it.say(LAST)
            await call.hang_up()
            said = [[FIRST, LAST]]
        elif then == "the caller hangs up":
            await it.caller.hang_up()
            await gone(call, 2.5)
            said = [[FIRST]]
        else:
            if then == "declines":
                call.decline("603 Decline")
            before = await key_of(it)
            owner = await it.taken()
            assert await key_of(it) == before
            await it.say(LAST)
            await it.caller.hang_up()
            await it.until_over()
            await it.books.close("ann", owner, wrapped=["ann", owner], said=[[FIRST], [LAST]])
            return
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=said)


@pytest.mark.long
@pytest.mark.parametrize("when", ["rings", "talks"])
@pytest.mark.parametrize("who", ["the second line", "the number", "the caller", "the first line"])
async def test_a_number_that_is_only_asked_has_no_part_in_the_talk(
    stage: TalkStage, who: str, when: str
) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        second, call = await (asks(it, mobile) if when == "rings" else asked(it, mobile))
        ends = {"the second line": second, "the number": call, "the caller": it.caller}
        await ends.get(who, it.leg).hang_up()
        for line in (second, call):
            await gone(line, 5)
        said = [FIRST]
        if who in ("the second line", "the number"):
            await it.leg.offer_again("sendrecv")
            await it.until_contact("talking", ANN)
            assert it.bridges() == [{"caller", ANN}]
            await it.say(LAST)
            said.append(LAST)
            await it.leg.hang_up()
        await it.until_agents(ann="wrap-up")
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=[said])
        assert await it.books.records("DestinationRung") == []
        assert len(await it.books.records("DestinationDialled")) == 1, "it counts all the same"


@pytest.mark.long
@pytest.mark.parametrize(("lost", "given"), [
    ("the first line", False), ("the second line", False), ("the number's line", False),
    ("the number's line", True),
])  # fmt: skip
async def test_a_line_that_is_lost_beside_a_number_outside_leaves_nobody_alone(
    stage: TalkStage, lost: str, given: bool
) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        [first] = [one for one in it.house.channels() if ANN in one]
        second, call = await asked(it, mobile)
        lines = it.house.channels()
        if given:
            assert await it.leg.refer(SHORT, replaces=second) == 202
            await is_given(it, second)
        [other] = [one for one in lines if ANN in one and one != first]
        [far] = [one for one in lines if "trunk.alive" in one]
        await lose(it.house, {"the first line": first, "the second line": other}.get(lost, far))
        for line in (second, call):
            await gone(line, 5)
        if given:
            await it.until_over()
            await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])
        elif lost == "the number's line":
            await it.leg.offer_again("sendrecv")
            await it.until_contact("talking", ANN)
            await it.caller.hang_up()
            await it.until_over()
            await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])
        else:
            owner = await it.taken()
            await it.say(LAST)
            await it.caller.hang_up()
            await it.until_over()
            await it.books.close("ann", owner, wrapped=["ann", owner], said=[[FIRST], [LAST]])


async def test_what_the_rules_refuse_has_an_end_of_its_own_and_the_talk_goes_on(
    stage: TalkStage,
) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        for number in ("+14155550100", "13900139000", "+8616812345678", "999", "00013800138000"):
            assert (await it.phones[ANN].call(number)).failed == 403, number
        for odd in ("1380013800a", "13800138000&x", "13", "+1"):
            assert (await it.phones[ANN].call(odd)).failed in (404, 484), odd
        assert (await it.phones[BOB].call(SHORT)).failed == 486, "no talk"
        await it.ask("hold")
        assert (await it.phones[ANN].call(SHORT)).failed == 486, "held by command"
        await it.ask("resume")
        await it.until_together("caller", ANN)
        assert it.bridges() == [{"caller", ANN}] and mobile.rung.empty()
        assert await it.leg.refer(SHORT) == 202
        await it.house.until(lambda: told(it.leg, "SIP/2.0 404 Not Found"), 5)
        second, call = await asked(it, mobile)
        assert (await it.phones[ANN].call(BOB)).failed == 486, "one at a time"
        assert (await it.phones[ANN].call(SHORT)).failed == 486, "one at a time"
        await second.hang_up()
        await gone(call, 5)
        await it.caller.hang_up()
        await it.until_over()
        assert len(await it.books.records("DestinationDialled")) == 1


@pytest.mark.long
async def test_no_hostile_destination_of_an_agents_telephone_is_dialled(stage: TalkStage) -> None:
    """Keyed in a talk, where numbers outside may be asked for."""
    async with outside(stage) as mobile, stage.talk() as it:
        texts = [text for text in hostile.destinations("second line", 120) if len(text) < 65]
        for text in texts:
            if re.fullmatch(r"[+0-9]+", text) and not refused(text):
                continue
            tried = await it.phones[ANN].call(quote(text, safe="+"))
            if tried.up.is_set():  # what Asterisk has read in it is a number like any
                call = await mobile.rings()
                assert hostile.may_be_dialled(dialled(call)), text
                await tried.hang_up()
                await gone(call, 5)
        assert mobile.rung.empty() and it.bridges() == [{"caller", ANN}]
        await it.caller.hang_up()
        await it.until_over()


def refused(text: str) -> bool:
    """Whether the rules of this house know a reason, for digits."""
    trunks = {name: TrunkEntry(**entry) for name, entry in SITE["trunks"].items()}
    rules = OutboundSettings(**SITE["outbound"])
    try:
        routes(rules, trunks, text, queue="support", today=Today())
    except NotDialled:
        return True
    return False


async def test_the_caps_of_the_day_hold_for_second_lines() -> None:
    """Numbers that were refused do not count."""
    rules = {**SITE["outbound"], "per_agent": 1}
    async with talk(site={**SITE, "outbound": rules}) as it:
        server = ("127.0.0.1", it.house.settings.ports.sip)
        async with Outside(server, ALIVE) as mobile:
            await believed(it.house.asterisk, "alive")
            assert (await it.phones[ANN].call("+14155550100")).failed == 403
            second = await it.phones[ANN].call(SHORT)
            (await mobile.rings()).decline()
            await gone(second, 5)
            assert (await it.phones[ANN].call(SHORT)).failed == 403, "once a day"
            await it.until_together("caller", ANN)
            await it.caller.hang_up()
            await it.served_once()


@pytest.mark.long
@pytest.mark.parametrize("then", ["refer", "refer while it rings", "first line", "number"])
async def test_without_python_a_number_outside_is_given_the_caller_as_with_it(
    stage: TalkStage, then: str
) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        rings = then == "refer while it rings"
        second, call = await (asks(it, mobile) if rings else asked(it, mobile))
        it.house.kill_python()
        assert (await it.phones[BOB].call(SHORT)).failed == 486, "nobody new is called"
        if then in ("first line", "number"):
            await (it.leg if then == "first line" else call).hang_up()
            await gone(second, 5)
            await gone(call, 5)
        else:
            assert await it.leg.refer(SHORT, replaces=second) == 202
            if rings:
                await answers(it, call)
            await it.until_together(FAR_DESK, "caller")
            await it.say(LAST)
        await it.back()
        said = [FIRST]
        if then == "number":
            await it.until_contact("held", ANN)
            await it.caller.hang_up()
        elif then != "first line":
            assert not call.ended.is_set(), "the talk goes on"
            await it.until_state("after")
            await call.hang_up()
            said.append(LAST)
        await it.until_agents(ann="wrap-up")
        await it.until_over()
        await it.books.close("ann", wrapped=["ann"], said=[said])


@pytest.mark.long
async def test_commands_end_the_question_to_a_number_outside(stage: TalkStage) -> None:
    async with outside(stage) as mobile, stage.talk() as it:
        second, call = await asked(it, mobile)
        await it.ask("consult", to_agent=BOB)
        await gone(second, 5)
        await gone(call, 5)
        await it.answers(BOB)
        await it.until_together(ANN, BOB)
        await it.ask("complete")
        await it.until_together("caller", BOB)
        await it.caller.hang_up()
        await it.until_over()
        await it.books.close("ann", "bob", wrapped=["ann", "bob"], said=[[FIRST]])


@pytest.mark.parametrize("given", [True, False])
async def test_the_time_with_a_number_outside_ends_as_if_it_had_hung_up(
    stage: TalkStage, given: bool
) -> None:
    """Five seconds in place of minutes."""
    link = await login(stage.house.asterisk, "acd")
    assert await link.get("", "GLOBAL(OUT_LIMIT)") == "L(3600000:60000)"
    await link.set("", "GLOBAL(OUT_LIMIT)", "L(5000:1500)")
    try:
        async with outside(stage) as mobile, stage.talk() as it:
            second, call = await asked(it, mobile)
            if given:
                assert await it.leg.refer(SHORT, replaces=second) == 202
                await is_given(it, second)
            told_before = len(mobile.heard), len((it.caller if given else second).phone.heard)
            await gone(call, 8)
            assert hears_tone(mobile, told_before[0])
            assert hears_tone((it.caller if given else second).phone, told_before[1])
            await gone(second, 5)
            if not given:
                await it.leg.offer_again("sendrecv")
                await it.until_contact("talking", ANN)
                await it.leg.hang_up()
            await it.until_over()
            await it.books.close("ann", wrapped=["ann"], said=[[FIRST]])
    finally:
        await link.set("", "GLOBAL(OUT_LIMIT)", "L(3600000:60000)")
        await link.close()
