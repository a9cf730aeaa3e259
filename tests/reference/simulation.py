"""What a trace comes to, said a second time and as plainly as can be, to hold `simulate` to.

Centre and trace have the form of the files that `./hotline simulate` reads, and so have the
results. Known here: queues of an agent, skills with levels, credits of classes, wrap-up, patience,
`answer_after` shorter than the ring time. Not known: every other rule of a queue.

Where the contract leaves room, this is how it is read:

- Everything with a time happens one after the other; at one instant answered offers, then agents
  who become free (by the end of a talk or of the wrap-up after it), arrivals, patience.
- Agents who become free at the same instant do so together: of the waiting contacts the smallest
  set in order that they can all serve, then in order of the contacts the agent idle longest.
- Arrivals at the same instant come one by one, in order of their lines.
- A caller whom an agent's phone rings for can still give up. The agent is idle again, and has been
  since before the offer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import islice
from typing import Any

Table = dict[str, Any]
Kind = tuple[str, str, frozenset[tuple[str, int]]]
"""Queue, class, skills with levels: within a kind, who came first is first."""
NOTHING: Table = {"id": "", "outcome": "waiting", "agent": None, "started": None, "ended": None}
Event = tuple[float, int, int, str]
"""When, what, and of what concerns it the contact and the agent."""
ANSWERED, FREE, ARRIVED, LEFT = range(4)
"""What happens, in the order in which it happens at one instant."""


def simulate(centre: Table, trace: list[Table]) -> list[Table]:
    """The results of a trace, in its order."""
    return Simulation(centre, trace).run()


class Simulation:
    """One run. Contacts are numbers of lines, agents their ids."""

    def __init__(self, centre: Table, trace: list[Table]) -> None:
        self.centre, self.trace = centre, trace
        self.results = [{**NOTHING, "id": line["id"]} for line in trace]
        self.idle = dict.fromkeys(centre["agents"], 0.0)  # since when
        self.waiting: set[int] = set()
        self.kinds = [
            (x["queue"], x.get("class", ""), frozenset(x.get("skills", {}).items())) for x in trace
        ]
        credit = {name: rules.get("credit", 0.0) for name, rules in centre["classes"].items()}
        self.keys = [(x["at"] - credit.get(x.get("class"), 0.0), n) for n, x in enumerate(trace)]
        self.agents = {kind: self.able(kind) for kind in set(self.kinds)}
        self.lines: dict[Kind, deque[int]] = {}  # who left one stays in it until seen at its head
        self.ringing: dict[int, tuple[str, float]] = {}  # agent, and since when idle
        self.events: list[Event] = [(line["at"], ARRIVED, n, "") for n, line in enumerate(trace)]

    def run(self) -> list[Table]:
        while self.events:
            now, what, contact, agent = heappop(self.events)
            if what == ANSWERED and contact in self.ringing:
                self.talk(contact, agent, now)
            elif what == FREE:
                agents = [agent]
                while self.events and self.events[0][:2] == (now, FREE):
                    agents.append(heappop(self.events)[3])
                self.idle.update(dict.fromkeys(agents, now))
                self.match(agents, self.next_for(agents), now)
            elif what == ARRIVED:
                self.arrive(contact, now)
            elif what == LEFT and (contact in self.waiting or contact in self.ringing):
                self.leave(contact, now)
        return self.results

    def arrive(self, contact: int, now: float) -> None:
        self.waiting.add(contact)
        self.lines.setdefault(self.kinds[contact], deque()).append(contact)
        if self.trace[contact]["patience"] is not None:
            heappush(self.events, (now + self.trace[contact]["patience"], LEFT, contact, ""))
        self.match(self.idle, [contact], now)  # for those who wait already, no idle agent is able

    def talk(self, contact: int, agent: str, now: float) -> None:
        del self.ringing[contact]
        ended = now + self.trace[contact]["handle"]
        self.results[contact].update(outcome="served", agent=agent, started=now, ended=ended)
        wrap_up = self.centre["queues"][self.trace[contact]["queue"]]["wrap_up_seconds"]
        heappush(self.events, (ended + wrap_up, FREE, contact, agent))

    def leave(self, contact: int, now: float) -> None:
        self.results[contact].update(outcome="abandoned", ended=now)
        self.waiting.discard(contact)
        if contact in self.ringing:
            agent, since = self.ringing.pop(contact)
            self.idle[agent] = since
            self.match([agent], self.next_for([agent]), now)

    def next_for(self, agents: list[str]) -> list[int]:
        """The contacts that may be next for some of the agents, as many of each kind as agents."""
        found: list[int] = []
        for kind, line in self.lines.items():
            if not self.agents[kind].isdisjoint(agents):
                while line and line[0] not in self.waiting:
                    line.popleft()
                found += islice((c for c in line if c in self.waiting), len(agents))
        return found

    def match(self, agents: Iterable[str], contacts: list[int], now: float) -> None:
        free = sorted(agents, key=lambda agent: (self.idle[agent], agent))
        chosen: list[int] = []
        for contact in sorted(contacts, key=self.keys.__getitem__):
            if len(chosen) < len(free) and self.all_served([*chosen, contact], free):
                chosen.append(contact)
        while chosen:
            contact = chosen.pop(0)
            for agent in [able for able in free if able in self.agents[self.kinds[contact]]]:
                rest = [other for other in free if other != agent]
                if self.all_served(chosen, rest):
                    free = rest
                    self.offer(contact, agent, now)
                    break

    def all_served(self, contacts: list[int], agents: list[str]) -> bool:
        """Whether each of the contacts could have one of the agents to itself."""
        has: dict[str, int] = {}

        def place(contact: int, asked: set[str]) -> bool:
            for agent in self.agents[self.kinds[contact]].intersection(agents) - asked:
                asked.add(agent)
                if agent not in has or place(has[agent], asked):
                    has[agent] = contact
                    return True
            return False

        return all(place(contact, set()) for contact in contacts)

    def offer(self, contact: int, agent: str, now: float) -> None:
        self.waiting.discard(contact)
        self.ringing[contact] = agent, self.idle.pop(agent)
        answer_after = self.trace[contact].get("answer_after", 0.0)
        heappush(self.events, (now + answer_after, ANSWERED, contact, agent))

    def able(self, kind: Kind) -> set[str]:
        queue, _, skills = kind
        return {
            name
            for name, agent in self.centre["agents"].items()
            if queue in agent["queues"]
            and all(agent.get("skills", {}).get(skill, 0) >= level for skill, level in skills)
        }
