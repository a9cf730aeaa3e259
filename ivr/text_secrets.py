"""What of a customer's words is not kept as they were written while a flow asks. Pure.

Answers to questions that ask for a secret are dots in the conversation; so are the figures of a
payment card that nobody has asked for, but for the last four.
"""

from __future__ import annotations

import re

from ivr.text_answers import UNCLEAR, Question, asks_for_a_person, keys_of

DOTS = "••••••"
"""In place of a secret. Always as many: not even its length is told."""
LAST = 4
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def kept(words: str, question: Question | None) -> str:
    """These words as the conversation keeps them; `question`: what is asked just now."""
    if question is None:
        return without_cards(words)
    if question.secret:
        is_a_way_on = asks_for_a_person(words) or any(
            keys_of(question, words) == option.key for option in question.options
        )
        return words if is_a_way_on else DOTS
    if question.grammar and keys_of(question, words) != UNCLEAR:
        return words  # asked for, and no secret
    return without_cards(words)


def is_lost(words: str) -> bool:
    """Whether what was kept of some words is less than what they were."""
    return DOTS[:LAST] in words


def without_cards(words: str) -> str:
    """The same, with dots for all but the last figures of what may be a card's number."""

    def dotted(found: re.Match[str]) -> str:
        digits = re.sub(r"[ -]", "", found[0])
        return f"{DOTS[:LAST]} {digits[-LAST:]}" if _is_card(digits) else found[0]

    return _CARD.sub(dotted, words)


def _is_card(digits: str) -> bool:
    """By the check digit that all cards have (ISO/IEC 7812)."""
    figures = [int(digit) for digit in reversed(digits)]
    return (sum(figures[::2]) + sum(_DOUBLED[figure] for figure in figures[1::2])) % 10 == 0
