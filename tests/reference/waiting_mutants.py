"""Mistakes in transfers, and in how callers who wait are led out of the line and back."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.reference.flow_documents import (
    TWICE,
    Document,
    Fields,
    arrows,
    forms,
    limited,
    of_kind,
    open_steps,
    surely_missing,
)
from tests.reference.kind_mutants import Change, one, wrong

FAILURES = ("busy", "no_answer", "unreachable")
TEXT = {"zh": "您好。", "en": "Hello."}
UNNAMED = {"3": ("3", "三", "three"), "6": ("6", "六", "six"), "8": ("8", "八", "eight")}
"""Keys, and how a text would name them."""


# ---------------------------------------------------------------- telephones that are no agent's


def transfer_without_way_for_failure(document: Document, random: Random) -> set[str]:
    name, step = one(document, random, "transfer")
    if name:
        del step["then"][random.choice(FAILURES)]
    return {name} - {""}


def transfer_that_leaves_callers_alone(document: Document, random: Random) -> set[str]:
    """Where something is chosen, a person is due to whom nobody has answered."""
    name, step = one(document, random, "transfer")
    chosen = open_steps(document) & set(of_kind(document, "menu", "ask"))
    if not chosen or name not in open_steps(document):
        return set()
    document["steps"]["alone"] = {"do": "goodbye", "say": dict(TEXT)}
    step["then"] |= dict.fromkeys(random.sample(FAILURES, random.randint(1, 3)), "alone")
    return {name}


# ---------------------------------------------------------------- keys and rules of who waits


def _queue(document: Document, random: Random, with_field: str = "") -> tuple[str, Fields]:
    """A queue; if a field is named, one that has it."""
    names = of_kind(document, "queue")
    names = [name for name in names if with_field in ("", *document["steps"][name])]
    name = random.choice(names) if names else ""
    return name, document["steps"].get(name, {})


def _changed(
    field: str, change: Callable[[Document, Fields, Random], bool | None]
) -> Callable[[Document, Random], set[str]]:
    """A queue that has this field gets a mistake in it, unless that says that it would be none."""

    def mistake(document: Document, random: Random) -> set[str]:
        name, step = _queue(document, random, field)
        return {name} if name and change(document, step, random) is not False else set()

    return mistake


def _leads_nowhere(field: str) -> Change:
    def change(document: Document, step: Fields, random: Random) -> None:
        outcome = random.choice(sorted(step[field]))
        gone = [step[field][outcome] + "x", "nowhere_at_all", "first", ""]
        step[field][outcome] = random.choice(gone)

    return _changed(field, change)


def _odd_key(document: Document, step: Fields, random: Random) -> None:
    target = next(iter(step["keys"].values()))
    step["keys"][random.choice(["12", "A", "1*", "silence", "one"])] = target


def _key_twice(document: Document, step: Fields, random: Random) -> None:
    key = random.choice(sorted(step["keys"]))
    step["keys"][TWICE + key] = step["keys"][key]


def _key_for_an_outcome(document: Document, step: Fields, random: Random) -> None:
    """What follows a key stands with `keys`, not in `then`."""
    key, target = random.choice(sorted(step["keys"].items()))
    del step["keys"][key]
    step.setdefault("then", {})[key] = target


def _without_steps(field: str) -> Change:
    """None at all, or no names of steps."""

    def change(document: Document, step: Fields, random: Random) -> None:
        outcome, target = next(iter(step[field].items()))
        wrong: list[object] = [{}, target, [outcome], {outcome: [target]}, {outcome: {}}]
        step[field] = random.choice(wrong)

    return _changed(field, change)


def key_that_no_text_names(document: Document, random: Random) -> set[str]:
    """Callers cannot know of it."""
    name, step = _queue(document, random)
    said = str([step.get("say"), step.get("while_waiting")]).lower()
    free = [key for key, names in UNNAMED.items() if not any(word in said for word in names)]
    if not name or not free:
        return set()
    step.setdefault("keys", {})[random.choice(free)] = _own_step(document, random)
    return {name}


def key_named_in_one_language(document: Document, random: Random) -> set[str]:
    name, step = _queue(document, random)
    if not name or "recorded" in str(step.get("say")):
        return set()
    said = str([step.get("say"), step.get("while_waiting")]).lower()
    free = [key for key, names in UNNAMED.items() if not any(word in said for word in names)]
    if not free:
        return set()
    key, language = random.choice(free), random.choice(("zh", "en"))
    step["say"] = {**step.get("say", TEXT)}
    if not isinstance(step["say"].get(language), str):
        return set()
    step["say"][language] += f" {key}."
    step.setdefault("keys", {})[key] = _own_step(document, random)
    return {name}


def _own_step(document: Document, random: Random) -> str:
    """One that those who come by a key may be led to, and back to a queue."""
    queues = of_kind(document, "queue")
    back = {"done": random.choice(queues), "too_many": _wait_on(document)}
    step = {"do": "say", "say": dict(TEXT), "at_most": "2", "then": back}
    document["steps"]["think_again"] = step
    return "think_again"


def _wait_on(document: Document) -> str:
    document["steps"]["hold_on"] = {"do": "queue", "queue": "support"}
    return "hold_on"


def key_that_goes_round(document: Document, random: Random) -> set[str]:
    """Out of the line and back again, without a limit."""
    name, step = _queue(document, random, "keys")
    if not name:
        return set()
    document["steps"]["round"] = {"do": "say", "say": dict(TEXT), "then": {"done": name}}
    step["keys"][random.choice(sorted(step["keys"]))] = "round"
    return {name, "round"}


def limit_that_leads_back_into_the_line(document: Document, random: Random) -> set[str]:
    """Who has used it up comes back by the same key, again and again."""
    ways = [
        (name, target)
        for name in of_kind(document, "queue")
        for target in document["steps"][name].get("keys", {}).values()
        if target in limited(document)
    ]
    if not ways:
        return set()
    name, target = random.choice(ways)
    document["steps"][target]["then"]["too_many"] = name
    return {name, target}


def value_of_before_the_wait(document: Document, random: Random) -> set[str]:
    """Values are gone when a caller comes out of the line, by a key or by the rules."""
    _, step = _queue(document, random, random.choice(("keys", "overflow")))
    values = sorted(forms(document))
    field = next((field for field in ("keys", "overflow") if field in step), "")
    if not field or not values:
        return set()
    value = random.choice(values)
    said = {language: f"{text} {{{value}}}" for language, text in TEXT.items()}
    then = {"done": _wait_on(document)}
    document["steps"]["recalls"] = {"do": "say", "say": said, "then": then}
    step[field][random.choice(sorted(step[field]))] = "recalls"
    return {"recalls"} if value in surely_missing(document, "recalls") else set()


def _unknown_rule(document: Document, step: Fields, random: Random) -> None:
    target = next(iter(step["overflow"].values()))
    step["overflow"][random.choice(["queue", "full", "Callback", "1", "nobody"])] = target


def _led_away_in_silence(document: Document, step: Fields, random: Random) -> None:
    """A step must say something first."""
    quiet: list[Fields] = [
        {"do": "set", "language": "zh", "then": {"done": _wait_on(document)}},
        {"do": "ticket", "type": "recall", "subject": "Was led away",
         "then": dict.fromkeys(("done", "failed"), _wait_on(document))},
        {"do": "branch", "fact": "caller", "cases": {"hidden": "withheld"},
         "then": dict.fromkeys(("hidden", "else"), _wait_on(document))},
        {"do": "queue", "queue": "support"},
        {"do": "transfer", "to": "reception",
         "then": dict.fromkeys(("done", *FAILURES), _wait_on(document))},
    ]  # fmt: skip
    document["steps"]["quiet"] = random.choice(quiet)
    step["overflow"][random.choice(sorted(step["overflow"]))] = "quiet"


def tell_of_what_nobody_collects(document: Document, random: Random) -> set[str]:
    name, step = _queue(document, random)
    odd = random.choice(["nobody_asked", "", "My Value", "wait", "verified", "pin"])
    step["tell"] = [*step.get("tell", [])[:2], odd] if name else []
    return {name} - {""}


def unreachable_but_for_a_lost_key(document: Document, random: Random) -> set[str]:
    """Steps to which only a queue's keys or rules lead, when those are gone."""
    name, step = _queue(document, random, random.choice(("keys", "overflow")))
    kept = {target for _, _, target in arrows(document)} | {document["first"]}
    lost = {*step.pop("keys", {}).values(), *step.pop("overflow", {}).values()} - kept
    for other in of_kind(document, "queue"):
        fields = document["steps"][other]
        lost -= {*fields.get("keys", {}).values(), *fields.get("overflow", {}).values()}
    return lost if name else set()


