"""What `centre.yaml` says, and everything that can be wrong with it, each at its path."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from acd import config
from acd.config import Capacity, Class, Condition, Member, OverflowRule, Relax, Strategy, Team
from acd.model import AgentId, Medium, QueueId
from ivr import centre_file, located
from ivr.centre_file import CentreFile, Rules
from ivr.centre_keys import CentreKeys, QueueEntry
from ivr.centre_schema import schema
from ivr.faults import BadSettings
from ivr.settings import ROOT

EVERYTHING = """
classes: {vip: {credit: 90, reserve: 1}, regular: {repeat: 30}}
urgency: {card_loss: {credit: 300}}
teams: {partner_a: {partner: true}}
queues:
  support:
    ring_seconds: 20
    wrap_up_seconds: 5.5
    service_level_seconds: 30
    promise_seconds: 60
    hours: weekdays
    park_limit: 900
    grace: 120
    strategy: level
    relax: [{after: 30, skills: {billing: 3}}, {after: 60, skills: {billing: 0}}]
    partner_after: 45
    hold_for_preferred: 10
    offer_elsewhere_after: 8
    overflow:
      - {when: {predicted_wait: 300, length: 4}, to: chat}
      - {when: {closed: true}, to: message}
      - {when: {nobody: true}, to: sales}
    dispositions: {solved: {zh: 已解决, en: Solved}}
    disposition_limit: 90
    disposition_ends_wrap_up: yes
  sales:
hours:
  weekdays: {open: {mon-fri: "09:00-18:00"}, holidays: [CN, 2027-03-05], days: {2026-11-25: closed}}
agents:
  1001:
    queues: {support: {}, sales: {after: 60}}
    skills: {billing: 8}
    capacity: {voice: 1, chat: 2, mail: 4, mix: yes, interruptible: [chat]}
  "1002": {queues: [support, sales], team: partner_a}
seed: 7
"""


def read(text: str, folder: Path) -> Rules:
    file = folder / "centre.yaml"
    file.write_text(text, encoding="utf-8")
    return centre_file.read(file)


def faults_of(text: str, folder: Path) -> list[str]:
    """Without the file's name, which stands before each."""
    with pytest.raises(BadSettings) as refusal:
        read(text, folder)
    start = f"{folder / 'centre.yaml'}:"
    assert all(fault.startswith(start) for fault in refusal.value.faults)
    return [fault.removeprefix(start) for fault in refusal.value.faults]


# ---------------------------------------------------------------- what a good file says


def test_every_key_arrives_in_the_rules(tmp_path: Path) -> None:
    centre, schedules, warnings = read(EVERYTHING, tmp_path)
    support = centre.queues[QueueId("support")]
    assert support == config.Queue(
        QueueId("support"), 20, 5.5, 30, 60, schedules["weekdays"], 900, 120, Strategy.LEVEL,
        (Relax(30, {"billing": 3}), Relax(60, {"billing": 0})), 45, 10, 8,
        (
            OverflowRule(Condition(predicted_wait=300, length=4), "chat"),
            OverflowRule(Condition(closed=True), "message"),
            OverflowRule(Condition(nobody=True), "sales"),
        ),
        {"solved": {"zh": "已解决", "en": "Solved"}}, 90, True,
    )  # fmt: skip
    assert centre.queues[QueueId("sales")] == config.Queue(QueueId("sales"))
    assert centre.agents[AgentId("1001")] == Member(
        AgentId("1001"), {QueueId("support"): 0, QueueId("sales"): 60}, {"billing": 8}, "house",
        Capacity(1, 2, 4, True, frozenset({Medium.CHAT})),
    )  # fmt: skip
    assert centre.is_partner(centre.agents[AgentId("1002")])
    assert centre.teams == {"house": Team(), "partner_a": Team(partner=True)}
    assert centre.classes["vip"] == Class(90, 0, 1) and centre.classes["standard"] == Class()
    assert centre.credit("regular", "card_loss", repeat=True) == 330
    assert centre.seed == 7 and warnings == []


