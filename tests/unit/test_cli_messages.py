"""`./hotline messages`: what callers have left, opened only after the audit has it."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from acd.model import ContactId
from adapters.cli.commands import app
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from adapters.stores.tables import audit
from adapters.stores.vault import SqlVault
from ivr.ports import CoreRefused, EffectKey, PersonId, Record, Recording
from ivr.recording_requests import RecordingRequests
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit

SOUND = b"\x01\x02" * 16_000
KEY = EffectKey("c-1/mailbox/1")


@dataclass
class House:
    """An installation in which one message was left; its core does not run."""

    folder: Path
    recording: Recording

    def messages(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["messages", *words])

    def audited(self) -> list[tuple[str, str, str, str]]:
        async def rows() -> list[tuple[str, str, str, str]]:
            database = await open_database(f"sqlite:///{self.folder / 'core.db'}", "core")
            try:
                found = await database.read(lambda db: db.execute(select(audit["core"])).all())
            finally:
                await database.close()
            return [(row.who, row.action, row.subject, row.reason) for row in found]

        return asyncio.run(rows())

    def erase(self) -> None:
        async def erased() -> None:
            database = await open_database(f"sqlite:///{self.folder / 'core.db'}", "core")
            keys = KeyRing(self.folder / "secrets")
            await SqlVault(database, keys, "CN", self.folder).erase(self.recording.person)
            await database.close()

        asyncio.run(erased())

    def journals(self, kind: str, contact: str, data: Mapping[str, Any]) -> None:
        async def written() -> None:
            database = await open_database(f"sqlite:///{self.folder / 'core.db'}", "core")
            async with SqlJournal(database) as journal:
                await journal.append([Record(1_763_712_060.0, kind, data, ContactId(contact))])
            await database.close()

        asyncio.run(written())


async def left(folder: Path) -> Recording:
    database = await open_database(f"sqlite:///{folder / 'core.db'}", "core")
    keys = KeyRing(folder / "secrets")
    vault = SqlVault(database, keys, "CN")
    await vault.check()
    person: PersonId = await vault.new_person()
    kept = await SealedRecordings(database, keys, folder).keep(KEY, person, SOUND)
    data = {"effect": KEY, "person": person, "queue": "support", "recording": kept.id,
            "seconds": kept.seconds}  # fmt: skip
    async with SqlJournal(database) as journal:
        record = Record(1_763_712_000.0, "MessageLeft", data, ContactId("c-1"))
        await journal.append([record, record])
    await database.close()
    return kept


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return House(tmp_path, asyncio.run(left(tmp_path)))


def test_messages_are_listed_by_ids_each_once(house: House) -> None:
    [message] = json.loads(house.messages("--json").stdout)
    assert message == {
        "at": "2025-11-21T08:00:00+00:00", "of": "message", "queue": "support", "seconds": 2.0,
        "recording": house.recording.id, "contact": "c-1", "answer": None,
    }  # fmt: skip
    assert house.recording.id in house.messages().stdout


def test_of_what_was_written_it_is_told_what_was_promised_and_then_what_was_answered(
    house: House,
) -> None:
    left = {"effect": "c-2/message", "queue": "support", "origin": "chat"}
    owed = {"effect": "c-2/message/1", "left": "c-2/message", "until": 1_763_800_000.0}
    given = {"left": "c-2/message", "agent": "ann", "how": "note", "effect": "x"}
    house.journals("MessageLeft", "c-2", left)
    house.journals("AnswerPromised", "message-2", owed)
    assert "promised by 2025-11-22T08:26:40+00:00" in house.messages().stdout
    house.journals("MessageAnswered", "message-2", given)
    _, written = json.loads(house.messages("--json").stdout)
    assert (written["of"], written["contact"], written["recording"]) == ("written", "c-2", None)
    assert written["answer"].endswith("by ann (note)")


def test_one_is_saved_to_listen_to_and_the_audit_has_it(house: House) -> None:
    target = house.folder / "message.wav"
    shown = house.messages(
        house.recording.id, "--save", str(target), "--why", "calling back", "--who", "ann"
    )
    assert shown.exit_code == 0, shown.stderr
    with wave.open(str(target)) as file:
        assert file.readframes(file.getnframes()) == SOUND
    assert target.stat().st_mode & 0o077 == 0
    assert house.audited() == [("ann", "recording opened", house.recording.id, "calling back")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["RECORDING", "--save", "TARGET"], "say why"),
        (["RECORDING"], "--save FILE"),
        (["--save", "TARGET"], "--save FILE"),
        (["rec_nothing", "--save", "TARGET", "--why", "x"], "no recording"),
        (["RECORDING", "--save", "core.db", "--why", "x"], "there already"),
    ],
)
def test_without_a_reason_or_a_place_nothing_is_opened(
    house: House, words: list[str], says: str
) -> None:
    places = {"RECORDING": house.recording.id, "TARGET": str(house.folder / "new.wav"),
              "core.db": str(house.folder / "core.db")}  # fmt: skip
    shown = house.messages(*(places.get(word, word) for word in words))
    assert shown.exit_code == 1 and says in shown.stderr
    assert house.audited() == [] and not (house.folder / "new.wav").exists()


def test_of_who_is_erased_nothing_can_be_heard(house: House) -> None:
    house.erase()
    target = house.folder / "message.wav"
    shown = house.messages(house.recording.id, "--save", str(target), "--why", "x")
    assert shown.exit_code == 1 and "erased" in shown.stderr and not target.exists()


def test_a_house_without_messages_says_so(tmp_path: Path, house: House) -> None:
    async def emptied() -> None:
        database = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
        async with SqlJournal(database):
            pass
        await database.close()

    (tmp_path / "core.db").unlink()
    asyncio.run(emptied())
    assert house.messages().stdout == "nobody has left a message\n"


async def test_the_running_core_writes_it_down_before_it_answers() -> None:
    trail = MemoryAudit()
    requests = RecordingRequests(trail, StandingClock())
    with pytest.raises(CoreRefused, match="why"):
        await requests.announce({"recording": "rec_1", "who": "ann", "why": " "})
    assert trail.entries == []
    await requests.announce({"recording": "rec_1", "who": "ann", "why": "calling back"})
    [entry] = trail.entries
    assert (entry.who, entry.action, entry.subject, entry.reason) == (
        "ann", "recording opened", "rec_1", "calling back",
    )  # fmt: skip
