"""What somebody comes with who asks for a person, as far as the order of contacts and the choice of
agents go by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.model import AgentId, ContactId


@dataclass(frozen=True, slots=True)
class Matter:
    """Of one contact. What is not named counts for nothing."""

    urgency: str = ""
    """A name from `urgency` in the centre file."""
    skills: Mapping[str, int] = field(default_factory=dict)
    """Levels by skill that the agent must have."""
    resumes: ContactId | None = None
    """A contact whose place it takes up."""
    preferred: AgentId | None = None
    """Who knows the customer."""
    repeat: bool = False
    """Whether the customer asked for the same a short while ago."""


ANY = Matter()
"""Nothing in particular."""