def test_hours_know_the_calendar_and_the_house_s_own_days(tmp_path: Path) -> None:
    weekdays = read(EVERYTHING, tmp_path).schedules["weekdays"]
    assert {date(2026, 10, 1), date(2027, 3, 5)} < weekdays.holidays
    assert date(2026, 10, 10) in weekdays.workdays
    assert weekdays.days == {date(2026, 11, 25): ()}


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "{}", "queues:\nagents: ~\nclasses: null\n"]
)
def test_a_file_that_says_nothing_has_one_queue_and_one_class(text: str, tmp_path: Path) -> None:
    centre, schedules, warnings = read(text, tmp_path)
    assert list(centre.queues) == ["support"] and list(centre.classes) == ["standard"]
    assert list(schedules) == ["always"]
    assert [warning.partition(": ")[2] for warning in warnings] == [
        "queues.support: no agent serves this queue"
    ]


def test_the_defaults_of_the_file_are_those_of_the_engine() -> None:
    centre, _, _ = centre_file.read({"queues": ["a"], "classes": ["b"], "agents": {"c": {}}})
    assert centre.queues[QueueId("a")] == config.Queue(QueueId("a"))
    assert centre.classes["b"] == Class()
    assert centre.agents[AgentId("c")] == Member(AgentId("c"))


def test_a_mapping_says_the_same_as_a_file(tmp_path: Path) -> None:
    """Also one whose keys and values YAML has taken for numbers, days and booleans."""
    file = read(EVERYTHING, tmp_path)
    assert centre_file.read(yaml.safe_load(EVERYTHING)) == file


def test_what_a_file_says_can_be_kept_and_read_again() -> None:
    """The journal keeps it, as JSON."""
    file, _ = centre_file.parse(yaml.safe_load(EVERYTHING))
    kept = json.loads(json.dumps(file.content()))
    again = CentreFile.model_validate(kept)
    assert again.centre() == file.centre() and again.schedules() == file.schedules()
    assert centre_file.read(kept).centre == file.centre()


def test_comments_and_layout_are_no_new_version(tmp_path: Path) -> None:
    before = read(EVERYTHING, tmp_path).centre.version
    assert len(before) == 12
    assert read(f"# a remark\n{EVERYTHING}", tmp_path).centre.version == before
    assert read(yaml.safe_dump(yaml.safe_load(EVERYTHING)), tmp_path).centre.version == before
    assert read(EVERYTHING.replace("credit: 90", "credit: 91"), tmp_path).centre.version != before


@pytest.mark.parametrize("text", ["010", "0o10", "1_001", "1e3", "no", "12:30"])
def test_an_agents_id_is_what_is_written(text: str, tmp_path: Path) -> None:
    """YAML would make other numbers or words of these."""
    if ":" in text:
        assert faults_of(f"agents: {{{text}: {{}}}}", tmp_path)
    else:
        assert list(read(f"agents: {{{text}: {{}}}}", tmp_path).centre.agents) == [text]


def test_the_example_is_read_without_a_warning() -> None:
    assert centre_file.read(ROOT / "examples" / "centre.yaml").warnings == []


def test_the_example_s_comments_can_be_taken_in(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "centre.yaml").read_text(encoding="utf-8")
    rules = text[text.index("classes:") :]
    centre, schedules, warnings = read(
        re.sub(r"^( *)# ?(?=\S| )", r"\1", rules, flags=re.M), tmp_path
    )
    assert len(centre.queues) == 2 and len(centre.agents) == 4
    assert len(centre.queues[QueueId("support")].overflow) == 3
    assert schedules["weekdays"].holidays and not warnings


# ---------------------------------------------------------------- what is wrong with a bad one

