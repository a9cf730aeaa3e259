"""What was recorded is sealed once it is over, whatever dies in between."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from acd.model import ContactId
from ivr.ports import Note, PersonId, PhonesFailed, Record
from ivr.recording_keeper import RecordingKeeper, TalkPart, TalkSound
from tests.fakes_stores import MemoryJournal, MemoryRecordings, MemoryVault

CALL = ContactId("ab12-1700000000.5")
ONE, TWO = TalkPart(CALL, 1), TalkPart(CALL, 2)
SOUND = TalkSound(b"\x01\x02" * 8000, b"\x03\x04" * 16_000)
FULL, ROOM = 10, 1000


@dataclass
class FakeFiles:
    """`TalkFiles`: what lies there; what is in `live` is being written."""

    lying: dict[TalkPart, TalkSound]
    live: set[TalkPart] = field(default_factory=set)
    away: bool = False
    room: int = ROOM
    told: list[bool] = field(default_factory=list)

    async def parts(self) -> list[TalkPart]:
        return list(self.lying)

    async def is_over(self, part: TalkPart) -> bool:
        if self.away:
            raise PhonesFailed("no link to asterisk")
        return part not in self.live

    async def read(self, part: TalkPart) -> TalkSound:
        return self.lying[part]

    async def remove(self, part: TalkPart) -> None:
        del self.lying[part]

    async def free(self) -> int:
        return self.room

    async def tell_full(self, full: bool) -> None:
        self.told.append(full)


@dataclass
class Written:
    """The distributor's part of it; while `failing` nothing can be written."""

    notes: list[Note] = field(default_factory=list)
    failing: bool = False

    async def record(self, *entries: Note) -> None:
        if self.failing:
            raise OSError("no room")
        self.notes += entries


class House:
    """A keeper with all that it needs, in memory."""

    def __init__(self, files: FakeFiles) -> None:
        self.files, self.written = files, Written()
        self.recordings, self.vault = MemoryRecordings(), MemoryVault()
        self.journal = MemoryJournal()
        self.person = PersonId("")

    async def calls(self) -> None:
        """The call has begun: the journal has whose it is."""
        self.person = await self.vault.new_person()
        await self.journal.append([Record(1.0, "CallStarted", {"person": self.person}, CALL)])

    def keeper(self) -> RecordingKeeper:
        return RecordingKeeper(
            self.files, self.recordings, self.vault, self.journal, self.written, FULL + 1
        )  # fmt: skip


async def test_a_part_that_is_over_is_sealed_journaled_and_no_longer_in_the_clear() -> None:
    house = House(FakeFiles({ONE: SOUND}))
    await house.calls()
    keeper = house.keeper()
    await keeper.sweep()
    await keeper.sweep()
    assert house.files.lying == {}
    sounds = house.recordings.sounds
    assert sounds == {ONE.key("customer"): SOUND.customer, ONE.key("agent"): SOUND.agent}
    assert set(house.recordings.persons.values()) == {house.person}
    [note] = house.written.notes
    assert (note.contact, note.kind) == (CALL, "TalkRecorded")
    assert (note.data["part"], note.data["seconds"]) == (1, 2.0)
    assert note.data["customer"] != note.data["agent"]


async def test_what_is_still_being_recorded_stays_as_it_is() -> None:
    house = House(FakeFiles({ONE: SOUND, TWO: SOUND}, live={TWO}))
    await house.calls()
    keeper = house.keeper()
    for _ in range(3):
        await keeper.sweep()
    assert set(house.files.lying) == {TWO}


async def test_one_look_is_not_enough_to_call_a_talk_over() -> None:
    """A channel on its way into a bridge cannot be found for an instant."""
    house = House(FakeFiles({ONE: SOUND}))
    keeper = house.keeper()
    await keeper.sweep()
    house.files.live = {ONE}
    await keeper.sweep()
    house.files.live = set()
    await keeper.sweep()
    assert set(house.files.lying) == {ONE} and not house.recordings.sounds


async def test_nothing_is_sealed_while_nobody_can_tell_what_is_over() -> None:
    house = House(FakeFiles({ONE: SOUND}, away=True))
    keeper = house.keeper()
    for _ in range(3):
        with pytest.raises(PhonesFailed):
            await keeper.sweep()
    assert set(house.files.lying) == {ONE}


async def test_who_dies_between_sealing_and_writing_down_does_it_again_and_it_is_there_once() -> (
    None
):
    house = House(FakeFiles({ONE: SOUND}))
    await house.calls()
    house.written.failing = True
    keeper = house.keeper()
    await keeper.sweep()
    await keeper.sweep()
    assert set(house.files.lying) == {ONE}, "in the clear until the journal has it"
    kept = dict(house.recordings.persons)
    house.written.failing = False
    again = house.keeper()  # the next process
    await again.sweep()
    await again.sweep()
    assert house.files.lying == {} and house.recordings.persons == kept
    assert len(house.written.notes) == 1


async def test_a_store_that_fails_loses_nothing() -> None:
    house = House(FakeFiles({ONE: SOUND}))
    await house.calls()
    house.recordings.failing = "the disk is full"
    keeper = house.keeper()
    for _ in range(3):
        await keeper.sweep()
    assert set(house.files.lying) == {ONE}
    house.recordings.failing = ""
    await keeper.sweep()
    await keeper.sweep()
    assert house.files.lying == {} and len(house.written.notes) == 1


async def test_a_caller_with_whom_nobody_talked_leaves_no_recording() -> None:
    house = House(FakeFiles({ONE: TalkSound(b"", b"")}))
    keeper = house.keeper()
    await keeper.sweep()
    await keeper.sweep()
    assert house.files.lying == {}
    assert not house.recordings.sounds and not house.written.notes


async def test_a_talk_of_which_we_know_no_person_is_somebodys_nevertheless() -> None:
    house = House(FakeFiles({ONE: SOUND}))
    keeper = house.keeper()
    await keeper.sweep()
    await keeper.sweep()
    assert set(house.recordings.persons.values()) == set(house.vault.fields)


async def test_a_full_disk_is_told_each_time_and_so_is_room() -> None:
    house = House(FakeFiles({}, room=FULL))
    keeper = house.keeper()
    await keeper.watch_disk()
    await keeper.watch_disk()
    house.files.room = ROOM
    await keeper.watch_disk()
    assert house.files.told == [True, True, False]


async def test_where_nothing_is_recorded_nobody_watches_the_disk() -> None:
    house = House(FakeFiles({}, room=0))
    keeper = RecordingKeeper(
        house.files, house.recordings, house.vault, house.journal, house.written, 0
    )  # fmt: skip
    await keeper.watch_disk()
    assert house.files.told == []


@pytest.mark.parametrize("kind", ["AgentCalled", "CallbackFor"])
async def test_a_talk_with_somebody_whom_we_called_is_sealed_as_theirs(kind: str) -> None:
    """Else whoever erases them leaves what they said."""
    house = House(FakeFiles({ONE: SOUND}))
    house.person = await house.vault.new_person()
    await house.journal.append([Record(1.0, kind, {"person": house.person}, CALL)])
    keeper = house.keeper()
    await keeper.sweep()
    await keeper.sweep()
    assert set(house.recordings.persons.values()) == {house.person}
