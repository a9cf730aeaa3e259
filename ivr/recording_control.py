"""What the core is asked to do to a talk: pause, resume and stop its recording; let a supervisor
listen.

Written down first: in the journal for recording, in the audit and the journal for listening. What
cannot be written is not done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from acd.consults import listening_offer
from acd.engine import Engine
from acd.model import AgentId, Contact, ContactId, OfferId
from acd.states import ContactState
from ivr.permission import Permission, Wanted
from ivr.ports import (
    Audit,
    Audited,
    Clock,
    CoreRefused,
    Note,
    PhonesFailed,
    StoreFailed,
    StoreRefused,
)
from ivr.talks import ListenerCall, Listening, Talks, TalkSeen

Fields = Mapping[str, Any]
TALKS = (ContactState.TALKING, ContactState.HELD)


class Journaled(Protocol):
    """The distributor, as much of it as is needed here."""

    @property
    def engine(self) -> Engine: ...

    async def record(self, *entries: Note) -> None: ...


class RecordingControl:
    """One request at a time: what is said of a talk holds until the next."""

    def __init__(
        self, talks: Talks, distributor: Journaled, audit: Audit, clock: Clock,
        permission: Permission,
    ) -> None:  # fmt: skip
        """`permission`: which telephones may listen, and to whom."""
        self._talks = talks
        self._distributor = distributor
        self._audit = audit
        self._clock = clock
        self._permission = permission
        self._one = asyncio.Lock()
        self._rung = 0

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {
            "recording pause": self._serially(self.pause),
            "recording resume": self._serially(self.resume),
            "recording stop": self._serially(self.stop),
            "listen": self._serially(self.listen),
        }

    def _serially(
        self, work: Callable[[Fields], Awaitable[Fields]]
    ) -> Callable[[Fields], Awaitable[Fields]]:
        async def one(fields: Fields) -> Fields:
            try:
                async with self._one:
                    return await work(fields)
            except PhonesFailed as fault:
                raise CoreRefused(f"not done: {fault}") from fault
            except (StoreFailed, StoreRefused) as fault:
                raise CoreRefused(f"not done, it cannot be written down: {fault}") from fault

        return one

    # ---------------------------------------------------------------- recording

    async def pause(self, fields: Fields) -> Fields:
        """Until `resume`, or the end of the talk: a pause never ends by itself. One that is there
        already is made anew; if that fails and it was whole, it goes on as it was."""
        contact, seen = await self._talk(fields)
        await self._note(contact, "RecordingPaused", fields)
        try:
            await self._talks.pause(contact)
        except PhonesFailed:
            if not seen.whole:
                await self._note(contact, "RecordingResumed", fields, why="could not be paused")
            raise
        return _answer(contact, seen.part, paused=True)

    async def resume(self, fields: Fields) -> Fields:
        """Journaled before speech is taken again."""
        contact, seen = await self._talk(fields)
        if not seen.paused:
            raise CoreRefused(f"the recording of {contact} is not paused")
        await self._note(contact, "RecordingResumed", fields)
        await self._talks.resume(contact)
        return _answer(contact, seen.part, paused=False)

    async def stop(self, fields: Fields) -> Fields:
        """For the rest of this talk. A pause stays: its keys and its listeners are no recording."""
        contact, seen = await self._talk(fields)
        if not seen.part:
            raise CoreRefused(f"nothing of {contact} is being recorded")
        await self._note(contact, "RecordingStopped", fields)
        await self._talks.stop(contact)
        return _answer(contact, "", paused=seen.paused)

    async def _talk(self, fields: Fields) -> tuple[ContactId, TalkSeen]:
        """The talk of the agent or the contact that is named in `of`, as it is now."""
        contact, _ = self._meant(str(fields.get("of", "")))
        seen = await self._talks.look(contact)
        known = self._distributor.engine.contacts.get(contact)
        talks = known is not None and known.state in TALKS
        if seen is None or not (talks or seen.bridged):
            raise CoreRefused(f"{contact} is in no talk")
        return contact, seen

    def _meant(self, of: str) -> tuple[ContactId, OfferId | None]:
        """The contact of this name, or the one that the agent of this name has."""
        engine = self._distributor.engine
        agent = engine.agents.get(AgentId(of))
        if agent is None:
            if not of:
                raise CoreRefused("name an agent or a contact: of=...")
            return ContactId(of), None
        offer = engine.offers.get(agent.call) if agent.call else None
        if offer is None:
            raise CoreRefused(f"{of} has no talk")
        return offer.contact, offer.id

    async def _note(self, contact: ContactId, kind: str, fields: Fields, **more: str) -> None:
        data = {"who": str(fields.get("who", "")) or "operator", **more}
        await self._distributor.record(Note(contact, kind, data))

    # ---------------------------------------------------------------- listening

    async def listen(self, fields: Fields) -> Fields:
        """Ring `phone`, and let it hear the talk of agent `of`; `how` it takes part, `who` asks."""
        phone, who = str(fields.get("phone", "")), str(fields.get("who", "")).strip()
        how = _how(str(fields.get("how", Listening.LISTEN)))
        if not who:
            raise CoreRefused("say who listens: who=...")
        of = str(fields.get("of", ""))
        await self._permission.check(Wanted(phone, how, of, who))
        contact, offer = self._meant(of)
        if offer is None:
            raise CoreRefused("name the agent whose talk it is: of=...")
        seen = await self._talks.look(contact)
        known = self._distributor.engine.contacts.get(contact)
        if seen is None or known is None or known.state not in TALKS:
            raise CoreRefused(f"{fields['of']} has no talk")
        if seen.paused:
            raise CoreRefused("the recording is paused: nobody listens until it is resumed")
        await self._write_down(contact, str(fields["of"]), phone, how, who)
        self._rung += 1
        id_ = f"{round(self._clock.now() * 1000)}-{self._rung}"
        heir = self._heir(known, phone, id_)
        await self._talks.ring(ListenerCall(id_, phone, contact, offer, how, heir))
        return {"contact": contact, "agent": fields["of"], "phone": phone, "how": how}

    def _heir(self, contact: Contact, phone: str, id_: str) -> OfferId | None:
        """Under which the telephone could take the talk over, if it is an agent's."""
        engine = self._distributor.engine
        if phone not in engine.agents:
            return None
        return listening_offer(engine.epoch, contact.seq, id_)

    async def _write_down(
        self, contact: ContactId, agent: str, phone: str, how: Listening, who: str
    ) -> None:
        """Audit and journal have it before the telephone rings."""
        told = {"agent": agent, "phone": phone, "how": str(how)}
        await self._audit.write(Audited(self._clock.now(), who, "listen", contact, "", told))
        data = {"agent": agent, "phone": phone, "how": str(how), "who": who}
        await self._distributor.record(Note(contact, "ListeningBegan", data))


def _answer(contact: ContactId, part: str, *, paused: bool) -> Fields:
    state = "paused" if paused else "on" if part else "off"
    return {"contact": contact, "recording": state}


def _how(word: str) -> Listening:
    try:
        return Listening(word)
    except ValueError:
        raise CoreRefused(f"how: {word!r} is none of {', '.join(Listening)}") from None
