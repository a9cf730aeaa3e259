"""The journal as Asterisk's queue_log: each stay in a queue has one entry and one end."""

from __future__ import annotations

from typing import Any

from acd.model import ContactId
from ivr.ports import Record
from ivr.queue_log.line import FromEventLog, Line
from ivr.queue_log.reading import read
from tests.fakes_stores import MemoryJournal

STAFF = {"ann": ("support",), "ben": ("support", "sales")}
Told = tuple[float, str, dict[str, Any]]


async def lines(
    *told: Told, log: FromEventLog | None = None, start: float = 0.0, end: float = 1e9
) -> list[str]:
    journal = MemoryJournal()
    await journal.append([
        Record(at, kind, data, ContactId(data["contact"]) if "contact" in data else None)
        for at, kind, data in told
    ])  # fmt: skip
    found = read(journal, start, end, STAFF, log or FromEventLog())
    return [str(line) async for line in found]


def comes(at: float, contact: str = "c-1", person: str = "per_1") -> list[Told]:
    return [
        (at, "CallStarted", {"contact": contact, "person": person}),
        (at, "Arrived", {"contact": contact, "queue": "support", "entered_at": at}),
        (at, "Reached", {"contact": contact}),
    ]


def offered(at: float, offer: str = "1.1.1", agent: str = "ann", contact: str = "c-1") -> Told:
    return (at, "Offered", {"contact": contact, "offer": offer, "agent": agent, "rule": "order"})


def answered(at: float, offer: str = "1.1.1", contact: str = "c-1") -> Told:
    return (at, "OfferAnswered", {"contact": contact, "offer": offer})


def leg_ended(at: float, offer: str = "1.1.1", contact: str = "c-1") -> Told:
    return (at, "LegEnded", {"contact": contact, "offer": offer})


def ended(at: float, how: str, contact: str = "c-1") -> Told:
    return (at, "ContactEnded", {"contact": contact, "how": how})


async def test_a_served_call_enters_connects_and_completes() -> None:
    by_agent = FromEventLog({"1.1.1": False})
    told = await lines(
        *comes(100.0), offered(105.0), answered(108.5), leg_ended(140.0), ended(141.0, "served"),
        log=by_agent,
    )  # fmt: skip
    assert told == [
        "100|c-1|support|NONE|ENTERQUEUE||per_1|1",
        "108|c-1|support|ann|CONNECT|8|acd-1.1.1|3",
        "140|c-1|support|ann|COMPLETEAGENT|8|31|1",
    ]


async def test_who_ended_the_talk_is_what_asterisk_says() -> None:
    talk = (*comes(0.0), offered(1.0), answered(2.0), leg_ended(9.0))
    assert "COMPLETECALLER" in (await lines(*talk, log=FromEventLog({"1.1.1": True})))[-1]


async def test_without_asterisks_record_a_caller_who_was_gone_first_has_ended_the_talk() -> None:
    gone_first = (*comes(0.0), offered(1.0), answered(2.0), ended(9.0, "served"), leg_ended(9.1))
    assert "COMPLETECALLER" in (await lines(*gone_first))[-1]


async def test_who_gives_up_is_abandoned_with_place_and_wait() -> None:
    told = await lines(*comes(0.0), *comes(2.0, "c-2"), ended(30.0, "abandoned"),
                       ended(32.0, "abandoned", "c-2"))  # fmt: skip
    assert told[2:] == ["30|c-1|support|NONE|ABANDON|1|1|30", "32|c-2|support|NONE|ABANDON|1|2|30"]


async def test_a_phone_that_rang_out_is_told_with_milliseconds_and_its_agent_is_paused() -> None:
    told = await lines(
        *comes(0.0), offered(1.0),
        (16.0, "Withdrawn", {"contact": "c-1", "offer": "1.1.1", "reason": "rang out"}),
        (16.2, "OfferEnded", {"offer": "1.1.1", "how": "released"}),
    )  # fmt: skip
    assert told[1:] == [
        "16|c-1|support|ann|RINGNOANSWER|15200", "16|NONE|support|ann|PAUSE|Auto-Pause",
    ]  # fmt: skip


