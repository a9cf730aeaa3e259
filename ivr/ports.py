"""What the conversation needs of the outside world, as small protocols; adapters satisfy them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from acd.commands import Offer, Withdraw
from acd.model import ContactId, Seconds
from ivr.core_port import Core as Core
from ivr.core_port import CoreAway as CoreAway
from ivr.core_port import CoreRefused as CoreRefused
from ivr.core_port import CoreStopped as CoreStopped
from ivr.lookup_ports import LookupFailed as LookupFailed
from ivr.lookup_ports import Lookups as Lookups
from ivr.lookup_ports import NotThere as NotThere
from ivr.matter import ANY, Matter
from ivr.python_steps import Ended as Ended
from ivr.python_steps import PythonFailed as PythonFailed
from ivr.store_ports import EMAIL as EMAIL
from ivr.store_ports import Audit as Audit
from ivr.store_ports import Audited as Audited
from ivr.store_ports import EffectKey as EffectKey
from ivr.store_ports import Journal as Journal
from ivr.store_ports import JournalFailed as JournalFailed
from ivr.store_ports import Outbox as Outbox
from ivr.store_ports import Outgoing as Outgoing
from ivr.store_ports import PersonId as PersonId
from ivr.store_ports import Record as Record
from ivr.store_ports import Recording as Recording
from ivr.store_ports import RecordingId as RecordingId
from ivr.store_ports import Recordings as Recordings
from ivr.store_ports import Seals as Seals
from ivr.store_ports import Snapshot as Snapshot
from ivr.store_ports import StoreFailed as StoreFailed
from ivr.store_ports import StoreRefused as StoreRefused
from ivr.store_ports import Vault as Vault
from ivr.transfers import Ringing, Rung
from voice.ports import Prompt


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
    """How often counted steps had been performed before that one began."""
    version: str = ""
    """The version of the flow that the call began in (`Flow.version`)."""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the call had collected by then. Personal: never in a log or in the journal."""
    talked: str = ""
    """The offer of the last talk, when the talk is over and the flow goes on after it."""
    left: str = ""
    """How the caller came out of the waiting loop in which they wait no more: by which key."""


NO_VALUES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Take:
    """What a caller has said into a recording."""

    sound: bytes = field(repr=False)
    """16 bit, 8000 Hz, one channel, without a header. Personal."""
    spoken: Seconds
    """From the first word to the last; 0: nothing was said."""
    gone: bool = False
    """Whether the caller hung up in it: whatever is asked of the line next is `CallerGone`."""


class Line(Protocol):
    """A caller on the telephone (or text that plays the part of one). Hang-up: `CallerGone`."""

    @property
    def facts(self) -> CallFacts: ...

    async def answer(self) -> None: ...

    async def say(self, prompts: Sequence[Prompt], *, interruptible: bool = True) -> str | None:
        """Speak; the key that interrupted, if any. It is kept: the next `ask` takes it."""

    async def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        most_keys: int,
        seconds: Seconds,
        ends_with: str = "#",
        secret: bool = False,
    ) -> str | None:
        """Speak and collect keys, from the first one on while still speaking; None: silence.

        `secret`: when this returns, nothing of the answer is kept on the call any more.
        """

    async def record(
        self, prompts: Sequence[Prompt], *, seconds: Seconds, pause: int, ends_with: str = "#"
    ) -> Take:
        """Speak, sound a tone, and record the caller: so many seconds at most, until so many of
        silence, one of these keys, or the hang-up. A key skips to the tone; what was pressed until
        the end of the recording answers no later question."""

    async def set_language(self, language: str) -> None: ...

    async def remember(
        self,
        step: str,
        visits: Mapping[str, int],
        version: str = "",
        *,
        values: Mapping[str, str] = NO_VALUES,
    ) -> None:
        """Keep on the call itself which step begins, how often counted steps have been performed
        before, of which version of the flow, and all that was collected, so that another process
        can go on with it."""

    async def join_queue(
        self,
        queue: str,
        class_: str,
        entered_at: Seconds,
        prompts: Sequence[Prompt] = (),
        after: str = "goodbye",
        goes_on: bool = False,
        urgency: str = "",
        keys: str = "",
    ) -> None:
        """Hand the caller over to the dialplan's waiting loop. The script ends after this.

        The loop says `prompts` first; an agent may be rung meanwhile, and their answer wins.
        `after` is what follows the talk: `goodbye`, `survey` or `queue`. With `goes_on` the script
        is run again then, and `after` stands in where it cannot be. So it is when the caller
        presses one of `keys` before an agent has answered (`CallFacts.left`).
        """

    async def transfer(self, ringing: Ringing, prompts: Sequence[Prompt] = ()) -> Rung:
        """Say `prompts`, ring a telephone, and let it talk with the caller; how that ended. Asked
        for again under the same key, it says and rings nothing and tells that end. What was keyed
        until then answers no later question."""

    async def end_of(self, key: EffectKey) -> Rung | None:
        """How the telephone has ended that was rung under this key; None: none was so far."""

    async def busy(self) -> None:
        """The busy tone for a few seconds."""

    async def hang_up(self) -> None: ...