BAD = {
    # keys
    "clases: {vip: {}}": "1: clases: unknown key; did you mean 'classes'?",
    "queues: {a: {ring_second: 5}}":
        "1: queues.a.ring_second: unknown key; did you mean 'ring_seconds'?",
    "agents: {a: {queues: {support: {aftr: 5}}}}":
        "1: agents.a.queues.support.aftr: unknown key; did you mean 'after'?",
    "agents: {queues: {capacity: {cat: 5}}}":
        "1: agents.queues.capacity.cat: unknown key; did you mean 'chat'?",
    "queues:\n  a:\n    overflow:\n    - when: {lenght: 3}\n      to: message":
        "4: queues.a.overflow[0].when.lenght: unknown key; did you mean 'length'?",
    "queues: {a: {xyz: 5}}": "1: queues.a.xyz: unknown key (there are: "
        "answer_within, disposition_ends_wrap_up, disposition_limit, dispositions, grace, "
        "hold_for_preferred, hours, offer_elsewhere_after, online, overflow, park_limit, "
        "partner_after, ...)",
    "<<: {seed: 1}": "1: '<<': unknown key (there are: agents, classes, hours, queues, seed, "
        "teams, urgency)",
    # numbers
    "queues: {a: {ring_seconds: 15s}}": "1: queues.a.ring_seconds: must be a number, not '15s'",
    "queues: {a: {ring_seconds: yes}}": "1: queues.a.ring_seconds: must be a number, not 'yes'",
    "queues: {a: {ring_seconds: 0}}": "1: queues.a.ring_seconds: must be more than 0, not '0'",
    "queues: {a: {ring_seconds: 601}}": "1: queues.a.ring_seconds: must be at most 600, not '601'",
    "queues: {a: {wrap_up_seconds: .nan}}":
        "1: queues.a.wrap_up_seconds: must be a number, not '.nan'",
    "queues: {a: {wrap_up_seconds: nan}}":
        "1: queues.a.wrap_up_seconds: must be a finite number, not 'nan'",
    "queues: {a: {park_limit: -.inf}}": "1: queues.a.park_limit: must be a number, not '-.inf'",
    "queues: {a: {park_limit: 1e999}}":
        "1: queues.a.park_limit: must be a finite number, not '1e999'",
    "queues: {a: {grace: 3601}}": "1: queues.a.grace: must be at most 3600, not '3601'",
    "queues: {a: {promise_seconds: -5}}":
        "1: queues.a.promise_seconds: must be more than 0, not '-5'",
    "queues: {a: {grace: [5]}}": "1: queues.a.grace: must be a number",
    "classes: {vip: {credit: -1}}": "1: classes.vip.credit: must be at least 0, not '-1'",
    "classes: {vip: {reserve: 1.5}}": "1: classes.vip.reserve: must be a whole number, not '1.5'",
    "classes: {vip: {reserve: true}}": "1: classes.vip.reserve: must be a whole number, not 'true'",
    "agents: {a: {skills: {x: 11}}}": "1: agents.a.skills.x: must be at most 10, not '11'",
    "agents: {a: {skills: {x: 0}}}": "1: agents.a.skills.x: must be at least 1, not '0'",
    "agents: {a: {skills: {x: }}}": "1: agents.a.skills.x: must be a whole number, not ''",
    "agents: {a: {capacity: {voice: 2}}}": "1: agents.a.capacity.voice: must be at most 1, not '2'",
    f"seed: {'9' * 5000}": f"1: seed: is too large, not '{'9' * 40}'",
    # other values
    "queues: {a: {strategy: longest_idel}}": "1: queues.a.strategy: must be one of longest_idle, "
        "fewest_skills, level, fewest_contacts, round_robin, random, not 'longest_idel'",
    "agents: {a: {capacity: {mix: maybe}}}":
        "1: agents.a.capacity.mix: must be true or false, not 'maybe'",
    "agents: {a: {capacity: {interruptible: [mail, phone]}}}":
        "1: agents.a.capacity.interruptible[1]: must be one of voice, chat, mail, not 'phone'",
    "agents: {a: {capacity: {interruptible: mail}}}":
        "1: agents.a.capacity.interruptible: must be a list, not 'mail'",
    "agents: {a: {capacity: {voice: 0, chat: 0, mail: 0}}}":
        "1: agents.a.capacity: leaves room for nothing: give room for voice, chat or mail",
    # shapes
    "- queues": "1: must have keys of its own",
    "queues": "1: must have keys of its own, not 'queues'",
    "queues: support": "1: queues: must have names with a value each, not 'support'",
    "queues: {a: fast}": "1: queues.a: must have keys of its own, not 'fast'",
    "queues: {a: {relax: {after: 5}}}": "1: queues.a.relax: must be a list",
    "agents: {a: {queues: [support, support]}}": "1: agents.a.queues: 'support' is there twice",
    "agents: {a: {queues: [{support: {}}]}}": "1: agents.a.queues: a list has names alone; "
        "with keys of their own write {support: {}}",
    "agents: {a: {team: [house]}}": "1: agents.a.team: must be one word or text",
    # names
    "queues: {Sup port: {}}":
        "1: queues.'Sup port': is no name: "
        "letters, digits, - and _, a letter or digit first, at most 32",
    "agents: {a/b: {}}": "1: agents.'a/b': is no name: letters, digits, - and _, at most 32",
    "agents: {a: {skills: {a b: 3}}}":
        "1: agents.a.skills.'a b': is no name: letters, digits, - and _, at most 32",
    "queues: {a: {hours: weekday}}\nhours: {weekdays: {open: {mon: 09:00-10:00}}}":
        "1: queues.a.hours: there are no hours 'weekday'; did you mean 'weekdays'?",
    "queues: [support, sales]\nagents:\n  a: {queues: {support: {}, sale: {}}}":
        "3: agents.a.queues.sale: there is no queue 'sale'; did you mean 'sales'?",
    "queues: [support, sales]\nagents:\n  a:\n    queues:\n    - support\n    - sale":
        "6: agents.a.queues[1]: there is no queue 'sale'; did you mean 'sales'?",
    "teams: [partners]\nagents: {a: {team: partner}}":
        "2: agents.a.team: there is no team 'partner'; did you mean 'partners'?",
    "hours: {always: {open: {mon: 09:00-10:00}}}":
        "1: hours.always: is there without an entry, and always open: give it another name",
    # relaxing
    "queues: {a: {relax: [{after: 30, skills: {x: 3}}, {after: 30, skills: {x: 1}}]}}":
        "1: queues.a.relax[1].after: must be later than the step before, which is at 30",
    "queues: {a: {relax: [{after: 30, skills: {x: 3}}, {after: 60, skills: {x: 4}}]}}":
        "1: queues.a.relax[1].skills.x: asks for more than a step before (3); steps only relax",
    "queues: {a: {relax: [{skills: {x: 3}}]}}": "1: queues.a.relax[0].after: is missing",
    "queues: {a: {relax: [{after: 3, skills: {}}]}}": "1: queues.a.relax[0].skills: is empty",
    "queues: {a: {relax: [{after: 3, skills: {x: 11}}]}}":
        "1: queues.a.relax[0].skills.x: must be at most 10, not '11'",
    "queues: {a: {offer_elsewhere_after: 15}}": "1: queues.a.offer_elsewhere_after: never comes: "
        "a phone rings for 15 seconds (`ring_seconds`)",
    # overflow
    "queues: {a: {overflow: [{when: {length: 3}, to: chatt}]}}":
        "1: queues.a.overflow[0].to: 'chatt' is no queue, nor a way out; did you mean 'chat'?",
    "queues: {a: {overflow: [{when: {length: 3}, to: voice}]}}":
        "1: queues.a.overflow[0].to: 'voice' is no queue, nor a way out "
        "(there are: callback, chat, email, message, sms)",
    "queues: {a: {overflow: [{when: {length: 3}, to: a}]}}":
        "1: queues.a.overflow[0].to: leads back to its own queue",
    "queues: {a: {overflow: [{when: {length: 3}, to: b}]}, b: {overflow: [{when: {length: 1}, "
    "to: sms}, {when: {length: 2}, to: c}]}, c: {overflow: [{when: {nobody: true}, to: a}]}}":
        "1: queues.a.overflow[0].to: leads round in a circle: a -> b -> c -> a",
    "queues: {a: {overflow: [{when: {length: 3}, to: chat}]}, chat: {}}":
        "1: queues.a.overflow[0].to: 'chat' is both a queue and a way out; "
        "call the queue otherwise",
    "queues: {a: {online: {never: [vipp]}}}\nclasses: {vip: {}}":
        "1: queues.a.online.never: there is no class 'vipp'; did you mean 'vip'?",
    "queues: {a: {online: {nevr: [vip]}}}":
        "1: queues.a.online.nevr: unknown key; did you mean 'never'?",
    "queues: {a: {overflow: [{when: {}, to: chat}]}}":
        "1: queues.a.overflow[0].when: say when, by at least one of: predicted_wait, "
        "waited, longest_wait, length, nobody, closed, holiday, trunks_busy",
    "queues: {a: {overflow: [{when: {length: 3}}]}}": "1: queues.a.overflow[0].to: is missing",
    "queues: {a: {overflow: [{when: {length: 0}, to: sms}]}}":
        "1: queues.a.overflow[0].when.length: must be at least 1, not '0'",
    "queues: {a: {overflow: [{when: {closed: true}, to: sms}]}}":
        "1: queues.a.overflow[0].when.closed: the queue is never closed: give it `hours`",
    "queues: {a: {hours: always, overflow: [{when: {closed: true}, to: sms}]}}":
        "1: queues.a.overflow[0].when.closed: the queue is never closed: give it `hours`",
    "queues: {a: {overflow: [{when: {holiday: true}, to: sms}]}}":
        "1: queues.a.overflow[0].when.holiday: the queue knows no holidays: "
        "give it `hours` that have them",
    "queues: {a: {hours: w, overflow: [{when: {holiday: true}, to: sms}]}}\n"
    "hours: {w: {open: {mon: 09:00-10:00}}}":
        "1: queues.a.overflow[0].when.holiday: hours.w have no `holidays`",
    # hours
    "hours: {w: {zone: Asia/Shangai, open: {mon: 09:00-10:00}}}":
        "1: hours.w.zone: there is no time zone 'Asia/Shangai'; did you mean 'Asia/Shanghai'?",
    "hours: {w: {zone: ../../etc/passwd, open: {mon: 09:00-10:00}}}":
        "1: hours.w.zone: there is no time zone '../../etc/passwd'",
    "hours: {w: {}}": "1: hours.w.open: is missing",
    "hours: {w: {open: {monday: 09:00-10:00}}}":
        "1: hours.w.open.monday: 'monday' names no days; write them like mon-fri or sat,sun",
    "hours: {w: {open: {mon: 9-18}}}":
        "1: hours.w.open.mon: '9-18' is no span of time; write it like \"09:00-18:00\"",
    "hours: {w: {open: {}, holidays: ZZ}}":
        "1: hours.w.holidays: no calendar is known of the country 'ZZ'",
    "hours: {w: {open: {}, holidays: [CN, GB-ENX]}}":
        "1: hours.w.holidays[1]: GB has no region 'ENX'; "
        "did you mean 'ENG'?",
    "hours: {w: {open: {}, holidays: [china]}}":
        "1: hours.w.holidays[0]: 'china' is neither a day, "
        "like 2026-10-01, nor a country, like CN or DE-BY",
    "hours: {w: {open: {}, days: {2026-02-30: closed}}}":
        "1: hours.w.days.2026-02-30: '2026-02-30' is no day; write it like 2026-10-01",
    "hours: {w: {open: {}, days: {2026-02-03: shut}}}":
        "1: hours.w.days.2026-02-03: 'shut' is no span of time; write it like \"09:00-18:00\"",
    # dispositions
    "queues: {a: {disposition_limit: 60}}":
        "1: queues.a.disposition_limit: there is nothing to say: give `dispositions`",
    "queues: {a: {disposition_ends_wrap_up: yes}}":
        "1: queues.a.disposition_ends_wrap_up: there is nothing to say: give `dispositions`",
    "queues: {a: {disposition_limit: 9, dispositions: {b: {en: B}}}}":
        "1: queues.a.disposition_limit: is shorter than the wrap-up itself, 10 "
        "(`wrap_up_seconds`)",
    "queues: {a: {dispositions: {b: {}}}}":
        "1: queues.a.dispositions.b: has no words: say it in each language, like "
        "{zh: 已解决, en: Solved}",
    "queues: {a: {dispositions: {b: {en: B}, c: {en: C, zh: 丙}}}}":
        "1: queues.a.dispositions.b: has no words in zh, as others here have",
    "queues: {a: {dispositions: {b: {eng: B}}}}":
        "1: queues.a.dispositions.b.eng: is no language: two letters, such as zh or en",
    "queues: {a: {dispositions: {b c: {en: B}}}}":
        "1: queues.a.dispositions.'b c': is no name: letters, digits, - and _, a letter or digit "
        "first, at most 32",
    # YAML itself
    "queues: {a: {}\n": "2: this is not YAML: expected ',' or '}', but got '<stream end>'",
    "seed: 1\nseed: 2": "1: seed: is there twice, in lines 1 and 2",
    "agents:\n  1001: {}\n  '1001': {}": "2: agents.1001: is there twice, in lines 2 and 3",
    "agents: {a: &a {}, b: *a}": "1: agents.b: aliases (*) are not used here: write it out",
    "agents: {? [a, b] : {}}": "1: agents: a key is a word, not a list, a mapping or an alias",
    "seed: 1\n---\nseed: 2": "1: this is more than one document",
    "[" * 100_000: "1: this is not YAML: line 1 is nested too deeply",
    "\t": "1: this is not YAML: found character '\\t' that cannot start any token",
}  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), BAD.items(), ids=lambda text: text[:40])
def test_a_fault_is_named_with_line_path_and_remedy(text: str, fault: str, tmp_path: Path) -> None:
    assert fault in faults_of(text, tmp_path)