async def test_a_phone_that_rings_as_the_caller_leaves_is_no_missed_call() -> None:
    told = await lines(
        *comes(0.0), offered(1.0),
        (4.0, "Withdrawn", {"contact": "c-1", "offer": "1.1.1", "reason": "caller left"}),
        ended(4.0, "abandoned"), (4.1, "OfferEnded", {"offer": "1.1.1", "how": "released"}),
    )  # fmt: skip
    assert told[1:] == ["4|c-1|support|NONE|ABANDON|1|1|4", "4|c-1|support|ann|RINGCANCELED|3100"]


async def test_who_leaves_by_a_key_exits_with_it_and_enters_again_when_they_wait_on() -> None:
    log = FromEventLog(keys={"c-1": [(8.0, "7"), (9.9, "2")]})
    told = await lines(
        *comes(0.0), (10.0, "Parked", {"contact": "c-1"}), (20.0, "Reached", {"contact": "c-1"}),
        log=log,
    )  # fmt: skip
    assert told[1:] == [
        "10|c-1|support|NONE|EXITWITHKEY|2|1|1|10",
        "20|c-1|support|NONE|ENTERQUEUE||per_1|1",
    ]


async def test_overflow_rules_lead_out_by_their_own_events() -> None:
    async def by(why: str) -> str:
        rule = (10.0, "Overflowed", {"contact": "c-1", "to": "message", "why": why})
        return (await lines(*comes(0.0), rule, (10.0, "Parked", {"contact": "c-1"})))[-1]

    assert await by("nobody is logged in") == "10|c-1|support|NONE|EXITEMPTY|1|1|10"
    assert await by("has waited 10 s, 10 or more") == "10|c-1|support|NONE|EXITWITHTIMEOUT|1|1|10"


async def test_a_transfer_to_a_queue_ends_one_stay_and_begins_another() -> None:
    told = await lines(
        *comes(0.0), offered(1.0), answered(2.0),
        (12.0, "Transferred", {"contact": "c-1", "queue": "sales"}), leg_ended(12.1),
    )  # fmt: skip
    assert told[2:] == [
        "12|c-1|support|ann|BLINDTRANSFER|sales|queue|2|10|1",
        "12|c-1|sales|NONE|ENTERQUEUE||per_1|1",
    ]


async def test_a_transfer_to_the_agent_who_was_asked_is_attended() -> None:
    """https://github.com/asterisk/asterisk/issues/313: lines are by agent, whatever is bridged."""
    consult = {"contact": "c-1", "offer": "1.1.2", "agent": "ben", "rule": "consult"}
    told = await lines(
        *comes(0.0), offered(1.0), answered(2.0), (5.0, "Offered", consult),
        answered(6.0, "1.1.2"),
        (9.0, "TransferCompleted", {"contact": "c-1", "offer": "1.1.2"}), leg_ended(9.1),
        leg_ended(30.0, "1.1.2"), ended(30.0, "served"),
    )  # fmt: skip
    assert told[2:] == ["9|c-1|support|ann|ATTENDEDTRANSFER|BRIDGE|acd-1.1.2|2|7|1"]


async def test_agents_come_pause_and_go_in_each_of_their_queues() -> None:
    told = await lines(
        (0.0, "AgentLoggedIn", {"agent": "ben", "queues": [], "ready": True}),
        (5.0, "AgentPaused", {"agent": "ben", "reason": "lunch|now\n"}),
        (6.0, "AgentReady", {"agent": "ben"}),
        (7.0, "AgentReady", {"agent": "ben"}),
        (9.0, "AgentLoggedOff", {"agent": "ben"}),
    )
    assert told == [
        "0|NONE|support|ben|ADDMEMBER|", "0|NONE|sales|ben|ADDMEMBER|",
        "5|NONE|support|ben|PAUSE|lunch now ", "5|NONE|sales|ben|PAUSE|lunch now ",
        "6|NONE|support|ben|UNPAUSE|", "6|NONE|sales|ben|UNPAUSE|",
        "9|NONE|support|ben|REMOVEMEMBER|", "9|NONE|sales|ben|REMOVEMEMBER|",
    ]  # fmt: skip


