"""What the chat's routes and sockets work with, and what they need of others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from acd.model import ContactId, Seconds
from ivr.chat_files import FileId
from ivr.chat_settings import ChatSettings
from ivr.chat_uploads import Uploads
from ivr.pass_guesses import Guesses
from ivr.pass_secrets import Secret
from ivr.ports import Core, CoreAway

CUSTOMER, AGENT = "customer", "agent"
"""Who writes, types and reads."""

MOST_SOCKETS = 400
MOST_PER_ADDRESS = 30
MOST_AT_ONCE = 16
"""Questions to the core under way; a flood of frames waits here, and not before the core."""
ROOM_SECONDS: Seconds = 4.0
"""How long a question may wait for its turn."""


class Hub(Protocol):
    """Wakes whoever looks at a contact's chat, and knows who types and has read."""

    def listen(self, contact: ContactId) -> asyncio.Event:
        """Is set with the next news of this contact. Taken before looking, nothing is missed."""

    def told(self, contact: ContactId) -> None:
        """There is news."""

    def typing(self, contact: ContactId, who: str, on: bool) -> None: ...

    def typing_of(self, contact: ContactId) -> Sequence[str]:
        """Who types just now."""

    def read(self, contact: ContactId, who: str, number: int) -> None: ...

    def read_of(self, contact: ContactId, who: str) -> int:
        """The last line that they have seen; 0: none, or it is not known."""


Lines = Callable[[ContactId, int], Awaitable[Sequence[Mapping[str, Any]]]]
"""Lines of a contact after this number, in order, with `number`, `who`, `agent`, `at` in seconds,
and `words`, or `phrase` with `values`. More than one answer holds come with the next. Raises
`StoreFailed`, `StoreRefused`."""


class Permits(Protocol):
    """How much one address may ask for: how long to wait for the next, 0 when it may go on."""

    def take(self, address: str) -> Seconds: ...

    def look(self, address: str) -> Seconds: ...

    def charge(self, address: str) -> None: ...


class Asking:
    """The core, asked by all sockets together, so many questions at a time."""

    def __init__(self, core: Core, at_once: int = MOST_AT_ONCE) -> None:
        self._core = core
        self._turns = asyncio.Semaphore(at_once)

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        """The answer; `CoreAway` also when too many others are asking."""
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise CoreAway("too many questions at once") from None
        try:
            return await self._core.ask(what, **fields)
        finally:
            self._turns.release()


class Room:
    """The sockets that are open, by address, and the customers behind them."""

    def __init__(self, at_all: int = MOST_SOCKETS, per_address: int = MOST_PER_ADDRESS) -> None:
        self._at_all, self._per_address = at_all, per_address
        self._addresses: Counter[str] = Counter()
        self._customers: Counter[str] = Counter()

    @property
    def inside(self) -> int:
        """How many sockets there are."""
        return self._addresses.total()

    def enter(self, address: str) -> bool:
        """False: there is no room."""
        if self.inside >= self._at_all or self._addresses[address] >= self._per_address:
            return False
        self._addresses[address] += 1
        return True

    def leave(self, address: str) -> None:
        _less(self._addresses, address)

    def came(self, by: str) -> None:
        """A page of this customer is there."""
        self._customers[by] += 1

    def went(self, by: str) -> bool:
        """Whether it was the last one."""
        _less(self._customers, by)
        return by not in self._customers


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]


@dataclass(frozen=True, slots=True)
class ChatFiles:
    """What files are sent and fetched by."""

    uploads: Uploads
    fetch: Callable[[FileId, ContactId], Awaitable[tuple[str, bytes] | None]]
    """Name and content of a file of this contact; None: there is none. Raises `StoreFailed`,
    `StoreRefused`."""
    permits: Permits
    """Files, by address."""


@dataclass(frozen=True, slots=True)
class ChatParts:
    """Everything outside the pages and their sockets."""

    settings: ChatSettings
    core: Asking
    hub: Hub
    lines: Lines
    knows: Callable[[Secret], Awaitable[bool]]
    """Whether there is a pass with this secret."""
    guesses: Guesses
    """Wrong codes of the whole house."""
    wrong: Permits
    """Passes that are none, by address."""
    begins: Permits
    """New chats, by address."""
    now: Callable[[], Seconds]
    files: ChatFiles
    calls_back: bool = False
    """Whether customers are asked if they would rather be called."""
    who: Callable[[str], str] = str
    """Whom limits count an address as."""
    room: Room = field(default_factory=Room)

    @property
    def takes(self) -> Mapping[str, int] | None:
        """What the page may send beside words, so that it need not try; None: nothing."""
        limits = self.settings.files
        return {"bytes": limits.bytes, "a_chat": limits.a_chat} if limits.a_chat else None


def by_of(token: str) -> str:
    """What the core knows of a customer: their token does not leave browser and web process."""
    return sha256(token.encode()).hexdigest()
