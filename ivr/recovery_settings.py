"""What callers are offered when the telephone side fails under them (`recovery` in the site file).

Words are the house's own; without any, those below are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from acd.model import Seconds
from ivr.keys import Keys

LINK = "{link}"
WORDS: Mapping[str, str] = MappingProxyType({
    "zh": "非常抱歉，刚才的通话因线路故障中断。请在线继续，您的排队位置随您一起转来：{link} "
          "如果您仍在线上，请不要挂断。",
    "en": "We are sorry: our line failed, and your call was cut off. Go on online, your place goes "
          "with you: {link} If you are still on the line, just stay.",
})  # fmt: skip
"""What the text says, by language; right for callers who turn out to be there, too."""


def _has_link(words: str) -> str:
    if words.count(LINK) != 1:
        raise ValueError(f"has {LINK} once: there the link stands")
    return words


Words = Annotated[
    str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]+$"),
    AfterValidator(_has_link),
]  # fmt: skip


class RecoverySettings(Keys):
    """Offers to callers who were cut off while they waited, and the way back to their place."""

    offer: bool = True
    """Whether they are offered anything; else their place is kept for the grace time alone."""
    texts_a_minute: Annotated[int, Field(ge=0, le=10_000)] = 300
    """Who comes after so many texts in a minute is promised a callback instead."""
    unseen_seconds: Annotated[float, Field(ge=10, le=3600)] = 60.0
    """Where nothing tells whether Asterisk still runs, callers count as gone after so long without
    a link to it."""
    oldest_minutes: Annotated[float, Field(ge=1, le=1440)] = 60.0
    """Who was last known to wait longer ago than this is offered nothing any more."""
    resume: bool = True
    """Whether callers who call again within the grace time are asked if they go on waiting."""
    words: dict[str, Words] = Field(default_factory=dict)
    """What the text says, by language."""

    def words_in(self, language: str) -> str:
        """The text in this language; where there is none, in English."""
        return self.words.get(language) or WORDS.get(language) or WORDS["en"]

    @property
    def oldest(self) -> Seconds:
        return self.oldest_minutes * 60