async def test_a_period_has_its_own_lines_and_knows_who_waited_before_it() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/783: times are those of the journal alone."""
    told = await lines(*comes(0.0), offered(98.0), answered(100.0), leg_ended(110.0),
                       start=99.0, end=110.0)  # fmt: skip
    assert told == ["100|c-1|support|ann|CONNECT|100|acd-1.1.1|2"]


async def test_contacts_that_are_no_calls_enter_no_queue() -> None:
    message = {"contact": "m-1", "queue": "support", "entered_at": 0.0, "channel": "message"}
    assert await lines((0.0, "Arrived", message), (1.0, "Reached", {"contact": "m-1"})) == []


def test_a_number_takes_the_place_of_the_id_and_of_nothing_else() -> None:
    line = Line(5.0, "c-1", "support", "NONE", "ENTERQUEUE", ("", "per_1", "1"), "per_1")
    assert str(line.by("+86138|00")) == "5|c-1|support|NONE|ENTERQUEUE||+86138 00|1"


async def test_what_a_talk_came_to_is_a_line_of_its_own() -> None:
    code = {"contact": "c-1", "agent": "ann", "queue": "support", "code": "solved", "offer": ""}
    told = await lines(
        *comes(100.0), offered(105.0), answered(108.0), leg_ended(140.0), ended(141.0, "served"),
        (150.0, "Disposed", code), (160.0, "Disposed", code | {"code": "open"}),
    )  # fmt: skip
    assert told[-2:] == ["150|c-1|support|ann|CALLSTATUS|solved",
                         "160|c-1|support|ann|CALLSTATUS|open"]  # fmt: skip


async def test_who_said_nothing_in_time_is_on_a_break_once() -> None:
    missing = {"contact": "c-1", "agent": "ann", "queue": "support", "offer": "1.1.1"}
    in_time = await lines(
        (1.0, "AgentLoggedIn", {"agent": "ann"}), (70.0, "DispositionMissing", missing),
        (80.0, "AgentReady", {"agent": "ann"}),
    )  # fmt: skip
    assert in_time[1:] == ["70|NONE|support|ann|PAUSE|no disposition",
                           "80|NONE|support|ann|UNPAUSE|"]  # fmt: skip
    by_themselves = await lines(
        (1.0, "AgentLoggedIn", {"agent": "ann"}),
        (60.0, "AgentPaused", {"agent": "ann", "reason": "lunch"}),
        (60.0, "DispositionMissing", missing),
    )  # fmt: skip
    assert by_themselves[1:] == ["60|NONE|support|ann|PAUSE|lunch"]


async def test_chats_are_no_calls_but_who_lets_one_ring_out_is_paused() -> None:
    chat = {"contact": "chat-1", "queue": "support", "channel": "chat", "waits": True}
    told = await lines(
        (0.0, "Arrived", chat), offered(1.0, contact="chat-1"),
        (16.0, "Withdrawn", {"contact": "chat-1", "offer": "1.1.1", "reason": "rang out"}),
        (16.2, "OfferEnded", {"offer": "1.1.1", "how": "released"}),
        offered(20.0, "1.1.2", "ben", "chat-1"), answered(22.0, "1.1.2", "chat-1"),
        leg_ended(50.0, "1.1.2", "chat-1"), ended(51.0, "served", "chat-1"),
    )  # fmt: skip
    assert told == ["16|NONE|support|ann|PAUSE|Auto-Pause"]


async def test_a_caller_who_goes_on_online_has_left_by_a_key() -> None:
    told = await lines(
        *comes(0.0), (30.0, "Moved", {"contact": "c-1", "channel": "chat"}),
        offered(40.0), answered(42.0), leg_ended(90.0), ended(91.0, "served"),
        log=FromEventLog(keys={"c-1": [(29.0, "1")]}),
    )  # fmt: skip
    assert told[1:] == ["30|c-1|support|NONE|EXITWITHKEY|1|1|1|30"]


async def test_a_phone_that_rang_when_its_caller_went_online_and_won_is_a_call() -> None:
    told = await lines(
        *comes(0.0), offered(1.0), (2.0, "Moved", {"contact": "c-1", "channel": "chat"}),
        answered(3.0), leg_ended(9.0), ended(9.1, "served"),
    )  # fmt: skip
    assert [line.split("|")[4] for line in told] == [
        "ENTERQUEUE", "EXITWITHKEY", "CONNECT", "COMPLETEAGENT",
    ]  # fmt: skip
