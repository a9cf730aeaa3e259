"""The rules of the house as the engine needs them: queues, classes, teams, agents. Values only.

`ivr.centre_file` reads them from `centre.yaml` and says everything that is wrong with it. All
lengths of time are seconds; every default here is the default of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.model import AgentId, Medium, QueueId, Seconds
from acd.schedule import Schedule

VOICE, CHAT = Medium.VOICE, Medium.CHAT  # enums are slow to look into on Python 3.11

Skills = Mapping[str, int]
"""Levels from 1 to 10 by skill: what an agent has, or what a contact asks for."""


class Strategy(StrEnum):
    """Which of the agents who may serve a contact gets it. Ties are decided by the agent's id."""

    LONGEST_IDLE = "longest_idle"
    FEWEST_SKILLS = "fewest_skills"  # keeps those who can do much free
    LEVEL = "level"  # the highest sum of levels in the skills asked for
    FEWEST_CONTACTS = "fewest_contacts"  # offers answered in this day of work
    ROUND_ROBIN = "round_robin"  # by the last offer, the longest ago first
    RANDOM = "random"  # by the centre's seed: the same events give the same choice


@dataclass(frozen=True, slots=True)
class Class:
    """A class of customers. `repeat` is added for who asks again within a day."""

    credit: Seconds = 0.0
    repeat: Seconds = 0.0
    reserve: int = 0
    """So many agents of a queue are free or with this class before others get the rest."""


@dataclass(frozen=True, slots=True)
class Relax:
    """From `after` seconds on these levels are enough; level 0 means the skill is not needed."""

    after: Seconds
    skills: Skills


@dataclass(frozen=True, slots=True)
class Condition:
    """When an overflow rule holds: all that is given must hold. See `acd.overflow`."""

    predicted_wait: Seconds | None = None
    """At least so long would a contact that came now wait (middle of the estimate)."""
    waited: Seconds | None = None
    """The contact itself has waited so long."""
    longest_wait: Seconds | None = None
    """The contact that has waited longest in the queue has waited so long."""
    length: int | None = None
    """At least so many others wait in the queue."""
    nobody: bool | None = None
    """No agent of the queue is logged in."""
    closed: bool | None = None
    """The queue's hours say closed, for whatever reason."""
    holiday: bool | None = None
    """Today is a holiday of the queue's hours."""
    trunks_busy: bool | None = None
    """Every trunk that takes calls has all its channels in use."""


@dataclass(frozen=True, slots=True)
class OverflowRule:
    """Where a contact goes: another queue, a channel, `callback` or `message`."""

    when: Condition
    to: str


@dataclass(frozen=True, slots=True)
class Online:
    """Callers who wait are offered to go on online."""

    never: frozenset[str] = frozenset()
    """Classes that are not asked as long as the telephone serves them at all."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Where contacts of one kind wait, with the queue's own rules."""

    id: QueueId
    ring_seconds: Seconds = 15.0
    wrap_up_seconds: Seconds = 10.0
    service_level_seconds: Seconds = 20.0
    promise_seconds: Seconds | None = None
    hours: Schedule | None = None
    """None: always open."""
    park_limit: Seconds = 1800.0
    """A contact parked longer than this has ended its waiting episode."""
    grace: Seconds = 300.0
    """How long the place of a contact that was cut off can be taken up again."""
    strategy: Strategy = Strategy.LONGEST_IDLE
    relax: tuple[Relax, ...] = ()
    """Steps with rising `after`; each changes the levels that it names."""
    partner_after: Seconds = 0.0
    hold_for_preferred: Seconds = 0.0
    offer_elsewhere_after: Seconds | None = None
    """A contact ringing longer is offered to an agent who frees, the first offer withdrawn."""
    overflow: tuple[OverflowRule, ...] = ()
    dispositions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What a talk may be said to have come to: codes, with words for people by language."""
    disposition_limit: Seconds | None = None
    """Wrap-up goes on until the talk has a disposition, at most so long; None: it needs none."""
    disposition_ends_wrap_up: bool = False
    online: Online | None = None
    """None: callers are offered it only where an overflow rule says so."""
    answer_within: Seconds | None = None
    """A message is answered within so much of the queue's hours; None: that is not promised."""


@dataclass(frozen=True, slots=True)
class Team:
    """Agents of the house, or of a partner: an outside firm's agents."""

    partner: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    """What an agent takes at once: contacts of one medium, or of all of them with `mix`."""

    voice: int = 1
    chat: int = 3
    mail: int = 1
    mix: bool = False
    interruptible: frozenset[Medium] = frozenset({Medium.MAIL})
    """What the agent holds of these media never keeps contacts of other media away."""

    def of(self, medium: Medium) -> int:
        if medium is VOICE:
            return self.voice
        return self.chat if medium is CHAT else self.mail


@dataclass(frozen=True, slots=True)
class Member:
    """An agent as the centre file describes them."""

    id: AgentId
    queues: Mapping[QueueId, Seconds] = field(default_factory=dict)
    """How long a contact has waited before it comes to this agent: 0 for the agent's own queues."""
    skills: Skills = field(default_factory=dict)
    team: str = "house"
    capacity: Capacity = Capacity()


@dataclass(frozen=True, slots=True)
class Centre:
    """All rules. `version` names them in journal and explanations; `seed` is for `random`."""

    queues: Mapping[QueueId, Queue]
    agents: Mapping[AgentId, Member]
    classes: Mapping[str, Class] = field(default_factory=lambda: {"standard": Class()})
    urgency: Mapping[str, Seconds] = field(default_factory=dict)
    """Credit by urgency, on top of that of the class."""
    teams: Mapping[str, Team] = field(default_factory=lambda: {"house": Team()})
    version: str = ""
    seed: int = 0

    def credit(self, class_: str, urgency: str = "", repeat: bool = False) -> Seconds:
        """The head start of a contact, in seconds; names that are not in the rules give none."""
        found = self.classes.get(class_, Class())
        return found.credit + self.urgency.get(urgency, 0.0) + (found.repeat if repeat else 0.0)

    def is_partner(self, member: Member) -> bool:
        return self.teams.get(member.team, Team()).partner
