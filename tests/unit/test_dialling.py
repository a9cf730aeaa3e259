"""Which numbers are dialled, by which trunks, and with which caller ID."""

from __future__ import annotations

import re

import pytest

from ivr.dialling import NotDialled, Refusal, Route, Today, routes
from ivr.outbound import OutboundSettings
from ivr.phone_numbers import shown
from ivr.trunks import TrunkEntry
from tests import hostile
from voice.spoken import Kind, spoken

HOUSE, SALES = "+861012345678", "+862087654321"
TRUNKS = {
    "north": TrunkEntry(address="192.0.2.10", caller_ids=(HOUSE, SALES)),
    "south": TrunkEntry(
        address="198.51.100.1:5080", caller_ids=(HOUSE,), country="86", sends="national"
    ),
    "inwards": TrunkEntry(address="203.0.113.9"),
}
RULES = OutboundSettings(
    allow=("+86", "+4420"), block=("+8640",), caller_id=HOUSE, caller_ids={"sales": SALES},
    per_agent=3, per_day=10, emergency=("12345",),
)  # fmt: skip


def ways(number: str, queue: str = "support", today: Today | None = None,
         rules: OutboundSettings = RULES) -> tuple[Route, ...]:  # fmt: skip
    return routes(rules, TRUNKS, number, queue=queue, today=today or Today())


def refused(number: str, **more: object) -> Refusal:
    with pytest.raises(NotDialled) as caught:
        ways(number, **more)  # type: ignore[arg-type]
    assert not re.search("[0-9]{4}", str(caught.value)), "a refusal may end up in a log"
    return caught.value.reason


def test_trunks_are_tried_in_the_order_of_the_file_each_in_its_own_words() -> None:
    assert ways("138 0013 8000") == (
        Route("north", "+8613800138000@trunk.north", HOUSE),
        Route("south", "013800138000@trunk.south", HOUSE),
    )


def test_an_order_of_the_sites_own_stands_before_that_of_the_file() -> None:
    turned = RULES.model_copy(update={"trunks": ("south", "north")})
    assert [way.trunk for way in ways("13800138000", rules=turned)] == ["south", "north"]


def test_a_trunk_without_caller_ids_is_never_dialled_by() -> None:
    assert "inwards" not in {way.trunk for way in ways("13800138000")}


def test_a_queue_is_shown_by_its_own_number_on_trunks_that_may_show_it_alone() -> None:
    assert ways("13800138000", "sales") == (Route("north", "+8613800138000@trunk.north", SALES),)


def test_a_caller_id_that_no_trunk_may_show_is_a_reason_not_to_dial() -> None:
    elsewhere = RULES.model_copy(update={"caller_id": "+861000000000"})
    assert refused("13800138000", rules=elsewhere) is Refusal.NO_TRUNK


@pytest.mark.parametrize(
    "number", ["+86 138 0013 8000", "0086-138-0013-8000", "13800138000", "(138) 0013.8000"]
)
def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    assert ways(number)[0].dial == "+8613800138000@trunk.north"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", Refusal.NO_NUMBER),
        ("95588", Refusal.NO_NUMBER),
        ("a1", Refusal.NO_NUMBER),
        ("+8613800138000@evil", Refusal.NO_NUMBER),
        ("13800138000&PJSIP/a1", Refusal.NO_NUMBER),
        ("\uff11\uff13\uff18\uff10\uff10\uff11\uff13\uff18\uff10\uff10\uff10", Refusal.NO_NUMBER),
        ("+999123456789", Refusal.NO_NUMBER),
        ("+14155552671", Refusal.NOT_ALLOWED),
        ("00 1 415 555 2671", Refusal.NOT_ALLOWED),
        ("400-600-1234", Refusal.BLOCKED),
        ("+8616899999", Refusal.PREMIUM),
    ],
)
def test_what_the_rules_do_not_allow_is_not_dialled(number: str, why: Refusal) -> None:
    assert refused(number) is why


def test_a_house_without_rules_dials_help_and_nothing_else() -> None:
    none = OutboundSettings()
    assert refused("13800138000", rules=none) is Refusal.NOT_ALLOWED
    assert [way.dial for way in ways("110", rules=none)] == ["110@trunk.north", "110@trunk.south"]


@pytest.mark.parametrize("number", ["110", "119", "120", "122", "12345", "1 1 0"])
def test_help_is_called_whatever_the_caps_say_and_by_every_trunk(number: str) -> None:
    spent = Today(by_agent=1000, in_all=100_000)
    found = ways(number, "sales", spent)
    assert [way.dial.partition("@")[0] for way in found] == [number.replace(" ", "")] * 2


def test_the_journal_is_told_which_calls_were_for_help_and_count_for_no_cap() -> None:
    assert [way.noted for way in ways("110")] == [
        {"trunk": "north", "help": True}, {"trunk": "south", "help": True},
    ]  # fmt: skip
    assert [way.noted for way in ways("13800138000")] == [{"trunk": "north"}, {"trunk": "south"}]


@pytest.mark.parametrize("number", ["+86110", "1100", "0110", "110110", "110;ext=1", "+110"])
def test_what_only_begins_like_a_number_of_help_is_none(number: str) -> None:
    with pytest.raises(NotDialled):
        ways(number)


def test_the_help_of_another_country_is_that_of_its_region() -> None:
    there = RULES.model_copy(update={"region": "US"})
    assert ways("911", rules=there)[0].dial == "911@trunk.north"
    assert refused("911") is Refusal.NO_NUMBER


def test_caps_hold_for_the_agent_and_for_the_house() -> None:
    assert ways("13800138000", today=Today(by_agent=2, in_all=9))
    assert refused("13800138000", today=Today(by_agent=3)) is Refusal.AGENT_CAP
    assert refused("13800138000", today=Today(in_all=10)) is Refusal.DAY_CAP


def test_a_range_that_is_newer_than_the_numbering_plan_can_be_named() -> None:
    newer = RULES.model_copy(update={"allow": ("+447700900",)})
    assert refused("+447700900123", rules=newer) is Refusal.NO_NUMBER
    newer = newer.model_copy(update={"new_ranges": ("+447700900",)})
    assert ways("+447700900123", rules=newer)


@pytest.mark.parametrize(
    ("number", "written", "words"),
    [
        ("+861012345678", "010 1234 5678", "zero one zero"),
        ("+8613800138000", "138 0013 8000", "one three eight"),
        ("+442079460958", "+44 20 7946 0958", "plus four four"),
        ("4000", "4000", "four zero zero zero"),
    ],
)
def test_numbers_are_shown_and_spoken_as_people_write_them(
    number: str, written: str, words: str
) -> None:
    assert shown(number) == written
    assert words in spoken(written, Kind.DIGITS, "en")


def test_no_hostile_destination_is_dialled() -> None:
    """A part of `python -m tests.campaign_hostile`, which takes 100,000 of them."""
    rules = OutboundSettings(allow=hostile.SAFE, caller_id=HOUSE)
    kept = 0
    for number in hostile.destinations(seed=5, count=4000):
        try:
            found = routes(rules, TRUNKS, number, queue="support", today=Today())
        except NotDialled:
            continue
        kept += 1
        digits, at, endpoint = found[0].dial.partition("@")
        assert at and endpoint == "trunk.north"
        assert hostile.may_be_dialled(digits), number
    assert kept, "some of them are numbers like any other: else this proves nothing"
