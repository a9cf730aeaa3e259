"""How many calls and chats agents have at once, by what they take and what they have already."""

from __future__ import annotations

import pytest

from acd.config import Capacity, Member
from acd.model import Agent, AgentId, Medium, OfferId, Work
from acd.sharing import CHAT, FROM_CHATS, VOICE, Sharing

EITHER, BOTH, CALLS_ONLY, CHATS_ONLY = (
    Capacity(voice=1, chat=2),
    Capacity(voice=1, chat=3, mix=True),
    Capacity(voice=1, chat=0),
    Capacity(voice=0, chat=3),
)
WORTH = 0.5


def house(*capacities: Capacity) -> Sharing:
    """Agents 0, 1, ... who take so much; each has bit 1, 2, 4, ..."""
    made = Sharing([Member(AgentId(str(n)), capacity=one) for n, one in enumerate(capacities)])
    for number, one in enumerate(capacities):
        sees(made, number, reachable=one.voice > 0)
    return made


def sees(made: Sharing, number: int, *held: Medium, reachable: bool = True) -> None:
    works = {OfferId(f"{n}"): Work(medium) for n, medium in enumerate(held)}
    made.see(Agent(AgentId(str(number)), {}, reachable=reachable, works=works))


def test_media_keep_each_other_away_only_at_agents_who_take_both_but_not_at_once() -> None:
    made = house(BOTH, EITHER, CALLS_ONLY, CHATS_ONLY)
    assert made.contested(VOICE, CHAT) == made.contested(CHAT, VOICE) == 0b0010


@pytest.mark.parametrize(("held", "calls_come_first"), [((), False), ((VOICE,), True)])
def test_who_has_no_telephone_is_brought_calls_before_chats_only_while_in_a_call(
    held: tuple[Medium, ...], calls_come_first: bool
) -> None:
    made = house(EITHER)
    sees(made, 0, *held, reachable=False)
    assert bool(made.contested(CHAT, VOICE)) is calls_come_first


def test_chats_of_who_shares_with_calls_count_for_what_comes_between_the_calls() -> None:
    made = house(BOTH, EITHER, CALLS_ONLY, CHATS_ONLY, Capacity(voice=0, chat=1))
    assert made.places(0b11111, CHAT, WORTH) == 3 + WORTH + WORTH + 3 + 1
    assert [made.places(1 << n, CHAT, WORTH) for n in range(5)] == [3, WORTH, WORTH, 3, 1]


def test_where_nobody_shares_everybody_has_all_their_chats() -> None:
    assert house(BOTH, BOTH).places(0b11, CHAT, WORTH) == 6


def test_who_is_in_chats_has_all_their_chats_and_counts_little_for_calls() -> None:
    made = house(EITHER, EITHER, EITHER)
    sees(made, 0, CHAT)
    sees(made, 1, CHAT)
    assert made.places(0b111, CHAT, WORTH) == 2 + 2 + WORTH
    assert made.places(0b111, VOICE, WORTH) == pytest.approx(1 + 2 * FROM_CHATS)


def test_chats_cost_no_calls_of_who_has_both_at_once() -> None:
    made = house(BOTH, BOTH)
    sees(made, 0, CHAT)
    assert made.places(0b11, VOICE, WORTH) == 2


def test_calls_cost_no_calls_where_only_others_share() -> None:
    made = house(BOTH, EITHER)
    sees(made, 0, CHAT)
    assert made.places(0b11, VOICE, WORTH) == 2
