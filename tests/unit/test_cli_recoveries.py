"""`status` and `doctor` say who was cut off, and whether anything could be offered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.cli.recoveries import of_recovery, summary
from adapters.tickets.figures import count, recovered
from ivr.ports import Record
from ivr.recovery_book import OFFERED
from ivr.settings import Settings, load
from tests.channel_hands import SMS

AT = 1_800_000_000.0
TRUNKS: dict[str, Any] = {
    "trunks": {"carrier": {"address": "192.0.2.10:5060", "caller_ids": ["+861012345678"]}},
    "outbound": {"caller_id": "+861012345678"},
}
TEXTS = {"channels": {"sms": SMS}, "chat": {"url": "https://chat.example.org", "text_by": "sms"}}
Made = Callable[[dict[str, Any]], Settings]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def settings(site: dict[str, Any]) -> Settings:
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
        home = str(tmp_path / "home")
        return load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": home})

    return settings


def levels(settings: Settings) -> list[str]:
    return [str(finding.level) for finding in of_recovery(settings, AT)]


@pytest.mark.parametrize(
    ("site", "level"),
    [
        (TRUNKS, "warn"),
        ({**TRUNKS, **TEXTS}, "ok"),
        ({**TRUNKS, "outbound": {**TRUNKS["outbound"], "allow": ["+86"]}}, "ok"),
        ({**TRUNKS, "recovery": {"offer": False}}, "ok"),
        ({}, "ok"),
    ],
)
def test_a_house_that_could_offer_nothing_is_told_so(
    site: dict[str, Any], level: str, made: Made
) -> None:
    assert levels(made(site)) == [level]


def test_the_newest_failure_is_told_with_what_was_offered() -> None:
    told = {"outages": [{"at": AT, "last": AT, "text": 48, "callback": 2}], "owed": 0}
    assert summary(told, "UTC").endswith(": 48 texts, 2 callbacks")
    assert summary({**told, "owed": 3}, "UTC").endswith(", 3 still owed")
    assert summary({"outages": [], "owed": 0}, "UTC") == "nobody was cut off"


def test_each_offer_is_counted_by_its_way() -> None:
    before = recovered.labels("text")._value.get()
    count([Record(AT, OFFERED, {"way": "text"}), Record(AT, "Reached", {})])
    assert recovered.labels("text")._value.get() == before + 1
