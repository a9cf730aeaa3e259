"""The pass: carries a contact's place in line into another channel. Tables and pure functions.

`docs/states.md` is drawn from the table; what is not in it is refused and changes nothing. Time is
an argument; who keeps passes is `ivr.pass_desk`, how their secrets look is `ivr.pass_secrets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from acd.model import ContactId, Seconds
from acd.states import ForbiddenMove
from ivr.ports import PersonId
from ivr.values import LEVELS, NOTHING_PROVED

PassId = NewType("PassId", str)
"""`pas_` and a ULID: what journal, audit and logs call a pass. It redeems nothing."""

CODE_SECONDS: Seconds = 600.0
"""So long a spoken code is good."""
AFTER_SECONDS: Seconds = 900.0
"""So long after the wait has broken off a pass still carries the place."""
MOST_TRIES = 5
"""Codes that one contact may key in."""
MOST_OPEN = 5
"""Open passes of one contact."""


class Form(StrEnum):
    """How the secret of a pass reaches the customer."""

    LINK = "link"  # 128 random bits, to be opened
    CODE = "code"  # nine digits, to be heard and keyed in


class PassState(StrEnum):
    """Where a pass stands; exactly one at a time."""

    OPEN = "open"
    REDEEMED = "redeemed"
    VOID = "void"
    EXPIRED = "expired"


S = PassState

PASS_MOVES: dict[tuple[PassState, str], PassState] = {
    (S.OPEN, "redeem"): S.REDEEMED,
    (S.OPEN, "void"): S.VOID,  # another pass of the contact was redeemed, or a newer code made
    (S.OPEN, "expire"): S.EXPIRED,
}


class Stands(StrEnum):
    """How it stands with the contact of a pass."""

    WAITS = "waits"  # or rings, is parked, has just arrived
    TALKS = "talks"
    AWAY = "away"  # hung up, or was cut off, while waiting
    OVER = "over"  # served, parked too long, or forgotten


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a contact; `since`: when it left, if it is away."""

    where: Stands
    since: Seconds = 0.0


class Refusal(StrEnum):
    """Why a pass is not redeemed."""

    UNKNOWN = "unknown"
    """Forged, guessed, mistyped, or so old that it is forgotten: nobody is told which."""
    USED = "used"
    VOID = "void"
    EXPIRED = "expired"
    WRONG_CHANNEL = "wrong channel"
    TALKING = "talking"
    OVER = "over"
    TRIES = "tries"


SENTENCES: Mapping[Refusal, Mapping[str, str]] = {
    Refusal.UNKNOWN: {
        "en": "There is no such pass: check the link or the nine digits, or ask for a new one.",
        "zh": "没有这张凭证：请核对链接或九位数字，或重新索取。",
    },
    Refusal.USED: {
        "en": "This pass has been used already: a pass is good for one time.",
        "zh": "这张凭证已经用过：每张凭证只能使用一次。",
    },
    Refusal.VOID: {
        "en": "This pass is void: a newer one was made, or another one of yours was used.",
        "zh": "这张凭证已经作废：已有更新的凭证，或您已使用了另一张。",
    },
    Refusal.EXPIRED: {
        "en": "This pass is too old: call again, or ask for a new one.",
        "zh": "这张凭证已过期：请重新来电，或重新索取。",
    },
    Refusal.WRONG_CHANNEL: {
        "en": "This pass does not lead here: use it where you were told to.",
        "zh": "这张凭证不能在此渠道使用：请在指定的渠道使用。",
    },
    Refusal.TALKING: {
        "en": "You are being served already: the pass stays good should the line break.",
        "zh": "您正在接受服务：万一断线，凭证仍然有效。",
    },
    Refusal.OVER: {
        "en": "What this pass was for is done: to ask for something else, begin anew.",
        "zh": "这张凭证对应的服务已经结束：如有其他需要，请重新开始。",
    },
    Refusal.TRIES: {
        "en": "Too many wrong codes: use the link that you were sent, or stay on the phone.",
        "zh": "输错的次数太多：请使用收到的链接，或留在电话上等待。",
    },
}
"""One clear sentence for whoever holds the pass, by language."""


class PassRefused(Exception):
    """A pass is not redeemed; nothing has changed but what counts wrong codes."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(SENTENCES[why]["en"])
        self.why = why


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass as it is kept. Nothing personal, and nothing that would redeem it."""

    id: PassId
    contact: ContactId
    channel: str
    """The one channel that it leads into."""
    form: Form
    made_at: Seconds
    until: Seconds | None = None
    """Not redeemed from then on; None: as long as the contact waits, and `AFTER_SECONDS`."""
    level: str = NOTHING_PROVED
    """What the contact had proved when the pass was made, one of `LEVELS`."""
    person: PersonId | None = None
    state: PassState = PassState.OPEN
    closed_at: Seconds | None = None
    by: str = ""
    """Who redeemed it, in their own words: whoever asks again in these words is told the same."""
    into: ContactId | None = None
    """The contact that went on by it, once that stands in the journal."""
    told: bool = True
    """Whether the redemption stands in the journal: false from the deed to its record."""

    def moved(self, move: str, now: Seconds) -> Pass:
        """The pass after this move; `ForbiddenMove` for one that the table does not have."""
        if (self.state, move) not in PASS_MOVES:
            raise ForbiddenMove(f"a pass that is {self.state} cannot {move}")
        return replace(self, state=PASS_MOVES[self.state, move], closed_at=now)


CLOSED: Mapping[PassState, Refusal] = {
    S.REDEEMED: Refusal.USED, S.VOID: Refusal.VOID, S.EXPIRED: Refusal.EXPIRED,
}  # fmt: skip
MAY_COME: Mapping[Stands, Refusal] = {Stands.TALKS: Refusal.TALKING, Stands.OVER: Refusal.OVER}


def refusal_of(known: Pass, standing: Standing, channel: str, now: Seconds) -> Refusal | None:
    """Why this pass does not lead into this channel now; None: it does."""
    if known.state in CLOSED:
        return CLOSED[known.state]
    if known.channel != channel:
        return Refusal.WRONG_CHANNEL
    if is_too_old(known, standing, now):
        return Refusal.EXPIRED
    return MAY_COME.get(standing.where)


def is_too_old(known: Pass, standing: Standing, now: Seconds) -> bool:
    """Whether its time is over, by the clock or because its contact left too long ago."""
    if known.until is not None and now >= known.until:
        return True
    return standing.where is Stands.AWAY and now - standing.since >= AFTER_SECONDS


def level_in(level: str, most: str) -> str:
    """What counts as proved in a channel that can prove `most`: never more than was proved."""
    return LEVELS[min(LEVELS.index(level), LEVELS.index(most))]
