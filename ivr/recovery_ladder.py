"""The next rung for texts that were recovery offers: their own desk goes on with them."""

from __future__ import annotations

from collections.abc import Callable

from ivr.channel_settings import ChannelEntry
from ivr.text_desk import Ladder
from ivr.texts import SentText


class RecoveryLadder:
    """`ivr.text_desk.Ladder` before another one.

    A failed offer becomes a callback that keeps the place of the lost call, whatever the channel's
    `or_callback` says; the other ladder would promise one with a place of its own.
    """

    def __init__(self, other: Ladder) -> None:
        self._other = other
        self.is_ours: Callable[[str], bool] = lambda text: False
        """Whether a text was an offer of the desk's."""

    async def next_rung(self, text: SentText, entry: ChannelEntry) -> None:
        if not self.is_ours(text.id):
            await self._other.next_rung(text, entry)
