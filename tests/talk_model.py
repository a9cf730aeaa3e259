"""What a talk must look like after each step: written from `docs/ownership.md`, row by row.

Kept without the code that it is compared with: whoever mends a row here reads the page, not the
product. Pure: no I/O, no clock. Numbers in comments are the rows of that page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CALLER = "caller"
Parties = frozenset[str]


@dataclass(frozen=True)
class Seen:
    """One look at a talk: by the house's own account, and by Asterisk's."""

    contact: str
    """Its state; "ended" as well when the house has forgotten it."""
    owner: str
    """The agent whom the house names for it; "" for nobody."""
    agents: Mapping[str, str]
    rings: Parties
    """Whose telephone rings."""
    there: Parties
    """Who has an answered channel."""
    together: frozenset[Parties]
    """Who is in one bridge; those alone in one are left out."""


@dataclass
class Talk:
    """One contact among a few agents; `queues` names who serves which."""

    queues: Mapping[str, Sequence[str]]
    queue: str
    agents: dict[str, str]
    phase: str = "waiting"
    """waiting, rings, talk, held, phone held, asked, private, swapped, conference, line asked (by
    a second line of the telephone), line private, sent, over"""
    a: str = ""
    """Whose talk it is, or at whom the line rings."""
    b: str = ""
    """Who is consulted, or sent the caller."""
    barred: set[str] = field(default_factory=set)
    """Who has declined this contact and is not offered it for a while."""

    # ---- what must be seen

    def wrong(self, seen: Seen) -> list[str]:
        """In what the look differs from what must be; nothing if it does not."""
        wanted: dict[str, object] = {
            "contact": self._contact(), "agents": self.agents, "rings": self._rings(),
            "there": self._there(), "together": self._together(),
        }  # fmt: skip
        if self.phase not in ("waiting", "sent", "over"):  # then the agent named is the line's
            wanted["owner"] = self.a
        return [
            f"{name} is {_words(getattr(seen, name))}, not {_words(wish)}"
            for name, wish in wanted.items()
            if getattr(seen, name) != wish
        ]

    def _contact(self) -> str:
        names = {
            "rings": "ringing", "talk": "talking", "swapped": "talking", "conference": "talking",
            "sent": "after", "over": "ended", "waiting": "waiting",
        }  # fmt: skip
        return names.get(self.phase, "held")

    def _rings(self) -> Parties:
        ringing = {
            "rings": self.a, "asked": self.b, "line asked": self.b, "sent": self.b,
        }.get(self.phase)  # fmt: skip
        return frozenset({ringing} if ringing else ())

    def _there(self) -> Parties:
        if self.phase == "over":
            return frozenset()
        if self.phase in ("rings", "waiting", "sent"):
            return frozenset({CALLER})
        spoken_to = ("private", "swapped", "conference", "line private")
        consulted = {self.b} if self.phase in spoken_to else set()
        return frozenset({CALLER, self.a} | consulted)

    def _together(self) -> frozenset[Parties]:
        groups = {
            "talk": {CALLER, self.a}, "phone held": {CALLER, self.a}, "private": {self.a, self.b},
            "swapped": {CALLER, self.a}, "conference": {CALLER, self.a, self.b},
            "line asked": {CALLER, self.a}, "line private": {CALLER, self.a},
        }  # fmt: skip
        group = groups.get(self.phase)
        return frozenset({frozenset(group)} if group else ())

    # ---- who may come next

    def candidates(self) -> list[str]:
        """At whom the contact may ring while it waits."""
        ready = [agent for agent in self.queues[self.queue] if self.agents[agent] == "ready"]
        return [agent for agent in ready if agent not in self.barred]

    def ready_others(self) -> list[str]:
        """Who may be consulted, or sent the caller."""
        return [agent for agent, state in self.agents.items() if state == "ready"]

    def taken(self, agent: str) -> None:
        """The line rings at one of those who may be rung; which one is the engine's choice."""
        if self.phase != "waiting" or agent not in self.candidates():
            raise ValueError(f"{agent} must not be rung now")
        self.phase, self.a, self.agents[agent] = "rings", agent, "offered"

    # ---- steps

    def answer(self) -> None:
        """1: the agent passes the gate."""
        self._at("rings")
        self.phase, self.agents[self.a] = "talk", "talking"

    def decline(self) -> None:
        """The agent at whom the line rings rejects the call: it goes to another."""
        self._at("rings")
        self.agents[self.a] = "ready"
        self.barred.add(self.a)
        self.phase, self.a = "waiting", ""

    def hold(self) -> None:
        """2"""
        self._at("talk")
        self.phase = "held"

    def phone_hold(self) -> None:
        """3"""
        self._at("talk")
        self.phase = "phone held"

    def resume(self) -> None:
        """4, 5"""
        self._at("held", "phone held")
        self.phase = "talk"

    def consult(self, agent: str) -> None:
        """40"""
        self._at("talk")
        self._free(agent)
        self.phase, self.b, self.agents[agent] = "asked", agent, "offered"

    def consult_ends(self) -> None:
        """42, 43, 51, 52, 53: without wrap-up for who was only asked."""
        self._at("asked", "private", "swapped", "conference")
        self.agents[self.b] = "ready"
        self.phase, self.b = "talk", ""

    def consult_answered(self) -> None:
        """41"""
        self._at("asked")
        self.phase, self.agents[self.b] = "private", "talking"

    def swap(self) -> None:
        """44, 45"""
        self._at("private", "swapped")
        self.phase = "swapped" if self.phase == "private" else "private"

    def conference(self) -> None:
        """46"""
        self._at("private", "swapped")
        self.phase = "conference"

    def hand_over(self) -> None:
        """47: A's leg ends, asked to or not, and B has the contact."""
        self._at("private", "swapped", "conference", "line private")
        self.agents[self.a] = "wrap-up"
        self.phase, self.a, self.b = "talk", self.b, ""

    def line_consult(self, agent: str) -> None:
        """70"""
        self._at("phone held")
        self._free(agent)
        self.phase, self.b, self.agents[agent] = "line asked", agent, "offered"

    def line_answered(self) -> None:
        """72"""
        self._at("line asked")
        self.phase, self.agents[self.b] = "line private", "talking"

    def line_ends(self) -> None:
        """73, 78, 79, 80, 84: the caller stays on the phone's hold."""
        self._at("line asked", "line private")
        self.agents[self.b] = "ready"
        self.phase, self.b = "phone held", ""

    def send_to_agent(self, agent: str) -> None:
        """21, 32"""
        self._at("talk")
        self._free(agent)
        self.agents[self.a] = "wrap-up"
        self.phase, self.a, self.b, self.agents[agent] = "sent", "", agent, "offered"

    def send_to_queue(self, queue: str) -> None:
        """20, 32"""
        self._at("talk")
        self.agents[self.a] = "wrap-up"
        self.phase, self.a, self.queue = "waiting", "", queue

    def sent_answered(self) -> None:
        """22"""
        self._at("sent")
        self.agents[self.b] = "talking"
        self.phase, self.a, self.b = "talk", self.b, ""

    def sent_declined(self) -> None:
        """23: it waits where it did before."""
        self._at("sent")
        self.agents[self.b] = "ready"
        self.barred.add(self.b)
        self.phase, self.b = "waiting", ""

    def agent_hangs_up(self) -> None:
        """6, 47, 48; 75 to 77"""
        if self.phase in ("private", "swapped", "conference", "line private"):
            return self.hand_over()
        self._at("talk", "held", "phone held", "asked", "line asked")
        self.agents[self.a] = "wrap-up"
        self.phase = "sent" if self.b else "over"
        self.a = ""
        return None

    def caller_hangs_up(self) -> None:
        """8, 24, 54, 81, and who leaves while waiting: wrap-up only for the owner."""
        if self.b:
            self.agents[self.b] = "ready"
        if self.a:
            self.agents[self.a] = "ready" if self.phase == "rings" else "wrap-up"
        self.phase, self.a, self.b = "over", "", ""

    def _at(self, *phases: str) -> None:
        if self.phase not in phases:
            raise ValueError(f"{self.phase}: only in {', '.join(phases)}")

    def _free(self, agent: str) -> None:
        if self.agents[agent] != "ready":
            raise ValueError(f"{agent} is {self.agents[agent]}")


def _words(value: object) -> str:
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(_words(each) for each in value)) + "}"
    return str(value)
