"""What callers answered when they were asked, from the journal: of whom, of which rules, how often.

A survey that was put and not answered counts, too: without it a mean says little. The plain
question of the dialplan (`ACD_SURVEY`) has a key and no step; it is counted with the others. So is
the question of the chat's page: put to whoever was served and still there when the chat ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from acd.model import Rule, Seconds
from ivr.chats import ENDED, RATED, How
from ivr.ports import Record
from ivr.recorded_day import LATE
from ivr.since import Readable, first_since
from ivr.survey_record import SURVEY_ANSWERED

PLAIN_HIGHEST = 5
"""The dialplan asks for one key from 1 to this one."""
CHAT, CHAT_HIGHEST = "chat", 5
"""What has asked, in the place of a flow, and the highest score on its page."""
THERE = (How.CUSTOMER, How.AGENT)
"""Ends of a chat after which its customer is asked; else they have gone."""
STORY = (
    "Arrived", "Transferred", "Offered", "OfferAnswered", "LegEnded", SURVEY_ANSWERED, ENDED, RATED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """One survey that was put to a caller; ids only. Empty: not known."""

    at: Seconds
    contact: str
    agent: str
    queue: str
    rules: str
    """The version of the rules by which the talk began."""
    flow: str
    """The version of the flow that asked; empty: the dialplan did; `chat`: the chat's page did."""
    step: str
    highest: int
    """Scores were possible from 1 to this one."""
    score: int | None
    """None: not answered."""
    second: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a group of surveys says. Scores of different scales are never in one group."""

    name: str
    highest: int
    asked: int
    answered: int
    mean: float | None
    """Of the first question; None: nobody answered."""
    second_answered: int
    second_mean: float | None

    @property
    def share(self) -> float:
        """Answered, of those who were asked: 0 to 1."""
        return self.answered / self.asked


GROUPS: Mapping[str, Callable[[Answer], str]] = {
    "agent": lambda answer: answer.agent,
    "queue": lambda answer: answer.queue,
    "flow": lambda answer: answer.flow,
    "rules": lambda answer: answer.rules,
}
"""What surveys can be told apart by."""


@dataclass(slots=True)
class _Talk:
    """What the records before a survey say of the contact."""

    queue: str = ""
    agent: str = ""


async def read(journal: Readable, start: Seconds, end: Seconds) -> list[Answer]:
    """The surveys that were put from `start` until before `end` (UTC seconds), each once.

    Of a talk that began more than an hour before `start` the agent is known only where the
    record itself names them.
    """
    talks: dict[str, _Talk] = {}
    agents: dict[str, str] = {}
    seen: set[str] = set()
    answers: list[Answer] = []
    chats: dict[str, Answer] = {}
    async for record in journal.read(await first_since(journal, start - LATE), STORY):
        if record.at >= end:
            break
        if record.contact is None:
            continue
        talk = talks.setdefault(record.contact, _Talk())
        if record.kind in (ENDED, RATED):
            _of_chat(record, talk, chats)
            continue
        if record.kind != SURVEY_ANSWERED:
            _learn(talk, agents, record)
            continue
        effect = str(record.data.get("effect") or f"row {record.seq}")
        if record.at >= start and effect not in seen:
            answers.append(_answer(record, talk))
        seen.add(effect)
    answers += [one for one in chats.values() if one.at >= start]
    return sorted(answers, key=lambda one: one.at)


def _of_chat(record: Record, talk: _Talk, chats: dict[str, Answer]) -> None:
    """A chat is one survey: from its end on, or from its score, whichever the journal has last."""
    contact, score = str(record.contact), record.data.get("value")
    agent = str(record.data.get("agent") or talk.agent)
    if record.kind == ENDED and (not talk.agent or record.data.get("how") not in THERE):
        return
    if record.kind == RATED or contact not in chats:
        chats[contact] = Answer(
            record.at, contact, agent, talk.queue, "", CHAT, "", CHAT_HIGHEST, score, None
        )


def _learn(talk: _Talk, agents: dict[str, str], record: Record) -> None:
    data = record.data
    offer = str(data.get("offer", ""))
    if record.kind in ("Arrived", "Transferred"):
        talk.queue = str(data.get("queue", "")) or talk.queue
    elif record.kind == "Offered" and data.get("rule") != Rule.CONSULT:
        agents[offer] = str(data.get("agent", ""))
    elif record.kind in ("OfferAnswered", "LegEnded") and offer in agents:
        talk.agent = agents[offer]


def _answer(record: Record, talk: _Talk) -> Answer:
    data = record.data
    plain = str(data.get("key", ""))
    told = data.get("score")
    if told is None and plain.isdecimal() and 1 <= int(plain) <= PLAIN_HIGHEST:
        told = int(plain)
    return Answer(
        record.at, str(record.contact), str(data.get("agent") or talk.agent),
        str(data.get("queue") or talk.queue), str(data.get("rules") or ""),
        str(data.get("flow") or ""), str(data.get("step") or ""),
        int(data.get("of", PLAIN_HIGHEST)), told, data.get("second"),
    )  # fmt: skip


def figures(answers: Iterable[Answer], by: str) -> list[Figures]:
    """One for each group (`GROUPS`) and scale, in order of their names."""
    groups: dict[tuple[str, int], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((GROUPS[by](answer), answer.highest), []).append(answer)
    return [_figures(name, highest, groups[name, highest]) for name, highest in sorted(groups)]


def _figures(name: str, highest: int, answers: Sequence[Answer]) -> Figures:
    first = [answer.score for answer in answers if answer.score is not None]
    second = [answer.second for answer in answers if answer.second is not None]
    return Figures(
        name, highest, len(answers), len(first), fmean(first) if first else None,
        len(second), fmean(second) if second else None,
    )  # fmt: skip
