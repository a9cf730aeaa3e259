"""Whom agents' telephones may call in a talk, as the dialplan is told."""

from __future__ import annotations

import re

import pytest

from adapters.asterisk.refer_values import values
from ivr.outbound import OutboundSettings
from ivr.site_file import SiteFile
from ivr.transfers import Destination
from ivr.trunks import TrunkEntry
from tests import hostile
from tests.routing_stage import ANN, house, member

CENTRE = house(member(ANN))
NORTH = TrunkEntry(address="192.0.2.10", caller_ids=("+861012345678",))
SITE = SiteFile(
    destinations={
        "reception": Destination(phone="2001"), "branch": Destination(number="+8613800138000"),
    },
    trunks={"north": NORTH}, outbound=OutboundSettings(allow=("+86",)),
)  # fmt: skip


def extensions(site: SiteFile) -> dict[str, str]:
    """What stands for `@COLLEAGUES@`, by extension."""
    entries = values(site, CENTRE)["COLLEAGUES"].split("exten => ")[1:]
    return {entry.partition(",")[0]: entry for entry in entries}


def matches(number: str, site: SiteFile = SITE) -> bool:
    """Whether a pattern takes it, as Asterisk reads patterns of `X` and digits."""
    patterns = [one[1:] for one in extensions(site) if one.startswith("_")]
    return any(re.fullmatch(re.escape(p).replace("X", "[0-9]"), number) for p in patterns)


def test_a_destination_outside_is_called_by_its_name_and_its_number_stands_nowhere() -> None:
    found = extensions(SITE)
    assert "Set(TO_KIND=outside)" in found["branch"] and "TO_PHONE" not in found["branch"]
    assert "13800138000" not in values(SITE, CENTRE)["COLLEAGUES"]
    assert "Set(TO_PHONE=2001)" in found["reception"]
    assert "Set(TO_KIND=agent)" in found[ANN]


@pytest.mark.parametrize("number", ["110", "13800138000", "+8613800138000", "008613800138000"])
def test_numbers_are_asked_for_where_there_is_a_trunk_for_them(number: str) -> None:
    assert matches(number)
    assert not matches(number, SITE.model_copy(update={"trunks": {}}))


def test_nothing_but_digits_is_ever_taken_for_a_number() -> None:
    for text in hostile.destinations("second lines", 2000):
        if matches(text):
            assert re.fullmatch(r"\+?[0-9]{3,18}", text)
    for text in ("1380013800a", "+86138@evil", "13800138000&PJSIP", "${EXTEN}", "12", "+1"):
        assert not matches(text)
