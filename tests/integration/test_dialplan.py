"""What a caller lives through, with a core that is there, away, frozen or half dead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from adapters.sipp.ear import Heard, gaps
from tests import rig
from tests.phones import Phone
from tests.tones import loudest

pytestmark = pytest.mark.asterisk

NUMBERS = {
    "4000": {"queue": "support", "language": "zh"},
    "+864001": {"queue": "support", "language": "en", "class": "vip"},
}
LONGEST_GAP = 0.060


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=2, numbers=NUMBERS) as instance:
        yield instance


# ---- entry


async def test_a_number_leads_to_its_queue_class_and_language(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    _, told = await rig.in_queue(asterisk, ami, caller, "+864001")
    assert (told["Queue"], told["Class"], told["Lang"]) == ("support", "vip", "en")
    assert told["Language"] == "en"
    assert await ami.get(told["Channel"], "DIALLED") == "+864001"


@pytest.mark.parametrize("number", ["4002", "500&PJSIP%2Fa1", "s", "h", "%24%7BACD_AGI%7D"])
async def test_a_number_that_is_not_ours_rings_nothing(
    caller: Phone, ami: rig.Ami, number: str
) -> None:
    call = await caller.call(number)
    assert call.failed >= 400
    assert ami.count("Newstate", ChannelStateDesc="Ringing") == 0


async def test_a_hostile_caller_name_and_number_are_tamed(asterisk: Instance, ami: rig.Ami) -> None:
    async with rig.phone(asterisk, "500&PJSIP/a1,$X") as caller:
        _, told = await rig.in_queue(asterisk, ami, caller, name="张三 ${SHELL(id)},&|~^`;()")
    assert told["CallerIDNum"] == "<unknown>"
    assert told["CallerIDName"] == "张三 SHELLid"


async def test_the_script_runs_again_until_it_says_it_is_done(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    answers = ["dies", "dies", "done"]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        if answers.pop(0) == "done":
            writer.write(b"SET VARIABLE ACD_DONE 1\n")
            await reader.readline()
        writer.close()

    port = asterisk.settings.ports.agi
    async with await asyncio.start_server(script, "127.0.0.1", port):
        await caller.call("4000")
        await ami.event("AcdWaiting")
    assert answers == []


async def test_a_frozen_script_lets_go_of_the_caller(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    await ami.set("", "GLOBAL(SCRIPT_SILENCE)", "1")
    port = asterisk.settings.ports.agi
    async with await asyncio.start_server(script, "127.0.0.1", port):
        call = await caller.call("4000")
        await rig.until(lambda: [row for row in rig.cel(asterisk) if row[0] == "ACD_MENU"])
        assert not call.ended.is_set()
    await ami.set("", "GLOBAL(SCRIPT_SILENCE)", "10")
    row = next(row for row in rig.cel(asterisk) if row[0] == "ACD_MENU")
    assert row[2].endswith("|support|standard|zh|frozen")


# ---- no Python


@pytest_asyncio.fixture
async def nobody(ami: rig.Ami) -> AsyncIterator[None]:
    """Nobody listens for scripts: the menu comes at the first refusal."""
    await ami.set("", "GLOBAL(TRY_FOR)", "0")
    yield
    await ami.set("", "GLOBAL(TRY_FOR)", "10")


async def in_menu(ami: rig.Ami, caller: Phone) -> str:
    """The contact of a caller who hears the plain menu."""
    call = await caller.call("4000")
    await asyncio.wait_for(call.up.wait(), 5)
    told = await ami.event("Newchannel", CallerIDNum=caller.name)
    await rig.until(lambda: loudest(sound(caller.heard[-5:])) == 1000)
    return told["Uniqueid"]


@pytest.mark.usefixtures("nobody")
async def test_without_python_a_caller_chooses_a_language_and_waits_like_anyone(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    contact = await in_menu(ami, caller)
    await caller.calls[0].press("3")
    await asyncio.sleep(0.2)
    await caller.calls[0].press("1")
    told = await ami.event("AcdWaiting", Contact=contact)
    assert (told["Lang"], told["Queue"]) == ("en", "support")
    assert (await ami.event("AcdSaid", Contact=contact))["Status"] in ("OK", "TIMEOUT")
    kinds = [kind for kind, *_ in rig.cel(asterisk, contact)]
    assert kinds.index("ACD_MENU") < kinds.index("ACD_WAIT")


@pytest.mark.usefixtures("nobody")
async def test_without_python_a_caller_leaves_a_number(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    contact = await in_menu(ami, caller)
    call = caller.calls[0]
    await call.press("2")
    await asyncio.sleep(0.2)
    for key in "13800138000#":
        await call.press(key)
        await asyncio.sleep(0.06)
    row = await rig.until(
        lambda: [row for row in rig.cel(asterisk, contact) if row[0] == "ACD_NUMBER"]
    )
    assert row[0][2].split("|")[2:] == ["support", "standard", "zh", "13800138000"]
    await asyncio.wait_for(call.ended.wait(), 5)


@pytest.mark.usefixtures("nobody")
async def test_refused_scripts_are_not_tried_by_every_caller(
    asterisk: Instance, ami: rig.Ami
) -> None:
    def refused() -> int:
        return asterisk.folders.log.read_text().count("refused")

    def menus() -> int:
        return sum(row[0] == "ACD_MENU" for row in rig.cel(asterisk))

    async def comes(phone: Phone) -> None:
        before = menus()
        await phone.call("4000")
        await rig.until(lambda: menus() > before)

    phones = [rig.phone(asterisk, f"1777{n}", hears=False) for n in range(4)]
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    before, began = refused(), int(time.time())
    await comes(phones[0])
    assert refused() > before
    assert int(await ami.get("", "GLOBAL(AGI_NEXT)")) >= began + 4
    # Four seconds may pass on a slow machine while the others dial.
    await ami.set("", "GLOBAL(AGI_NEXT)", str(int(time.time()) + 60))
    before = refused()
    for phone in phones[1:]:
        await comes(phone)
    assert refused() == before
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    assert asterisk.settings.secret("agi") not in asterisk.folders.log.read_text()
    await asyncio.gather(*(phone.__aexit__() for phone in phones))


# ---- waiting


async def test_music_goes_on_under_keys_and_turns(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    await rig.until(lambda: loudest(sound(caller.heard[-5:])) == 440)
    start = len(caller.heard)
    for key in "19#D":
        await asyncio.sleep(1.0)
        await call.press(key)
        await ami.event("AcdKey", Contact=told["Contact"], Key=key)
    await asyncio.sleep(1.0)
    assert ami.count("AcdKey") == 4
    heard = caller.heard[start:]
    assert {hertz for _, hertz in tones(heard)} == {440}
    assert len(gaps(heard, LONGEST_GAP)) <= 1, gaps(heard, LONGEST_GAP)


async def test_a_question_is_heard_whole_and_its_key_told(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    longest = []
    for n in range(2):
        start = len(caller.heard)
        await ami.set(told["Channel"], "REQ", f"q{n}~hotline/zh/survey&hotline/zh/menu~3")
        await rig.until(lambda: loudest(sound(caller.heard[-5:])) == 1000)
        await rig.until(lambda: loudest(sound(caller.heard[-5:])) == 0)
        await asyncio.sleep(0.3)
        await call.press(str(n))
        said = await ami.event("AcdSaid", Contact=told["Contact"], Req=f"q{n}")
        assert (said["Key"], said["Status"]) == (str(n), "OK")
        await asyncio.sleep(0.2)
        longest.append(len(gaps(caller.heard[start:], LONGEST_GAP)))
        asked = [at for at, hertz in tones(caller.heard[start:]) if hertz == 1000]
        assert asked[-1] - asked[0] >= 1.8  # both files
    assert min(longest) == 0, longest  # a busy machine only adds


async def test_a_request_is_read_within_two_seconds(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    _, told = await rig.in_queue(asterisk, ami, caller)
    await rig.until(lambda: loudest(sound(caller.heard[-5:])) == 440)
    start = len(caller.heard)
    asked = caller.heard[-1].at
    await ami.set(told["Channel"], "REQ", "r1~hotline/zh/please-wait~0")
    said = await ami.event("AcdSaid", Contact=told["Contact"], Req="r1")
    began = next(at for at, hertz in tones(caller.heard[start:]) if hertz == 1000)
    assert caller.heard[start].at + began - asked <= 2.1
    assert (said["Key"], said["Status"]) == ("", "TIMEOUT")


def sound(heard: list[Heard]) -> bytes:
    return b"".join(each.packet.payload for each in heard)


def tones(packets: list[Heard]) -> list[tuple[float, int]]:
    """What was heard, every 100 ms: seconds since the first packet, tone."""
    starts = range(0, len(packets) - 5, 5)
    return [(packets[n].at - packets[0].at, loudest(sound(packets[n : n + 5]))) for n in starts]
