"""What a customer's page may say, a JSON object a frame. Pure; anything else is `BadFrame`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

MOST_WORDS = 4000
LANGUAGES = ("zh", "en")

_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""Without control characters, but for line ends and tabs."""

RANDOM = r"^[A-Za-z0-9_-]{22}$"
Token = Annotated[str, StringConstraints(pattern=RANDOM)]
"""128 random bits that only the customer's browser keeps: whoever has them is the customer."""
Language = Literal["zh", "en"]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_WORDS),
    StringConstraints(pattern=_PLAIN),
]  # fmt: skip
Called = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")
]
QueueName = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_-]{0,31})?$")]
OwnId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]
QuestionId = Annotated[str, StringConstraints(pattern=r"^[0-9.]{0,24}$")]
PassText = Annotated[str, StringConstraints(min_length=1, max_length=40)]
PhoneNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[+0-9 ().-]{3,40}$")
]
LineNumber = Annotated[int, Field(ge=0, le=2**31)]


class BadFrame(Exception):
    """No frame that is known."""


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True)


class Begin(_Frame):
    """A new chat. The same `token` again is the same chat."""

    t: Literal["begin"]
    language: Language
    queue: QueueName = ""
    name: Called = ""
    token: Token | None = None
    """Chosen by the page, so that asking twice begins once; None: it is made here."""


class Resume(_Frame):
    """The chat of this token goes on; lines after this number are missing."""

    t: Literal["resume"]
    token: Token
    after: LineNumber = 0


class Redeem(_Frame):
    """Go on here with the place of a pass. The same `token` again is answered alike."""

    t: Literal["redeem"]
    pass_: PassText = Field(alias="pass", repr=False)
    token: Token | None = None


class Look(_Frame):
    """How it stands with a pass; changes nothing."""

    t: Literal["look"]
    pass_: PassText = Field(alias="pass", repr=False)


class Write(_Frame):
    """A line. The same `id` again is the same line."""

    t: Literal["write"]
    id: OwnId
    words: Words = Field(repr=False)
    answers: QuestionId = ""
    """The question that this answers: refused where it is asked no more. Empty: whichever is."""


class Typing(_Frame):
    """The customer types, or no longer."""

    t: Literal["typing"]
    on: bool


class Read(_Frame):
    """The customer has seen all lines up to this one."""

    t: Literal["read"]
    number: LineNumber


class End(_Frame):
    """The customer ends the chat."""

    t: Literal["end"]


class Rate(_Frame):
    """How content the customer is, 5 the most."""

    t: Literal["rate"]
    value: Annotated[int, Field(ge=1, le=5)]


class CallMe(_Frame):
    """The customer would rather be called, by this number."""

    t: Literal["call me"]
    number: PhoneNumber = Field(repr=False)


class Leave(_Frame):
    """Nobody is there: a message, in place of the chat. Of one chat it is taken once."""

    t: Literal["leave"]
    name: Called = Field(default="", repr=False)
    number: Annotated[str, StringConstraints(max_length=40)] = Field(default="", repr=False)
    mail: Annotated[str, StringConstraints(max_length=300)] = Field(default="", repr=False)
    words: Annotated[str, StringConstraints(max_length=2 * MOST_WORDS)] = Field(repr=False)
    """What is wrong with a form is said in words, by the core."""
    text: bool = False
    """Whether it is to be confirmed by a text to that number."""


class Live(_Frame):
    """The message that was left in the chat of this token goes on as a chat."""

    t: Literal["live"]
    token: Token


Frame = (
    Begin | Resume | Redeem | Look | Write | Typing | Read | End | Rate | CallMe | Leave | Live
)  # fmt: skip
_FRAMES: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="t")])


def read(text: str) -> Frame:
    """The frame, or `BadFrame`, which repeats nothing of it."""
    try:
        return _FRAMES.validate_json(text)
    except (ValidationError, ValueError, RecursionError):
        raise BadFrame from None


def own_id(frame: Any) -> dict[str, str]:
    """What a refusal repeats, so that the page knows which line it is about."""
    return {"id": frame.id} if isinstance(frame, Write) else {}