MISTAKES: dict[str, Change] = {
    "transfer to nowhere": wrong("transfer", to=["recepton", "Reception", "", "support", "2001"]),
    "transfer that rings too long": wrong("transfer", seconds=["121", "4", "0", "3600", ""]),
    "transfer without way for failure": transfer_without_way_for_failure,
    "transfer that leaves callers alone": transfer_that_leaves_callers_alone,
    "unknown urgency": wrong(
        "queue callback", urgency=["card_lost", "Card_loss", "", "300", "support", "yes"]
    ),
    "skills that nobody has": wrong(
        "queue callback",
        skills=[
            {"biling": "3"},
            {"billing": "9"},
            {"billing": "0"},
            {"cards": "1", "billing": "1"},
            "billing",
            {},
            [],
        ],
    ),
    "waiting key that leads nowhere": _leads_nowhere("keys"),
    "waiting key of two signs": _changed("keys", _odd_key),
    "waiting key twice": _changed("keys", _key_twice),
    "waiting key for an outcome": _changed("keys", _key_for_an_outcome),
    "waiting keys without steps": _without_steps("keys"),
    "waiting key that no text names": key_that_no_text_names,
    "waiting key named in one language": key_named_in_one_language,
    "waiting key that goes round": key_that_goes_round,
    "limit that leads back into the line": limit_that_leads_back_into_the_line,
    "value of before the wait": value_of_before_the_wait,
    "overflow to nowhere": _leads_nowhere("overflow"),
    "overflow by an unknown rule": _changed("overflow", _unknown_rule),
    "overflow without steps": _without_steps("overflow"),
    "overflow in silence": _changed("overflow", _led_away_in_silence),
    "tell of what nobody collects": tell_of_what_nobody_collects,
    "step behind a lost key": unreachable_but_for_a_lost_key,
}
