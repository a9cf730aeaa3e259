"""Steps by which callers leave something behind: `message`, `record`, `ticket`.

What they leave outlives the call, and is kept exactly once: each visit of a step has a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from ivr.step import DONE, SILENCE, AnyStep, Key, Outcome, Spoken
from ivr.steps_outside import filled_text, places, with_places

CANCELLED, FAILED = "cancelled", "failed"
LONGEST_SUBJECT, LONGEST_NOTE = 200, 2000
"""Characters, before values are filled in."""
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError("is one word of small letters, digits and _, at most 32")
    return text


Word = Annotated[
    str, AfterValidator(_word), WithJsonSchema({"type": "string", "pattern": f"^{_WORD.pattern}$"})
]
"""What something is, for people and programs: no text that callers hear, nothing personal."""


class MessageStep(AnyStep):
    """Record a message for a queue. Outcomes: `done`, `silence`, `cancelled`, `failed`.

    It becomes work on a ticket. Who hangs up while speaking, or instead of confirming, has left
    their message all the same.
    """

    has_effect: ClassVar[bool] = True

    do: Literal["message"]
    say: Spoken
    """What is said before the tone; a key skips to the tone."""
    after_silence: Spoken | None = None
    """Said before asking again when nothing was said."""
    confirm: Spoken | None = None
    """Asked after the recording, for the keys `keep`, `again` and `cancel`; without it the message
    is kept at once."""
    keep: Key = "1"
    """The key that keeps the message. No key keeps it, too."""
    again: Key = "2"
    """The key that records it anew."""
    cancel: Key = "3"
    """The key that throws it away."""
    queue: str | None = None
    """Whose work it becomes; default: that of the dialled number."""
    seconds: Annotated[float, Field(ge=5, le=600)] = 120
    """The longest message."""
    pause: Annotated[int, Field(ge=2, le=20)] = 4
    """So many seconds of silence end it."""
    least: Annotated[float, Field(ge=0.3, le=10)] = 1
    """Who speaks for less has said nothing."""
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    """How often it is asked in all when nothing is said."""

    @model_validator(mode="after")
    def _keys_differ(self) -> MessageStep:
        if len({self.keep, self.again, self.cancel}) < 3:
            raise ValueError("`keep`, `again` and `cancel` are three different keys")
        return self

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        if self.confirm:
            yield ("confirm",), self.confirm

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, SILENCE, CANCELLED, FAILED})


class RecordStep(AnyStep):
    """Record a few words and keep them with the contact: a name, a consent. Outcomes: `done`,
    `silence`, `failed`.

    Who hangs up while speaking has said it all the same.
    """

    has_effect: ClassVar[bool] = True

    do: Literal["record"]
    say: Spoken
    """What is said before the tone; a key skips to the tone."""
    of: Word
    """What is recorded, a word: it stands on the timeline."""
    after_silence: Spoken | None = None
    """Said before asking again when nothing was said."""
    seconds: Annotated[float, Field(ge=1, le=60)] = 10
    """The longest recording."""
    pause: Annotated[int, Field(ge=1, le=10)] = 2
    """So many seconds of silence end it."""
    least: Annotated[float, Field(ge=0.1, le=10)] = 0.5
    """Who speaks for less has said nothing."""
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    """How often it is asked in all when nothing is said."""

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, SILENCE, FAILED})


class TicketStep(AnyStep):
    """Write on the contact's ticket, or open one. Outcomes: `done`, `failed`.

    What is written may be personal, and lies sealed under the caller's key.
    """

    has_effect: ClassVar[bool] = True

    do: Literal["ticket"]
    type: Word
    """What kind of work it is, a word."""
    subject: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_SUBJECT),
        AfterValidator(with_places),
    ]
    """What it is about, in a line; `{name}` stands for a value."""
    text: Annotated[
        str, StringConstraints(max_length=LONGEST_NOTE), AfterValidator(with_places)
    ] = ""
    """What else there is to know; `{name}` stands for a value."""
    queue: str | None = None
    """Whose work it is; default: that of the dialled number."""

    def written(self, values: dict[str, str]) -> str:
        """What goes on the ticket, with these values."""
        parts = (self.subject, self.text) if self.text else (self.subject,)
        return "\n".join(filled_text(part, values) for part in parts)

    def uses(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for field, text in (("subject", self.subject), ("text", self.text)):
            yield from (((field,), name) for name in places(text))

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, FAILED})
