"""Texts on timelines: on the ticket that a call of the customer would join, with their words."""

from __future__ import annotations

from typing import Any

import pytest

from acd.model import ContactId
from acd.states import ContactState
from adapters.tickets.parts import shown
from adapters.tickets.store import Numbered
from ivr.channel_ports import TextId
from ivr.channel_settings import ChannelEntry
from ivr.ports import EffectKey, PersonId, Record
from ivr.text_ladder import CallbackLadder
from ivr.texts import SentText, TextBook, contact_of
from ivr.tickets.life import TicketId, TicketState
from ivr.tickets.projection import Known, tell
from tests.channel_hands import SMS
from tests.fakes_stores import MemoryVault
from tests.fakes_texts import Promises
from tests.web_stage import FakeVault

NOON = 1_800_000_000.0
ANN = PersonId("per_1")


def record(kind: str, effect: str, at: float = NOON, **data: Any) -> Record:
    about = {"effect": effect, "person": ANN, "channel": "sms", "queue": "support", **data}
    return Record(at, kind, about, contact_of("sms", ANN, at))


def told(known: Known, *records: Record) -> list[tuple[str, str | None]]:
    """Kinds and tickets of what these records add to the timelines."""
    before = len(known.entries)
    for one in records:
        tell(known, one)
    return [(entry.kind, entry.ticket) for entry in known.entries[before:]]


def test_a_text_opens_a_ticket_or_joins_the_one_that_a_call_has_opened() -> None:
    known = Known()
    [(_, first), _] = told(known, record("TextReceived", "sms/1"))
    assert first is not None
    (story,) = known.contacts.values()
    assert (story.channel, story.state, story.outcome) == ("sms", ContactState.ENDED, "promised")
    other = Known()
    arrived = {"contact": "c1", "queue": "support", "entered_at": NOON, "person": ANN}
    tell(other, Record(NOON, "CallStarted", {"person": ANN}, ContactId("c1")))
    tell(other, Record(NOON, "Arrived", arrived, ContactId("c1")))
    [ticket] = other.tickets
    added = told(other, record("TextReceived", "sms/1", NOON + 60))
    assert added == [("text_received", ticket), ("contact_joined", ticket)]


def test_what_comes_twice_stands_there_once() -> None:
    known = Known()
    told(known, record("TextReceived", "sms/1"))
    assert told(known, record("TextReceived", "sms/1")) == []
    assert [kind for kind, _ in told(known, record("TextReceived", "sms/2"))] == ["text_received"]


def test_after_its_ticket_was_closed_a_text_opens_another_also_on_the_same_day() -> None:
    known = Known()
    [(_, first), _] = told(known, record("TextReceived", "sms/1"))
    known.tickets[TicketId(str(first))].state = TicketState.CLOSED
    added = told(known, record("TextReceived", "sms/2", NOON + 60))
    assert [kind for kind, _ in added] == ["text_received", "ticket_opened"]
    [second] = {ticket for _, ticket in added}
    assert second != first and known.entries[0].ticket == first


def test_a_text_that_was_written_about_a_ticket_stands_on_that_one() -> None:
    known = Known()
    [(_, old), _] = told(known, record("TextReceived", "sms/1", NOON - 50 * 3600))
    told(known, record("TextReceived", "sms/2"))
    assert len(known.tickets) == 2
    added = told(known, record("TextQueued", "txt_1", NOON + 1, ticket=old, who="operator"))
    assert added[0] == ("text_queued", old) and known.entries[-2].who == "operator"
    assert told(known, record("TextDelivered", "txt_1", NOON + 2)) == [("text_delivered", old)]


async def test_its_words_come_out_of_the_vault_until_the_customer_is_erased() -> None:
    vault, known = FakeVault(fields={ANN: {"text sms/1": "Where is my card?"}}), Known()
    told(known, record("TextReceived", "sms/1"))
    entry = known.entries[0]
    assert (await shown(vault, Numbered(1, entry))).text == "Where is my card?"
    await vault.erase(ANN)
    assert (await shown(vault, Numbered(1, entry))).text is None


def test_the_book_forgets_what_nobody_asks_for_any_more() -> None:
    book = TextBook()
    for n in range(500):
        at = NOON + n * 3600
        book.learn(record("TextReceived", f"sms/{n}", at))
        book.learn(record("TextQueued", f"txt_{n}", at, person=f"per_{n}"))
    assert len(book.texts) == 73 and len(book._received) == 73 and len(book._to) == 73
    assert book.received(EffectKey("sms/499")) and not book.received(EffectKey("sms/1"))


# ---------------------------------------------------------------- the next rung


@pytest.mark.parametrize("full", [False, True])
async def test_a_text_that_failed_becomes_one_promise_of_a_callback(full: bool) -> None:
    promises, vault = Promises(), MemoryVault()
    promises.full = full
    person = await vault.person_for_number("+8613800138000")
    ladder = CallbackLadder(promises, vault, "en")
    text = SentText(TextId("txt_1"), "sms", person, ContactId("c"), NOON)
    entry = ChannelEntry.model_validate({**SMS, "or_callback": True})
    for _ in range(2):
        await ladder.next_rung(text, entry)
    await vault.erase(person)
    await ladder.next_rung(SentText(TextId("txt_2"), "sms", person, ContactId("c"), NOON), entry)
    wishes = [(wish.queue, wish.number, wish.language, wish.person) for wish in promises.wishes]
    assert wishes == ([] if full else [("support", "+8613800138000", "en", person)])
