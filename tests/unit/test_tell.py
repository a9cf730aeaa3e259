"""What a caller has keyed reaches the agent if the flow says so: sealed, once, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.tickets.parts import shown
from adapters.tickets.store import Numbered
from ivr import perform_telling
from ivr.call import take_call
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.ports import JournalFailed, PersonId, Record, StoreFailed
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from ivr.tickets.projection import Known, tell
from ivr.values import LEVEL
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import ANYBODY, HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryVault

ASKS = """
first: order
steps:
  order:
    do: listen
    say: {zh: 订单号。, en: Your order number.}
    into: order
    keys: {most: 4}
    tries: 1
    then: {done: amount, silence: person, no_match: person}
  amount:
    do: listen
    say: {zh: 金额。, en: The amount.}
    into: amount
    form: amount
    currency: CNY
    keys: {most: 4}
    tries: 1
    then: {done: secret, silence: person, no_match: person}
  secret: {do: set, values: {mark: "not for agents"}, then: person}
  person: {do: queue, tell: [order, amount]}
"""
TOLD = "order: 4711\namount: 12.50 CNY"
FIELD = "values c-1/person/1"


class House:
    """Where what is told goes to."""

    def __init__(self) -> None:
        self.acceptance = FakeAcceptance()
        self.vault = MemoryVault({ANYBODY: {}})

    async def take(self, line: FakeLine, flow: Flow) -> list[str]:
        around = Neighbours(seals=self.vault)
        return await take_call(line, flow, self.acceptance, StandingClock(), HOURS, around)


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(ASKS, tmp_path)


async def test_the_values_that_the_flow_names_are_sealed_and_no_other(
    house: House, flow: Flow
) -> None:
    await house.take(FakeLine("4711", "12*5"), flow)
    assert house.vault.fields[ANYBODY] == {FIELD: TOLD}
    ids = {"effect": "c-1/person/1", "person": ANYBODY, "values": ["order", "amount"]}
    assert house.acceptance.written == [("ValuesTold", ids)]


KEYED_AGAIN = """
  person:
    do: queue
    tell: [order, amount]
    say: {zh: 重输请按 1。, en: "To key it again, press 1."}
    keys: {"1": again}
  again: {do: set, values: {mark: again}, at_most: 2, then: {done: order, too_many: wait}}
  wait: {do: queue}