ALONE = {text: fault for text, fault in BAD.items() if "? [a" not in text}


@pytest.mark.parametrize(("text", "fault"), ALONE.items(), ids=lambda text: text[:40])
def test_one_fault_is_told_once(text: str, fault: str, tmp_path: Path) -> None:
    assert faults_of(text, tmp_path) == [fault]


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """
clases: {}
queues:
  support:
    ring_seconds: long
    relax: [{after: 30, skills: {x: 3}}, {aftr: 60}, {after: 20, skills: {x: 4}}]
    overflow: [{when: {nobdy: true}, to: support}, {when: {closed: true}, to: slaes}, 5]
  sales: {grace: -1, grace: -2}
agents:
  a: {queues: [suport], team: hous, skills: {x: 12}}
"""
    assert faults_of(text, tmp_path) == [
        "2: clases: unknown key; did you mean 'classes'?",
        "5: queues.support.ring_seconds: must be a number, not 'long'",
        "6: queues.support.relax[1].after: is missing",
        "6: queues.support.relax[1].skills: is missing",
        "6: queues.support.relax[1].aftr: unknown key; did you mean 'after'?",
        "6: queues.support.relax[2].skills.x: asks for more than a step before (3); "
        "steps only relax",
        "7: queues.support.overflow[0].when.nobdy: unknown key; did you mean 'nobody'?",
        "7: queues.support.overflow[2]: must have keys of its own, not '5'",
        "7: queues.support.overflow[0].to: leads back to its own queue",
        "7: queues.support.overflow[1].when.closed: the queue is never closed: give it `hours`",
        "7: queues.support.overflow[1].to: 'slaes' is no queue, nor a way out; "
        "did you mean 'sales'?",
        "8: queues.sales.grace: is there twice, in lines 8 and 8",
        "10: agents.a.skills.x: must be at most 10, not '12'",
        "10: agents.a.team: there is no team 'hous'; did you mean 'house'?",
        "10: agents.a.queues[0]: there is no queue 'suport'; did you mean 'support'?",
    ]


