"""Mistakes in single kinds of steps: PINs, promises, messages, surveys."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.reference.flow_documents import (
    Document,
    Fields,
    forms,
    of_kind,
    spoken,
)

Change = Callable[[Document, Random], set[str]]


def one(document: Document, random: Random, *kinds: str) -> tuple[str, Fields]:
    """A step of these kinds; where there is none, no name and fields that nobody has."""
    names = of_kind(document, *kinds)
    name = random.choice(names) if names else ""
    return name, document["steps"].get(name, {})


def wrong(kinds: str, **texts: list[object]) -> Change:
    """One of the fields of a step of these kinds gets one of these."""

    def change(document: Document, random: Random) -> set[str]:
        name, step = one(document, random, *kinds.split())
        field = random.choice(list(texts))
        step[field] = random.choice(texts[field])
        return {name} - {""}

    return change


def _add(step: Fields, field: str, words: str, random: Random) -> bool:
    """Say something more in one language of a plain text."""
    texts = step.get(field)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        return False
    texts[random.choice(sorted(texts))] += f" {words}"
    return True


# ---------------------------------------------------------------- promises, PINs, surveys


def number_that_is_not_read(document: Document, random: Random) -> set[str]:
    """Who does not hear which number will be called cannot confirm it."""
    name, step = one(document, random, "callback")
    if name:
        step["say"][random.choice(sorted(step["say"]))] = "We call you."
    return {name} - {""}


def number_that_is_not_known_yet(document: Document, random: Random) -> set[str]:
    name, step = one(document, random, "callback")
    field = random.choice(["another", "after_silence", "after_no_match"])
    return {name} - {""} if _add(step, field, "{number}", random) else set()


def number_in_a_recording(document: Document, random: Random) -> set[str]:
    name, step = one(document, random, "callback")
    if name:
        texts = step["say"]
        texts[random.choice(sorted(texts))] = {"text": "{number}", "recorded": "goodbye.wav"}
    return {name} - {""}


def number_of_another_step(document: Document, random: Random) -> set[str]:
    """Only a callback knows the number that will be called."""
    kinds = ("say", "menu", "goodbye", "message", "survey", "record", "verify")
    name, step = one(document, random, *kinds)
    return {name} - {""} if _add(step, "say", "{number}", random) else set()


def value_that_stands_for_a_proof(document: Document, random: Random) -> set[str]:
    """What was proved is no value that a flow could give itself."""
    name, step = one(document, random, "listen", "set")
    if step.get("do") == "set":
        step.setdefault("values", {})["verified"] = "pin"
    else:
        step["into"] = "verified"
    return {name} - {""}


def level_that_nobody_proves(document: Document, random: Random) -> set[str]:
    name, step = one(document, random, "branch")
    if name:
        step.pop("value", None)
        step["fact"] = "verified"
        outcome = next(iter(step["cases"]))
        step["cases"] = {outcome: random.choice(["card", "yes", "PIN"])}
        step["then"] = {outcome: step["then"][outcome], "else": step["then"]["else"]}
    return {name} - {""}


def yes_where_no_is(document: Document, random: Random) -> set[str]:
    """By themselves the keys are 1 and 2."""
    name, step = one(document, random, "ask")
    step.pop("key_for_no", None)
    step["key_for_yes"] = "2"
    return {name} - {""}


def value_of_before_the_talk(document: Document, random: Random) -> set[str]:
    """Values are gone by then."""
    name, step = one(document, random, "survey")
    values = sorted(forms(document))
    if not values:
        return set()
    said = _add(step, random.choice(["say", "second", "thanks"]), f"{{{values[0]}}}", random)
    return {name} - {""} if said else set()


def talk_that_leads_on_and_back(document: Document, random: Random) -> set[str]:
    """Who waits again after each talk never comes to what follows one."""
    for name in of_kind(document, "queue"):
        step = document["steps"][name]
        if "talked" in step.get("then", {}):
            step["after"] = "queue"
            return {name}
    return set()


def language_of_a_second_text(document: Document, random: Random) -> set[str]:
    """What is said after the first words: a confirmation, a second question, thanks."""
    later = ("confirm", "second", "thanks", "another", "promised", "choose")
    texts = [
        (name, texts)
        for name, texts, _ in spoken(document)
        if any(document["steps"][name].get(field) is texts for field in later)
    ]
    if not texts:
        return set()
    name, said = random.choice(texts)
    del said[random.choice(sorted(said))]
    return {name}


MISTAKES: dict[str, Change] = {
    "number that is not read": number_that_is_not_read,
    "number that is not known yet": number_that_is_not_known_yet,
    "number in a recording": number_in_a_recording,
    "number of another step": number_of_another_step,
    "number of odd length": wrong(
        "callback",
        keys=[{"least": "4", "most": "15"}, {"least": "9", "most": "8"}, {"most": "16"}, "7"],
    ),
    "PIN of odd length": wrong(
        "verify",
        keys=[{"least": "3", "most": "6"}, {"least": "6", "most": "5"}, {"most": "13"}, "6"],
    ),
    "PIN asked too often": wrong("verify", tries=["6"]),
    "value that stands for a proof": value_that_stands_for_a_proof,
    "level that nobody proves": level_that_nobody_proves,
    "unknown queue of another kind": wrong(
        "callback overflow message ticket closure", queue=["suport", "Sales", "weekdays"]
    ),
    "recording without a name": wrong("record", of=["two words", "", "Name!"]),
    "recording of odd length": wrong("record", seconds=["0", "61"], least=["-1"], pause=["0"]),
    "message of odd length": wrong("message", seconds=["4", "601"], least=["-1"], pause=["0"]),
    "message key of two signs": wrong("message", keep=["12", "A"], again=["", "##"], cancel=["x"]),
    "yes where no is": yes_where_no_is,
    "value of before the talk": value_of_before_the_talk,
    "talk that leads on and back": talk_that_leads_on_and_back,
    "language of a second text": language_of_a_second_text,
}
