"""A customer who reads and writes, as `ivr.ports.Line`: a flow walks with them as with a caller.

What is said is a line of the conversation; what is asked is a question that is open until a line
answers it, in the order in which they were written. All that a walk needs to go on in another
process lies sealed under the customer: which step has begun, with what, and up to which line their
words have been taken. A step that begins again finds what it has said, and what was answered to it,
in the conversation: it says nothing twice, and asks nothing that is answered.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import inf

from acd.model import ContactId, Seconds
from ivr.chat_lines import ChatLines
from ivr.chats import Chat, How, Phrase, Who, field_of_chat, line_effect
from ivr.flow import Flow
from ivr.ports import (
    NO_VALUES,
    CallerGone,
    CallFacts,
    EffectKey,
    LineFailed,
    PersonId,
    Take,
    Vault,
)
from ivr.text_answers import (
    SKIP,
    UNCLEAR,
    Answer,
    PersonWanted,
    Question,
    asks_for_a_person,
    keys_of,
    question_of,
)
from ivr.text_secrets import DOTS, is_lost
from ivr.transfers import Ringing, Rung
from voice.ports import Prompt

log = logging.getLogger(__name__)


WRITING_SECONDS: Seconds = 600.0
"""So long at least who may write what they like is waited for: a message takes its time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How far a walk has come, as another process needs it."""

    step: str = ""
    visits: Mapping[str, int] = field(default_factory=dict)
    version: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    language: str = ""
    turn: int = 0
    """How many steps have begun."""
    taken: int = 0
    """The last of the customer's lines that a step before this one has taken."""


def field_of_walk(contact: ContactId) -> str:
    """The field of the customer's in which it lies how far their walk has come."""
    return f"chat walk {contact}"


async def kept_of(vault: Vault, person: PersonId, contact: ContactId) -> Kept:
    """How far this walk has come; from the beginning where nothing is known."""
    text = await vault.open(person, field_of_walk(contact))
    return Kept(**json.loads(text)) if text else Kept()


