"""Destinations and SIP headers that somebody who means harm would send, from a seed.

Written from what is known of toll fraud and of Asterisk's own language, without a look at the code
of the rules: what they let through is to be judged by `may_be_dialled` in words of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

EXPENSIVE = (
    "+1900", "+1876", "+44909", "+8816", "+8821", "+870", "+979", "+252", "+53", "+371", "+232",
    "+675", "+960", "+216", "+247", "+381", "+3906", "+882", "+883", "+8610", "+861", "+4470",
)  # fmt: skip
SAFE = ("+86", "+4420")
"""What the house of the campaign allows."""
HELP = ("110", "119", "120", "122")
"""Numbers of help in China, where that house is."""
CODE = (
    "${SHELL(id)}", "$[1+1]", "${EVAL(${X})}", "&PJSIP/a1", "@trunk.north", "/n", ",30,tT", "|h",
    ")S(1)", "^", "\\", "\r\nAction: Command", "\n[from-trunk]", ";transport=tcp", "%00", "\x00",
    "<sip:x@y>", '"', "'", "`id`", "$(id)", "*72", "#31#", "p1", "w2", "a", "D", "\u202e",
    "\uff11", "\u0661", "\u00b2", "\u2460", "Local/s@acd-out", "PJSIP/", "..", "?header=1",
    "=x", "!", "_X.", "~", "{", "}", ":5060", ";ext=5", ";phone-context=+1",
)  # fmt: skip
LONG = (33, 64, 200, 5000)


def destinations(seed: object, count: int) -> list[str]:
    """So many, the same for the same seed."""
    dice = random.Random(str(seed))
    return [_WAYS[dice.randrange(len(_WAYS))](dice) for _ in range(count)]


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices("0123456789", k=count))


def _plain(dice: random.Random) -> str:
    return _digits(dice, dice.randrange(1, 19))


def _expensive(dice: random.Random) -> str:
    return dice.choice(EXPENSIVE) + _digits(dice, dice.randrange(4, 11))


def _in_disguise(dice: random.Random) -> str:
    """The same with another way of saying "abroad", and signs between the digits."""
    number = _expensive(dice)[1:]
    abroad = dice.choice(("00", "0011", "011", "+", "++", "+00", "810", "17951", "+86000", "0 0"))
    between = dice.choice(("", " ", "-", ".", "(", "/"))
    return abroad + between.join(number)


def _coded(dice: random.Random) -> str:
    """A number that would be allowed, with something of another language in it."""
    number = dice.choice(SAFE) + _digits(dice, 10)
    at = dice.randrange(len(number) + 1)
    return number[:at] + dice.choice(CODE) + number[at:]


def _help_with_more(dice: random.Random) -> str:
    return dice.choice(HELP) + dice.choice((*CODE, "0", "00", "9001234567", " 19001234567"))


def _noise(dice: random.Random) -> str:
    return "".join(chr(dice.randrange(1, 0x250)) for _ in range(dice.randrange(0, 40)))


def _long(dice: random.Random) -> str:
    return "+86" + _digits(dice, dice.choice(LONG))


def _premium_at_home(dice: random.Random) -> str:
    return dice.choice(("168", "+86168", "0086168", "16 8")) + _digits(dice, 5)


_WAYS: tuple[Callable[[random.Random], str], ...] = (
    _plain, _expensive, _in_disguise, _coded, _help_with_more, _noise, _long, _premium_at_home,
)  # fmt: skip


def may_be_dialled(number: str) -> bool:
    """Whether these digits, as they stand after `PJSIP/` and before `@`, do no harm to a house that
    allows `SAFE`: its own country and London, nothing premium, nothing abroad, or help."""
    if number in HELP:
        return True
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number) or not number.startswith(SAFE):
        return False
    return not number.startswith("+86168")


# ---------------------------------------------------------------- whole messages


def invite(seed: object, number: str, source: tuple[str, int], to: tuple[str, int]) -> bytes:
    """An INVITE to a number of the house, with something hostile in one of its headers, or more."""
    dice = random.Random(str(seed))
    branch, call_id = f"z9hG4bK{dice.getrandbits(64):x}", f"{dice.getrandbits(64):x}@hostile"
    own = f"{source[0]}:{source[1]}"
    evil = [_for_a_header(dice) for _ in range(6)]
    users = (number, number, evil[0], f"{number};{evil[0]}", "s", "i", "h", "n" + number)
    user = dice.choice(users)
    headers = [
        f"Via: SIP/2.0/UDP {own};rport;branch={branch}",
        "Max-Forwards: 70",
        f"From: {dice.choice((chr(34) + evil[1] + chr(34), evil[1], ''))} "
        f"<sip:{dice.choice((evil[2], 'trunk.north', 'a1', '+8613800138000'))}@{own}>;tag=1",
        f"To: <sip:{dice.choice((number, evil[3]))}@{to[0]}>",
        f"Call-ID: {call_id}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:x@{own}>",
        *dice.sample(_more(evil, own), k=dice.randrange(0, 5)),
        "Content-Type: application/sdp",
    ]
    body = _session(dice, source[0], evil[4])
    lines = [f"INVITE sip:{user}@{to[0]}:{to[1]} SIP/2.0", *headers]
    lines.append(f"Content-Length: {len(body.encode('latin-1', 'replace'))}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1", "replace")


def _for_a_header(dice: random.Random) -> str:
    text = destinations(dice.getrandbits(32), 1)[0][: dice.choice((20, 200, 2000))]
    return re.sub(r"[\r\n\x00<>\"@ ]", "", text) if dice.random() < 0.8 else text


def _more(evil: list[str], own: str) -> list[str]:
    return [
        f"Diversion: <sip:{evil[5]}@{own}>;reason=unconditional",
        f"History-Info: <sip:{evil[5]}@{own}>;index=1",
        f"P-Asserted-Identity: <sip:{evil[0]}@{own}>",
        f"Remote-Party-ID: <sip:{evil[1]}@{own}>;privacy=full",
        f"Referred-By: <sip:{evil[2]}@{own}>",
        f"Replaces: {evil[3]};to-tag=1;from-tag=2",
        f"Alert-Info: {evil[4]}",
        f"X-Contact: {evil[5]}",
        f"User-Agent: {evil[1]}",
        f"Route: <sip:{evil[2]}@{own};lr>",
        f'Authorization: Digest username="{evil[3]}", realm="asterisk"',
    ]


def _session(dice: random.Random, host: str, evil: str) -> str:
    port = dice.choice(("4000", "4000", "4000", "0", "70000", "-1", evil[:10]))
    owner = dice.choice(("x", "x", evil[:30]))
    return (
        f"v=0\r\no={owner} 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
    )
