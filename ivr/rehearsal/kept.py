"""What rehearsed calls leave behind: kept in memory as long as the call, or refused on demand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.ports import (
    EffectKey,
    Outgoing,
    PersonId,
    Recording,
    RecordingId,
    StoreFailed,
)
from ivr.tickets.story import field_of_values


@dataclass(slots=True)
class Shelf:
    """`ivr.ports.Outbox`, `Recordings` and `Seals` of one rehearsed call. For the steps in `broken`
    nothing can be kept, as when a disk is full."""

    broken: Collection[str] = ()
    sent: dict[EffectKey, Outgoing] = field(default_factory=dict)
    recordings: dict[EffectKey, Recording] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)
    """What was sealed, by the field's name."""

    def check(self, key: str) -> None:
        """Raises `StoreFailed` for the effect of a step that is broken."""
        _, _, step_and_visit = key.partition("/")
        if step_and_visit.rpartition("/")[0] in self.broken:
            raise StoreFailed("the test has it so")

    async def put(self, outgoing: Outgoing) -> None:
        self.check(outgoing.key)
        self.sent.setdefault(outgoing.key, outgoing)

    async def find(self, key: EffectKey) -> Recording | None:
        return self.recordings.get(key)

    async def keep(self, key: EffectKey, person: PersonId, sound: bytes) -> Recording:
        self.check(key)
        return self.recordings.setdefault(key, Recording(RecordingId(f"rec_{key}"), person, 0.0))

    async def seal(self, person: PersonId, field_name: str, text: str) -> None:
        """A text of the effect that the field is named by."""
        self.check(field_name)
        self.sealed[field_name] = text

    def told(self) -> tuple[str, ...]:
        """What the agent is told of the caller's values, a line each."""
        texts = [text for name, text in self.sealed.items() if name.startswith(field_of_values(""))]
        return tuple(line for text in texts for line in text.split("\n"))

    def written(self, data: Mapping[str, Any]) -> None:
        """The journal is told of an effect."""
        self.check(str(data["effect"]))
