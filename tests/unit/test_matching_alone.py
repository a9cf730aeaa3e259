"""The matching by itself, held to every way there is to give agents to contacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from random import Random

import pytest

from acd.matching import Asks, Matching, Options


def matched(options: Sequence[Options[str]]) -> dict[int, str]:
    """Contacts 0, 1, ... in order, each with its agents; who gets whom."""
    matching = Matching[int, str]()
    for contact, its in enumerate(options):
        if its.agents:
            matching.add(contact, its)
    matching.improve()
    return matching.agent_of


def best(options: Sequence[Sequence[str]]) -> dict[int, str]:
    """The same by trying everything: first who is served at all, then by whom, both in order."""

    def places(given: Iterable[str | None]) -> tuple[list[bool], list[int]]:
        way = [*given]
        chosen = [its.index(a) if a else 0 for its, a in zip(options, way, strict=True)]
        return [agent is None for agent in way], chosen

    ways = [
        given
        for given in product(*([None, *its] for its in options))
        if len({*given} - {None}) == sum(agent is not None for agent in given)
    ]
    return {n: agent for n, agent in enumerate(min(ways, key=places)) if agent}


def test_an_earlier_contact_keeps_its_best_agent_when_a_later_one_can_go_elsewhere() -> None:
    """Whoever is looked at first on the way to an agent for the third, is not moved for it."""
    options = [Options("ad"), Options("be"), Options("ab")]
    assert matched(options) == {0: "a", 1: "e", 2: "b"}


def test_who_has_to_leave_the_best_agents_to_others_gets_the_best_of_the_rest() -> None:
    """Not whoever came first on the way to a place for all."""
    everybody, two = Options("bcda"), Options("bc")
    options = [two if n % 2 else everybody for n in range(4)]
    everyone = {0: "d", 1: "b", 2: "a", 3: "c"}
    assert best([one.agents for one in options]) == everyone
    assert matched(options) == everyone


@pytest.mark.parametrize("seed", range(400))
def test_everybody_gets_whom_they_get_when_every_way_is_tried(seed: int) -> None:
    dice = Random(seed)
    agents = "abcde"[: dice.randint(1, 5)]
    lists = [Options(dice.sample(agents, dice.randint(0, len(agents)))) for _ in range(4)]
    options = [dice.choice(lists) for _ in range(dice.randint(1, 6))]
    assert matched(options) == best([one.agents for one in options])


def test_who_gives_up_a_call_for_a_chat_is_there_for_the_chats_behind_it_too() -> None:
    """They were passed over while they had the call."""
    rooms: dict[str, list[Asks]] = {
        "z": [("chat",)],
        "x": [("call",), ("chat",), ("chat", "chat")],
    }
    matching = Matching[int, str](lambda agent: lambda asks: asks in rooms.get(agent, [asks]))
    matching.add(0, Options("w", "chat"))
    matching.add(1, Options("xy", "call"))
    chats = Options("xz", "chat")
    assert [matching.add(n, chats) for n in (2, 3, 4)] == [True, True, True]
    assert matching.agent_of == {0: "w", 1: "y", 2: "z", 3: "x", 4: "x"}


class Counted(str):
    """An agent who counts how often somebody looks them up."""

    __slots__ = ()
    looks = 0

    def __hash__(self) -> int:
        Counted.looks += 1
        return super().__hash__()


def looks(act: Callable[[], object]) -> int:
    before = Counted.looks
    act()
    return Counted.looks - before


def test_agents_who_were_tried_are_not_tried_again_in_this_search_or_in_a_later_one() -> None:
    """Otherwise each who finds no place would take the time of many times many agents."""
    agents = [Counted(f"a{n}") for n in range(100)]
    matching, many = Matching[int, Counted](), len(agents)
    all_of_them, the_others, again = Options(agents), Options(agents[::-1]), Options(agents)
    for contact in range(many):
        assert matching.add(contact, all_of_them)
    assert looks(lambda: matching.add(many, the_others)) < 2 * many**2
    assert looks(lambda: matching.add(many + 1, again)) < 4 * many
    assert many not in matching.agent_of and many + 1 not in matching.agent_of
    assert looks(matching.improve) < 20 * many
