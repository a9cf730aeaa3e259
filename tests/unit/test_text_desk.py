"""Texts in the core: what comes in is told once, what goes out is allowed, counted and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ivr.channel_settings import ChannelEntry
from ivr.outbound import OutboundSettings
from ivr.ports import CoreRefused, EffectKey, Note, PersonId, Record
from ivr.text_desk import TextDesk
from ivr.text_rules import TextRules
from ivr.texts import HOUR, SentText
from tests.channel_hands import SMS, WEBHOOK
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryOutbox, MemoryVault

NUMBER, OTHER, FOREIGN = "+8613800138000", "+8613900139000", "+442079460018"
NOON = 1_800_000_000.0
WORDS = "Your card is blocked."


@dataclass
class Rungs:
    """A ladder that keeps for whom it was asked."""

    asked: list[str] = field(default_factory=list)

    async def next_rung(self, text: SentText, entry: ChannelEntry) -> None:
        self.asked.append(text.id)


@dataclass
class House:
    """The desk and what is around it."""

    now_: float = NOON
    vault: MemoryVault = field(default_factory=MemoryVault)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    rungs: Rungs = field(default_factory=Rungs)
    sms: Mapping[str, Any] = field(default_factory=dict)
    desk: TextDesk = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process with the same stores."""
        channels = {"sms": ChannelEntry.model_validate({**SMS, **self.sms}),
                    "line": ChannelEntry.model_validate(WEBHOOK)}  # fmt: skip
        self.desk = TextDesk(
            channels, TextRules(OutboundSettings(), self.vault), self.vault, self.audit,
            self.journal, self.record, self.outbox, self, self.rungs,
        )  # fmt: skip

    def now(self) -> float:
        return self.now_

    async def record(self, note: Note) -> None:
        await self.journal.append([Record(self.now_, note.kind, note.data, note.contact)])

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        return await self.desk.known[what]({"channel": "sms", **fields})

    async def send(self, **fields: Any) -> Mapping[str, Any]:
        return await self.ask("text send", **{"number": NUMBER, "words": WORDS, **fields})

    def kinds(self) -> list[str]:
        return [record.kind for record in self.journal.records]


@pytest.fixture
def house() -> House:
    return House()


# ---------------------------------------------------------------- in


async def test_what_a_customer_writes_is_in_the_vault_and_only_ids_in_the_journal(
    house: House,
) -> None:
    told = await house.ask("text receive", delivery="m1", sender=NUMBER, words=WORDS)
    [record] = house.journal.records
    assert (record.kind, record.contact, told["new"]) == ("TextReceived", told["contact"], True)
    person = PersonId(record.data["person"])
    assert person == await house.vault.person_for_number(NUMBER)
    assert await house.vault.open(person, f"text {record.data['effect']}") == WORDS
    assert not any(secret in str(record) for secret in (NUMBER, WORDS, "m1"))


async def test_what_comes_twice_is_told_once_in_this_process_and_in_the_next(house: House) -> None:
    first = await house.ask("text receive", delivery="m1", sender=NUMBER, words=WORDS)
    again = await house.ask("text receive", delivery="m1", sender=NUMBER, words="other")
    house.restart()
    house.now_ += 30 * HOUR  # another day, another contact: the delivery is still the same
    later = await house.ask("text receive", delivery="m1", sender=NUMBER, words="other")
    assert {first["contact"], again["contact"], later["contact"]} == {first["contact"]}
    assert house.kinds() == ["TextReceived"]


async def test_one_id_of_two_channels_is_two_deliveries(house: House) -> None:
    await house.ask("text receive", delivery="m1", sender=NUMBER, words=WORDS)
    await house.ask("text receive", channel="line", delivery="m1", sender="u-1", words=WORDS)
    assert house.kinds() == ["TextReceived"] * 2


async def test_texts_of_a_customer_are_one_contact_a_day(house: House) -> None:
    contacts = []
    for delivery, later in (("m1", 0.0), ("m2", HOUR), ("m3", 24 * HOUR)):
        house.now_ = NOON + later
        told = await house.ask("text receive", delivery=delivery, sender=NUMBER, words=WORDS)
        contacts.append(told["contact"])
    assert contacts[0] == contacts[1] != contacts[2]


@pytest.mark.parametrize("fields", [{"sender": ""}, {"words": " "}, {"words": "x" * 4001},
                                    {"sender": "s" * 201}, {"channel": "gone"},
                                    {"delivery": None}, {"words": 5}])  # fmt: skip
async def test_what_no_channel_would_hand_over_is_refused(
    house: House, fields: dict[str, Any]
) -> None:
    whole = {"delivery": "m1", "sender": NUMBER, "words": WORDS, **fields}
    with pytest.raises(CoreRefused):
        await house.ask("text receive", **whole)
    assert house.kinds() == []


# ---------------------------------------------------------------- out


async def test_a_text_is_sealed_kept_in_the_outbox_and_written_down(house: House) -> None:
    sent = await house.send(who="ann", ticket="tic_1")
    [record] = house.journal.records
    [entry] = house.outbox.entries.values()
    assert (record.kind, record.data["ticket"], record.data["who"]) == (
        "TextQueued",
        "tic_1",
        "ann",
    )
    assert (entry.key, entry.kind, entry.to) == (sent["text"], "text", sent["customer"])
    assert await house.vault.open(sent["customer"], f"text {sent['text']}") == WORDS
    assert [(deed.who, deed.action) for deed in house.audit.entries] == [("ann", "send text")]
    assert not any(part in f"{record}{entry}{house.audit.entries}" for part in (NUMBER, WORDS))


