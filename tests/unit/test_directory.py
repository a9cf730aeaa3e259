"""The internal directory: numbers, who is there, and what the site file may say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from acd import events
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId
from adapters.asterisk import house_values
from adapters.asterisk.phone_states import PhoneStates
from ivr.directory import Directory
from ivr.seats import Seats
from ivr.settings import BadSettings, Settings, load

CENTRE = {
    "queues": {"support": {}, "sales": {}},
    "agents": {"ann": {"queues": ["support"]}, "1002": {"queues": ["support"]}},
}
SITE = {
    "numbers": {"4000": {"queue": "support"}, "4001": {"queue": "sales"}},
    "phones": {"ann": {}, "1002": {}},
    "destinations": {
        "reception": {"phone": "2001"}, "lawyer": {"number": "+8613800138000"},
        "cellar": {"phone": "2002"},
    },
    "trunks": {"carrier": {"address": "192.0.2.10", "caller_ids": ["+861012345678"]}},
    "outbound": {"allow": ["+86"]},
    "directory": {
        "801": {"agent": "ann"}, "802": {"queue": "sales"}, "803": {"destination": "reception"},
        "804": {"destination": "lawyer"}, "805": {"agent": "ann"},
    },
}  # fmt: skip


def settings(folder: Path, **site: object) -> Settings:
    (folder / "site.yaml").write_text(yaml.safe_dump({**SITE, **site}))
    (folder / "centre.yaml").write_text(yaml.safe_dump(CENTRE))
    return load({"HOTLINE_DATA": str(folder), "HOTLINE_HOME": str(folder)})


async def test_everybody_is_there_with_numbers_and_presence(tmp_path: Path) -> None:
    given = settings(tmp_path)
    engine, phones = Engine(given.centre), PhoneStates()
    engine.handle(events.AgentLoggedIn(AgentId("ann")), 0.0)
    engine.handle(events.PhoneChanged(AgentId("ann"), reachable=True), 0.0)
    engine.handle(events.Arrived(ContactId("one"), QueueId("sales"), 0.0, waits=True), 0.0)
    for device, state in (("PJSIP/2001", "NOT_INUSE"), ("Local/x", "INUSE")):
        phones.changed({"Device": device, "State": state}, ())
    directory = Directory(given.site, engine, phones.known, Seats())
    found = {e["name"]: e for e in (await directory.known["directory"]({}))["directory"]}
    assert found["ann"] == {
        "kind": "agent", "name": "ann", "numbers": ["801", "805"], "presence": "ready",
        "phone": "ann", "reachable": True, "queues": ["support"],
    }  # fmt: skip
    assert (found["1002"]["presence"], found["1002"]["numbers"]) == ("logged off", [])
    assert (found["support"]["presence"], found["support"]["waiting"]) == ("staffed", 0)
    assert (found["sales"]["presence"], found["sales"]["waiting"]) == ("unstaffed", 1)
    seen = {name: found[name]["presence"] for name in ("reception", "lawyer", "cellar")}
    assert seen == {"reception": "free", "lawyer": "outside", "cellar": "away"}
    phones.changed({"Device": "PJSIP/2001", "State": "RINGING"}, ())
    again = (await directory.known["directory"]({}))["directory"]
    assert [e["presence"] for e in again if e["name"] == "reception"] == ["in use"]


def test_a_code_names_an_agent_by_the_number_or_by_an_id_that_can_be_dialled(
    tmp_path: Path,
) -> None:
    given = settings(tmp_path)
    directory = Directory(given.site, Engine(given.centre), {}, Seats())
    asked = {number: directory.agent(number) for number in ("801", "1002", "802", "999")}
    assert asked == {"801": "ann", "1002": "1002", "802": None, "999": None}


def to(number: str, phone: str, seat: str = "") -> list[str]:
    sits = f' same => n,ExecIf($["${{SEAT_{seat}}}" != ""]?Set(TO=${{SEAT_{seat}}}))'
    ring = " same => n,Goto(acd-inside,s,1)"
    return [f"exten => {number},1,Set(TO={phone})", *([sits] if seat else []), ring]


def test_agents_phones_may_dial_the_numbers_of_the_house_alone(tmp_path: Path) -> None:
    lines = house_values.values(settings(tmp_path))["HOUSE_NUMBERS"].splitlines()
    assert lines == [
        *to("801", "ann", seat="ann"),
        "exten => 802,1,Set(INSIDE_QUEUE=sales)",
        ' same => n,GotoIf($["${CHANNELS(^PJSIP/${CHANNEL(endpoint)}-)}" = "${CHANNEL}"]'
        "?acd-own,4001,1)",
        " same => n,Set(TO=sales)",  # out of a talk: a second line
        " same => n,Set(TO_KIND=queue)",
        " same => n,Goto(acd-second,s,1)",
        *to("803", "2001"),
        *to("804", ""),  # outside: not by a telephone's own dialling
        *to("805", "ann", seat="ann"),
    ]


@pytest.mark.parametrize(
    ("directory", "fault"),
    [
        ({"1": {"agent": "ann"}}, "directory.1: an internal number has two to six digits"),
        ({"8,01": {"agent": "ann"}}, "directory.8,01: an internal number has two to six digits"),
        ({"4000": {"agent": "ann"}},
         "directory.4000: this is a number that callers dial; choose another"),
        ({"110": {"agent": "ann"}}, "directory.110: this calls help; choose another"),
        ({"801": {"agent": "anne"}},
         "directory.801.agent: there is no agent 'anne'; did you mean 'ann'?"),
        ({"801": {"queue": "ann"}},
         "directory.801.queue: there is no queue 'ann' (there are: sales, support)"),
        ({"801": {"agent": "ann", "queue": "sales"}},
         "directory.801: name exactly one of `agent`, `queue` and `destination`"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_told_with_the_place(
    tmp_path: Path, directory: dict[str, object], fault: str
) -> None:
    with pytest.raises(BadSettings) as bad:
        settings(tmp_path, directory=directory)
    assert [found.partition("site.yaml: ")[2] for found in bad.value.faults] == [fault]