class Acceptance(Protocol):
    """What the call's walker asks of the distributor; `ivr.distributor` has it.

    A script may begin again in the middle (another process goes on with it): what is asked twice
    for one contact is done once.
    """

    async def begin(self, facts: CallFacts) -> PersonId | None:
        """A call has begun; the person whose number it claims to come from."""

    async def enqueue(
        self, facts: CallFacts, queue: str, class_: str, language: str,
        person: PersonId | None, matter: Matter = ANY,
    ) -> Seconds:  # fmt: skip
        """Record the contact durably; the time at which it entered."""

    async def let_out(self, facts: CallFacts) -> None:
        """The caller has come out of the waiting loop and is to keep the place: nobody is rung
        for them until they are in the loop again."""

    async def way_out(self, queue: str, class_: str) -> str:
        """Where the queue's overflow rules send a caller who comes now: another queue, a channel,
        `callback` or `message`; empty: they should wait."""

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """Write a line of the call's story into the journal."""

    async def write(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """The same, durable when it returns: for what has an effect. Whoever reads the journal
        takes what comes twice with one `effect` (its key) once."""


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


class PinState(StrEnum):
    """How it stands with a person's PIN in one call."""

    OPEN = "open"
    """It may be asked for."""
    VERIFIED = "verified"
    REFUSED = "refused"
    """A wrong answer; or this call has given all that it may."""
    LOCKED = "locked"
    """Too many wrong answers, over all calls."""
    NONE = "none"
    """The person has no PIN."""


class Pins(Protocol):
    """Who proves by a PIN to be the person that a call claims to come from.

    Both raise `StoreFailed` and `StoreRefused`: nothing is proved then.
    """

    async def state(self, person: PersonId, contact: ContactId, most: int) -> PinState:
        """Whether this call, which may give `most` answers, is to be asked at all."""

    async def answer(self, person: PersonId, contact: ContactId, most: int, pin: str) -> PinState:
        """Count the answer, durably, then compare it. Takes some tenths of a second."""


class PythonSteps(Protocol):
    """The Python functions that flows may name (`steps` in the site file)."""

    async def run(self, name: str, inputs: Mapping[str, str], key: EffectKey) -> Ended:
        """How the function ended. Raises `PythonFailed`, and TimeoutError after its deadline.
        Functions that take a key do the same once for one key."""


class Clock(Protocol):
    """Centre time: UTC seconds in whole milliseconds, never stepping back."""

    def now(self) -> Seconds: ...


@dataclass(frozen=True, slots=True)
class Note:
    """A line of a contact's story: no business of the engine, but of tickets and figures."""

    contact: ContactId | None
    kind: str
    data: Mapping[str, Any]
