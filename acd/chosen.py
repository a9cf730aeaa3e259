"""Why this agent, in words: only what is true of those who could have had the contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acd.commands import Offer
from acd.config import Strategy
from acd.model import AgentId, Rule, Seconds


@dataclass(frozen=True, slots=True)
class Able:
    """An agent who is logged in for what the contact asks for, as of the decision."""

    agent: AgentId
    idle: Seconds
    needs: Seconds
    open: bool
    """Had room for one more contact."""
    kept_by: str
    """Why it could not be offered to them just then; empty if it could."""
    works: int
    """So many contacts they had already."""
    rank: tuple[float | str, ...]
    """Smaller ranks first: open, not kept apart, exact match, then the queue's strategy."""

    @property
    def could(self) -> bool:
        """Whether it could have been offered to them."""
        return self.open and not self.kept_by

    @property
    def terms(self) -> tuple[float | str, ...]:
        """What the strategy alone goes by, without the name that parts equals."""
        return self.rank[4:-1]


def in_words(offer: Offer, strategy: Strategy, agents: Sequence[Able]) -> str:
    """How the agent came to the contact: `ann was the longest idle`."""
    if offer.rule is not Rule.ORDER and not offer.in_line:
        return f"{offer.agent} {_HOW[offer.rule]}"
    could = [one for one in agents if one.could]
    first = min(could, key=lambda one: one.rank, default=None)
    if first is None:
        return f"{offer.agent} was free"
    was = f"was {_STRATEGIES[strategy]}{_among(first, could)}"
    if first.agent == offer.agent:
        return f"{offer.agent} {was}"
    return f"{offer.agent} got it as several were matched at once, {first.agent} {was}"


def _among(first: Able, could: Sequence[Able]) -> str:
    """Among whom the strategy's words hold; empty: among all."""
    before = [one for one in could if one.terms < first.terms]
    among = []
    if any(one.needs > first.needs for one in before):
        among.append("may serve it soonest")
    if any(one.needs == first.needs for one in before):
        among.append("have least in hand")
    return f" of those who {' and '.join(among)}" if among else ""


_HOW: Mapping[Rule, str] = {
    Rule.PREFERRED: "is that agent",
    Rule.ELSEWHERE: "was free for it",
    Rule.PICKED_UP: "took it",
    Rule.HANDED_OVER: "was given it",
    Rule.CONSULT: "was asked",
    Rule.SENT_BACK: "had handed it on",
    Rule.OUTGOING: "calls",
}
_STRATEGIES: Mapping[Strategy, str] = {
    Strategy.LONGEST_IDLE: "the longest idle",
    Strategy.FEWEST_SKILLS: "who can do least",
    Strategy.LEVEL: "the most skilled",
    Strategy.FEWEST_CONTACTS: "who had the fewest contacts",
    Strategy.ROUND_ROBIN: "next in turn",
    Strategy.RANDOM: "drawn by lot",
}
