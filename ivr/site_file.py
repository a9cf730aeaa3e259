"""The site file, `site.yaml`: where an installation stands in the world, and its faults."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from acd.model import CHATS
from ivr.addresses import ListenAddress, OwnAddress
from ivr.callback_plan import CallbackSettings
from ivr.centre_check import ALWAYS, HOUSE
from ivr.centre_file import STANDARD, CentreFile
from ivr.channel_settings import ChannelEntry, channel_faults
from ivr.chat_settings import ChatSettings, chat_faults
from ivr.check_skills import able_in
from ivr.faults import meant
from ivr.house_numbers import HouseNumber, directory_faults
from ivr.keys import Keys, Name, PhoneName
from ivr.listeners import Listeners, listener_faults
from ivr.outbound import OutboundSettings, outbound_faults
from ivr.phone_settings import Announcement, PhoneEntry, announcement_faults, phone_faults
from ivr.queue_music import QueueMusic, music_faults
from ivr.quick_replies import QuickReplies, reply_faults
from ivr.recording_settings import RecordingSettings, recording_faults
from ivr.recovery_settings import RecoverySettings
from ivr.services import ServiceEntry
from ivr.smtp_settings import EmailAddress, SmtpSettings
from ivr.transfers import Destination, destination_faults, outside_faults
from ivr.trunks import TlsSettings, TrunkEntry, trunk_faults


class NumberEntry(Keys):
    """What a dialled number leads to."""

    flow: Name = "main"
    language: str = "zh"
    """Left out: the first of the house (`SiteFile`)."""
    queue: Name = "support"
    class_: Name = Field(default="standard", alias="class")
    hours: Name | None = None
    """While these hours of the centre file are closed, callers are led through `closed`."""
    closed: Name | None = None
    """The flow for then."""
    longest_call: Annotated[float, Field(ge=2, le=240)] | None = None
    """Minutes that a talk may last; None: as long as people like."""

    @model_validator(mode="after")
    def _both_or_none(self) -> NumberEntry:
        if (self.hours is None) != (self.closed is None):
            raise ValueError("`hours` and `closed` (the flow for when they are closed) go together")
        return self

    @property
    def flows(self) -> tuple[str, ...]:
        """Every flow that its callers may be led through."""
        return (self.flow, self.closed) if self.closed else (self.flow,)


class SiteFile(Keys):
    """`site.yaml`: where this installation stands in the world."""

    listen: ListenAddress = "127.0.0.1"
    listen_web: ListenAddress | None = None
    """Where the web service listens; None: as `listen`."""
    external_address: OwnAddress | None = None
    database: str | None = None
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("zh", "en")
    numbers: dict[str, NumberEntry] = Field(default_factory=lambda: {"4000": NumberEntry()})
    phones: dict[PhoneName, PhoneEntry] = Field(default_factory=dict)
    announcements: dict[Name, Announcement] = Field(default_factory=dict)
    """What agents alone hear before they are connected, by the caller's queue."""
    fallback: tuple[PhoneName, ...] = ()
    """Phones that ring when the core has been silent for a minute."""
    keys_to_a_person: Annotated[int, Field(ge=1, le=20)] = 3
    """At every step of a flow a person is so many keys away, at most."""
    blocked_callers: Literal["refuse", "busy", "flow"] = "refuse"
    """What becomes of callers who are on the list of blocked ones."""
    music: dict[Name, QueueMusic] = Field(default_factory=dict)
    """Folders with the hold music of queues, by language."""
    services: dict[Name, ServiceEntry] = Field(default_factory=dict)
    """What `lookup` steps may ask."""
    steps: str | None = None
    """The folder of Python files whose functions `python` steps run; relative to data."""
    callbacks: CallbackSettings = Field(default_factory=CallbackSettings)
    """How promised callbacks are tried."""
    email: dict[Name, EmailAddress] = Field(default_factory=dict)
    """Where it is told that a message was left, by queue. Queues that are not named: nowhere."""
    smtp: SmtpSettings | None = None
    """The mail server that takes these notices; None: they wait."""
    directory: dict[str, HouseNumber] = Field(default_factory=dict)
    """The internal numbers of the house."""
    destinations: dict[Name, Destination] = Field(default_factory=dict)
    """Telephones that are no agents', which `transfer` steps may ring."""
    trunks: dict[Name, TrunkEntry] = Field(default_factory=dict)
    """Lines to the public network."""
    tls: TlsSettings | None = None
    """The certificate of this house; needed by trunks over TLS."""
    outbound: OutboundSettings = Field(default_factory=OutboundSettings)
    """Which numbers may be dialled, and what they are shown."""
    recording: RecordingSettings = Field(default_factory=RecordingSettings)
    """Which talks are recorded."""
    queue_log: str | None = None
    """A file like Asterisk's queue_log, kept as things happen; relative to data. None: no."""
    listeners: Listeners = Field(default_factory=dict)
    """Phones of supervisors, who may listen to talks, speak into them, join and take them over."""
    channels: dict[Name, ChannelEntry] = Field(default_factory=dict)
    """Channels beside the telephone, by which customers write and are written to."""
    chat: ChatSettings | None = None
    """Chat on the house's own pages; None: there is none."""
    recovery: RecoverySettings = Field(default_factory=RecoverySettings)
    """What callers are offered when the telephone side fails under them."""
    replies: QuickReplies = Field(default_factory=dict)
    """What agents put into a chat by one press, by queue (`all`: in each) and language."""

    @model_validator(mode="after")
    def _its_first_language(self) -> SiteFile:
        """Spoken by numbers of which none is said."""
        first = self.languages[0]
        silent = {
            number: entry.model_copy(update={"language": first})
            for number, entry in self.numbers.items()
            if entry.language != first and "language" not in entry.model_fields_set
        }
        return self.model_copy(update={"numbers": self.numbers | silent}) if silent else self

    @property
    def offered(self) -> tuple[str, ...]:
        """Channels that callers are offered while they wait."""
        return (CHATS,) if self.chat else ()

    @property
    def calls_again(self) -> bool:
        """Whether callers are offered the place of a chat with their number."""
        return self.chat is not None and self.chat.call_again

    @property
    def accounts(self) -> Mapping[str, str]:
        """Every telephone of the house with the secret that the site file gives it, or none."""
        agents = {name: phone.secret for name, phone in self.phones.items() if not phone.number}
        others = (each for each in self.destinations.values() if each.phone)
        return agents | {each.phone: each.secret for each in others}


