"""How callers of random clean flows leave the line and come back, and what is known of who waits.

A way by a key has a limit, and leads at its end to a queue without keys, or to the goodbye: so
nobody goes round for ever. A way by the overflow rules needs none; its first step says something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from tests.reference.clean_kinds import LINE, OUTCOMES, Text
from tests.reference.flow_documents import Document, Fields, forms, of_kind

NAMED: Mapping[str, tuple[str, str]] = {
    "1": ("回拨请按一。", "To be called back, press one."), "4": ("请按4。", "Press 4."),
    "7": ("请按七。", "Press seven."), "*": ("请按星号。", "Press star."),
    "#": ("请按井号。", "Press the hash key."),
}  # fmt: skip
"""Keys, and how they are named in Chinese and in English."""
RULES = ("callback", "message", "elsewhere")


def let_out(document: Document, rows: Sequence[str], random: Random, text: Text) -> None:
    """The queues get `keys`, `overflow`, `urgency`, `skills` and `tell`, each of them now and then;
    `rows` are the steps to which anybody may be led."""
    steps, values = document["steps"], sorted(forms(document))
    for name in of_kind(document, "queue"):
        step = steps[name]
        if random.random() < 0.5:
            step["urgency"] = "card_loss"
        if step.get("queue", "support") in ("support", "sales") and random.random() < 0.4:
            step["skills"] = {"billing": str(random.randint(1, 4))}
        if values and random.random() < 0.6:
            step["tell"] = random.sample(values, random.randint(1, min(3, len(values))))
        if random.random() < 0.5:
            keys = random.sample(sorted(NAMED), random.randint(1, 2))
            step["keys"] = {key: _by_key(steps, name, rows, random, text) for key in keys}
            _name_them(step, random, text)
        if random.random() < 0.5:
            told = random.sample(RULES, random.randint(1, len(RULES)))
            step["overflow"] = {rule: _by_rules(steps, name, rows, random, text) for rule in told}


def _by_key(
    steps: dict[str, Fields], queue: str, rows: Sequence[str], random: Random, text: Text
) -> str:
    free = [name for name in rows if "at_most" not in steps[name]]
    if not free or random.random() < 0.7:
        return _own(steps, queue, random, text)
    name = random.choice(free)
    steps[name]["at_most"] = str(random.randint(1, 4))
    steps[name]["then"]["too_many"] = _wait_on(steps)
    return name


def _by_rules(
    steps: dict[str, Fields], queue: str, rows: Sequence[str], random: Random, text: Text
) -> str:
    saying = [name for name in rows if "say" in steps[name]]
    if saying and random.random() < 0.3:
        return random.choice(saying)
    return _own(steps, queue, random, text)


def _own(steps: dict[str, Fields], queue: str, random: Random, text: Text) -> str:
    """A step for those who come out of the line alone."""
    if random.random() < 0.5:
        then = {**dict.fromkeys(OUTCOMES["callback"], _wait_on(steps)), "promised": _so_long(steps)}
        offer = {"do": "callback", "say": dict(LINE), "another": text(), "at_most": "2"}
        steps.setdefault("offer", {**offer, "then": {**then, "too_many": _wait_on(steps)}})
        return "offer"
    way_out = random.choice((_wait_on, _so_long))(steps)
    think = {"do": "say", "say": text(), "then": {"done": queue, "too_many": way_out}}
    steps.setdefault("think", {**think, "at_most": "3"})
    return "think"


def _wait_on(steps: dict[str, Fields]) -> str:
    steps.setdefault("wait_on", {"do": "queue", "queue": "support"})
    return "wait_on"


def _so_long(steps: dict[str, Fields]) -> str:
    said = {"zh": "再见。", "en": "Goodbye."}
    steps.setdefault("so_long", {"do": "goodbye", "say": said})
    return "so_long"


def _name_them(step: Fields, random: Random, text: Text) -> None:
    """In each language, in what is said first or in an announcement."""
    places = [step.setdefault("say", text())]
    places += [announcement["say"] for announcement in step.get("while_waiting", [])]
    for key in step["keys"]:
        for language, words in zip(("zh", "en"), NAMED[key], strict=True):
            random.choice(places)[language] += f" {words}"
