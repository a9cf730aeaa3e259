"""Recording is paused, resumed and stopped, and talks are listened to, only as it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from acd.config import Centre, Member, Queue
from acd.engine import Engine
from acd.events import Arrived, LinkChanged, OfferAnswered, PhoneChanged, Reached, Started
from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.requests import AgentLoggedIn
from ivr.permission import Permission
from ivr.ports import CoreRefused, Note, PhonesFailed
from ivr.recording_control import RecordingControl
from ivr.site_file import SiteFile
from ivr.talks import ListenerCall, Listening, TalkSeen
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit

CALL, ANN, BOSS = ContactId("call-1"), AgentId("ann"), "boss"
SUPPORT = QueueId("support")


@dataclass
class FakeTalks:
    """`Talks`; every deed leaves its name in `done`."""

    seen: TalkSeen | None = field(default_factory=lambda: TalkSeen("call-1.1", False, True))
    fails: bool = False
    done: list[object] = field(default_factory=list)

    async def look(self, contact: ContactId) -> TalkSeen | None:
        return self.seen if contact == CALL else None

    async def pause(self, contact: ContactId) -> None:
        self._do("pause")

    async def resume(self, contact: ContactId) -> None:
        self._do("resume")

    async def stop(self, contact: ContactId) -> None:
        self._do("stop")

    async def ring(self, listener: ListenerCall) -> None:
        self._do(listener)

    async def listener(self, contact: ContactId, phone: str) -> OfferId | None:
        return None

    async def take_over(self, contact: ContactId, offer: OfferId, heir: OfferId) -> None:
        self._do(heir)

    def _do(self, what: object) -> None:
        if self.fails:
            raise PhonesFailed("no link to asterisk")
        self.done.append(what)


@dataclass
class Written:
    """The distributor: an engine, and what was written down."""

    engine: Engine
    notes: list[Note] = field(default_factory=list)

    async def record(self, *entries: Note) -> None:
        self.notes += entries


def talking() -> Engine:
    """Ann talks with the caller of CALL."""
    centre = Centre(
        queues={SUPPORT: Queue(SUPPORT)}, agents={ANN: Member(ANN, {SUPPORT: 0.0})}
    )  # fmt: skip
    engine = Engine(centre)
    arrived = Arrived(CALL, SUPPORT, 1.0, waits=True)
    for event in (Started(1), LinkChanged(True), AgentLoggedIn(ANN), PhoneChanged(ANN, True),
                  arrived, Reached(CALL)):  # fmt: skip
        engine.handle(event, 1.0)
    offer = engine.agents[ANN].offer
    assert offer
    engine.handle(OfferAnswered(CALL, offer), 2.0)
    return engine


class House:
    """The requests with all that they need."""

    def __init__(self) -> None:
        self.talks, self.written, self.audit = FakeTalks(), Written(talking()), MemoryAudit()
        clock = StandingClock()
        listeners = SiteFile.model_validate({"listeners": [BOSS]}).listeners
        permission = Permission(listeners, self.written.engine, self.audit, clock)
        self.requests = RecordingControl(self.talks, self.written, self.audit, clock, permission)

    async def ask(self, what: str, **fields: object) -> object:
        return await self.requests.known[what](fields)

    @property
    def kinds(self) -> list[str]:
        return [note.kind for note in self.written.notes]


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("of", [ANN, CALL])
async def test_a_recording_is_paused_by_agent_or_contact_and_it_is_written_who_did_it(
    house: House, of: str
) -> None:
    answer = await house.ask("recording pause", of=of, who="eve")
    assert answer == {"contact": CALL, "recording": "paused"}
    assert house.talks.done == ["pause"]
    [note] = house.written.notes
    assert (note.contact, note.kind, note.data["who"]) == (CALL, "RecordingPaused", "eve")


async def test_to_pause_again_does_the_whole_work_again(house: House) -> None:
    house.talks.seen = TalkSeen("call-1.1", True, True)
    answer = await house.ask("recording pause", of=ANN)
    assert answer == {"contact": CALL, "recording": "paused"}
    assert house.talks.done == ["pause"] and house.kinds == ["RecordingPaused"]


async def test_a_pause_that_failed_half_way_is_said_once_the_next_has_made_it_whole(
    house: House,
) -> None:
    house.talks.fails = True
    for _ in range(2):
        with pytest.raises(CoreRefused, match="not done"):
            await house.ask("recording pause", of=ANN)
        house.talks.seen = TalkSeen("call-1.1", True, True)  # marked, but speech is recorded
    house.talks.fails = False
    answer = await house.ask("recording pause", of=ANN)
    assert answer == {"contact": CALL, "recording": "paused"}
    assert house.talks.done == ["pause"]
    assert house.kinds == ["RecordingPaused", "RecordingResumed"] * 2 + ["RecordingPaused"]


async def test_a_pause_that_holds_is_not_called_ended_because_a_second_one_failed(
    house: House,
) -> None:
    house.talks.seen = TalkSeen("call-1.1", True, True, whole=True)
    house.talks.fails = True
    with pytest.raises(CoreRefused, match="not done"):
        await house.ask("recording pause", of=ANN)
    assert house.kinds == ["RecordingPaused"]


async def test_a_pause_that_could_not_be_made_is_not_said_and_stands_as_ended(
    house: House,
) -> None:
    house.talks.fails = True
    with pytest.raises(CoreRefused, match="not done"):
        await house.ask("recording pause", of=ANN)
    assert house.kinds == ["RecordingPaused", "RecordingResumed"]
    assert house.written.notes[-1].data["why"] == "could not be paused"


async def test_a_pause_is_journaled_before_it_begins_and_a_resume_before_speech_is_taken(
    house: House,
) -> None:
    order: list[str] = []

    async def written(*notes: Note) -> None:
        order.extend(note.kind for note in notes)

    house.written.record = written  # type: ignore[method-assign]
    house.talks.done = order  # type: ignore[assignment]
    await house.ask("recording pause", of=ANN)
    house.talks.seen = TalkSeen("call-1.1", True, True)
    await house.ask("recording resume", of=ANN)
    assert order == ["RecordingPaused", "pause", "RecordingResumed", "resume"]


async def test_what_is_not_paused_cannot_be_resumed(house: House) -> None:
    with pytest.raises(CoreRefused, match="not paused"):
        await house.ask("recording resume", of=ANN)
    assert house.kinds == []


async def test_a_recording_is_stopped_once(house: House) -> None:
    assert await house.ask("recording stop", of=CALL) == {"contact": CALL, "recording": "off"}
    house.talks.seen = TalkSeen("", False, True)
    with pytest.raises(CoreRefused, match="nothing of call-1"):
        await house.ask("recording stop", of=CALL)
    assert house.kinds == ["RecordingStopped"] and house.talks.done == ["stop"]


@pytest.mark.parametrize("of", ["call-9", "", "bob"])
async def test_of_whom_nothing_is_known_nothing_is_done(house: House, of: str) -> None:
    for what in ("pause", "resume", "stop"):
        with pytest.raises(CoreRefused):
            await house.ask(f"recording {what}", of=of)
    assert house.kinds == [] and house.talks.done == []


async def test_a_supervisors_phone_rings_once_audit_and_journal_have_it(house: House) -> None:
    await house.ask("listen", of=ANN, phone=BOSS, how="whisper", who="eve")
    [entry] = house.audit.entries
    assert (entry.who, entry.action, entry.subject) == ("eve", "listen", CALL)
    assert entry.details == {"agent": ANN, "phone": BOSS, "how": "whisper"}
    assert house.kinds == ["ListeningBegan"]
    [call] = house.talks.done
    assert isinstance(call, ListenerCall)
    assert (call.phone, call.contact, call.how) == (BOSS, CALL, Listening.WHISPER)
    assert call.offer == house.written.engine.agents[ANN].offer


async def test_no_phone_rings_when_the_audit_cannot_be_written(house: House) -> None:
    house.audit.failing = "the disk is full"
    with pytest.raises(CoreRefused, match="written down"):
        await house.ask("listen", of=ANN, phone=BOSS, who="eve")
    assert house.talks.done == [] and house.kinds == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"of": ANN, "phone": BOSS, "who": " "}, "say who"),
        ({"of": ANN, "phone": BOSS, "who": "eve", "how": "shout"}, "none of"),
        ({"of": CALL, "phone": BOSS, "who": "eve"}, "name the agent"),
        ({"of": "", "phone": BOSS, "who": "eve"}, "name an agent"),
    ],
)
async def test_who_may_not_listen_or_says_it_wrongly_is_refused(
    house: House, fields: dict[str, object], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why):
        await house.ask("listen", **fields)
    assert not house.audit.entries and house.talks.done == []


async def test_nobody_listens_in_a_pause_nor_before_the_talk(house: House) -> None:
    house.talks.seen = TalkSeen("call-1.1", True, True)
    with pytest.raises(CoreRefused, match="paused"):
        await house.ask("listen", of=ANN, phone=BOSS, who="eve")
    house.written.engine = Engine(house.written.engine.centre)
    with pytest.raises(CoreRefused):
        await house.ask("listen", of=ANN, phone=BOSS, who="eve")
    assert house.talks.done == [] and not house.audit.entries


async def test_who_may_not_listen_is_refused_and_the_audit_has_that_too(house: House) -> None:
    with pytest.raises(CoreRefused, match="may not listen"):
        await house.ask("listen", of=ANN, phone="bob", how="barge", who="eve")
    [entry] = house.audit.entries
    assert (entry.who, entry.action, entry.subject) == ("eve", "listen refused", CALL)
    assert (entry.details["phone"], entry.details["how"]) == ("bob", "barge")
    assert house.talks.done == [] and house.kinds == []


async def test_a_refusal_that_cannot_be_written_down_is_one_all_the_same(house: House) -> None:
    house.audit.failing = "the disk is full"
    with pytest.raises(CoreRefused):
        await house.ask("listen", of=ANN, phone="bob", who="eve")
    assert house.talks.done == []
