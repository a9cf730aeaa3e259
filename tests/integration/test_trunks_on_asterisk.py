"""Trunks on the real Asterisk: who comes by them, and which of them a call leaves by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from adapters.asterisk import trunk_looks
from adapters.asterisk.findings import Level
from adapters.asterisk.instance import Instance
from ivr.dialling import Today, routes
from tests import hostile, rig
from tests.phones import Call, Phone
from tests.sip import Message
from tests.trunk_peer import Address, Peer, believed, free_place, registered

pytestmark = pytest.mark.asterisk

NUMBER, MOBILE = "+861012345678", "+8613800138000"
PLACES = {"first": free_place("127.0.0.2"), "second": free_place("127.0.0.3"),
          "account": free_place("127.0.0.4"), "mute": free_place("127.0.0.6")}  # fmt: skip


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    """Four trunks of this machine: one is registered with, and one answers no OPTIONS."""
    peers = {name: f"{host}:{port}" for name, (host, port) in PLACES.items()}
    account = {"server": peers["account"], "user": "acme", "secret": "p;w"}
    trunks = {
        "first": {"address": peers["first"], "caller_ids": [NUMBER]},
        "second": {"address": peers["second"], "caller_ids": [NUMBER], "channels": 2,
                   "country": "86"},
        "account": {"register": account, "dialled": "to"},
        "mute": {"address": peers["mute"], "caller_ids": [NUMBER], "asked": False,
                 "channels": 1},
    }  # fmt: skip
    outbound = {"allow": ["+86"], "caller_id": NUMBER, "trunks": ["first", "second"]}
    numbers = {"4000": {}, NUMBER: {"longest_call": 30}}
    with rig.asterisk(phones=1, trunks=trunks, outbound=outbound, numbers=numbers) as instance:
        yield instance


@pytest.fixture
def server(asterisk: Instance) -> Address:
    return "127.0.0.1", asterisk.settings.ports.sip


@pytest_asyncio.fixture
async def first(asterisk: Instance) -> AsyncIterator[Peer]:
    async with Peer(PLACES["first"]) as peer:
        await believed(asterisk, "first")
        yield peer


@pytest_asyncio.fixture
async def second(asterisk: Instance) -> AsyncIterator[Peer]:
    async with Peer(PLACES["second"]) as peer:
        await believed(asterisk, "second")
        yield peer


class Mute(Peer):
    """The far end of a provider that answers calls, and nothing that is asked without one."""

    def _take(self, message: Message, sender: Address) -> None:
        if message.method != "OPTIONS":
            super()._take(message, sender)


# ---------------------------------------------------------------- calls that come


@pytest.mark.parametrize("written", ["4000", NUMBER, NUMBER[1:], "01012345678"])
async def test_a_number_of_the_site_is_reached_however_the_trunk_writes_it(
    asterisk: Instance, ami: rig.Ami, second: Peer, server: Address, written: str
) -> None:
    answer = await second.dial(server, written)
    assert answer.status == 200
    told = await ami.event("Newchannel", Exten=written)
    assert told["Channel"].startswith("PJSIP/trunk.second-")
    assert await ami.get(told["Channel"], "DIALLED") == ("4000" if written == "4000" else NUMBER)
    await second.hang_up(answer, server)


@pytest.mark.parametrize("written", ["4001", "1012345678", MOBILE, "s", "i", "acd-entry"])
async def test_a_trunk_reaches_nothing_but_the_numbers_of_the_site(
    second: Peer, server: Address, written: str
) -> None:
    assert (await second.dial(server, written)).status == 404


async def test_the_longest_call_of_a_number_is_set_when_it_is_answered(
    ami: rig.Ami, second: Peer, server: Address
) -> None:
    answer = await second.dial(server, NUMBER)
    told = await ami.event("Newchannel", Exten=NUMBER)
    assert await ami.get(told["Channel"], "SHARED(LIMIT)") == "L(1800000:60000)"
    await second.hang_up(answer, server)


async def test_no_more_calls_than_its_channels_come_by_a_trunk(
    second: Peer, server: Address
) -> None:
    up = [await second.dial(server, NUMBER) for _ in range(2)]
    assert (await second.dial(server, NUMBER)).status == 503
    for answer in up:
        await second.hang_up(answer, server)
    async with asyncio.timeout(5):  # a line is free when Asterisk has put its channel away
        while (again := await second.dial(server, NUMBER)).status == 503:
            await asyncio.sleep(0.05)
    assert again.status == 200
    await second.hang_up(again, server)


async def test_by_an_account_the_number_is_that_of_the_header_to(
    asterisk: Instance, ami: rig.Ami, server: Address
) -> None:
    async with Peer(PLACES["account"]) as peer:
        await registered(asterisk, "account", peer)
        for to, status in ((NUMBER, 200), ("+86-10-1234-5678", 200), ("4001", 404)):
            seen = len(ami.events)
            answer = await peer.dial(server, "acme", to)
            assert answer.status == status
            if status == 200:
                told = await ami.event("Newchannel", since=seen, Exten="acme")
                assert await ami.get(told["Channel"], "DIALLED") == NUMBER
                await peer.hang_up(answer, server)


async def test_a_call_to_the_contact_that_was_registered_is_the_trunks_wherever_it_comes_from(
    asterisk: Instance, ami: rig.Ami, server: Address
) -> None:
    async with Peer(PLACES["account"]) as peer, Peer(free_place("127.0.0.5")) as another:
        await registered(asterisk, "account", peer)
        line = peer.contacts[-1].partition(";")[2].partition(">")[0]
        assert line.startswith("line=")
        answer = await another.dial(server, "acme", NUMBER, line)
        assert answer.status == 200
        told = await ami.event("Newchannel", Exten="acme")
        assert told["Channel"].startswith("PJSIP/trunk.account-")
        await another.hang_up(answer, server)


async def test_who_only_calls_themselves_like_a_trunk_is_not_taken_for_it(
    asterisk: Instance, server: Address
) -> None:
    async with Peer(free_place("127.0.0.9")) as stranger, rig.phone(asterisk, "trunk.second") as at:
        assert (await at.call("01012345678")).failed == 404
        assert (await stranger.dial(server, "01012345678")).status == 404


# ---------------------------------------------------------------- calls that go


async def out(
    asterisk: Instance, ami: rig.Ami, agent: Phone, seconds: int = 20, by: tuple[str, ...] = ()
) -> Call:
    """The agent's telephone dials outside, as the rules let it, or by these trunks; the agent has
    answered."""
    site = asterisk.settings.site
    rules = site.outbound.model_copy(update={"trunks": by}) if by else site.outbound
    ways = routes(rules, site.trunks, MOBILE, queue="support", today=Today())
    variables = [("ARG1", str(seconds))]
    for n, way in enumerate(ways, start=1):
        variables += [(f"ROUTE_{n}", way.dial), (f"FROM_{n}", way.caller_id)]
    await ami.do(
        "Originate", *variables, Channel=f"PJSIP/{agent.name}", Context="acd-out", Exten="s",
        Priority="1", Async="true",
    )  # fmt: skip
    call = await agent.rings()
    call.answer()
    return call


async def test_a_call_leaves_by_the_first_trunk_with_the_caller_id(
    asterisk: Instance, ami: rig.Ami, agent: Phone, first: Peer, second: Peer
) -> None:
    await out(asterisk, ami, agent)
    invite = (await first.first("INVITE")).message
    assert invite.first.startswith(f"INVITE sip:{MOBILE}@127.0.0.2:")
    assert f"sip:{NUMBER}@" in invite["From"] and f"sip:{agent.name}@" not in str(invite)
    await ami.event("BridgeEnter")
    await agent.calls[0].hang_up()
    await first.first("BYE")
    assert second.of("INVITE") == []


@pytest.mark.parametrize("how", ["silent", "known to be dead", "503 Service Unavailable"])
async def test_when_the_first_trunk_is_dead_the_call_leaves_by_the_second_in_three_seconds(
    asterisk: Instance, ami: rig.Ami, agent: Phone, first: Peer, second: Peer, how: str
) -> None:
    if how == "known to be dead":
        first.dead = True
        await believed(asterisk, "first", answers=False)
    first.invite = "" if how == "silent" else how
    began = asyncio.get_running_loop().time()
    await out(asterisk, ami, agent)
    heard = await second.first("INVITE")
    took = heard.at - began
    print(f"first trunk {how}: {took:.3f} s")
    assert took <= 3.0
    assert f"sip:{NUMBER}@" in heard.message["From"]
    assert heard.message.first.startswith(f"INVITE sip:{MOBILE}@")
    await ami.event("BridgeEnter")
    await agent.calls[0].hang_up()
    await second.first("BYE")
    first.dead = False
    await believed(asterisk, "first")


async def test_a_trunk_that_rings_is_not_given_up_for_its_silence(
    asterisk: Instance, ami: rig.Ami, agent: Phone, first: Peer, second: Peer
) -> None:
    first.invite = "100 Trying"
    await out(asterisk, ami, agent, seconds=5)
    invite = await first.first("INVITE")
    own = invite.message["Call-ID"]
    cancelled = await first.first("CANCEL", of=own)
    assert cancelled.at - invite.at > 4.5
    await agent.calls[0].hang_up()
    assert second.of("INVITE") == []


@pytest.mark.parametrize("how", ["486 Busy Here", "404 Not Found", "603 Decline"])
async def test_what_the_number_itself_says_is_not_asked_of_the_second(
    asterisk: Instance, ami: rig.Ami, agent: Phone, first: Peer, second: Peer, how: str
) -> None:
    first.invite = how
    call = await out(asterisk, ami, agent)
    await asyncio.wait_for(call.ended.wait(), 10)
    assert len(first.of("INVITE")) == 1 and second.of("INVITE") == []


async def test_a_trunk_whose_channels_are_taken_is_passed_over(
    asterisk: Instance, ami: rig.Ami, agent: Phone, first: Peer, second: Peer, server: Address
) -> None:
    up = [await second.dial(server, NUMBER) for _ in range(2)]
    first.invite = "503 Service Unavailable"
    call = await out(asterisk, ami, agent)
    await asyncio.wait_for(call.ended.wait(), 10)
    assert second.of("INVITE") == []
    for answer in up:
        await second.hang_up(answer, server)


async def test_a_trunk_that_answers_no_options_is_dialled_where_it_is_not_asked(
    asterisk: Instance, ami: rig.Ami, agent: Phone
) -> None:
    async with Mute(PLACES["mute"]) as mute:
        call = await out(asterisk, ami, agent, by=("mute",))
        invite = (await mute.first("INVITE")).message
        assert f"sip:{NUMBER}@" in invite["From"]
        await ami.event("BridgeEnter")
        await call.hang_up()
        await mute.first("BYE")
        assert mute.of("OPTIONS") == []
    told = [what for _, what, _ in await asyncio.to_thread(looks, asterisk)]
    assert not any("mute" in what for what in told), "doctor knows nothing against it"
    shown = {one.name: str(one) for one in await asyncio.to_thread(trunk_looks.states, asterisk)}
    assert shown["mute"] == "is not asked"


async def test_a_trunk_that_is_not_asked_and_gone_costs_the_call_two_seconds(
    asterisk: Instance, ami: rig.Ami, agent: Phone
) -> None:
    call = await out(asterisk, ami, agent, by=("mute",))
    began = asyncio.get_running_loop().time()
    await asyncio.wait_for(call.ended.wait(), 10)
    assert asyncio.get_running_loop().time() - began <= 3.5


# ---------------------------------------------------------------- looks, and harm


async def test_doctor_names_a_trunk_that_does_not_answer(asterisk: Instance, second: Peer) -> None:
    second.dead = True
    await believed(asterisk, "second", answers=False)
    found = {what: level for level, what, _ in await asyncio.to_thread(looks, asterisk)}
    second.dead = False
    named = [what for what in found if "the trunk second does not answer at 127.0.0.3" in what]
    assert named and found[named[0]] is Level.FAIL
    await believed(asterisk, "second")
    told = await asyncio.to_thread(looks, asterisk)
    assert not any("second" in what for _, what, _ in told)


def looks(asterisk: Instance) -> list[tuple[Level, str, str]]:
    return list(trunk_looks.trunks(asterisk))


async def test_hostile_headers_bring_no_call_of_ours_about(
    asterisk: Instance, ami: rig.Ami, first: Peer, second: Peer, server: Address
) -> None:
    """A part of `python -m tests.campaign_hostile --calls`."""
    for seed in range(150):
        second.send(hostile.invite(seed, "01012345678", second.place, server), server)
        await asyncio.sleep(0)
    answer = await second.dial(server, "4000")
    assert answer.status in (200, 503), "it still answers"
    assert first.of("INVITE") == second.of("INVITE") == [], "nobody was called"
    made = {event["Channel"] for event in ami.events if event["Event"] == "Newchannel"}
    assert {name.partition("-")[0] for name in made} <= {"PJSIP/trunk.second"}
    await asyncio.to_thread(asterisk.command, "channel request hangup all")
