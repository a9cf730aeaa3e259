"""What stands in the journal of a survey, besides the scores: the talk that it is about."""

from __future__ import annotations

from typing import Any

from acd.engine import Engine
from acd.model import ContactId

SURVEY_ANSWERED = "SurveyAnswered"
"""Journal kind: a survey was put to a caller, with the scores that they gave, if any."""


def talk_of(engine: Engine, contact: ContactId) -> dict[str, Any]:
    """What is known of the contact's last talk: offer, agent, queue, version of the rules."""
    known = engine.contacts.get(contact)
    if known is None or known.talked is None:
        return {}
    return {
        "offer": known.talked,
        "agent": known.talked_with,
        "queue": known.queue,
        "rules": known.talked_by,
    }
