"""What the conversation needs of the outside world, as small protocols; adapters satisfy them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NewType, Protocol

from acd.commands import Offer, Withdraw
from acd.model import ContactId, Seconds
from voice.ports import Prompt

PersonId = NewType("PersonId", str)
"""A person in the vault: `per_` and a ULID. The only trace of a person outside the vault."""


class CallerGone(Exception):
    """The caller hung up. Normal: it ends the story, it is not an error."""


class LineFailed(Exception):
    """The telephone side did not do what it was told, though the caller is still there."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the network says of a call. The caller's number is a claim, never a proof."""

    contact: ContactId
    dialled: str
    caller_number: str | None
    """As signalled; None when withheld. Personal: goes into the vault and nowhere else."""
    caller_name: str = ""
    channel: str = ""
    """The full channel name on the telephone side."""
    queue: str = ""
    class_: str = "standard"
    language: str = "zh"
    step: str = ""
    """The flow step to go on with, when the process that ran the flow died in it."""
    visits: Mapping[str, int] = field(default_factory=dict)
    """How often limited steps had been performed before that one began."""
    version: str = ""
    """The version of the flow that the call began in (`Flow.version`)."""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the call had collected by then. Personal: never in a log or in the journal."""


NO_VALUES: Mapping[str, str] = MappingProxyType({})


class Line(Protocol):
    """A caller on the telephone (or text that plays the part of one). Hang-up: `CallerGone`."""

    @property
    def facts(self) -> CallFacts: ...

    async def answer(self) -> None: ...

    async def say(self, prompts: Sequence[Prompt], *, interruptible: bool = True) -> str | None:
        """Speak; the key that interrupted, if any. It is kept: the next `ask` takes it."""

    async def ask(
        self, prompts: Sequence[Prompt], *, most_keys: int, seconds: Seconds, ends_with: str = "#"
    ) -> str | None:
        """Speak and collect keys, from the first one on while still speaking; None: silence."""

    async def set_language(self, language: str) -> None: ...

    async def remember(
        self,
        step: str,
        visits: Mapping[str, int],
        version: str = "",
        *,
        values: Mapping[str, str] = NO_VALUES,
    ) -> None:
        """Keep on the call itself which step begins, how often limited steps have been performed
        before, of which version of the flow, and all that was collected, so that another process
        can go on with it."""

    async def join_queue(
        self,
        queue: str,
        class_: str,
        entered_at: Seconds,
        prompts: Sequence[Prompt] = (),
        after: str = "goodbye",
    ) -> None:
        """Hand the caller over to the dialplan's waiting loop. The script ends after this.

        The loop says `prompts` first; an agent may be rung meanwhile, and their answer wins.
        `after` is what follows the talk: `goodbye`, `survey` or `queue`.
        """

    async def hang_up(self) -> None: ...


class Acceptance(Protocol):
    """What the call's walker asks of the distributor; `ivr.distributor` has it.

    A script may begin again in the middle (another process goes on with it): what is asked twice
    for one contact is done once.
    """

    async def begin(self, facts: CallFacts) -> PersonId | None:
        """A call has begun; the person whose number it claims to come from."""

    async def enqueue(
        self, facts: CallFacts, queue: str, class_: str, language: str, person: PersonId | None
    ) -> Seconds:
        """Record the contact durably; the time at which it entered."""

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """Write a line of the call's story into the journal."""


class PhonesFailed(Exception):
    """The telephone side could not be told, or said no; the message says why."""


class Phones(Protocol):
    """The telephone side as the distributor commands it. Results come back as events."""

    async def offer(self, offer: Offer) -> None: ...

    async def withdraw(self, offer: Withdraw) -> None: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a waiting caller came from: the number dialled, the flow step last begun, and the
    version of the flow (empty: no flow was walked)."""

    dialled: str
    step: str
    version: str = ""


class WaitingLoop(Protocol):
    """Where callers wait, on the telephone side."""

    def origin(self, contact: ContactId) -> Origin | None:
        """None while the caller's channel is not known."""

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds
    ) -> None:
        """Ask the loop to say something; `request` is unique within the contact."""


class NotThere(Exception):
    """A service has nothing under what was asked for."""


class LookupFailed(Exception):
    """A service could not be asked, or its answer cannot be used. The message says why, without
    anything of the question or the answer."""


class Lookups(Protocol):
    """The services outside that flows may ask (`services` in the site file), and nobody else."""

    async def get(self, service: str, question: str, seconds: Seconds) -> Any:
        """The answer, as JSON; `question` is path and query, encoded. Nothing is changed by
        asking, so it may be asked again. Raises `NotThere`, `LookupFailed`, and TimeoutError when
        the whole answer is not there after so many seconds."""


class Clock(Protocol):
    """Centre time: UTC seconds in whole milliseconds, never stepping back."""

    def now(self) -> Seconds: ...


@dataclass(frozen=True, slots=True)
class Note:
    """A line of a contact's story: no business of the engine, but of tickets and figures."""

    contact: ContactId | None
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the journal. `seq` is given by the journal; ids only, nothing personal."""

    at: Seconds
    kind: str
    data: Mapping[str, Any]
    contact: ContactId | None = None
    version: int = 1
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's state after record `seq`."""

    seq: int
    at: Seconds
    state: Mapping[str, Any]
    version: int = 1


class StoreFailed(Exception):
    """A store did not take or give what was asked: disk full, locked, away. Safe to ask again."""


class JournalFailed(StoreFailed):
    """The journal did not confirm a batch. Append again, beginning with the same records: those
    that turn out to be written are not written twice."""


class StoreRefused(Exception):
    """A store cannot be used as it is (damaged, newer, in use, wrong key); says the way out."""


class Journal(Protocol):
    """Append-only record of what happened. What `append` has returned survives power loss."""

    async def append(self, records: Sequence[Record]) -> int:
        """Write all or nothing, in one commit; the `seq` of the last. Raises `JournalFailed`."""

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]: ...

    async def last(self) -> tuple[int, Seconds]:
        """The newest record's `seq` and time; (0, 0.0) when empty."""

    async def save_snapshot(self, snapshot: Snapshot) -> None: ...

    async def newest_snapshot(self) -> Snapshot | None: ...


class Vault(Protocol):
    """Where everything personal lies, sealed under one data key a person."""

    async def person_for_number(self, number: str) -> PersonId:
        """The person behind a number (E.164 where it can be told), made when unknown."""

    async def new_person(self) -> PersonId:
        """A person of whom nothing is known (a withheld number)."""

    async def seal(self, person: PersonId, field_name: str, text: str) -> None: ...

    async def open(self, person: PersonId, field_name: str) -> str | None: ...

    async def erase(self, person: PersonId) -> None:
        """Destroy the person's data key: every sealed field is gone for good."""


class CoreAway(Exception):
    """The core did not answer in time: it is starting, stopped, or busy. Safe to ask again."""


class CoreStopped(CoreAway):
    """The core does not run: nobody listens."""


class CoreRefused(Exception):
    """The core understood and said no; the message says why."""


class Core(Protocol):
    """The running core, asked from another process (web, command line)."""

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        """One question or request: `status`, `agents`, `queues`, `contacts`, and with `agent=`:
        `agent login`, `agent pause` (`reason=`), `agent ready`, `agent logout`; `rules apply`;
        with `flow=`: `flow announce` (`who=`, `why=`, `to=`), `flow take`."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Who did what to what, and why. Written before the deed."""

    at: Seconds
    who: str
    action: str
    subject: str
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Audit(Protocol):
    """Where it stands who did what, written before it is done."""

    async def write(self, entry: Audited) -> None: ...
