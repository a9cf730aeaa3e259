"""A contact that goes on from another tells so: what was said on the telephone is read there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.model import ContactId
from ivr.passes import AFTER_SECONDS
from ivr.ports import CallFacts, PersonId
from ivr.tickets.story import field_of_values
from tests.fakes_passes import ONE, TWO, PassHouse
from tests.web_stage import CALLER, NUMBER, Stage

TOLD = "order: 20771"


@pytest.fixture
async def house(stage: Stage) -> AsyncIterator[PassHouse]:
    """A core with the vault of the web process."""
    made = PassHouse()
    made.vault = stage.vault
    await made.begin()
    yield made
    made.running.cancel()


async def timeline(stage: Stage, reference: str) -> dict[str, Any]:
    """Of the contact, as the agents' page reads it."""
    found = await stage.client.get("/api/v1/contacts", params={"reference": reference})
    [contact] = found.json()["items"]
    answer = await stage.client.get(f"/api/v1/contacts/{contact['id']}/timeline")
    return {"id": contact["id"], "customer": contact["customer"], **answer.json()}


async def calls(house: PassHouse, stage: Stage, contact: ContactId = ONE) -> PersonId:
    """Somebody keys in their order's number, and waits."""
    person = await house.distributor.begin(CallFacts(contact, "4000", NUMBER))
    effect = f"{contact}/person/1"
    await stage.vault.seal(person, field_of_values(effect), TOLD)
    told = {"effect": effect, "person": person, "values": ["order"]}
    await house.distributor.write(contact, "ValuesTold", told)
    await house.comes(contact)
    return person


async def applied(house: PassHouse, stage: Stage) -> None:
    await stage.journal.append([*house.journal.records])
    await stage.projector.catch_up()


async def test_what_was_keyed_on_the_telephone_is_read_from_the_contact_before(
    stage: Stage, house: PassHouse
) -> None:
    """The caller hangs up, and opens the link a quarter of an hour later; then once more."""
    person = await calls(house, stage)
    first = await house.issue()
    await house.leaves()
    house.wait(AFTER_SECONDS - 1)
    second = await house.desk.redeem(first.text, "webchat")
    another = await house.issue(second.contact, channel="app")
    await house.leaves_channel(second.contact)
    third = await house.desk.redeem(another.text, "app")
    await applied(house, stage)
    newest, middle, oldest = [
        await timeline(stage, one) for one in (third.contact, second.contact, ONE)
    ]
    assert (newest["before"], middle["before"]) == (middle["id"], oldest["id"])
    assert oldest["before"] is None
    assert newest["customer"] == middle["customer"] == oldest["customer"] == person
    assert [e["text"] for e in oldest["items"] if e["kind"] == "values_told"] == [TOLD]
    [redeemed] = [e for e in newest["items"] if e["kind"] == "pass_redeemed"]
    assert redeemed["data"]["level"] == "no"
    await stage.vault.erase(person)
    again = await timeline(stage, ONE)
    assert [e["text"] for e in again["items"] if e["kind"] == "values_told"] == [None]
    assert TOLD not in str(await timeline(stage, third.contact)) + str(again)


async def test_a_contact_that_moved_while_it_waited_goes_on_from_none(
    stage: Stage, house: PassHouse
) -> None:
    await calls(house, stage)
    await house.desk.redeem((await house.issue()).text, "webchat")
    await applied(house, stage)
    told = await timeline(stage, ONE)
    assert told["before"] is None
    assert TOLD in [event["text"] for event in told["items"]]


async def test_who_is_called_back_for_a_lost_call_goes_on_from_it(stage: Stage) -> None:
    person = CALLER
    await stage.tell(
        (1.0, "CallStarted", ONE, {"person": person, "dialled": "4000", "language": "en"}),
        (2.0, "CallbackFor", f"{ONE}-callback", {"person": person, "lost": ONE}),
        (2.0, "CallbackFor", "c-9-callback", {"person": person, "lost": "c-9"}),
    )
    called = await timeline(stage, f"{ONE}-callback")
    assert called["before"] == (await timeline(stage, ONE))["id"]
    assert (await timeline(stage, "c-9-callback"))["before"] is None, "nothing is known of it"


async def test_a_number_that_calls_again_brings_a_place_and_no_history(stage: Stage) -> None:
    arrived = {"contact": TWO, "queue": "support", "entered_at": 1.0, "resumes": ONE}
    started = {"person": CALLER, "dialled": "4000", "language": "en"}
    await stage.tell(
        (1.0, "CallStarted", ONE, started),
        (2.0, "CallStarted", TWO, started),
        (2.0, "Arrived", TWO, arrived),
    )
    assert (await timeline(stage, TWO))["before"] is None
