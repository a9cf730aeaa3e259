"""Mistakes in where steps lead: dead ends, ways round without end, nobody near."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from tests.reference.flow_documents import (
    TWICE,
    Arrow,
    Document,
    arrows,
    leads,
    limited,
    of_kind,
    open_steps,
    out_of_line,
    reached,
    round_trip,
    unlimited_ways,
)

KEYS = set("0123456789*#")
TEXT = {"zh": "您好。", "en": "Hello."}
ENDS = ("queue", "goodbye", "return")


def _retarget(document: Document, way: Arrow, target: str) -> None:
    step = document["steps"][way[0]]
    fields = ("then", "keys", "overflow") if step["do"] == "queue" else ("then",)
    field = next(field for field in fields if way[1] in step.get(field, {}))
    step[field][way[1]] = target


def _goodbye(document: Document) -> str:
    found = of_kind(document, "goodbye")
    if not found:
        document["steps"]["the_end"] = {"do": "goodbye", "say": dict(TEXT)}
    return found[0] if found else "the_end"


def _is_chosen(document: Document) -> bool:
    """Whether a caller who comes while it is open may come to a menu or an `ask`: then a person is
    due."""
    return bool(open_steps(document) & set(of_kind(document, "menu", "ask")))


def unknown_target(document: Document, random: Random) -> set[str]:
    if not (ways := arrows(document)):
        return set()
    way = random.choice(ways)
    _retarget(document, way, random.choice(["nowhere_at_all", way[2] + "x", "first"]))
    return {way[0]}


def unknown_first(document: Document, random: Random) -> set[str]:
    document["first"] = random.choice([document["first"] + "x", "nowhere_at_all", ""])
    return {"first"}


def dead_end(document: Document, random: Random) -> set[str]:
    ways = [
        way
        for way in arrows(document)
        if way[1] not in KEYS | {"too_many", "else", "talked", "emergency"}
    ]
    return _removed(document, random, ways)


def missing_time_out(document: Document, random: Random) -> set[str]:
    return _removed(document, random, [way for way in arrows(document) if way[1] == "silence"])


def branch_without_else(document: Document, random: Random) -> set[str]:
    return _removed(document, random, [way for way in arrows(document) if way[1] == "else"])


def limit_without_way_out(document: Document, random: Random) -> set[str]:
    if random.random() < 0.5:
        return _removed(document, random, [w for w in arrows(document) if w[1] == "too_many"])
    free = [name for name, _, _ in arrows(document) if name not in limited(document)]
    if free:
        document["steps"][name := random.choice(free)]["at_most"] = "3"
        return {name}
    return set()


def _removed(document: Document, random: Random, ways: list[Arrow]) -> set[str]:
    if not ways:
        return set()
    name, outcome, _ = random.choice(ways)
    del document["steps"][name]["then"][outcome]
    return {name}


def way_out_without_limit(document: Document, random: Random) -> set[str]:
    free = [way for way in arrows(document) if way[0] not in limited(document)]
    if not free:
        return set()
    name, _, target = random.choice(free)
    document["steps"][name]["then"]["too_many"] = target
    return {name}


def unknown_outcome(document: Document, random: Random) -> set[str]:
    return _added(document, random, random.choice(["maybe", "Done", "time_out"]), False)


def two_keys_in_one(document: Document, random: Random) -> set[str]:
    return _added(document, random, random.choice(["12", "00", "1*", "A"]), True)


def _added(document: Document, random: Random, outcome: str, to_menu: bool) -> set[str]:
    ways = [w for w in arrows(document) if not to_menu or w[0] in of_kind(document, "menu")]
    if not ways:
        return set()
    name, _, target = random.choice(ways)
    document["steps"][name]["then"][outcome] = target
    return {name}


def key_twice(document: Document, random: Random) -> set[str]:
    ways = [w for w in arrows(document) if w[1] in KEYS]
    if not ways:
        return set()
    name, key, _ = random.choice(ways)
    document["steps"][name]["then"][TWICE + key] = random.choice(ways)[2]
    return {name}


def step_twice(document: Document, random: Random) -> set[str]:
    name = random.choice(list(document["steps"]))
    document["steps"][TWICE + name] = document["steps"][name]
    return {name}


def odd_step_name(document: Document, random: Random) -> set[str]:
    """Everywhere the same, and yet no name."""
    name = random.choice(list(document["steps"]))
    odd = random.choice(["two words", f"{name}/again", f"{name}!"])
    steps = {odd if step == name else step: it for step, it in document["steps"].items()}
    document["steps"] = steps
    document["first"] = odd if document["first"] == name else document["first"]
    for way in leads(document):
        if way[2] == name:
            _retarget(document, way, odd)
    return {odd, "steps"} if "/" in odd else {odd}  # so are steps of called flows named


def menu_without_keys(document: Document, random: Random) -> set[str]:
    if not (menus := of_kind(document, "menu")):
        return set()
    then = document["steps"][name := random.choice(menus)]["then"]
    for key in KEYS & then.keys():
        del then[key]
    return {name}


def limit_removed(document: Document, random: Random) -> set[str]:
    """Only where the way round has no other limit."""
    if not (names := sorted(limited(document))):
        return set()
    step = document["steps"][name := random.choice(names)]
    del step["at_most"], step["then"]["too_many"]
    return round_trip(unlimited_ways(document), name)


def way_out_leads_back(document: Document, random: Random) -> set[str]:
    """Only where the limit can be used up, and nothing limits the way back."""
    if not (names := sorted(limited(document))):
        return set()
    name = random.choice(names)
    others = limited(document) - {name}
    ways = [*arrows(document), *out_of_line(document, "keys")]
    ways = [w for w in ways if not {w[0], w[2]} & others and w[1] != "too_many"]
    if not (back := sorted(round_trip(ways, name))):
        return set()
    way_out = (name, "too_many", random.choice(back))
    _retarget(document, way_out, way_out[2])
    return round_trip([*ways, way_out], name)


def way_back_added(document: Document, random: Random) -> set[str]:
    """An outcome led back to a step before, where nothing on the way has a limit."""
    unlimited = unlimited_ways(document)
    ways = [w for w in arrows(document) if w[0] not in limited(document)]
    if not ways:
        return set()
    way = random.choice(ways)
    befores = [n for n in document["steps"] if way[0] in reached(unlimited, n)]
    _retarget(document, way, random.choice(befores))
    return round_trip(unlimited_ways(document), way[0])


def unreachable_step(document: Document, random: Random) -> set[str]:
    target = random.choice(list(document["steps"]))
    island = {"do": "say", "say": dict(TEXT), "then": {"done": target}}
    if random.random() < 0.3:
        island = {"do": "goodbye", "say": dict(TEXT)}
    document["steps"]["island"] = island
    return {"island"}


def something_after_the_end(document: Document, random: Random) -> set[str]:
    name = random.choice(of_kind(document, *ENDS))
    target = random.choice(list(document["steps"]))
    document["steps"][name]["then"] = {"done": target}
    return {name}


def nobody_there(document: Document, random: Random) -> set[str]:
    """All ways to a person lead to the goodbye, in a flow in which something is chosen."""
    if of_kind(document, "return"):
        return set()  # whoever calls may have a person
    persons, bye = of_kind(document, "queue", "message"), _goodbye(document)
    for way in leads(document):
        if way[2] in persons:
            _retarget(document, way, bye)
    for name in persons:
        del document["steps"][name]
    if document["first"] not in document["steps"] or not _is_chosen(document):
        return set()
    return open_steps(document) - set(of_kind(document, "goodbye"))


def nobody_near(document: Document, random: Random) -> set[str]:
    """Menus before the first step: each costs one key more, and waiting leads to the goodbye."""
    bye, far = _goodbye(document), random.randint(4, 6)
    names = [*(f"far_{n}" for n in range(far)), document["first"]]
    for name, following in pairwise(names):
        then = {"1": following, "silence": bye, "no_match": bye}
        document["steps"][name] = {"do": "menu", "say": dict(TEXT), "then": then}
        if random.random() < 0.3:
            document["steps"][name]["at_most"] = "2"
            then |= {"silence": name, "too_many": bye}
    document["first"] = names[0]
    return {names[0]}


def sent_away(document: Document, random: Random) -> set[str]:
    """What is no choice and no message leads to the goodbye although it is open, and something is
    chosen."""
    bye, free = _goodbye(document), of_kind(document, "menu", "ask", "message")
    ways = [w for w in arrows(document) if w[0] not in free and w[2] != bye]
    owed = ("closed", "emergency", "too_many", "talked", "promised")
    rung = of_kind(document, "transfer")
    ways = [w for w in ways if w[1] not in owed and (w[0] not in rung or w[1] != "done")]
    if not ways:
        return set()
    way = random.choice(ways)
    _retarget(document, way, bye)
    return {way[0]} & open_steps(document) if _is_chosen(document) else set()


def queue_after_the_talk(document: Document, random: Random) -> set[str]:
    """Who has been served is led on, and to a queue again."""
    queues = of_kind(document, "queue")
    free = [name for name in queues if document["steps"][name].get("after") != "queue"]
    if not free:
        return set()
    name = random.choice(free)
    document["steps"][name].setdefault("then", {})["talked"] = random.choice(queues)
    return {name}


MISTAKES: dict[str, Callable[[Document, Random], set[str]]] = {
    "target that is no step": unknown_target,
    "first step that is none": unknown_first,
    "dead end": dead_end,
    "missing time-out": missing_time_out,
    "branch without else": branch_without_else,
    "limit without way out": limit_without_way_out,
    "way out without limit": way_out_without_limit,
    "unknown outcome": unknown_outcome,
    "two keys in one outcome": two_keys_in_one,
    "key twice": key_twice,
    "step twice": step_twice,
    "odd step name": odd_step_name,
    "menu without keys": menu_without_keys,
    "trap: limit removed": limit_removed,
    "trap: way out leads back": way_out_leads_back,
    "trap: way back without limit": way_back_added,
    "step that nobody reaches": unreachable_step,
    "something after the end": something_after_the_end,
    "no person": nobody_there,
    "person too far": nobody_near,
    "sent away": sent_away,
    "queue after the talk": queue_after_the_talk,
}
