"""What is said to one waiting caller alone is gone when they have heard it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from acd.model import ContactId
from adapters.asterisk.config import TEMPLATES
from adapters.asterisk.waiting_voice import WaitingVoice
from ivr.ports import PhonesFailed
from voice.ports import Prompt, SpeechFailed

ONE = ContactId("c-1")
NOTHING = Prompt("", "en")
OPEN, CODE = Prompt("Press 1.", "en"), Prompt("one two three", "en", personal=True)


class Board:
    """A switchboard that keeps what is set."""

    def __init__(self) -> None:
        self.channels = {ONE: "PJSIP/x-1"}
        self.set: list[tuple[str, Mapping[str, str]]] = []
        self.away = False

    async def set_on(self, contact: ContactId, variables: Mapping[str, str]) -> None:
        if self.away:
            raise PhonesFailed("no link")
        self.set.append((contact, variables))

    async def read_once(self, contact: ContactId, variable: str) -> str:
        if self.away:
            raise PhonesFailed("no link")
        assert variable == "SHARED(KEYED)"
        return "13800138000"


class Store:
    """Makes a file for each prompt; of personal ones each time another."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def find(self, prompt: Prompt) -> Path | None:
        return None

    async def make(self, prompt: Prompt) -> Path:
        if prompt.text == "":
            raise SpeechFailed("nothing to say")
        self.made += 1
        path = self.folder / f"p{self.made if prompt.personal else 'open'}.wav"
        path.write_bytes(b"sound")
        return path


@pytest.fixture
def voice(tmp_path: Path) -> WaitingVoice:
    board: Any = Board()
    return WaitingVoice(board, Store(tmp_path))


def set_by(voice: WaitingVoice) -> list[str]:
    board: Any = voice._switchboard
    return [variables["REQ"] for _, variables in board.set]


def said(request: str, key: str = "") -> dict[str, str]:
    return {"UserEvent": "AcdSaid", "Contact": ONE, "Req": request, "Key": key}


async def test_a_request_names_files_and_seconds_for_a_key(
    voice: WaitingVoice, tmp_path: Path
) -> None:
    await voice.say(ONE, "online-offer-1", [OPEN], 5.0)
    assert set_by(voice) == [f"online-offer-1~{tmp_path}/popen~5"]
    voice.hear(said("online-offer-1"))
    assert (tmp_path / "popen.wav").exists(), "what is no caller's own is kept"


@pytest.mark.parametrize("end", [said("online-way-1"), {"UserEvent": "AcdGone", "Contact": ONE}])
async def test_a_code_is_deleted_when_it_was_heard_or_the_caller_is_gone(
    voice: WaitingVoice, tmp_path: Path, end: dict[str, str]
) -> None:
    await voice.say(ONE, "online-way-1", [CODE], 0.0)
    assert (tmp_path / "p1.wav").exists()
    voice.hear(said("w3000"))
    assert (tmp_path / "p1.wav").exists()
    voice.hear(end)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_asked_for_again_is_the_same_file_and_what_is_new_takes_its_place(
    voice: WaitingVoice, tmp_path: Path
) -> None:
    await voice.say(ONE, "online-way-1", [CODE], 0.0)
    await voice.say(ONE, "online-way-1", [CODE], 0.0)
    await voice.say(ONE, "online-way-2", [CODE], 0.0)
    first, again, other = set_by(voice)
    assert first == again and "p1" in first and "p2" in other
    assert [path.name for path in tmp_path.iterdir()] == ["p2.wav"]


async def test_it_tells_what_was_said_and_pressed(voice: WaitingVoice) -> None:
    told: list[tuple[str, str, str]] = []
    voice.told = lambda *what: told.append(what)
    voice.hear(said("online-offer-1", "1"))
    voice.hear({"UserEvent": "AcdKey", "Contact": ONE, "Key": "1"})
    voice.hear({"UserEvent": "AcdWaiting", "Contact": ONE, "Req": "online-offer-1"})
    voice.hear({"Event": "Hangup"})
    assert told == [(ONE, "online-offer-1", "1"), (ONE, "", "1")]


async def told_by(voice: WaitingVoice, event: Mapping[str, str]) -> list[tuple[str, str, str]]:
    told: list[tuple[str, str, str]] = []
    voice.told = lambda *what: told.append(what)
    voice.hear(event)
    async with asyncio.timeout(5):
        while not told:
            await asyncio.sleep(0)
    return told


