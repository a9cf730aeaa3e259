"""Who waits in the chat and calls from the same number: behind its switch, they are offered that
place, take it up by a key, and are over in the chat. The place alone goes along, once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from acd import events
from acd.model import CALLS, CHATS, ContactId
from acd.states import ContactState
from ivr.chat_settings import ChatSettings
from ivr.chats import How
from ivr.matter import Matter
from ivr.ports import CallFacts, Record
from ivr.returns import KeptPlaces
from ivr.tickets.projection import Known, tell
from tests.fakes_core_chats import ANN, LI, SUPPORT, WU, ChatHouse

NUMBER, OTHER = "+8613800138000", "+8613900139000"
ONE, TWO, NEW, AGAIN = (ContactId(name) for name in ("c-1", "c-2", "c-new", "c-again"))
GONE, ONLINE = {"en": "your place is kept"}, {"en": "somebody waits in the chat"}


@dataclass
class Line:
    """The telephone's side of a house with chats."""

    house: ChatHouse
    question: dict[str, str] = field(default_factory=dict)
    online: dict[str, str] = field(default_factory=lambda: dict(ONLINE))

    @property
    def returns(self) -> KeptPlaces:
        house = self.house
        return KeptPlaces(house.journal, house.engine, house.clock, self.question, self.online)

    async def calls(self, contact: ContactId, number: str = NUMBER, queue: str = SUPPORT) -> None:
        """Somebody calls, and waits; who is asked presses 1."""
        facts = CallFacts(contact, "4000", number, language="en")
        found = await self.finds(contact, number, queue)
        person = await self.house.vault.person_for_number(number)
        matter = Matter(resumes=found)
        enter = self.house.distributor.enqueue
        await enter(facts, queue, "standard", "en", person, matter)
        await self.house.tell(events.Reached(contact))
        self.house.clock.at += 1.0

    async def finds(
        self, contact: ContactId = AGAIN, number: str = NUMBER, queue: str = SUPPORT
    ) -> ContactId | None:
        facts = CallFacts(contact, "4000", number, language="en")
        person = await self.house.distributor.begin(facts)
        await self.house.tell()
        return await self.returns.find(facts, person, queue)

    async def goes_online(self, contact: ContactId, by: str = LI) -> None:
        secret = await self.house.pass_for(contact)
        await self.house.ask("chat join", by=by, **{"pass": secret})
        await self.house.ask("chat here", by=by)

    def order(self) -> list[str]:
        """Who waits, in the order in which they will be served."""
        return [f"{one.id} {one.channel}" for one in self.house.engine.waiting()]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """One has called and gone online; somebody else waits behind them."""
    house = ChatHouse()
    await house.begin()
    await house.link_up()
    made = Line(house)
    await made.calls(ONE)
    await made.goes_online(ONE)
    await made.calls(NEW, OTHER)
    yield made
    house.running.cancel()


def test_nobody_is_asked_where_the_house_has_not_said_so() -> None:
    assert ChatSettings(url="https://chat.example").call_again is False


async def test_without_the_switch_the_place_stays_in_the_chat(line: Line) -> None:
    line.online, line.question = {}, dict(GONE)
    await line.calls(AGAIN)
    assert line.order() == [f"{ONE} {CHATS}", f"{NEW} {CALLS}", f"{AGAIN} {CALLS}"]
    assert await line.house.state() == "waiting"


async def test_the_key_takes_the_place_out_of_the_chat_which_is_told_so(line: Line) -> None:
    key = line.house.contact(ONE).order_key
    assert line.returns.words(ONE, "en") == ONLINE["en"]
    await line.calls(AGAIN)
    assert line.house.contact(AGAIN).order_key == key
    assert line.order() == [f"{AGAIN} {CALLS}", f"{NEW} {CALLS}"]
    told = await line.house.ask("chat state", by=LI)
    assert (told["state"], told["how"]) == ("over", How.PHONE)
    await line.house.passes_by(1.0)
    [ended] = line.house.of(ONE, "ChatEnded")
    assert ended.data["how"] == How.PHONE


async def test_the_chat_is_told_so_after_a_crash_too(line: Line) -> None:
    await line.calls(AGAIN)
    await line.house.again()
    await line.house.passes_by(1.0)
    assert line.house.of(ONE, "ChatEnded")[0].data["how"] == How.PHONE
    assert line.order() == [f"{AGAIN} {CALLS}", f"{NEW} {CALLS}"]


