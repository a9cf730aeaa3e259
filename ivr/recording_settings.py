"""Which talks are recorded (`recording` in the site file)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ivr.faults import meant
from ivr.keys import Keys, Name


def _off(given: object) -> object:
    """YAML reads `off` as `false`."""
    return "off" if given is False else given


Policy = Annotated[Literal["off", "always", "ask"], BeforeValidator(_off)]
"""`off`: never. `ask`: where the caller has agreed. `always`: where the caller has been told and
has not said no."""
CONSENT = "consent"
"""The value by which a flow says what the caller has answered to being recorded."""
ANSWERS = ("yes", "no", "told")
"""`told`: the flow has announced it, and the caller goes on. Every other text is no answer."""
WhenFull = Literal["go_on", "refuse"]


class RecordingSettings(Keys):
    """Which talks are recorded."""

    queues: dict[Name, Policy] = Field(default_factory=dict)
    """By the caller's queue."""
    others: Policy = "off"
    """All queues that are not named."""
    when_full: WhenFull = "go_on"
    """What becomes of talks that cannot be recorded because the disk is full: they go on without,
    or callers of such queues are turned away."""
    least_free_mb: Annotated[int, Field(ge=10, le=10_000_000)] = 500
    """With fewer megabytes left the disk counts as full."""

    @property
    def least_free_bytes(self) -> int:
        """With fewer bytes the disk counts as full; 0 where nothing is ever recorded."""
        recorded = {self.others, *self.queues.values()} != {"off"}
        return self.least_free_mb * 1_000_000 if recorded else 0

    def policy(self, queue: str) -> Policy:
        """What holds for the talks of this queue."""
        return self.queues.get(queue, self.others)


def recording_faults(recording: RecordingSettings, queues: Collection[str]) -> Iterator[str]:
    """A sentence for each queue that there is not."""
    for queue in recording.queues:
        if queue not in queues:
            near = meant(queue, queues)
            yield f"site.yaml: recording.queues.{queue}: there is no queue {queue!r}{near}"