class TextLine:
    """One chat while a flow walks with it. Whoever has its words told of calls `heard`."""

    def __init__(
        self, facts: CallFacts, flow: Flow, chat: Chat, lines: ChatLines, kept: Kept,
        patience: Seconds,
    ) -> None:  # fmt: skip
        """`patience`: so long at least a question waits for its answer."""
        self.facts = facts
        self.question: Question | None = None
        """What is asked just now."""
        self._flow, self._chat, self._lines = flow, chat, lines
        self._kept = kept
        self._patience = patience
        self._again = kept.version == flow.version
        """Whether the step that begins next is one that had begun before."""
        self._taken, self._said = kept.taken, 0
        self._heard: dict[int, str] = {}
        self._wake = asyncio.Event()
        self._unclear = self._skips = self._silent = False
        self._since: Seconds | None = None
        """Since when the open question waits for somebody who is there."""

    async def recall(self) -> None:
        """The customer's lines that no step has taken yet, from the conversation."""
        for effect, said in self._chat.lines.items():
            if said.who == Who.CUSTOMER and said.number > self._kept.taken:
                words = await self._lines.vault.open(self._chat.person, field_of_chat(effect))
                self.heard(said.number, words or "")

    # ---------------------------------------------------------------- what others tell

    def heard(self, number: int, words: str) -> None:
        """The customer has written this line."""
        if is_lost(self._heard.get(number, DOTS)):
            self._heard[number] = words
        self._since = None
        self._wake.set()

    def wake(self) -> None:
        """Something may be otherwise with the chat."""
        self._wake.set()

    def look(self, now: Seconds, is_away: bool) -> None:
        """Time has passed. Nobody is silent whose page is not there: the chat ends by that."""
        if self._chat.ended_at is not None:
            self._wake.set()
        if self.question is None or is_away or self._since is None:
            self._since = None if self.question is None else now
        elif now - self._since >= self._patience_for(self.question):
            self._silent, self._since = True, None
            self._wake.set()

    def _patience_for(self, question: Question) -> Seconds:
        is_free = not question.options and not question.secret
        return max(self._patience, WRITING_SECONDS) if is_free else self._patience

    # ---------------------------------------------------------------- ivr.ports.Line

    async def answer(self) -> None:
        self._check_there()

    async def say(self, prompts: Sequence[Prompt], *, interruptible: bool = True) -> str | None:
        self._check()
        await self._tell(prompts)
        return None

    async def ask(
        self, prompts: Sequence[Prompt], *, most_keys: int, seconds: Seconds,
        ends_with: str = "#", secret: bool = False,
    ) -> str | None:  # fmt: skip
        """`seconds` are those of a telephone: a question here waits longer."""
        answer = await self.asked(prompts, most_keys=most_keys, secret=secret)
        return answer.keys if answer else None

    async def asked(
        self, prompts: Sequence[Prompt], *, most_keys: int = 1, secret: bool = False
    ) -> Answer | None:
        """The answer; None: silence, or the customer has none to give."""
        if self._skips:
            return None
        step = self._flow.steps[self.facts.step]
        if self._unclear and not getattr(step, "after_no_match", None):
            await self._notice(Phrase.UNCLEAR)
        id_ = f"{self._kept.turn}.{self._said + 1}"
        self._silent, self._since = False, None
        self.question = question_of(id_, step, self.facts.language, most_keys, secret=secret)
        try:
            self._check()
            await self._tell(prompts)
            words = await self._answer()
            return self._understood(self.question, words)
        finally:
            self.question = None

    def _understood(self, question: Question, words: str | None) -> Answer | None:
        if words is None:
            return None
        keys = keys_of(question, words)
        self._skips, self._unclear = keys == SKIP, keys == UNCLEAR
        return None if self._skips else Answer(keys, words)

    async def record(
        self, prompts: Sequence[Prompt], *, seconds: Seconds, pause: int, ends_with: str = "#"
    ) -> Take:
        raise LineFailed("nothing is recorded of who writes")

    async def set_language(self, language: str) -> None:
        self._check_there()
        self.facts = replace(self.facts, language=language)

    async def remember(
        self, step: str, visits: Mapping[str, int], version: str = "", *,
        values: Mapping[str, str] = NO_VALUES,
    ) -> None:  # fmt: skip
        self._check_there()
        goes_on = self._again and step == self._kept.step
        turn = self._kept.turn if goes_on else self._kept.turn + 1
        self._kept = Kept(
            step, dict(visits), version, dict(values), self.facts.language, turn, self._taken
        )
        self.facts = replace(self.facts, step=step, visits=dict(visits))
        self._said, self._again = 0, False
        self._unclear = self._skips = False
        where = field_of_walk(self._chat.contact)
        text = json.dumps(asdict(self._kept), ensure_ascii=False)
        await self._lines.vault.seal(self._chat.person, where, text)

    async def join_queue(
        self, queue: str, class_: str, entered_at: Seconds, prompts: Sequence[Prompt] = (),
        after: str = "goodbye", goes_on: bool = False, urgency: str = "", keys: str = "",
    ) -> None:  # fmt: skip
        """The chat waits already: agents have it, and the flow is over."""
        await self._tell(prompts)

    async def transfer(self, ringing: Ringing, prompts: Sequence[Prompt] = ()) -> Rung:
        raise LineFailed("nobody is rung for who writes")

    async def end_of(self, key: EffectKey) -> Rung | None:
        return None

    async def busy(self) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        """The flow has said goodbye: unless they have asked for a person meanwhile."""
        self._check()
        await self._lines.end(self._chat, How.ANSWERED, Who.HOUSE)

    # ---------------------------------------------------------------- the conversation

    async def _tell(self, prompts: Sequence[Prompt]) -> None:
        words = "\n".join(prompt.text for prompt in prompts)
        self._said += 1
        if words:
            await self._lines.speak(self._chat, self._own_id(self._said), words)

    async def _notice(self, phrase: Phrase) -> None:
        self._said += 1
        await self._lines.speak(self._chat, self._own_id(self._said), phrase=phrase)

    def _own_id(self, said: int) -> str:
        """The name of what this step says as its line of this number: the same when it begins
        again."""
        return f"{self._kept.turn}.{said}"

    async def _answer(self) -> str | None:
        """The words that answer the open question; None: silence."""
        while True:
            self._check()
            before = self._said_next()
            if found := next((one for one in self._waiting() if one[0] < before), None):
                self._taken = found[0]
                if not is_lost(found[1]):
                    return found[1]
                if before < inf:
                    return UNCLEAR  # this was answered to it, by a process that has died since
                await self._notice(Phrase.AGAIN)
            elif self._silent or before < inf:
                self._silent = False
                await self._notice(Phrase.UNANSWERED)
                return None
            else:
                self._wake.clear()
                await self._wake.wait()

    def _said_next(self) -> float:
        """The number of what the step has said after this, in a process before this one."""
        effect = line_effect(self._chat.contact, Who.HOUSE, self._own_id(self._said + 1))
        known = self._chat.lines.get(effect)
        return known.number if known else inf

    def _waiting(self) -> list[tuple[int, str]]:
        return sorted(one for one in self._heard.items() if one[0] > self._taken)

    def _check(self) -> None:
        """Raises `CallerGone` when the chat is over, `PersonWanted` when they ask for a person:
        unless that is an answer to what is asked."""
        self._check_there()
        for number, (_, words) in enumerate(self._waiting()):
            if not asks_for_a_person(words):
                continue
            is_choice = self.question is not None and self.question.is_choice
            if number == 0 and is_choice and self.question and keys_of(self.question, words):
                continue
            raise PersonWanted

    def _check_there(self) -> None:
        if self._chat.ended_at is not None:
            raise CallerGone