def test_a_name_of_a_faulty_entry_is_known_to_the_others(tmp_path: Path) -> None:
    text = "queues: {support: 5}\nagents: {a: {queues: [support]}}"
    assert faults_of(text, tmp_path) == ["1: queues.support: must have keys of its own, not '5'"]


# ---------------------------------------------------------------- what is hardly meant

ODD = {
    "classes: {vip: {reserve: 2}}\nagents: {a: {queues: [support]}, b: {}}\nqueues: [support]": {
        "1: classes.vip.reserve: no queue has so many agents (the largest, 'support', has 1)",
        "2: agents.b: serves no queue",
        "3: queues[0]: all 1 agents are reserved (vip): "
        "customers of other classes get one agent at most"},
    "agents: {a: {}}\nqueues: [b]": {
        "2: queues[0]: no agent serves this queue", "1: agents.a: serves no queue"},
    "queues: {a: {relax: [{after: 9, skills: {biling: 3}}]}}\n"
    "agents: {x: {queues: [a], skills: {billing: 5}}}":
        {"1: queues.a.relax[0].skills.biling: no agent of this queue has this skill; "
         "did you mean 'billing'?"},
    "queues: {a: {relax: [{after: 9, skills: {billing: 6}}]}}\n"
    "agents: {x: {queues: [a], skills: {billing: 5}}}":
        {"1: queues.a.relax[0].skills.billing: no agent of this queue has more than 5"},
    "queues: {a: {partner_after: 9}}\nagents: {x: {queues: [a]}}":
        {"1: queues.a.partner_after: no agent of this queue is of a partner team"},
    "classes: {vip: {reserve: 1}, gold: {reserve: 1}}\nqueues: [a]\n"
    "agents: {x: {queues: [a]}, y: {queues: [a]}}":
        {"2: queues[0]: all 2 agents are reserved (vip, gold): "
         "customers of other classes get one agent at most"},
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ODD.items(), ids=[text[:40] for text in ODD])
def test_what_is_hardly_meant_is_a_warning(text: str, expected: set[str], tmp_path: Path) -> None:
    warnings = read(text, tmp_path).warnings
    assert {
        warning.removeprefix(f"{tmp_path / 'centre.yaml'}:") for warning in warnings
    } == expected


