"""How agents share themselves between calls and chats, a bit an agent: thousands in one step.

Who takes either, but not both at once, is in one line with both: whatever is ahead there comes
first. Until a chat is theirs: from then on room that becomes free goes to chats alone, and calls
come back to them when the last chat is over.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.config import Capacity, Member
from acd.model import Agent, AgentId, Medium

VOICE, CHAT = Medium.VOICE, Medium.CHAT  # enums are slow to look into on Python 3.11
EVERYBODY = -1
FROM_CHATS = 0.3
"""What who is in chats counts for a call that waits, in parts of who is in a call: on simulated
days the estimated ranges of calls hold as often as they say with this."""


class Sharing:
    """Who has an open desk, who is in chats, to whom no call can be brought; it is told of each."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.bit: dict[AgentId, int] = {}
        self._desks = self._in_chats = self._no_phone = 0
        self._kept: dict[tuple[Medium, Medium], int] = {}
        """Whom a contact of the one medium keeps from the other."""
        self._chats: dict[int, int] = {}
        """Who takes so many chats at once."""
        self._capacity: dict[AgentId, Capacity] = {}
        for number, member in enumerate(members):
            bit, capacity = 1 << number, member.capacity
            self.bit[member.id], self._capacity[member.id] = bit, capacity
            self._chats[capacity.chat] = self._chats.get(capacity.chat, 0) | bit
            for pair in ((one, other) for one in Medium for other in Medium):
                if keeps_away(capacity, *pair):
                    self._kept[pair] = self._kept.get(pair, 0) | bit

    def see(self, agent: Agent) -> None:
        """The agent's desk, telephone or contacts may have changed."""
        bit, capacity = self.bit[agent.id], self._capacity[agent.id]
        held = [work.medium for work in agent.works.values()]
        in_chats = capacity.chat > 1 and CHAT in held  # after a single one a call may come
        self._desks = _with(self._desks, bit, agent.desk)
        self._in_chats = _with(self._in_chats, bit, in_chats)
        self._no_phone = _with(self._no_phone, bit, not agent.reachable and VOICE not in held)

    def within_reach(self, medium: Medium) -> int:
        """To whom contacts of this medium can be brought at all."""
        return self._desks if medium is CHAT else EVERYBODY

    def contested(self, mine: Medium, other: Medium) -> int:
        """At whom a contact of the other medium that is ahead comes before one of mine."""
        if mine is other:
            return EVERYBODY
        kept = self._kept.get((other, mine), 0)
        return kept & ~(self._in_chats | self._no_phone) if mine is CHAT else kept

    def places(self, bits: int, medium: Medium, worth: float) -> float:
        """How many contacts of this medium these agents have at once, when all of them have theirs.
        `worth`: how many chats an agent gets done in the time of a call, where calls come between.
        """
        if medium is not CHAT:
            in_chats = bits & self._in_chats & self._kept.get((CHAT, medium), 0)
            return bits.bit_count() - (1.0 - FROM_CHATS) * in_chats.bit_count()
        calls = self._kept.get((VOICE, CHAT), 0) & ~(self._in_chats | self._no_phone)
        calls |= self._chats.get(0, 0)  # who takes no chats, but the calls ahead
        found = (bits & calls).bit_count() * worth
        for number, who in self._chats.items():
            found += number * (bits & who & ~calls).bit_count()
        return found


def keeps_away(capacity: Capacity, other: Medium, mine: Medium) -> bool:
    """Whether an agent who holds the other medium gets none of mine, as far as they take both."""
    takes = capacity.of(other) > 0 and capacity.of(mine) > 0
    return takes and (other is mine or not (capacity.mix or other in capacity.interruptible))


def _with(bits: int, bit: int, is_so: bool) -> int:
    return bits | bit if is_so else bits & ~bit