"""


async def test_what_is_keyed_between_two_waits_is_told_beside_the_first(
    house: House, tmp_path: Path
) -> None:
    last = "  person: {do: queue, tell: [order, amount]}\n"
    again = flow_of(ASKS.replace(last, KEYED_AGAIN), tmp_path)
    call = replace(A_CALL, step="person", left="1")
    await house.take(FakeLine("4712", "12*5", facts=call), again)
    assert list(house.vault.fields[ANYBODY]) == ["values c-1/person/2"]
    assert house.acceptance.enqueued, "and the caller waits"


async def test_who_keyed_only_a_part_is_told_of_with_that(house: House, flow: Flow) -> None:
    await house.take(FakeLine("4711", ""), flow)
    assert house.vault.fields[ANYBODY] == {FIELD: "order: 4711"}


async def test_of_who_keyed_nothing_nothing_is_told(house: House, flow: Flow) -> None:
    await house.take(FakeLine(""), flow)
    assert (house.vault.fields[ANYBODY], house.acceptance.written) == ({}, [])


async def test_a_flow_that_names_no_values_tells_none(house: House, tmp_path: Path) -> None:
    silent = flow_of(ASKS.replace(", tell: [order, amount]", ""), tmp_path)
    await house.take(FakeLine("4711", "12*5"), silent)
    assert house.vault.fields[ANYBODY] == {}


@pytest.mark.parametrize("fault", [StoreFailed("disk full"), JournalFailed("away")])
async def test_a_place_in_the_queue_does_not_depend_on_it(
    house: House, flow: Flow, fault: Exception
) -> None:
    house.acceptance.fails = {"write": fault}
    assert (await house.take(FakeLine("4711", "12*5"), flow))[-1] == "person:waiting"


async def test_nobody_is_kept_waiting_for_it(
    house: House, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform_telling, "TELL_SECONDS", 0.01)
    house.acceptance.away = frozenset({"write"})
    async with asyncio.timeout(5):
        assert (await house.take(FakeLine("4711", "12*5"), flow))[-1] == "person:waiting"


async def test_a_script_that_begins_again_tells_the_same_under_the_same_key(
    house: House, flow: Flow
) -> None:
    values = {"order": "4711", "amount": "12.50 CNY"}
    for _ in range(2):
        again = replace(A_CALL, step="person", values={**values, "mark": "x"})
        await house.take(FakeLine(facts=again), flow)
    known = Known()
    for seq, (kind, data) in enumerate(house.acceptance.written, start=1):
        tell(known, Record(1.0, kind, data, A_CALL.contact, seq=seq))
    assert [entry.kind for entry in known.entries] == ["values_told"]
    assert house.vault.fields[ANYBODY] == {FIELD: TOLD}


async def test_the_timeline_shows_it_until_the_person_is_erased(house: House, flow: Flow) -> None:
    class Opened(MemoryVault):
        async def seal_text(self, person: PersonId, place: str, text: str) -> bytes:
            raise AssertionError

        async def open_text(self, person: PersonId, place: str, sealed: bytes) -> str | None:
            raise AssertionError

    await house.take(FakeLine("4711", "12*5"), flow)
    [(kind, data)] = house.acceptance.written
    assert "4711" not in str(data)
    known = Known()
    tell(known, Record(1.0, kind, data, A_CALL.contact, seq=1))
    tell(known, Record(2.0, "Arrived", {"queue": "support"}, A_CALL.contact, seq=2))
    told = known.entries[0]
    [ticket] = known.tickets
    assert (told.who, told.ticket, told.person) == ("customer", ticket, ANYBODY)
    assert dict(told.data) == {"values": ["order", "amount"], "effect": "c-1/person/1"}
    vault = Opened(house.vault.fields)
    assert (await shown(vault, Numbered(1, told))).text == TOLD
    await vault.erase(ANYBODY)
    assert (await shown(vault, Numbered(1, told))).text is None


# ---------------------------------------------------------------- what they have proved


async def test_what_a_caller_has_proved_is_written_down_before_they_wait(
    house: House, flow: Flow
) -> None:
    again = replace(A_CALL, step="person", values={"order": "1", "amount": "1 CNY", LEVEL: "pin"})
    for _ in range(2):
        await house.take(FakeLine(facts=again), flow)
    known = Known()
    for seq, (kind, data) in enumerate(house.acceptance.written, start=1):
        tell(known, Record(1.0, kind, data, A_CALL.contact, seq=seq))
    [proved] = [entry for entry in known.entries if entry.kind == "caller_proved"]
    assert (proved.who, proved.data["level"]) == ("customer", "pin")
    assert house.acceptance.enqueued, "and the caller waits"


async def test_of_whom_nobody_has_asked_for_a_proof_nothing_is_written(
    house: House, flow: Flow
) -> None:
    await house.take(FakeLine("4711", "12*5"), flow)
    assert [kind for kind, _ in house.acceptance.written] == ["ValuesTold"]


PROVES = """
first: proof
steps:
  proof:
    do: verify
    say: {zh: 密码。, en: Your PIN.}
    tries: 1
    at_most: 3
    then: {verified: person, refused: person, locked: person, none: person, silence: person,
           failed: person, too_many: wait}
  person:
    do: queue
    say: {zh: 再次核实请按 1。, en: "To be asked again, press 1."}
    keys: {"1": proof}
  wait: {do: queue}
"""


async def test_who_cannot_prove_it_a_second_time_has_proved_nothing(
    house: House, tmp_path: Path
) -> None:
    flow = flow_of(PROVES, tmp_path)
    proved = replace(A_CALL, step="person", values={LEVEL: "pin"})
    await house.take(FakeLine(facts=proved), flow)
    again = replace(A_CALL, step="person", left="1", visits={"person": 0})
    await house.take(FakeLine("1234", facts=again), flow)
    assert [data["level"] for _, data in house.acceptance.written] == ["pin", "no"]
    assert len({data["effect"] for _, data in house.acceptance.written}) == 2


async def test_a_place_does_not_depend_on_what_was_proved_being_written(
    house: House, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform_telling, "TELL_SECONDS", 0.01)
    again = replace(A_CALL, step="person", values={"order": "1", "amount": "1 CNY", LEVEL: "pin"})
    house.acceptance.away = frozenset({"write"})
    async with asyncio.timeout(5):
        assert (await house.take(FakeLine(facts=again), flow))[-1] == "person:waiting"
    house.acceptance.away, house.acceptance.fails = frozenset(), {"write": StoreFailed("full")}
    assert (await house.take(FakeLine(facts=again), flow))[-1] == "person:waiting"


def test_a_scripted_caller_is_expected_to_be_told_of(flow: Flow, tmp_path: Path) -> None:
    premises = Premises(
        {"shop": replace(flow, name="shop")}, HOURS, frozenset(HOUSE.queues),
        {"4000": NumberEntry(flow="shop")},
    )  # fmt: skip
    file = tmp_path / "shop.yaml"
    file.write_text(
        "callers:\n"
        '  - {name: keys, does: ["4711", "12*5"], expect: {told: ["order: 4711", '
        '"amount: 12.50 CNY"]}}\n'
        "  - {name: is silent, expect: {told: []}}\n"
        '  - {name: wrong, expect: {told: ["order: 1"]}}\n',
        encoding="utf-8",
    )
    tried = trial.run(premises, ["shop"], callers.load([file], premises), 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == [
        ("wrong", ["told: expected ('order: 1',), happened ()"])
    ]
