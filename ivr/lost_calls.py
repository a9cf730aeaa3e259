"""What the journal says when a lost call is made good: the caller will be called back. Pure."""

from __future__ import annotations

from acd.model import ContactId
from ivr.ports import EffectKey, Note
from ivr.promises import MAKES_GOOD, TAKEN, Promise


def key_of(lost: ContactId) -> EffectKey:
    """Under which the callback of this lost call is promised: once, whoever asks."""
    return EffectKey(f"{lost}/lost/1")


def contact_for(lost: ContactId) -> ContactId:
    """The contact that waits to be called; the lost one is over for good."""
    return ContactId(f"{lost}-callback")


def taken_by(lost: ContactId, promise: Promise) -> Note:
    """For the lost call."""
    return Note(lost, TAKEN, {"holds": promise.contact, "effect": promise.effect})


def made_good(lost: ContactId, promise: Promise) -> Note:
    """For the contact that waits to be called, before it arrives: it joins its person's ticket."""
    return Note(promise.contact, MAKES_GOOD, {"person": promise.by or promise.to, "lost": lost})
