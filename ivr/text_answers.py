"""What a customer who writes is asked by a step, and what their words mean as an answer. Pure.

A step asks for keys, whoever answers. In writing each key is a button with a label; who types the
key or what stands on the button has pressed it. Longer answers are typed as people write them
(`2026-03-05`, `12.50`) and become the keys that a telephone would have sent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.flow import AskStep, ListenStep, MenuStep, Step, SurveyStep
from ivr.grammar import Grammar
from ivr.steps_asking import NO, YES

SKIP = "skip"
"""The option of who has no answer to give: what is silence on the telephone."""
UNCLEAR = ""
"""The keys of words that mean nothing here: no step has such an answer."""

_SKIP = {"zh": "没有，跳过", "en": "I have none"}
_ANSWERS = {YES: {"zh": "是", "en": "Yes"}, NO: {"zh": "否", "en": "No"}}
_ALSO = {
    YES: {"是的", "对", "对的", "好", "好的", "可以", "y", "yeah", "ok", "okay", "sure"},
    NO: {"不", "不是", "不对", "不用", "不要", "n", "nope"},
}
PERSON = frozenset(
    (
        "人工", "转人工", "人工客服", "人工服务", "人工座席", "转人工客服", "我要人工", "找人工",
        "请转人工", "客服", "真人", "a person", "person", "talk to a person", "a person please",
        "agent", "human", "a human", "operator", "speak to a person", "talk to an agent",
        "real person", "representative",
    )
)  # fmt: skip
"""Words by which a customer asks for a person, wherever the flow is."""

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_AMOUNT = re.compile(r"(?:[¥$€£]|CNY|RMB)?(\d*)(?:\.(\d{1,2}))?(?:元|CNY|RMB)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s-]+")
_AROUND = " \t\n.。!！,，?？;；:：\"'“”「」"


class PersonWanted(Exception):
    """The customer has asked for a person, whatever they were asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer has written to a question, and the keys that it means there."""

    keys: str = field(repr=False)
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers that a question has."""

    key: str
    label: str
    also: frozenset[str] = frozenset()
    """Other words for it, as `plain` has them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a customer just now."""

    id: str
    """Of this question alone, within its chat."""
    options: tuple[Option, ...] = ()
    """Empty: the answer is typed."""
    grammar: Grammar | None = None
    """What is understood where digits are typed; None: anything, or one of the options."""
    secret: bool = False

    def plain(self) -> Mapping[str, Any]:
        """As a page is told."""
        options = [{"key": one.key, "label": one.label} for one in self.options]
        return {"id": self.id, "options": options, "secret": self.secret}

    @property
    def is_choice(self) -> bool:
        """Whether one of the options is the only answer."""
        return bool(self.options) and self.grammar is None


def question_of(id_: str, step: Step, language: str, most_keys: int, *, secret: bool) -> Question:
    """The question that this step asks now, of somebody with this language."""
    if isinstance(step, ListenStep):
        skip = (Option(SKIP, _in(_SKIP, language), frozenset(map(plain, _SKIP.values()))),)
        return Question(id_, skip, step.grammar, secret)
    if most_keys > 1 or secret:
        return Question(id_, (), None, secret)
    return Question(id_, tuple(_options(step, language)), None, secret)


def _options(step: Step, language: str) -> Iterable[Option]:
    if isinstance(step, AskStep):
        for key, meaning in step.answers.items():
            labels = {**_ANSWERS[meaning], **step.buttons.get(meaning, {})}
            words = {*map(plain, labels.values()), *_ALSO[meaning]}
            yield Option(key, _in(labels, language), frozenset(words))
    elif isinstance(step, MenuStep):
        for key in (key for key in step.then if key in step.keys):
            shown = step.buttons.get(key, {language: key})
            yield Option(key, _in(shown, language), frozenset(map(plain, shown.values())))
    elif isinstance(step, SurveyStep):
        yield from (Option(score, score) for score in sorted(step.scores))


def _in(labels: Mapping[str, str], language: str) -> str:
    return labels.get(language) or next(iter(labels.values()))


def keys_of(question: Question, words: str) -> str:
    """The keys that these words mean, `SKIP`, or `UNCLEAR`."""
    text = plain(words)
    for option in question.options:
        if text == option.key or text == plain(option.label) or text in option.also:
            return option.key
    if question.is_choice:
        return UNCLEAR
    if question.grammar is None:
        return _BETWEEN.sub("", text)
    keys = _typed(question.grammar, text)
    return keys if question.grammar.value(keys) is not None else UNCLEAR


def _typed(grammar: Grammar, text: str) -> str:
    """The keys by which a telephone would have given what is written here."""
    if grammar.form == "date" and (found := _DATE.fullmatch(text.replace(" ", ""))):
        return f"{found[1]}{int(found[2]):02d}{int(found[3]):02d}"
    if grammar.form == "amount":
        found = _AMOUNT.fullmatch(text.replace(" ", "").replace(",", ""))
        return "*".join(filter(None, (found[1], found[2]))) if found and found[1] else text
    return _BETWEEN.sub("", text).removesuffix("#")


def asks_for_a_person(words: str) -> bool:
    """Whether these words ask for a person and nothing else."""
    return plain(words) in PERSON


def plain(words: str) -> str:
    """The words without what makes no difference: width, case, marks around them."""
    text = unicodedata.normalize("NFKC", words).casefold()
    return " ".join(text.split()).strip(_AROUND)
