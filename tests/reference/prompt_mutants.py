"""Mistakes in what is said: a language missing, values that are not there or cannot be said."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.reference.clean_flows import WAYS
from tests.reference.flow_documents import (
    Document,
    Fields,
    forms,
    of_kind,
    spoken,
    surely_missing,
    surely_there,
)

EVERY_WAY = (
    "digits", "number", "percent", "money", "date", "weekday", "time", "duration",
)  # fmt: skip
Prompt = tuple[str, Fields]


def _one(random: Random, prompts: list[Prompt]) -> tuple[str, Fields, str]:
    """Step, texts and language of one prompt; where there is none, a step without a name."""
    name, texts = random.choice(prompts or [("", {"": ""})])
    return name, texts, random.choice(sorted(texts))


def _prompts(document: Document, before_waiting: bool = True) -> list[Prompt]:
    """Those that are said before waiting; or, if not, those said while waiting."""
    return [(name, said) for name, said, waiting in spoken(document) if waiting != before_waiting]


def _plain(text: Any) -> str:
    return str(text["text"] if isinstance(text, dict) else text)


def language_missing(document: Document, random: Random) -> set[str]:
    name, texts, language = _one(random, _prompts(document) + _prompts(document, False))
    del texts[language]
    return {name} - {""}


def empty_text(document: Document, random: Random) -> set[str]:
    name, texts, language = _one(random, _prompts(document) + _prompts(document, False))
    texts[language] = random.choice(["", "  "])
    return {name} - {""}


def _say(document: Document, random: Random, prompts: list[Prompt], words: str) -> set[str]:
    if not prompts:
        return set()
    name, texts, language = _one(random, prompts)
    texts[language] = f"{_plain(texts[language])} {words}"
    return {name} - {""}


def _talking(document: Document) -> list[Prompt]:
    waiting = of_kind(document, "queue")
    return [prompt for prompt in _prompts(document) if prompt[0] not in waiting]


def unknown_placeholder(document: Document, random: Random) -> set[str]:
    words = random.choice(["{nothing_of_that_name}", "{}", "{Not a name}"])
    return _say(document, random, _prompts(document) + _prompts(document, False), words)


def value_not_there(document: Document, random: Random) -> set[str]:
    """A value that some way to the step does not bring: without limits used up, and whatever a
    `branch` on the way has asked of this value."""
    name, texts, language = _one(random, _talking(document))
    if not name or not (missing := sorted(surely_missing(document, name))):
        return set()
    texts[language] = f"{_plain(texts[language])} {{{random.choice(missing)}}}"
    return {name} - {""}


def wait_before_waiting(document: Document, random: Random) -> set[str]:
    return _say(document, random, _prompts(document), "{wait}")


def wait_in_a_recording(document: Document, random: Random) -> set[str]:
    if not (prompts := _prompts(document, False)):
        return set()
    name, texts, language = _one(random, prompts)
    texts[language] = {"text": "{wait}", "recorded": "goodbye.wav"}
    return {name} - {""}


def value_while_waiting(document: Document, random: Random) -> set[str]:
    values, queues = sorted(forms(document)), of_kind(document, "queue")
    prompts = [p for p in _prompts(document) + _prompts(document, False) if p[0] in queues]
    if not values:
        return set()
    return _say(document, random, prompts, f"{{{random.choice(values)}}}")


def _there(document: Document, random: Random) -> tuple[str, Fields, str, str] | None:
    """Step, texts, language, and a value that is there on every way to it."""
    prompts = [p for p in _talking(document) if surely_there(document, p[0])]
    if not prompts:
        return None
    name, texts, language = _one(random, prompts)
    return name, texts, language, random.choice(sorted(surely_there(document, name)))


def way_that_does_not_fit(document: Document, random: Random) -> set[str]:
    """Of what is keyed only: the guide says for each form how it is said."""
    if not (found := _there(document, random)):
        return set()
    name, texts, language, value = found
    if (form := forms(document)[value]) == "text":
        return set()
    way = random.choice([way for way in EVERY_WAY if way not in WAYS[form]])
    texts[language] = f"{_plain(texts[language])} {{{value}:{way}}}"
    return {name} - {""}


def way_that_nobody_knows(document: Document, random: Random) -> set[str]:
    if not (found := _there(document, random)):
        return set()
    name, texts, language, value = found
    texts[language] = f"{_plain(texts[language])} {{{value}:{random.choice(['roman', 'Digits'])}}}"
    return {name} - {""}


def value_in_a_recording(document: Document, random: Random) -> set[str]:
    if not (found := _there(document, random)):
        return set()
    name, texts, language, value = found
    texts[language] = {"text": f"{{{value}}}", "recorded": "goodbye.wav"}
    return {name} - {""}


def recording_missing(document: Document, random: Random) -> set[str]:
    name, texts, language = _one(random, _prompts(document))
    recorded = random.choice(["not-there.wav", "goodbye-zh.wav", "recordings/goodbye.wav"])
    texts[language] = {"text": "Hello.", "recorded": recorded}
    return {name} - {""}


def recording_without_text(document: Document, random: Random) -> set[str]:
    name, texts, language = _one(random, _prompts(document))
    texts[language] = {"recorded": "goodbye.wav"}
    return {name} - {""}


MISTAKES: dict[str, Callable[[Document, Random], set[str]]] = {
    "prompt without a language": language_missing,
    "prompt without text": empty_text,
    "unknown placeholder": unknown_placeholder,
    "value missing on a way": value_not_there,
    "wait told before waiting": wait_before_waiting,
    "wait in a recording": wait_in_a_recording,
    "value said by queue": value_while_waiting,
    "way of saying that does not fit": way_that_does_not_fit,
    "way of saying that nobody knows": way_that_nobody_knows,
    "value in a recording": value_in_a_recording,
    "recording missing": recording_missing,
    "recording without text": recording_without_text,
}
