"""What a customer's page asks for over its socket, from its first frame to its last.

The page makes itself known by a token, of which the core knows a digest. Whatever it asks for may
be asked again: a chat begins once, a pass is redeemed once, a line is written once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from acd.model import ContactId, Seconds
from adapters.chat import frames
from adapters.chat.frames import Frame
from adapters.chat.parts import CUSTOMER, ChatParts, by_of
from adapters.chat.peer import Gone, Peer
from adapters.chat.teller import Teller
from ivr.pass_secrets import Secret, read
from ivr.passes import SENTENCES, Form, Refusal
from ivr.ports import CoreAway, CoreRefused, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

UNKNOWN_SECONDS: Seconds = 60.0
"""So long a page that has not made itself known may keep a socket."""
TOKEN_BYTES = 16


class NotKnown(Exception):
    """The page has not said whose chat it is about."""


class Conversation:
    """One page, and the chat that it is about."""

    def __init__(self, parts: ChatParts, peer: Peer, who: str) -> None:
        """`who`: whom limits count the page as."""
        self._parts, self._peer, self._who = parts, peer, who
        self._by = ""
        self._teller: Teller | None = None
        self._telling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until the page is gone."""
        try:
            while True:
                frame = await self._peer.hear(None if self._by else UNKNOWN_SECONDS)
                await self._take(frame)
        except Gone:
            return
        finally:
            await self._left()

    async def _take(self, frame: Frame) -> None:
        try:
            await self._deeds[type(frame)](self, frame)
        except (CoreAway, StoreFailed, StoreRefused):
            await self._refuse("away", frame)
        except CoreRefused as refusal:
            by_number = isinstance(frame, frames.CallMe)  # why not is worth knowing, and no secret
            await self._refuse(frame.t, frame, {"en": str(refusal)} if by_number else None)
        except NotKnown:
            await self._refuse("frame", frame)

    async def _refuse(self, why: str, frame: Frame, say: Mapping[str, str] | None = None) -> None:
        said = {"say": dict(say)} if say else {}
        await self._peer.say("refused", why=why, to=frame.t, **said, **frames.own_id(frame))

    # ---------------------------------------------------------------- whose chat it is

    async def _begin(self, frame: frames.Begin) -> None:
        if self._parts.begins.take(self._who):
            await self._refuse("too many", frame)
            return
        token = frame.token or secrets.token_urlsafe(TOKEN_BYTES)
        await self._parts.core.ask(
            "chat begin", by=by_of(token), language=frame.language, queue=frame.queue,
            name=frame.name,
        )  # fmt: skip
        await self._join(token, 0)

    async def _resume(self, frame: frames.Resume) -> None:
        await self._join(frame.token, frame.after)

    async def _redeem(self, frame: frames.Redeem) -> None:
        secret = await self._known(frame.pass_)
        if isinstance(secret, Refusal):
            await self._refuse("pass", frame, SENTENCES[secret])
            return
        token = frame.token or secrets.token_urlsafe(TOKEN_BYTES)
        asked = {"by": by_of(token), "pass": secret.text}
        answer = await self._parts.core.ask("chat join", **asked)
        if "refused" in answer:
            await self._refuse("pass", frame, answer["say"])
        elif answer["answered"]:
            await self._refuse("answered", frame)
        else:
            await self._join(token, 0)

    async def _join(self, token: str, after: int) -> None:
        by = by_of(token)
        state = await self._parts.core.ask("chat state", by=by)
        await self._left()
        self._by = by
        self._parts.room.came(by)
        await self._peer.say(
            "joined", token=token, language=state["language"], queue=state["queue"],
            call_me=self._parts.calls_back, files=self._parts.takes,
        )  # fmt: skip
        contact = ContactId(state["contact"])
        self._teller = Teller(self._parts, self._peer, by, contact, after)
        self._telling = asyncio.create_task(self._tell(self._teller))

    async def _tell(self, teller: Teller) -> None:
        with suppress(Gone):
            await teller.run()
        await self._peer.close()

    async def _left(self) -> None:
        """The page is gone, or is about another chat."""
        if self._telling:
            self._telling.cancel()
            await asyncio.wait([self._telling])
        by, self._by = self._by, ""
        if by and self._parts.room.went(by):
            with suppress(CoreAway, CoreRefused):
                await self._parts.core.ask("chat away", by=by)

    # ---------------------------------------------------------------- passes

    async def _look(self, frame: frames.Look) -> None:
        secret = await self._known(frame.pass_)
        if isinstance(secret, Refusal):
            await self._refuse("pass", frame, SENTENCES[secret])
            return
        seen = dict(await self._parts.core.ask("pass look", **{"pass": secret.text}))
        seen.pop("id", None)
        await self._peer.say("seen", **seen)

    async def _known(self, typed: str) -> Secret | Refusal:
        """A secret of ours. What is none never asks the core, and is counted."""
        guesses, now = self._parts.guesses, self._parts.now()
        secret = read(typed)
        is_code = secret is not None and secret.form is Form.CODE
        if self._parts.wrong.look(self._who) or (is_code and guesses.are_too_many(now)):
            return Refusal.TRIES
        if secret and await self._parts.knows(secret):
            return secret
        self._parts.wrong.charge(self._who)
        if is_code and guesses.wrong(now):
            log.error("codes are being guessed: none is taken for a while")
        return Refusal.UNKNOWN

    # ---------------------------------------------------------------- the chat itself

    async def _write(self, frame: frames.Write) -> None:
        teller = self._mine()
        answers = {"answers": frame.answers} if frame.answers else {}
        written = await self._parts.core.ask(
            "chat write", by=self._by, id=frame.id, words=frame.words, **answers
        )
        await self._peer.say(
            "line", number=written["number"], who=CUSTOMER, at=written["at"],
            words=written.get("words", frame.words), id=frame.id,  # secrets are kept as dots
        )  # fmt: skip
        self._parts.hub.typing(teller.contact, CUSTOMER, on=False)
        self._parts.hub.told(teller.contact)

    async def _typing(self, frame: frames.Typing) -> None:
        self._parts.hub.typing(self._mine().contact, CUSTOMER, on=frame.on)

    async def _read(self, frame: frames.Read) -> None:
        self._parts.hub.read(self._mine().contact, CUSTOMER, frame.number)

    async def _end(self, frame: frames.End) -> None:
        teller = self._mine()
        await self._parts.core.ask("chat end", by=self._by)
        self._parts.hub.told(teller.contact)

    async def _rate(self, frame: frames.Rate) -> None:
        teller = self._mine()
        await self._parts.core.ask("chat rate", by=self._by, value=frame.value)
        teller.done["rated"] = True
        self._parts.hub.told(teller.contact)

    async def _call_me(self, frame: frames.CallMe) -> None:
        teller = self._mine()
        await self._parts.core.ask("chat call me", by=self._by, number=frame.number)
        teller.done["promised"] = True
        self._parts.hub.told(teller.contact)

    async def _leave(self, frame: frames.Leave) -> None:
        teller = self._mine()
        form = {name: getattr(frame, name) for name in ("name", "number", "mail", "words", "text")}
        answer = await self._parts.core.ask("chat leave", by=self._by, **form)
        if "refused" in answer:
            await self._refuse(f"leave {answer['refused']}", frame)
        self._parts.hub.told(teller.contact)

    async def _live(self, frame: frames.Live) -> None:
        await self._parts.core.ask("chat live", by=by_of(frame.token))
        await self._join(frame.token, 0)

    def _mine(self) -> Teller:
        if self._teller is None or not self._by:
            raise NotKnown
        return self._teller

    _deeds: Mapping[type, Callable[[Conversation, Any], Awaitable[None]]] = {
        frames.Begin: _begin, frames.Resume: _resume, frames.Redeem: _redeem, frames.Look: _look,
        frames.Write: _write, frames.Typing: _typing, frames.Read: _read, frames.End: _end,
        frames.Rate: _rate, frames.CallMe: _call_me, frames.Leave: _leave, frames.Live: _live,
    }  # fmt: skip
