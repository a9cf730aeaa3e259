"""Chat on the house's own pages, as the site file says it (`chat`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ivr.channel_settings import IN_THE_CLEAR, ChannelEntry, Kind
from ivr.chat_files import FileLimits
from ivr.check_skills import Able, faults_of
from ivr.faults import meant
from ivr.keys import Keys, Level, Name, Word
from ivr.services import Address, goes_in_the_clear

LINK = "/chat#"
"""What stands between the address and the secret of a pass. What follows a # is sent to nobody."""


def _origin(address: str) -> str:
    parts = urlsplit(address)
    if parts.path:
        raise ValueError("is scheme, host and port only, like https://www.example.com")
    return address


Origin = Annotated[Address, AfterValidator(_origin)]
"""Of pages in a browser."""
ProxyAddress = Annotated[str, AfterValidator(lambda text: str(ip_address(text)))]
Title = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f<>]+$")]


class ChatSettings(Keys):
    """Customers may chat."""

    url: Address
    """Where their browsers reach the web service: what links begin with."""
    plain: bool = False
    """Whether that may be without encryption, other than on this machine."""
    queue: Name = "support"
    """Where chats wait that name no queue."""
    skills: dict[Word, Level] = Field(default_factory=dict)
    """What agents must be able to do for those: levels from 1 to 10 by skill."""
    origins: tuple[Origin, ...] = ()
    """Pages that may hold the widget, beside our own."""
    proxies: tuple[ProxyAddress, ...] = ()
    """Addresses from which a proxy of ours asks, and tells by X-Forwarded-For for whom."""
    text_by: Name | None = None
    """The SMS channel that carries links to callers; None: callers hear a code."""
    title: dict[str, Title] = Field(default_factory=dict)
    """What stands above the chat, by language."""
    away_seconds: Annotated[float, Field(ge=5, le=600)] = 30.0
    """After so long without its page a chat that waits is skipped, with its place kept."""
    silent_minutes: Annotated[float, Field(ge=1, le=240)] = 15.0
    """A chat that is served, or that a flow asks, and whose customer has been away so long, is
    over."""
    flow: Name | None = None
    """The flow that asks before a chat reaches a person; None: chats wait at once."""
    answer_seconds: Annotated[float, Field(ge=10, le=3600)] = 120.0
    """A question of that flow that is not answered for so long counts as silence."""
    call_again: bool = False
    """Whether who calls from the number of somebody who waits in the chat is offered that place."""
    files: FileLimits = Field(default_factory=FileLimits)
    """What may be sent beside words."""

    @model_validator(mode="after")
    def _sealed(self) -> ChatSettings:
        if goes_in_the_clear(self.url) and not self.plain:
            raise ValueError(IN_THE_CLEAR)
        return self

    def link(self, secret: str) -> str:
        """The address that a customer opens to go on here by this pass."""
        return f"{self.url}{LINK}{secret}"


def chat_faults(
    chat: ChatSettings | None, channels: Mapping[str, ChannelEntry], queues: Collection[str],
    able: Able,
) -> Iterator[str]:  # fmt: skip
    """What the rest of the settings does not know, a sentence each."""
    if chat is None:
        return
    if chat.queue not in queues:
        yield (
            f"site.yaml: chat.queue: there is no queue {chat.queue!r}{meant(chat.queue, queues)}"
        )
    else:
        for path, text in faults_of(chat.skills, chat.queue, able):
            yield f"site.yaml: {'.'.join(('chat.skills', *path))}: {text}"
    if chat.text_by is None:
        return
    senders = [name for name, entry in channels.items() if entry.kind is Kind.SMS and entry.url]
    if chat.text_by not in senders:
        here = f"site.yaml: chat.text_by: no channel {chat.text_by!r} sends SMS"
        yield f"{here}{meant(chat.text_by, senders)}"
