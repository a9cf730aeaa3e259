"""A telephone that can lose its network in the middle of a talk, and knows session timers.

For tests alone. It asks the other side to refresh the session, and answers each refresh, until its
signals are cut off; its speech is cut off apart from them.
"""

from __future__ import annotations

import asyncio

from tests.phones import Call, Phone
from tests.sip import Message

SESSION_SECONDS = 90
"""The shortest that the rules of session timers allow; it is refreshed after half of it."""


class LosingPhone(Phone):
    """Whoever calls it, or is called by it, is to refresh."""

    def lose_signals(self) -> None:
        """From now on nothing that is sent here is answered, and nobody here can say goodbye."""
        asyncio.get_running_loop().remove_reader(self._signals)
        self.calls.clear()

    def reply(self, to: Message, status: str, local: str, body: str = "") -> None:
        """Of an INVITE, with who refreshes the session: whoever sent it."""
        if status != "200 OK" or to.method != "INVITE":
            return super().reply(to, status, local, body)
        names = ("via", "from", "call-id", "cseq")
        headers = [pair for pair in to.headers if pair[0].lower() in names]
        headers += [("To", local), ("Contact", self.contact), ("Require", "timer")]
        headers += [*self._timer("uac"), ("Content-Type", "application/sdp")]
        message = Message(f"SIP/2.0 {status}", headers, body)
        self._signals.sendto(message.encode(), self.server)
        return None

    async def _invite(
        self, call: Call, uri: str, wait: float, more: list[tuple[str, str]] | None = None
    ) -> Message:
        return await super()._invite(call, uri, wait, [*(more or []), *self._timer("uas")])

    def _timer(self, who: str) -> list[tuple[str, str]]:
        return [("Supported", "timer"), ("Session-Expires", f"{SESSION_SECONDS};refresher={who}")]


def lose_speech(call: Call) -> None:
    """From now on nothing is said in this talk."""
    call.speech = None
