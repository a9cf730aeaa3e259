"""What can be done in each phase of a talk, by whom, and what is foretold of it.

A deed that begins with "refused" must change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.talk_hands import Deed, Hands
from tests.talk_model import Talk

NOBODY = "agent-none"
OUTSIDE = "+442079460000"
Deeds = dict[str, Deed]


def deeds(talk: Talk, hands: Hands, chance: Random) -> Deeds:
    """By name; whom to consult or where to send the caller is drawn."""
    found = endings(talk, hands)
    if talk.phase == "rings":
        found["answer"] = _with(talk.answer, hands.answers(talk.a))
        found["decline"] = _with(talk.decline, hands.declines(talk.a))
    elif talk.phase == "sent":
        found["B answers"] = _with(talk.sent_answered, hands.answers(talk.b))
        found["B declines"] = _with(talk.sent_declined, hands.declines(talk.b))
    elif talk.phase == "talk":
        found |= _talk(talk, hands) | _sends(talk, hands, chance)
    elif talk.phase in ("held", "phone held"):
        found |= _hold(talk, hands) | _asks_by_phone(talk, hands, chance)
    elif talk.phase.startswith("line "):
        found |= _line(talk, hands)
    elif talk.b:
        found |= _consultation(talk, hands, chance)
    return found


def endings(talk: Talk, hands: Hands) -> Deeds:
    """What ends the talk."""
    found = {"caller hangs up": _with(talk.caller_hangs_up, hands.caller_hangs_up)}
    if talk.phase == "talk":
        found["agent hangs up"] = _with(talk.agent_hangs_up, hands.hangs_up(talk.a))
    return found


def _talk(talk: Talk, hands: Hands) -> Deeds:
    a = talk.a
    return {
        "hold": _with(talk.hold, hands.asks("talk hold", a)),
        "hold by phone": _with(talk.phone_hold, hands.holds(a)),
        "refused: consult nobody": hands.refused("talk consult", a, to_agent=NOBODY),
        "refused: transfer to oneself": hands.refused("talk transfer", a, to_agent=a),
        "refused: transfer outside": hands.refused("talk transfer", a, to_number=OUTSIDE),
        "refused: refer elsewhere": hands.refers_in_vain(a, OUTSIDE),
    }


def _sends(talk: Talk, hands: Hands, chance: Random) -> Deeds:
    a = talk.a
    queue = chance.choice(sorted(talk.queues))
    found = {
        "transfer to queue": _with(
            lambda: talk.send_to_queue(queue), hands.asks("talk transfer", a, to_queue=queue)
        ),
        "refer to queue": _with(lambda: talk.send_to_queue(queue), hands.refers(a, queue)),
    }
    others = talk.ready_others()
    if not others:
        return found
    other = chance.choice(others)
    return found | {
        f"consult: {other}": _with(
            lambda: talk.consult(other), hands.asks("talk consult", a, to_agent=other)
        ),
        f"transfer: {other}": _with(
            lambda: talk.send_to_agent(other), hands.asks("talk transfer", a, to_agent=other)
        ),
        f"refer: {other}": _with(lambda: talk.send_to_agent(other), hands.refers(a, other)),
    }


def _hold(talk: Talk, hands: Hands) -> Deeds:
    a = talk.a
    ends = {"agent hangs up": _with(talk.agent_hangs_up, hands.hangs_up(a))}
    if talk.phase == "phone held":
        return ends | {"resume by phone": _with(talk.resume, hands.resumes(a))}
    return ends | {
        "resume": _with(talk.resume, hands.asks("talk resume", a)),
        "star": _with(talk.resume, hands.star(a)),
        "refused: hold again": hands.refused("talk hold", a),
    }


def _asks_by_phone(talk: Talk, hands: Hands, chance: Random) -> Deeds:
    """A second line: only beside a hold by the telephone itself."""
    a, others = talk.a, talk.ready_others()
    if talk.phase != "phone held":
        return {"refused: call a colleague": hands.calls_in_vain(a, chance.choice(others or [a]))}
    if not others:
        return {"refused: call oneself": hands.calls_in_vain(a, a)}
    other = chance.choice(others)
    return {f"call: {other}": _with(lambda: talk.line_consult(other), hands.calls(a, other))}


def _line(talk: Talk, hands: Hands) -> Deeds:
    a, b = talk.a, talk.b
    found = {
        "agent hangs up": _with(talk.agent_hangs_up, hands.hangs_up_first(a)),
        "refer with replaces": _with(talk.agent_hangs_up, hands.refers_lines(a)),
        "second line hangs up": _with(talk.line_ends, hands.hangs_up_second(a)),
        "cancel": _with(talk.line_ends, hands.asks("talk cancel", a)),
        "complete": _with(talk.agent_hangs_up, hands.asks("talk complete", a)),
        "refused: consult again": hands.refused("talk consult", a, to_agent=b),
    }
    if talk.phase == "line asked":
        return found | {
            "B answers": _with(talk.line_answered, hands.answers(b)),
            "B declines": _with(talk.line_ends, hands.declines(b)),
        }
    return found | {"B hangs up": _with(talk.line_ends, hands.hangs_up(b))}


def _consultation(talk: Talk, hands: Hands, chance: Random) -> Deeds:
    a, b = talk.a, talk.b
    anybody = chance.choice([agent for agent in sorted(talk.agents) if agent != a])
    found = {
        "agent hangs up": _with(talk.agent_hangs_up, hands.hangs_up(a)),
        "refused: consult again": hands.refused("talk consult", a, to_agent=anybody),
    }
    if talk.phase == "asked":
        return found | {
            "B answers": _with(talk.consult_answered, hands.answers(b)),
            "B declines": _with(talk.consult_ends, hands.declines(b)),
            "cancel": _with(talk.consult_ends, hands.asks("talk cancel", a)),
            "star": _with(talk.consult_ends, hands.star(a)),
        }
    found["B hangs up"] = _with(talk.consult_ends, hands.hangs_up(b))
    found["complete"] = _with(talk.hand_over, hands.asks("talk complete", a))
    if talk.phase != "conference":
        found["swap"] = _with(talk.swap, hands.asks("talk swap", a))
        found["conference"] = _with(talk.conference, hands.asks("talk conference", a))
    return found


def _with(foretold: Callable[[], None], act: Deed) -> Deed:
    """Foretell, then do."""

    async def do() -> None:
        foretold()
        await act()

    return do