async def test_a_chat_whose_page_is_gone_is_offered_as_well(line: Line) -> None:
    await line.house.ask("chat away", by=LI)
    await line.house.passes_by(31.0)
    assert line.house.contact(ONE).state is ContactState.PARKED
    await line.calls(AGAIN)
    assert line.order() == [f"{AGAIN} {CALLS}", f"{NEW} {CALLS}"]


async def test_a_chat_that_rings_at_a_desk_is_taken_back_there(line: Line) -> None:
    await line.house.agent_comes()
    assert line.house.contact(ONE).state is ContactState.RINGING
    await line.calls(AGAIN)
    await line.house.settled()
    assert (await line.house.ask("chat list", agent=ANN))["offers"] == []
    assert line.order()[0] == f"{AGAIN} {CALLS}"


async def test_an_agent_who_accepts_in_the_same_instant_has_the_chat(line: Line) -> None:
    """The caller was asked, the agent was quicker: nothing is cut, and the call has a place."""
    await line.house.agent_comes()
    offer = line.house.contact(ONE).offer
    assert offer
    found = await line.finds()
    assert found == ONE
    line.house.distributor.post(events.OfferAnswered(ONE, offer))
    facts = CallFacts(AGAIN, "4000", NUMBER, language="en")
    enter = line.house.distributor.enqueue
    await enter(facts, SUPPORT, "standard", "en", None, Matter(resumes=found))
    await line.house.tell(events.Reached(AGAIN))
    assert (line.house.contact(ONE).state, line.house.contact(ONE).channel) == (
        ContactState.TALKING, CHATS,
    )  # fmt: skip
    assert await line.house.state() == "served"
    assert line.order() == [f"{NEW} {CALLS}", f"{AGAIN} {CALLS}"]
    assert await line.finds(TWO) is None, "nobody is asked for what an agent has"


@pytest.mark.parametrize(("number", "queue"), [(OTHER, SUPPORT), (NUMBER, "sales")])
async def test_another_number_or_queue_is_asked_nothing(
    line: Line, number: str, queue: str
) -> None:
    assert await line.finds(AGAIN, number, queue) is None


async def test_a_chat_that_began_on_the_page_has_no_number(line: Line) -> None:
    begun = await line.house.begins(WU)
    assert await line.finds() == ONE
    assert line.house.contact(begun).state is not ContactState.ENDED


async def test_of_several_chats_of_one_customer_the_best_place_is_offered(line: Line) -> None:
    line.online = {}
    await line.calls(TWO)
    await line.goes_online(TWO, WU)
    line.online = dict(ONLINE)
    await line.calls(AGAIN)
    assert line.order() == [f"{AGAIN} {CALLS}", f"{NEW} {CALLS}", f"{TWO} {CHATS}"]
    await line.calls(ContactId("c-third"))
    assert line.order()[-1] == f"c-third {CALLS}"
    assert len(line.order()) == 3, "each place once"


async def test_a_place_that_a_pass_has_taken_up_is_found_by_the_number_too(line: Line) -> None:
    """Hung up, opened the link, called again: the chat is another contact by then."""
    await line.calls(TWO, "+8613700137000")
    secret = await line.house.pass_for(TWO)
    await line.house.tell(events.CallerLeft(TWO, channel=CALLS))
    joined = await line.house.ask("chat join", by=WU, **{"pass": secret})
    assert joined["contact"] != TWO
    await line.house.again()
    assert await line.finds(AGAIN, "+8613700137000") == joined["contact"]


async def test_each_question_has_a_switch_of_its_own(line: Line) -> None:
    await line.calls(TWO, "+8613700137000")
    await line.house.tell(events.CallerLeft(TWO, channel=CALLS))
    assert await line.finds(AGAIN, "+8613700137000") is None
    line.question = dict(GONE)
    assert await line.finds(AGAIN, "+8613700137000") == TWO
    assert line.returns.words(TWO, "en") == GONE["en"]


async def test_a_chat_that_went_on_by_telephone_is_no_lost_customer(line: Line) -> None:
    await line.calls(AGAIN)
    await line.house.passes_by(1.0)
    known = Known()
    for record in line.house.journal.records:
        tell(known, Record(record.at, record.kind, record.data, record.contact, seq=record.seq))
    assert (known.contacts[ONE].outcome, known.contacts[ONE].promise) == ("promised", "place")
    assert known.contacts[AGAIN].outcome == ""


async def test_nothing_but_the_place_goes_along(line: Line) -> None:
    await line.house.ask("chat write", by=LI, words="my card is gone", id="1")
    await line.calls(AGAIN)
    told = [r for r in line.house.journal.records if r.contact == AGAIN]
    assert {r.kind for r in told} <= {"CallStarted", "Arrived", "Reached"}
    assert line.house.contact(AGAIN).preferred is None
