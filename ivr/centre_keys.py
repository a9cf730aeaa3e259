"""The keys of `centre.yaml`: their form, limits and defaults. What they mean together is checked
in `ivr.centre_check`; `ivr.centre_file` reads the file.

Defaults are those of `acd.config`. The texts under the keys are what editors show beside them
(`./hotline rules schema`).
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field

from acd import config, schedule
from acd.config import Strategy
from acd.model import Medium, QueueId
from ivr.calendars import calendar
from ivr.keys import ByName, Keys, Level, Name, PhoneName, Word, one_or_more, readable

HOUR, DAY = 3600, 86_400
LABEL_LETTERS = 80
QUEUE = config.Queue(QueueId(""))
CAPACITY = config.Capacity()

EnoughLevel = Annotated[int, Field(ge=0, le=10)]
WithinDay = Annotated[float, Field(ge=0, le=DAY)]
HeadStart = Annotated[float, Field(ge=0, le=1_000_000_000)]
"""A credit above every wait makes an order strict; it must only be finite."""
WithinHour = Annotated[float, Field(ge=0, le=HOUR)]
Many = Annotated[int, Field(ge=0, le=20)]


def day_or_country(text: str) -> None:
    if text[:1].isdigit():
        schedule.calendar_day(text)
    else:
        calendar(text)


def language_letters(text: str) -> None:
    if not re.fullmatch(r"[a-z]{2}", text):
        raise ValueError("is no language: two letters, such as zh or en")


def label(text: str) -> None:
    if not text.strip() or len(text) > LABEL_LETTERS or not text.isprintable():
        raise ValueError(f"must be 1 to {LABEL_LETTERS} letters in one line")


def known_zone(text: str) -> None:
    try:
        schedule.time_zone(text)
    except ValueError as fault:
        near = get_close_matches(text, _zones(), 1)
        raise ValueError(f"{fault}; did you mean {near[0]!r}?" if near else str(fault)) from fault


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


DaysText = Annotated[str, readable(schedule.week_days)]
DayText = Annotated[str, readable(schedule.calendar_day)]
TimesText = Annotated[str, readable(schedule.times)]
LanguageText = Annotated[str, readable(language_letters)]
LabelText = Annotated[str, readable(label)]
HolidayText = Annotated[str, readable(day_or_country)]
ZoneText = Annotated[str, readable(known_zone)]


class ClassEntry(Keys):
    """What a class of customers brings."""

    credit: HeadStart = 0
    """Seconds of head start in every queue."""
    repeat: HeadStart = 0
    """Seconds of head start besides, for a caller who asks for the same queue within a day."""
    reserve: Annotated[int, Field(ge=0, le=10_000)] = 0
    """So many agents of a queue are free or with this class before others get the rest."""


class UrgencyEntry(Keys):
    """What an urgent matter brings."""

    credit: HeadStart = 0
    """Seconds of head start, on top of that of the class."""


class TeamEntry(Keys):
    """A team of agents."""

    partner: bool = False
    """Whether the team is an outside firm's."""


class RelaxEntry(Keys):
    """One step of a queue's `relax`."""

    after: WithinDay
    """Seconds of waiting from which on these levels are enough."""
    skills: Annotated[dict[Word, EnoughLevel], Field(min_length=1)]
    """Levels from 1 to 10 by skill; 0: the skill is not needed any more."""


class ConditionEntry(Keys):
    """When an overflow rule holds: all that is given must hold."""

    predicted_wait: WithinDay | None = None
    """A contact that came now would wait at least so many seconds (middle of the estimate)."""
    waited: WithinDay | None = None
    """The contact itself has waited so many seconds."""
    longest_wait: WithinDay | None = None
    """Who has waited longest in the queue has waited so many seconds."""
    length: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """At least so many wait in the queue."""
    nobody: bool | None = None
    """No agent of the queue is logged in."""
    closed: bool | None = None
    """The queue's hours say closed, for whatever reason."""
    holiday: bool | None = None
    """Today is a holiday of the queue's hours."""
    trunks_busy: bool | None = None
    """Every trunk that takes calls has all its `channels` in use."""


class OverflowEntry(Keys):
    """One rule of a queue's `overflow`; the first that holds is taken."""

    when: ConditionEntry
    """When the rule holds."""
    to: str
    """Where the contact goes: another queue, a channel, `callback` or `message`."""


class OnlineEntry(Keys):
    """Whether callers who wait are offered to go on online."""

    never: tuple[Word, ...] = ()
    """Classes that are not asked as long as an agent can talk with them on the telephone."""