async def test_the_same_key_sends_one_text_also_after_a_restart(house: House) -> None:
    first = await house.send(key="k")
    house.restart()
    assert await house.send(key="k", words="other") == first
    assert (house.kinds(), len(house.outbox.entries)) == (["TextQueued"], 1)
    assert (await house.send())["text"] != (await house.send())["text"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"number": FOREIGN}, "allow"), ({"number": "12"}, "no telephone"),
     ({"number": "+86138001380001234"}, "no telephone"), ({"words": "x" * 501}, "500 characters"),
     ({"words": ""}, "words"), ({"channel": "gone"}, "no such channel; there are: sms, line"),
     ({"channel": "line", "person": "per_9"}, "never written"),
     ({"number": None, "person": "per_9"}, "no number is known"),
     ({"number": "500&PJSIP/x/14165551212"}, "no telephone")],
)  # fmt: skip
async def test_a_text_that_may_not_be_sent_leaves_nothing_behind(
    house: House, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why) as refusal:
        await house.send(**fields)
    assert NUMBER not in str(refusal.value)
    assert (house.kinds(), house.outbox.entries, house.audit.entries) == ([], {}, [])


async def test_three_texts_an_hour_go_to_one_number_and_no_more(house: House) -> None:
    for _ in range(3):
        await house.send()
    with pytest.raises(CoreRefused, match="per_hour"):
        await house.send()
    await house.send(number=OTHER)
    house.now_ += HOUR - 1
    house.restart()  # the limit is the journal's, not the process's
    with pytest.raises(CoreRefused, match="per_hour"):
        await house.send()
    house.now_ += 1
    await house.send()


async def test_the_budget_of_a_day_holds_for_all_together_and_begins_anew() -> None:
    house = House(sms={"per_day": 2})
    await house.send()
    await house.send(number=OTHER)
    house.restart()
    with pytest.raises(CoreRefused, match="per_day"):
        await house.send(number=OTHER)
    house.now_ += 24 * HOUR
    await house.send()


async def test_an_answer_goes_to_who_wrote_by_the_same_channel(house: House) -> None:
    await house.ask("text receive", channel="line", delivery="m1", sender="u-1", words="hello")
    person = house.journal.records[0].data["person"]
    sent = await house.send(channel="line", person=person, number=None)
    assert (sent["customer"], sent["state"]) == (person, "queued")


# ---------------------------------------------------------------- what becomes of it


async def told(house: House, text: str, state: str, **more: str) -> bool:
    return bool((await house.ask("text told", text=text, state=state, **more))["new"])


async def test_news_is_written_once_and_in_the_order_of_the_table(house: House) -> None:
    text = (await house.send())["text"]
    assert (await house.ask("text due", text=text))["state"] == "queued"
    news = [await told(house, text, state) for state in ("sent", "sent", "delivered", "failed")]
    assert news == [True, False, True, False]
    house.restart()
    assert not await told(house, text, "delivered")
    assert house.kinds() == ["TextQueued", "TextSent", "TextDelivered"]
    assert (await house.ask("text due", text=text))["state"] == "delivered"


async def test_news_of_another_channel_or_of_no_text_changes_nothing(house: House) -> None:
    text = (await house.send())["text"]
    assert not await told(house, text, "failed", channel="line")
    assert not await told(house, "txt_0", "delivered")
    assert (await house.ask("text due", text="txt_0"))["state"] == "unknown"
    with pytest.raises(CoreRefused, match="can become"):
        await told(house, text, "read")
    assert house.kinds() == ["TextQueued"]


async def test_words_of_the_channel_are_not_kept_as_a_reason(house: House) -> None:
    first, second = (await house.send())["text"], (await house.send())["text"]
    await told(house, first, "failed", why=f"no such number {NUMBER}")
    await told(house, second, "failed", why="blocked")
    assert [r.data.get("why") for r in house.journal.records[2:]] == ["other", "blocked"]


async def test_what_failed_goes_down_the_ladder_only_where_the_site_file_says_so(
    house: House,
) -> None:
    await told(house, (await house.send())["text"], "failed")
    assert house.rungs.asked == []
    other = House(sms={"or_callback": True})
    text = (await other.send())["text"]
    await told(other, text, "failed")
    await told(other, text, "failed")
    assert other.rungs.asked == [text]


async def test_open_texts_are_those_of_which_the_end_is_not_known(house: House) -> None:
    first, second = (await house.send())["text"], (await house.send())["text"]
    await told(house, first, "delivered")
    assert [one["text"] for one in (await house.ask("texts"))["texts"]] == [second]


async def test_a_journal_that_does_not_write_refuses_and_the_outbox_entry_is_not_sent(
    house: House,
) -> None:
    house.journal.failing = "disk full"
    with pytest.raises(CoreRefused, match="disk full"):
        await house.send(key="k")
    [key] = house.outbox.entries
    house.journal.failing = ""
    assert (await house.ask("text due", text=EffectKey(key)))["state"] == "unknown"
    assert (await house.send(key="k"))["state"] == "queued"
