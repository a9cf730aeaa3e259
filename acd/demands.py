"""What waiting contacts ask for, and which of the agents who are logged in may ever serve it."""

from __future__ import annotations

from acd.config import Centre
from acd.lines import Demand, DemandTerms, Trade, demand_terms
from acd.match import NEVER, member_of, queue_of, stages_of, trade_after, wait_needed
from acd.model import Agent, AgentId, Contact, Medium, QueueId, Seconds

MOST_DEMANDS = 4096
"""Demands beyond this many are forgotten when nobody waits with them."""


class Demands:
    """Every demand that is known, and within which trades each agent can work."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._demands: dict[DemandTerms, Demand] = {}
        self._trades: dict[tuple[QueueId, Medium, frozenset[str]], Trade] = {}
        self._most = MOST_DEMANDS
        self._here: dict[AgentId, Agent] = {}
        self._having: dict[str, dict[AgentId, Agent]] = {}
        """Agents who are logged in, by skill."""
        self.reach: dict[AgentId, dict[Trade, Seconds]] = {}
        """The trades of each agent who is logged in, and from which wait on."""

    def of(self, contact: Contact) -> Demand:
        """What the contact asks for."""
        return self.named(demand_terms(contact))

    def named(self, terms: DemandTerms) -> Demand:
        """What is asked for by these terms."""
        return self._demands.get(terms) or self._new(terms)

    def _new(self, terms: DemandTerms) -> Demand:
        if len(self._demands) >= self._most:
            self._forget()
        queue, medium, lane, skills = terms
        stages = stages_of(skills, queue_of(self._centre, queue))
        trade = self._trade(queue, medium, frozenset(dict(stages[-1][1])))
        by_wait = len(stages) > 1 or self._comes_later(queue)
        demand = self._demands[terms] = Demand(trade, lane, stages, by_wait)
        return demand

    def _comes_later(self, queue: QueueId) -> bool:
        """Whether the contacts of this queue come to some agents only after a while."""
        members = self._centre.agents.values()
        return queue_of(self._centre, queue).partner_after > 0 or any(
            member.queues.get(queue) for member in members
        )

    def _trade(self, queue: QueueId, medium: Medium, skills: frozenset[str]) -> Trade:
        trade = self._trades.get((queue, medium, skills))
        if trade is None:
            trade = self._trades[queue, medium, skills] = Trade(queue, medium, skills)
            for id_ in self._with(skills):
                self._learn(self._here[id_], trade)
        return trade

    def _with(self, skills: frozenset[str]) -> list[AgentId]:
        """Agents who are logged in and have all of these skills, at whatever levels."""
        having = sorted((self._having.get(skill, {}) for skill in skills), key=len)
        others = set[AgentId].intersection(*map(set, having[1:])) if having[1:] else None
        first = having[0] if having else self._here
        return [id_ for id_ in first if others is None or id_ in others]

    def _forget(self) -> None:
        """Forget demands that nobody waits with, and trades without demands."""
        self._demands = {terms: demand for terms, demand in self._demands.items() if demand.lines}
        self._most = max(MOST_DEMANDS, 2 * len(self._demands))
        used = {demand.trade for demand in self._demands.values()}
        self._trades = {terms: trade for terms, trade in self._trades.items() if trade in used}
        for agent, trades in self.reach.items():
            self.reach[agent] = {trade: after for trade, after in trades.items() if trade in used}

    # ---------------------------------------------------------------- agents

    def sign_in(self, agent: Agent) -> None:
        """The agent is here from now on, with the queues of this log-in."""
        self._here[agent.id], self.reach[agent.id] = agent, {}
        for skill in member_of(self._centre, agent.id).skills:
            self._having.setdefault(skill, {})[agent.id] = agent
        for trade in self._trades.values():
            self._learn(agent, trade)

    def sign_off(self, agent: AgentId) -> None:
        self._here.pop(agent, None)
        for trade in self.reach.pop(agent, {}):
            del trade.able[agent]
        for skill in member_of(self._centre, agent).skills:
            self._having.get(skill, {}).pop(agent, None)

    def _learn(self, agent: Agent, trade: Trade) -> None:
        after = trade_after(agent, trade, self._centre)
        if after < NEVER:
            self.reach[agent.id][trade] = trade.able[agent.id] = after

    def need(self, agent: AgentId, demand: Demand) -> Seconds:
        """From which wait on this agent may serve this demand; NEVER for who is not logged in."""
        after = demand.trade.able.get(agent)
        if after is None:
            return NEVER
        return max(after, wait_needed(member_of(self._centre, agent).skills, demand))