async def test_a_number_is_read_from_the_channel_and_stands_in_no_event(
    voice: WaitingVoice,
) -> None:
    await voice.say(ONE, "online-number-1", [OPEN], 8.0, most_keys=15)
    assert set_by(voice)[0].endswith("popen~8~15")
    told = await told_by(voice, said("online-number-1"))
    assert told == [(ONE, "online-number-1", "13800138000")]


async def test_a_number_that_cannot_be_read_is_silence_and_the_asker_goes_on(
    voice: WaitingVoice,
) -> None:
    await voice.say(ONE, "online-number-1", [OPEN], 8.0, most_keys=15)
    board: Any = voice._switchboard
    board.away = True
    assert await told_by(voice, said("online-number-1")) == [(ONE, "online-number-1", "")]


async def test_an_announcement_waits_for_the_offer_and_neither_is_lost(
    voice: WaitingVoice,
) -> None:
    await voice.say(ONE, "w0", [OPEN], 0.0)
    await voice.say(ONE, "online-offer-1", [OPEN], 0.0)
    await voice.say(ONE, "online-offer-1", [OPEN], 0.0)
    voice.hear(said("online-offer-1"))
    await settle()
    voice.hear(said("w0"))
    await settle()
    assert requests(voice) == ["w0", "online-offer-1", "online-offer-1", "w0"]


async def test_an_announcement_that_was_begun_before_the_offer_is_not_said_again(
    voice: WaitingVoice,
) -> None:
    await voice.say(ONE, "w0", [OPEN], 0.0)
    await voice.say(ONE, "online-offer-1", [OPEN], 0.0)
    voice.hear(said("w0"))
    voice.hear(said("online-offer-1"))
    await settle()
    assert requests(voice) == ["w0", "online-offer-1"]


async def test_of_announcements_that_come_meanwhile_the_newest_follows(
    voice: WaitingVoice,
) -> None:
    await voice.say(ONE, "online-offer-1", [OPEN], 0.0)
    await voice.say(ONE, "w20000", [OPEN], 0.0)
    await voice.say(ONE, "w45000", [OPEN], 0.0)
    voice.hear({"UserEvent": "AcdWaiting", "Contact": ONE, "Req": "online-offer-1"})
    await settle()
    assert requests(voice) == ["online-offer-1", "w45000"]


@pytest.mark.parametrize("event", ["AcdGone", "AcdLeft", "AcdClaimed", "AcdBack"])
async def test_who_leaves_the_loop_is_owed_nothing_there(voice: WaitingVoice, event: str) -> None:
    await voice.say(ONE, "online-offer-1", [OPEN], 0.0)
    await voice.say(ONE, "w20000", [OPEN], 0.0)
    voice.hear({"UserEvent": event, "Contact": ONE})
    voice.hear(said("online-offer-1"))
    await voice.say(ONE, "w45000", [OPEN], 0.0)
    await settle()
    assert requests(voice) == ["online-offer-1", "w45000"]


async def test_what_cannot_be_made_is_left_out_and_alone_is_no_request(
    voice: WaitingVoice, tmp_path: Path
) -> None:
    await voice.say(ONE, "w0", [NOTHING, OPEN], 0.0)
    await voice.say(ONE, "w1", [NOTHING], 0.0)
    assert set_by(voice) == [f"w0~{tmp_path}/popen~0"]


def requests(voice: WaitingVoice) -> list[str]:
    return [each.split("~")[0] for each in set_by(voice)]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_without_a_link_nothing_is_said_and_the_asker_knows(voice: WaitingVoice) -> None:
    board: Any = voice._switchboard
    board.away = True
    with pytest.raises(PhonesFailed):
        await asyncio.wait_for(voice.say(ONE, "online-offer-1", [OPEN], 0.0), 5)


def test_the_telephone_side_lets_through_what_this_listens_for() -> None:
    manager = (TEMPLATES / "manager.conf").read_text(encoding="utf-8")
    more = re.findall(r"^eventfilter.*header\((Req|Key)\),method\((\w+)\)\) = (\S+)$", manager,
                      re.MULTILINE)  # fmt: skip
    assert more == [
        ("Req", "starts_with", "online-"), ("Req", "starts_with", "w"), ("Key", "exact", "1"),
    ]  # fmt: skip
