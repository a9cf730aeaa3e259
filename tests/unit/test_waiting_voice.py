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
from voice.ports import Prompt

ONE = ContactId("c-1")
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


class Store:
    """Makes a file for each prompt; of personal ones each time another."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def find(self, prompt: Prompt) -> Path | None:
        return None

    async def make(self, prompt: Prompt) -> Path:
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


async def test_without_a_link_nothing_is_said_and_the_asker_knows(voice: WaitingVoice) -> None:
    board: Any = voice._switchboard
    board.away = True
    with pytest.raises(PhonesFailed):
        await asyncio.wait_for(voice.say(ONE, "online-offer-1", [OPEN], 0.0), 5)


def test_the_telephone_side_lets_through_what_this_listens_for() -> None:
    manager = (TEMPLATES / "manager.conf").read_text(encoding="utf-8")
    more = re.findall(r"^eventfilter.*header\((Req|Key)\),method\((\w+)\)\) = (\S+)$", manager,
                      re.MULTILINE)  # fmt: skip
    assert more == [("Req", "starts_with", "online-"), ("Key", "exact", "1")]
