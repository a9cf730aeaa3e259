"""`verify` lets in who knows the PIN, counts every answer first, and leaves no trace of any."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from acd.model import ContactId
from ivr.call import take_call
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.pin_requests import NO_PIN, PinRequests
from ivr.pins import FIELD, LOCK_SECONDS, MOST_WRONG, KeptPin, VaultPins, kept
from ivr.ports import CallFacts, CoreRefused, PersonId, PinState, StoreFailed
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryAudit, MemoryVault
from tests.logged import carried

PIN, WRONG = "471108", "471109"
NUMBER = "+8613800138000"
ASKS = """
first: proof
steps:
  proof:
    do: verify
    say: {zh: 请输入密码。, en: Your PIN?}
    after_silence: {zh: 没有听到。, en: We heard nothing.}
    after_no_match: {zh: 密码不对。, en: That is not it.}
    then:
      {verified: level, refused: person, locked: person, none: person, silence: person,
       failed: person}
  level: {do: branch, fact: verified, cases: {sure: pin}, then: {sure: account, else: person}}
  account: {do: queue, queue: sales}
  person: {do: queue}
"""


class Bank:
    """A vault with one person who may have a PIN, and calls that claim to come from them."""

    def __init__(self, vault: MemoryVault, flow: Flow) -> None:
        self.vault, self.flow = vault, flow
        self.person = PersonId("")
        self.clock = StandingClock()
        self.pins = VaultPins(vault, self.clock)
        self.acceptance = FakeAcceptance()

    async def call(self, *acts: str, facts: CallFacts = A_CALL) -> list[str]:
        self.line = FakeLine(*acts, facts=facts)
        self.acceptance.person = self.person
        return await take_call(
            self.line, self.flow, self.acceptance, self.clock, HOURS, Neighbours(pins=self.pins)
        )

    @property
    def tried(self) -> KeptPin:
        return KeptPin(**json.loads(self.vault.fields[self.person][FIELD]))


@pytest.fixture
async def bank(tmp_path: Path) -> Bank:
    made = Bank(MemoryVault(), flow_of(ASKS, tmp_path))
    made.person = await made.vault.person_for_number(NUMBER)
    return made


@pytest.fixture
async def known(bank: Bank) -> Bank:
    """With a PIN."""
    await bank.pins.keep(bank.person, kept(PIN))
    return bank


# ---------------------------------------------------------------- in a call


async def test_a_caller_who_knows_the_pin_is_verified(known: Bank) -> None:
    assert await known.call(f"{PIN}#") == ["proof:verified", "level:sure", "account:waiting"]


async def test_a_wrong_pin_is_asked_again_and_then_refused(known: Bank) -> None:
    assert (await known.call(WRONG, "1234", "")) == ["proof:silence", "person:waiting"]
    trail = await known.call(WRONG, "1", f"{PIN}9", facts=another(2))
    assert trail == ["proof:locked", "person:waiting"]
    assert known.line.heard[:3] == ["请输入密码。", "密码不对。", "请输入密码。"]


async def test_three_wrong_answers_are_refused_and_a_right_one_forgives_them(known: Bank) -> None:
    assert (await known.call(WRONG, WRONG, WRONG))[0] == "proof:refused"
    assert (await known.call(PIN, facts=another(2)))[0] == "proof:verified"
    assert (known.tried.wrong, known.tried.calls) == (0, {})


async def test_a_caller_without_a_pin_is_not_asked_for_one(bank: Bank) -> None:
    assert await bank.call() == ["proof:none", "person:waiting"]
    assert bank.line.heard == []


async def test_silence_is_no_answer_and_does_not_count(known: Bank) -> None:
    assert (await known.call("", "#", ""))[0] == "proof:silence"
    assert known.tried.wrong == 0


async def test_whose_call_it_is_must_be_known(known: Bank) -> None:
    known.acceptance.fails = {"begin": StoreFailed("locked")}
    assert await known.call(PIN) == ["proof:failed", "person:waiting"]


async def test_a_vault_that_fails_proves_nothing(known: Bank) -> None:
    class Broken(MemoryVault):
        async def seal(self, person: PersonId, field_name: str, text: str) -> None:
            raise StoreFailed("disk full")

    known.pins = VaultPins(Broken(known.vault.fields), known.clock)
    assert (await known.call(PIN))[0] == "proof:failed"


# ---------------------------------------------------------------- counting


def another(number: int) -> CallFacts:
    return replace(A_CALL, contact=ContactId(f"c-{number}"))


async def test_five_wrong_answers_over_calls_lock_and_a_day_opens_again(known: Bank) -> None:
    assert (await known.call(WRONG, WRONG, WRONG))[0] == "proof:refused"
    assert (await known.call(WRONG, WRONG, facts=another(2)))[0] == "proof:locked"
    locked = await known.call(PIN, facts=another(3))
    assert (locked, known.line.heard) == (["proof:locked", "person:waiting"], [])
    known.clock.at += LOCK_SECONDS - 1
    assert (await known.call(PIN, facts=another(4)))[0] == "proof:locked"
    known.clock.at += 1
    assert (await known.call(PIN, facts=another(5)))[0] == "proof:verified"


async def test_an_answer_counts_before_it_is_compared(known: Bank) -> None:
    class Dies(VaultPins):
        async def _write(self, person: PersonId, pin: KeptPin) -> None:
            await super()._write(person, pin)
            raise RuntimeError("the process dies here")

    known.pins = Dies(known.vault, known.clock)
    assert (await known.call(PIN))[0] == "proof:broke off"
    assert known.tried.wrong == 1


async def test_a_script_that_begins_again_has_no_more_tries_than_the_call_had(known: Bank) -> None:
    assert (await known.call(WRONG, WRONG, HANGS_UP))[0] == "proof:caller gone"
    again = replace(A_CALL, step="proof")
    assert (await known.call(WRONG, PIN, facts=again))[0] == "proof:refused"
    assert known.tried.wrong == 3
    assert (await known.call(PIN, facts=again))[0] == "proof:refused"
    assert known.line.heard == [], "nothing is asked that could not be answered"


async def test_answers_at_the_same_moment_are_each_counted(known: Bank) -> None:
    calls = [ContactId(f"c-{n}") for n in range(MOST_WRONG + 2)]
    states = await asyncio.gather(
        *(known.pins.answer(known.person, call, 3, WRONG) for call in calls)
    )
    assert known.tried.wrong == MOST_WRONG
    assert [*states].count(PinState.LOCKED) >= 3


# ---------------------------------------------------------------- what is left of it


async def test_nothing_of_the_answer_stays_anywhere(
    known: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    trail = await known.call(WRONG, PIN)
    assert known.line.in_secret == 2
    assert known.line.values == {"verified": "pin"}
    everything = f"{trail} {known.vault.fields} {known.acceptance.noted} {known.line.values}"
    everything += carried(caplog.records)
    assert PIN not in everything and WRONG not in everything


async def test_what_was_proved_outlives_the_script_but_not_the_flow(known: Bank) -> None:
    again = replace(A_CALL, step="level", values={"verified": "pin"})
    assert (await known.call(facts=again))[0] == "level:sure"
    nowhere = replace(A_CALL, step="gone", values={"verified": "pin"})
    assert (await known.call(WRONG, HANGS_UP, facts=nowhere))[0] == "proof:caller gone"
    assert known.line.values == {}


async def test_asking_anew_forgets_what_was_proved(known: Bank) -> None:
    again = replace(A_CALL, step="proof", values={"verified": "pin"})
    assert await known.call("", "", "", facts=again) == ["proof:silence", "person:waiting"]
    assert known.line.values == {"verified": "no"}


def test_the_same_pin_is_kept_otherwise_each_time_and_never_as_it_is() -> None:
    one, two = kept(PIN), kept(PIN)
    assert one.digest != two.digest and PIN not in f"{one}{two}"
    assert one.matches(PIN) and two.matches(PIN) and not one.matches(WRONG)


@pytest.mark.parametrize(
    "pin", ["", "471", "4711471147114", "47a1", "四七一一", "1111", "1234", "4321"]
)
def test_a_pin_that_is_none_or_easily_guessed_is_refused_without_saying_it(pin: str) -> None:
    with pytest.raises(ValueError, match="PIN") as refusal:
        kept(pin)
    assert not pin or pin not in str(refusal.value)


# ---------------------------------------------------------------- who administers them


@pytest.fixture
def requests(known: Bank) -> PinRequests:
    return PinRequests(known.pins, known.vault, MemoryAudit(), known.clock)


async def test_setting_a_pin_takes_the_lock_off(known: Bank, requests: PinRequests) -> None:
    for call in range(MOST_WRONG):
        await known.pins.answer(known.person, ContactId(f"c-{call}"), 1, WRONG)
    new = kept("908070")
    asked = {"number": NUMBER, "who": "me", "why": "lost it"}
    given = {"salt": new.salt, "digest": new.digest}
    assert await requests.known["pin set"](asked | given) == {"person": known.person}
    assert (await known.call("908070"))[0] == "proof:verified"


async def test_every_deed_stands_in_the_audit_before_it_is_done(known: Bank) -> None:
    audit = MemoryAudit(failing="disk full")
    requests = PinRequests(known.pins, known.vault, audit, known.clock)
    for deed in ("pin remove", "pin unlock"):
        with pytest.raises(CoreRefused, match="nothing was changed: disk full"):
            await requests.known[deed]({"number": NUMBER})
    assert (await known.call(PIN))[0] == "proof:verified"
    audit.failing = ""
    await requests.known["pin remove"]({"number": NUMBER, "who": "me", "why": "left the bank"})
    assert [(e.action, e.subject, e.reason) for e in audit.entries] == [
        ("pin remove", known.person, "left the bank")
    ]
    assert (await known.call(PIN))[0] == "proof:none"


async def test_what_cannot_be_done_is_said(bank: Bank) -> None:
    known = PinRequests(bank.pins, bank.vault, MemoryAudit(), bank.clock).known
    with pytest.raises(CoreRefused, match=NO_PIN):
        await known["pin unlock"]({"number": NUMBER})
    with pytest.raises(CoreRefused, match="as digits"):
        await known["pin remove"]({"number": "alice"})
    with pytest.raises(CoreRefused, match="salt is no hash"):
        await known["pin set"]({"number": NUMBER, "salt": PIN, "digest": ""})


# ---------------------------------------------------------------- rehearsals

CALLERS = """
callers:
  - name: knows it
    pin: "471108"
    does: ["471108#"]
    expect: {steps: [proof:verified, level:sure, account:waiting]}
  - name: guesses
    pin: "471108"
    does: ["1#", "2#", "3#"]
    expect: {steps: [proof:refused, person:waiting]}
  - {name: is locked out, pin: locked, expect: {steps: [proof:locked, person:waiting]}}
  - {name: has none, expect: {steps: [proof:none, person:waiting]}}
  - {name: says nothing, pin: "471108", expect: {steps: [proof:silence, person:waiting]}}
  - {name: cannot be compared, pin: away, expect: {steps: [proof:failed, person:waiting]}}
"""


def test_scripted_callers_come_to_every_outcome(bank: Bank, tmp_path: Path) -> None:
    flow = replace(bank.flow, name="proof")
    numbers = {"4000": NumberEntry(flow="proof")}
    premises = Premises({"proof": flow}, HOURS, frozenset(HOUSE.queues), numbers)
    file = tmp_path / "proof.yaml"
    file.write_text(CALLERS, encoding="utf-8")
    tried = trial.run(premises, ["proof"], callers.load([file], premises), 20, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.coverage["proof"].missing() == ["level:else"]