class QueueEntry(Keys):
    """Where contacts of one kind wait, with rules of its own."""

    ring_seconds: Annotated[float, Field(gt=0, le=600)] = QUEUE.ring_seconds
    """Seconds that an agent's phone rings before the next agent's does."""
    wrap_up_seconds: WithinHour = QUEUE.wrap_up_seconds
    """Seconds after a talk in which the agent gets nothing new."""
    service_level_seconds: Annotated[float, Field(gt=0, le=DAY)] = QUEUE.service_level_seconds
    """Answered within so many seconds counts as answered in time. For figures alone."""
    promise_seconds: Annotated[float, Field(gt=0, le=DAY)] | None = QUEUE.promise_seconds
    """Seconds of waiting that customers have been promised; `simulate` says if it can be kept."""
    hours: str | None = None
    """Opening hours, by their name in `hours`. Not given: always open."""
    park_limit: Annotated[float, Field(gt=0, le=DAY)] = QUEUE.park_limit
    """Seconds after which a contact that could not be reached has lost its place."""
    grace: WithinHour = QUEUE.grace
    """Seconds in which a caller who was cut off can take up their place again."""
    strategy: Strategy = QUEUE.strategy
    """Which of the agents who may serve a contact gets it."""
    relax: tuple[RelaxEntry, ...] = ()
    """Steps by which a waiting contact asks for less, each later than the one before."""
    partner_after: WithinDay = QUEUE.partner_after
    """Seconds of waiting before a contact comes to agents of partner teams."""
    hold_for_preferred: WithinHour = QUEUE.hold_for_preferred
    """Seconds that a contact waits for its preferred agent alone."""
    offer_elsewhere_after: Annotated[float, Field(gt=0, le=120)] | None = (
        QUEUE.offer_elsewhere_after
    )
    """Seconds of ringing after which an agent who frees gets the contact in place of the other."""
    overflow: tuple[OverflowEntry, ...] = ()
    """Where contacts go when the queue cannot serve them; the first rule that holds is taken."""
    online: OnlineEntry | None = None
    """Callers who wait are offered chat where it is faster; `{}`: all. Not given: by rules of
    `overflow` with `to: chat` alone."""
    answer_within: Annotated[float, Field(ge=60, le=30 * DAY)] | None = QUEUE.answer_within
    """Seconds of opening hours within which messages are answered: who finds the chat closed is
    offered to leave one, and messages of callers and of customers online come to agents as work.
    Not given: that is not offered, and messages of callers stand on tickets alone."""
    dispositions: dict[Name, dict[LanguageText, LabelText]] = Field(default_factory=dict)
    """What a talk may have come to: codes, with words by language, like
    `solved: {zh: 已解决, en: Solved}`."""
    disposition_limit: Annotated[float, Field(gt=0, le=HOUR)] | None = QUEUE.disposition_limit
    """Wrap-up goes on until the talk has a disposition, at most so many seconds; then the agent is
    not ready. Not given: no talk needs one."""
    disposition_ends_wrap_up: bool = QUEUE.disposition_ends_wrap_up
    """Whether wrap-up is over as soon as the talk has its disposition."""


class HoursEntry(Keys):
    """Opening hours."""

    zone: ZoneText = "Asia/Shanghai"
    """The time zone whose clocks they follow, by its IANA name."""
    open: dict[DaysText, TimesText]
    """Days to times: `{mon-fri: "09:00-12:00, 13:00-18:00", holidays: "10:00-14:00"}`."""
    holidays: Annotated[tuple[HolidayText, ...], BeforeValidator(one_or_more)] = ()
    """Whose holidays: countries (`CN`), regions (`DE-BY`), single days (`2026-10-01`)."""
    days: dict[DayText, TimesText] = Field(default_factory=dict)
    """Single days that are otherwise: `{2026-10-01: closed, 2026-10-10: "10:00-16:00"}`."""


class CapacityEntry(Keys):
    """What an agent takes at once: contacts of one medium, or of all of them with `mix`."""

    voice: Annotated[int, Field(ge=0, le=1)] = CAPACITY.voice
    """Calls at once: one, or none."""
    chat: Many = CAPACITY.chat
    """Chats at once."""
    mail: Many = CAPACITY.mail
    """E-mails, messages and tickets at once."""
    mix: bool = CAPACITY.mix
    """Whether calls, chats and mail may come together."""
    interruptible: frozenset[Medium] = CAPACITY.interruptible
    """Media whose contacts never keep those of other media away."""


class MembershipEntry(Keys):
    """An agent's place in a queue."""

    after: WithinDay = 0
    """Seconds that a contact has waited before it comes to this agent."""


class AgentEntry(Keys):
    """A person who serves contacts."""

    queues: ByName[MembershipEntry] = Field(default_factory=dict)
    """The queues that the agent serves."""
    skills: dict[Word, Level] = Field(default_factory=dict)
    """What the agent can do: levels from 1 to 10 by skill."""
    team: str = "house"
    """The agent's team, by its name in `teams`."""
    capacity: CapacityEntry = Field(default_factory=CapacityEntry)
    """What the agent takes at once."""


class CentreKeys(Keys):
    """The rules of the house: queues, classes, hours and agents."""

    classes: ByName[ClassEntry] = Field(default_factory=dict)
    """What customers can count as. `standard` is there without an entry."""
    urgency: dict[Name, UrgencyEntry] = Field(default_factory=dict)
    """Matters that bring a head start, whoever asks."""
    teams: ByName[TeamEntry] = Field(default_factory=dict)
    """Teams of agents. `house` is there without an entry."""
    queues: ByName[QueueEntry] = Field(default_factory=lambda: {"support": QueueEntry()})
    """Where contacts wait."""
    hours: dict[Name, HoursEntry] = Field(default_factory=dict)
    """Opening hours that queues and flows refer to. `always` is there without an entry."""
    agents: dict[PhoneName, AgentEntry] = Field(default_factory=dict)
    """Who serves contacts. An agent's id is the name of the agent's phone."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """For the strategy `random`: the same seed gives the same choices."""