def read(source: Path, data: Path, faults: list[str]) -> SiteFile | None:
    """The file, with secrets relative to `data`; None when it has faults, which are added."""
    try:
        plain = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
        return SiteFile.model_validate(_with_secrets(plain, data))
    except yaml.YAMLError as error:
        faults.append(f"{source}: not YAML: {error}")
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in fault["loc"])
            faults.append(f"{source}: {where}: {fault['msg'].removeprefix('Value error, ')}")
    except OSError as error:
        faults.append(f"{source}: {error.strerror}: {error.filename}")
    return None


def _with_secrets(value: object, data: Path) -> object:
    """`${file:NAME}` anywhere in the site file is the content of that file (relative to data)."""
    if isinstance(value, dict):
        return {str(key): _with_secrets(inner, data) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_secrets(inner, data) for inner in value]
    if isinstance(value, str) and (match := re.fullmatch(r"\$\{file:(.+)\}", value)):
        return (data / match[1]).read_text().strip()
    return value


def contradictions(site: SiteFile, rules: CentreFile) -> list[str]:
    """What the site file names and the centre file does not know, and the like."""
    queues, faults = rules.queues, list(_number_faults(site, rules))
    faults += trunk_faults(site.trunks, site.tls)
    faults += outbound_faults(site.outbound, site.trunks, queues)
    house_alone = {"fallback": site.fallback, "listeners": site.listeners}
    faults += phone_faults(site.phones, house_alone, site.numbers, site.outbound, site.trunks)
    faults += announcement_faults(site.announcements, queues)
    agents, numbers = rules.agents, site.numbers
    names: dict[str, Collection[str]]
    names = {"agent": agents, "queue": queues, "destination": site.destinations}
    faults += directory_faults(site.directory, names, numbers, site.outbound.region)
    faults += music_faults(site.music, queues, site.languages)
    faults += recording_faults(site.recording, queues)
    known = {"agents": agents, "teams": {HOUSE, *rules.teams}, "queues": queues}
    faults += listener_faults(site.listeners, site.phones, known)
    faults += destination_faults(site.destinations, site.phones, agents, numbers)
    faults += channel_faults(site.channels, queues)
    faults += chat_faults(site.chat, site.channels, queues, able_in(rules))
    faults += outside_faults(site.destinations, site.outbound, site.trunks, numbers)
    faults += [
        f"site.yaml: email.{queue}: there is no queue {queue!r}{meant(queue, queues)}"
        for queue in site.email
        if queue not in queues
    ]
    faults += _fallback_faults(site)
    faults += site.callbacks.faults(queues, {*rules.hours, ALWAYS})
    return [*faults, *reply_faults(site.replies, queues, site.languages)]


def _number_faults(site: SiteFile, rules: CentreFile) -> Iterator[str]:
    queues, classes = rules.queues, {STANDARD, *rules.classes}
    for number, target in site.numbers.items():
        here = f"site.yaml: numbers.{number}"
        if not re.fullmatch(r"\+?[0-9]{1,15}", number):
            yield f"{here}: not a number to dial"
        if target.language not in site.languages:
            known = ", ".join(site.languages)
            yield f"{here}.language: {target.language!r}: the site's languages are {known}"
        if target.queue not in queues:
            near = meant(target.queue, queues)
            yield f"{here}.queue: there is no queue {target.queue!r}{near}"
        if target.hours and target.hours not in rules.hours:
            near = meant(target.hours, rules.hours)
            yield f"{here}.hours: there are no hours {target.hours!r}{near}"
        if target.class_ not in classes:
            near = meant(target.class_, classes)
            yield f"{here}.class: there is no class {target.class_!r}{near}"


def _fallback_faults(site: SiteFile) -> Iterator[str]:
    for phone in site.fallback:
        if phone not in site.phones:
            near = meant(phone, site.phones)
            yield f"site.yaml: fallback: there is no phone {phone!r}{near}"