# ---------------------------------------------------------------- files that are no centre files


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="No such file"):
        centre_file.read(tmp_path / "nowhere.yaml")
    with pytest.raises(BadSettings, match="directory"):
        centre_file.read(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(BadSettings, match="is larger than 2,000,000 bytes"):
        centre_file.read(file)
    assert located.LARGEST == 2_000_000


@pytest.mark.parametrize("content", [b"\xff\xfeq", b"queues: \x00", b"\x80", b"queues: \x1b[2J"])
def test_bytes_that_are_no_text_are_a_fault(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "centre.yaml").write_bytes(content)
    with pytest.raises(BadSettings) as refusal:
        centre_file.read(tmp_path / "centre.yaml")
    assert len(refusal.value.faults) == 1


def test_a_bomb_of_aliases_does_not_go_off(tmp_path: Path) -> None:
    """Nine levels of nine: written out it would be gigabytes."""
    levels = "\n".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    faults = faults_of(f"a: &a [{', '.join(['lol'] * 9)}]\n{levels}", tmp_path)
    assert sum("aliases" in fault for fault in faults) == 72


def test_a_mapping_that_holds_itself_is_a_fault() -> None:
    endless: dict[str, Any] = {}
    endless["queues"] = {"a": endless}
    with pytest.raises(BadSettings, match="nested too deeply"):
        centre_file.read(endless)


def test_keys_that_are_one_once_written_are_a_fault() -> None:
    with pytest.raises(BadSettings, match=r"agents\.1001: is there twice"):
        centre_file.read({"agents": {1001: {}, "1001": {}}})


def test_no_key_or_value_breaks_the_line_of_a_fault(tmp_path: Path) -> None:
    for text in ('"a\\nb": 1', 'queues: {a: {grace: "x\\ny"}}', 'agents: {a: {team: "x\\e[2J"}}',
                 'hours: {w: {open: {"x\\ny": closed}}}'):  # fmt: skip
        assert all(fault.isprintable() for fault in faults_of(text, tmp_path))


# ---------------------------------------------------------------- whatever people write

KEYS = st.sampled_from(
    ["queues", "agents", "classes", "hours", "teams", "urgency", "seed", *QueueEntry.model_fields,
     "support", "a", "when", "to", "after", "skills", "capacity", "open", "days", "zone", "mix",
     "interruptible", "1001", "vip", "credit", "reserve", "nobody", "closed", "holiday", "mon-fri"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), KEYS
)
CONTENT = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | SCALARS, inner, max_size=4),
    max_leaves=25,
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "queues": st.dictionaries(KEYS, st.dictionaries(KEYS, CONTENT, max_size=4), max_size=3),
        "agents": st.dictionaries(KEYS, st.dictionaries(KEYS, CONTENT, max_size=4), max_size=3),
        "hours": st.dictionaries(KEYS, st.dictionaries(KEYS, CONTENT, max_size=3), max_size=2),
        "classes": CONTENT,
    },
)


