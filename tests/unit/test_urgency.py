"""A flow says how urgent a matter is; the rules say what that brings, and the order key has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from acd.engine import Engine
from acd.model import ContactId
from adapters.asterisk.site_values import credits_of
from ivr.call import take_call
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.centre_file import CentreFile
from ivr.distributor import Distributor
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.promises import Callbacks
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, NOON_ON_SUNDAY, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryJournal, MemoryVault

LOST = """
first: menu
steps:
  menu:
    do: menu
    say: {zh: 挂失按一。, en: One for a lost card.}
    tries: 1
    then: {1: lost, 2: ring_me, silence: person, no_match: person}
  lost: {do: queue, urgency: card_loss}
  ring_me:
    do: callback
    urgency: card_loss
    say: {zh: "{number}。", en: "{number}."}
    another: {zh: 号码。, en: Number.}
    then: {promised: bye, declined: person, silence: person, no_match: person, full: person, failed: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""  # noqa: E501
RULES = CentreFile.model_validate(
    yaml.safe_load(
        "{queues: [support], classes: {vip: {credit: 90}}, urgency: {card_loss: {credit: 300}}}"
    )
)


class Silent:
    """Telephones and promises of a house in which nothing rings."""

    async def offer(self, *_: object) -> None: ...

    async def withdraw(self, *_: object) -> None: ...


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(LOST, tmp_path)


@pytest.mark.parametrize(("key", "urgency"), [("1", "card_loss"), ("", "")])
async def test_the_way_through_the_flow_says_how_urgent_it_is(
    flow: Flow, key: str, urgency: str
) -> None:
    line, acceptance = FakeLine(key), FakeAcceptance()
    await take_call(line, flow, acceptance, StandingClock(), HOURS)
    assert ([m.urgency for m in acceptance.matters], line.urgency) == ([urgency], urgency)


async def test_the_order_key_has_the_head_start_of_class_and_urgency(flow: Flow) -> None:
    engine, clock = Engine(RULES.centre()), StandingClock()
    distributor = Distributor(engine, MemoryJournal(), Silent(), MemoryVault(), clock)
    running = asyncio.create_task(distributor.run())
    for name, key, class_ in (("a", "", "vip"), ("b", "1", "vip"), ("c", "1", "standard")):
        facts = replace(A_CALL, contact=ContactId(name), class_=class_)
        await take_call(FakeLine(key, facts=facts), flow, distributor, clock, HOURS)
    running.cancel()
    keys = {name: contact.order_key[0] for name, contact in engine.contacts.items()}
    at = NOON_ON_SUNDAY
    assert keys == {"a": at - 90, "b": at - 390, "c": at - 300}


async def test_a_promised_callback_has_the_head_start_too(flow: Flow) -> None:
    engine, clock, vault = Engine(RULES.centre()), StandingClock(), MemoryVault()
    distributor = Distributor(engine, MemoryJournal(), Silent(), vault, clock)
    running = asyncio.create_task(distributor.run())
    desk: Callbacks = CallbackDesk(distributor, vault, clock, CallbackSettings(), lambda: HOURS)
    neighbours = Neighbours(callbacks=desk)
    trail = await take_call(FakeLine("2", "1"), flow, distributor, clock, HOURS, neighbours)
    running.cancel()
    assert "ring_me:promised" in trail
    [contact] = engine.contacts.values()
    assert contact.order_key[0] == NOON_ON_SUNDAY - 300


def test_the_dialplan_knows_what_each_urgency_brings() -> None:
    known = credits_of(RULES.centre())
    assert (known["ACD_URGENCY_card_loss"], known["ACD_CREDIT_vip"]) == ("300", "90")


def test_a_scripted_caller_is_expected_to_be_urgent(flow: Flow, tmp_path: Path) -> None:
    premises = Premises(
        {"card": replace(flow, name="card")}, HOURS, frozenset(HOUSE.queues),
        {"4000": NumberEntry(flow="card")},
    )  # fmt: skip
    file = tmp_path / "card.yaml"
    file.write_text(
        "callers:\n"
        '  - {name: lost, does: ["1"], expect: {urgency: card_loss}}\n'
        '  - {name: other, expect: {urgency: ""}}\n'
        "  - {name: wrong, expect: {urgency: card_loss}}\n",
        encoding="utf-8",
    )
    tried = trial.run(premises, ["card"], callers.load([file], premises), 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == [
        ("wrong", ["urgency: expected 'card_loss', happened ''"])
    ]
