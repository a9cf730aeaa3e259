"""Whether the demo's calls went as they should: judged from the journal and the tickets alone.

Nothing passes because nothing happened: every figure that counts must be there.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.cli.demo_words import Words
from ivr.ports import Record


@dataclass(frozen=True, slots=True)
class Expected:
    """How the calls should end."""

    answered: int
    abandoned: int

    @property
    def calls(self) -> int:
        return self.answered + self.abandoned


@dataclass(slots=True)
class Contact:
    """One call as the journal tells of it."""

    number: int
    entered_at: float | None = None
    key: tuple[float, int] | None = None
    answered_at: float | None = None
    how: str = ""
    refused_by: set[str] = field(default_factory=set)
    """Agents who declined this contact: they are not offered it again at once."""


@dataclass(frozen=True, slots=True)
class Jump:
    """A contact that was offered to an agent though another was first in line."""

    caller: int
    agent: str
    before: int


@dataclass(slots=True)
class Story:
    """What the journal tells: every call, and every choice of who is next."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    decisions: int = 0
    choices: int = 0
    """Decisions with several callers in line."""
    jumps: list[Jump] = field(default_factory=list)
    _waiting: set[str] = field(default_factory=set)
    _offers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Offer to contact and agent."""

    def tell(self, record: Record) -> None:
        """Take the next record of the journal."""
        data, reference = record.data, record.contact or str(record.data.get("contact", ""))
        if reference and record.kind == "CallStarted":
            self.contacts.setdefault(reference, Contact(len(self.contacts) + 1))
        contact = self.contacts.get(reference)
        if record.kind == "OfferEnded":
            self._offer_ended(str(data["offer"]), str(data["how"]))
        elif contact is None:
            return
        elif record.kind == "Arrived":
            contact.entered_at = float(data["entered_at"])
            contact.key = contact.key or (contact.entered_at, record.seq)
            if data.get("waits"):
                self._comes_to_line(reference, contact, record.kind)
        elif record.kind in ("Reached", "Returned"):
            self._comes_to_line(reference, contact, record.kind)
        elif record.kind == "Offered":
            self._offered(reference, contact, str(data["agent"]), str(data["offer"]))
        elif record.kind == "OfferAnswered":
            contact.answered_at = contact.answered_at or record.at
            self._waiting.discard(reference)
        elif record.kind == "ContactEnded":
            contact.how = str(data["how"])
            self._waiting.discard(reference)

    def _comes_to_line(self, reference: str, contact: Contact, kind: str) -> None:
        """`Reached` is repeated while a caller waits, also while a phone rings for them."""
        ringing = any(contact_ == reference for contact_, _ in self._offers.values())
        talking = contact.answered_at is not None and kind != "Returned"
        if not ringing and not talking and not contact.how:
            self._waiting.add(reference)

    def _offered(self, reference: str, contact: Contact, agent: str, offer: str) -> None:
        self.decisions += 1
        rivals = [
            other
            for name in self._waiting - {reference}
            if agent not in (other := self.contacts[name]).refused_by
        ]
        self.choices += bool(rivals)
        self.jumps += [
            Jump(contact.number, agent, other.number)
            for other in rivals
            if other.key and contact.key and other.key < contact.key
        ]
        self._waiting.discard(reference)
        self._offers[offer] = (reference, agent)

    def _offer_ended(self, offer: str, how: str) -> None:
        reference, agent = self._offers.pop(offer, ("", ""))
        contact = self.contacts.get(reference)
        if contact is None:
            return
        if how == "declined":
            contact.refused_by.add(agent)
        if not contact.how and contact.answered_at is None:
            self._waiting.add(reference)

    @property
    def waits(self) -> list[float]:
        return sorted(
            contact.answered_at - contact.entered_at
            for contact in self.contacts.values()
            if contact.answered_at and contact.entered_at
        )

    def count(self, how: str) -> int:
        return sum(contact.how == how for contact in self.contacts.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The demo's figures, and what is wrong with them."""

    calls: int
    answered: int
    abandoned: int
    median_wait: float
    longest_wait: float
    decisions: int
    choices: int
    order_kept: bool
    tickets: int
    faults: list[str]

    @property
    def well(self) -> bool:
        return not self.faults


def judge(
    records: Sequence[Record], tickets: Mapping[str, Any], expected: Expected, words: Words
) -> Verdict:
    """`tickets`: the ticket of each contact that the API lists, by the contact's reference."""
    story = Story()
    for record in records:
        story.tell(record)
    waits = story.waits
    with_ticket = [c for reference, c in story.contacts.items() if tickets.get(reference)]
    return Verdict(
        calls=len(story.contacts),
        answered=len(waits),
        abandoned=story.count("abandoned"),
        median_wait=statistics.median(waits) if waits else 0.0,
        longest_wait=max(waits, default=0.0),
        decisions=story.decisions,
        choices=story.choices,
        order_kept=not story.jumps and story.choices > 0,
        tickets=len(with_ticket),
        faults=_faults(story, with_ticket, expected, words),
    )


def _faults(
    story: Story, with_ticket: Sequence[Contact], expected: Expected, words: Words
) -> list[str]:
    faults = []
    answered, abandoned = len(story.waits), story.count("abandoned")
    if len(story.contacts) != expected.calls or not story.contacts:
        faults.append(words("few", n=len(story.contacts), of=expected.calls))
    if not answered:
        faults.append(words("none"))
    elif answered != expected.answered:
        faults.append(words("unanswered", n=answered, of=expected.answered))
    if abandoned != expected.abandoned:
        faults.append(words("stayed", n=abandoned, of=expected.abandoned))
    faults += [
        words("odd end", caller=words("caller", n=contact.number), how=contact.how or "?")
        for contact in story.contacts.values()
        if contact.how not in ("served", "abandoned")
    ]
    faults += [
        words("jumped", caller=words("caller", n=jump.caller), other=words("caller", n=jump.before),
              agent=words("agent", n=jump.agent.rpartition("-")[2]))
        for jump in story.jumps
    ]  # fmt: skip
    if not story.choices:
        faults.append(words("no choice"))
    faults += [
        words("no ticket", caller=words("caller", n=contact.number))
        for contact in story.contacts.values()
        if contact not in with_ticket
    ]
    return faults
