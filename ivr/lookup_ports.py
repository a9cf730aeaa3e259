"""What a conversation asks of systems outside, as a protocol."""

from __future__ import annotations

from typing import Any, Protocol

from acd.model import Seconds
from ivr.store_ports import EffectKey


class NotThere(Exception):
    """A service has nothing under what was asked for."""


class LookupFailed(Exception):
    """A service could not be asked, or its answer cannot be used. The message says why, without
    anything of the question or the answer."""


class Lookups(Protocol):
    """The services outside that flows may ask (`services` in the site file), and nobody else."""

    async def get(self, service: str, question: str, seconds: Seconds, key: EffectKey) -> Any:
        """The answer, as JSON; `question` is path and query, encoded. Nothing is changed by
        asking, so it may be asked again; the service is told the `key`, which is the same then.
        Raises `NotThere`, `LookupFailed`, and TimeoutError when the whole answer is not there
        after so many seconds."""