def is_understood_or_refused(source: Path | dict[str, Any]) -> None:
    try:
        assert isinstance(centre_file.read(source), Rules)
    except BadSettings as bad:
        assert bad.faults
        assert all(fault.isprintable() for fault in bad.faults)


@given(content=st.one_of(SHAPED, CONTENT))
@settings(max_examples=100, deadline=None)
def test_anything_that_yaml_can_say_is_understood_or_refused(
    content: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "anything.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    is_understood_or_refused(file)
    if isinstance(content, dict):
        is_understood_or_refused(content)


@given(text=st.text(alphabet="ab1:-[]{}&*!|>'\"#%@`,? \n\t~<é\x00", max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_understood_or_refused(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "any-text.yaml"
    file.write_text(text, encoding="utf-8")
    is_understood_or_refused(file)


# ---------------------------------------------------------------- for editors, and for the hurried


def test_editors_are_told_every_key_and_what_it_means() -> None:
    whole = schema()
    models = [whole, *whole["$defs"].values()]
    keys = {key: value for model in models for key, value in model.get("properties", {}).items()}
    assert set(QueueEntry.model_fields) | set(CentreKeys.model_fields) <= keys.keys()
    assert [key for key, value in keys.items() if not value.get("description")] == []
    assert whole["additionalProperties"] is False


def test_calendars_are_loaded_only_for_those_who_name_one() -> None:
    program = (
        "import sys; from ivr import settings, centre_file; "
        "centre_file.read({'hours': {'w': {'open': {'mon': '09:00-10:00'}, 'holidays': [%s]}}}); "
        "print('holidays' in sys.modules)"
    )
    for named, loaded in (("'2026-10-01'", "False"), ("'CN'", "True")):
        run = [sys.executable, "-c", program % named]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
        assert done.stdout.strip() == loaded
