"""Whether a waiting caller is offered to go on online, and what they hear. Pure.

Both waits are said, and nothing is offered that is not better: the other side is really faster, or
the telephone cannot serve at all. Where the queue's own rule wants it and nobody can tell yet how
long the telephone will take, only what is certain is offered: that somebody is there online at
once. Who has been asked is asked again only when things have changed.
To say nothing leaves them in line; the offer is never a way out that is taken for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acd.model import Seconds
from voice.phrases import waiting_time, waiting_times

LEAST_GAIN: Seconds = 120.0
"""The other side must save at least so much,"""
LEAST_SHARE = 0.5
"""and at least this share of the wait on the telephone."""
AGAIN_SECONDS: Seconds = 180.0
"""Not asked again sooner."""
AGAIN_FACTOR = 1.5
"""Asked again when the wait on the telephone has become so many times what was said."""
AT_ONCE: Seconds = 0.0
"""The wait where somebody has room just now: no estimate."""
MOST_TIMES = 3
ACCEPT_KEY = "1"


@dataclass(frozen=True, slots=True)
class Sight:
    """How it stands just now for one caller. Waits are from now on; None: nobody can tell."""

    phone: Seconds | None
    online: Seconds | None
    phone_serves: bool = True
    """False: nobody is logged in, closed, or no way to an agent's telephone."""
    online_serves: bool = True
    class_: str = "standard"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a queue says of offers."""

    channel: str
    never: frozenset[str] = frozenset()
    """Classes that are not asked as long as the telephone serves them at all."""
    wanted: bool = False
    """Whether a rule of the queue has said that this caller is to be asked."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a caller is asked; `at`: when. `phone` None: the telephone cannot serve, or it cannot be
    told when (`serves`)."""

    channel: str
    phone: Seconds | None
    online: Seconds
    at: Seconds
    times: int = 1
    """How often this caller has been asked, with this one."""
    serves: bool = False
    """With `phone` None: whether the telephone serves them, nobody can tell when."""


def offer_to(rules: Rules, sight: Sight, now: Seconds, before: Offer | None = None) -> Offer | None:
    """What to ask the caller now; None: nothing. `before`: what they were asked last."""
    if not sight.online_serves or sight.online is None:
        return None
    if sight.phone_serves and (sight.class_ in rules.never or not _is_better(rules, sight)):
        return None
    if before and not _has_changed(before, sight, now):
        return None
    phone = sight.phone if sight.phone_serves else None
    serves = sight.phone_serves and phone is None
    times = before.times + 1 if before else 1
    return Offer(rules.channel, phone, sight.online, now, times, serves)


def _is_better(rules: Rules, sight: Sight) -> bool:
    if sight.phone is None and rules.wanted:
        return sight.online == AT_ONCE
    return _is_faster(sight)


def _is_faster(sight: Sight) -> bool:
    if sight.phone is None or sight.online is None:
        return False
    gain = sight.phone - sight.online
    return gain >= LEAST_GAIN and gain >= sight.phone * LEAST_SHARE


def _has_changed(before: Offer, sight: Sight, now: Seconds) -> bool:
    """For the worse on the telephone: what was refused once is not repeated for anything less."""
    if before.times >= MOST_TIMES or now - before.at < AGAIN_SECONDS:
        return False
    if before.phone is None and not before.serves:
        return False  # it could not serve then: there is nothing worse
    if not sight.phone_serves:
        return True
    if before.phone is None:
        return sight.phone is not None  # nobody could tell then
    left = max(before.phone - (now - before.at), 0.0)
    return sight.phone is not None and sight.phone >= AGAIN_FACTOR * max(left, LEAST_GAIN)


_WORDS: Mapping[str, tuple[str, str, str]] = {
    "en": (
        "The wait is {phone} on the phone, and {online} in {channel}. To go on there with your "
        "place in line, press {key}. To stay on the phone you need not do anything.",
        "We cannot serve you on the phone just now. The wait is {online} in {channel}. To go on "
        "there with your place in line, press {key}. Or stay on the line.",
        "We cannot tell yet how long the wait on the phone will be. In {channel} it is {online}. "
        "To go on there with your place in line, press {key}. To stay on the phone you need not "
        "do anything.",
    ),
    "zh": (
        "电话等待{phone}，{channel}等待{online}。要带着您的排队位置转过去，请按{key}。"
        "继续在电话上等待，无需任何操作。",
        "目前电话无法受理。{channel}等待{online}。要带着您的排队位置转过去，请按{key}。"
        "您也可以继续等待。",
        "目前还无法估计电话等待时间，{channel}等待{online}。要带着您的排队位置转过去，请按{key}。"
        "继续在电话上等待，无需任何操作。",
    ),
}
"""With both waits; where the telephone cannot serve; where nobody can tell its wait yet."""


def words_of(offer: Offer, language: str, channel: str) -> str:
    """The offer as it is said; `channel`: its name for people. KeyError for other languages."""
    phone = None if offer.phone is None else waiting_time(offer.phone, language)
    online = waiting_time(offer.online, language)
    return _words(phone, online, language, channel, serves=offer.serves)


def every_wording(language: str, channel: str) -> Iterator[str]:
    """All that `words_of` can be, so that it is recorded before the first caller waits."""
    waits = waiting_times(language)
    for place, phone in enumerate(waits):
        for online in waits[:place]:
            yield _words(phone, online, language, channel)
    yield _words(waits[-1], waits[-1], language, channel)  # the longest has no end
    for online in waits:
        yield _words(None, online, language, channel)
        yield _words(None, online, language, channel, serves=True)


def _words(
    phone: str | None, online: str, language: str, channel: str, serves: bool = False
) -> str:
    """`serves`: the phone side would, though nobody can tell how soon."""
    both, alone, untold = _WORDS[language]
    said = {"channel": channel, "key": ACCEPT_KEY, "online": online}
    if phone is None:
        return (untold if serves else alone).format(**said)
    return both.format(phone=phone, **said)
