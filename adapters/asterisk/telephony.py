"""The telephone side of the core, put together: the link, what goes out by it, and who hears what
comes in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.asterisk import takes
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.ami import Ami
from adapters.asterisk.cel import CelLog
from adapters.asterisk.config import Folders
from adapters.asterisk.double_keys import DoubleKeys
from adapters.asterisk.event_log import EventLog
from adapters.asterisk.gone import GoneWatch
from adapters.asterisk.heirs import Heirs
from adapters.asterisk.instance import Instance
from adapters.asterisk.outward import OutwardLine
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.refers import Refers
from adapters.asterisk.resync import Resync
from adapters.asterisk.second_lines import SecondLines
from adapters.asterisk.switchboard import Switchboard
from adapters.asterisk.talks import AsteriskTalks
from adapters.asterisk.trunk_lines import TrunkLines
from adapters.asterisk.waiting_voice import WaitingVoice
from ivr.distributor import Distributor
from ivr.outward import BothWays
from ivr.ports import Clock, Journal, Line, Vault
from ivr.recovery import Recovered
from ivr.settings import Settings
from voice.ports import PromptStore

AMI_USER = "acd"
Ear = Callable[[Mapping[str, str]], None]


@dataclass(slots=True)
class Telephony:
    """Each part once. `run` of `ami`, of `gone` and of `trunks`, and `follow` and `keep_alive` of
    `resync` make it live."""

    ami: Ami
    switchboard: Switchboard
    phones: BothWays
    distributor: Distributor
    holds: PhoneHolds
    resync: Resync
    gone: GoneWatch
    line: OutwardLine
    lines: AgentLines
    voice: WaitingVoice
    second: SecondLines
    talks: AsteriskTalks
    trunks: TrunkLines
    ears: list[Ear] = field(default_factory=list)
    """Who is told of each event, in this order; more may be added until the link runs."""


def telephony(
    settings: Settings, found: Recovered, journal: Journal, vault: Vault, clock: Clock,
    prompts: PromptStore, keys: DoubleKeys,
) -> Telephony:  # fmt: skip
    """The engine's only writer with everything that it commands, not yet linked to Asterisk."""
    ears: list[Ear] = []
    ami = _ami(settings, ears, lambda up: resync.link_changed(up))
    lines = AgentLines(settings.run / "tones")
    switchboard = Switchboard(ami, lines)
    phones = BothWays(switchboard, found.engine.contacts, found.engine.offers)
    distributor = Distributor(found.engine, journal, phones, vault, clock, found.cel_row)
    switchboard.tell(distributor)
    holds = PhoneHolds(ami, found.engine, distributor.post)
    talks = AsteriskTalks(ami)
    log = EventLog(CelLog(Folders.of(settings).cel), distributor, vault, talks.pause_ended)
    resync = Resync(ami, log, switchboard, distributor, holds, Refers(settings).follow)
    unseen = settings.site.recovery.unseen_seconds
    gone = GoneWatch(Instance(settings), lambda: ami.up, resync, unseen)
    line = OutwardLine(ami, switchboard, lines)
    heirs = Heirs(switchboard, found.engine)
    second = SecondLines(ami, switchboard, distributor, holds, settings.site.destinations)
    voice = WaitingVoice(switchboard, prompts)
    ears += [keys.hear, switchboard.hear, holds.hear, heirs.hear, second.hear, line.hear]
    ears.append(voice.hear)
    parts = ami, switchboard, phones, distributor, holds, resync, gone, line, lines, voice, second
    trunks = TrunkLines(ami, settings.site.trunks, found.engine, distributor.post)
    return Telephony(*parts, talks, trunks, ears)


def _ami(settings: Settings, ears: Sequence[Ear], on_link: Callable[[bool], None]) -> Ami:
    """The link to Asterisk, not yet up. Each event goes to all `ears`, in their order."""

    def hear(event: Mapping[str, str]) -> None:
        for ear in ears:
            ear(event)

    port, secret = settings.ports.ami, settings.secret("ami")
    return Ami("127.0.0.1", port, AMI_USER, secret, on_event=hear, on_link=on_link)


def call_server(
    settings: Settings,
    take: Callable[[Line], Awaitable[None]],
    prompts: PromptStore,
    keys: DoubleKeys,
) -> AgiServer:
    """For calls; what an earlier run has left of recordings is gone."""
    folder, secret = Folders.of(settings).takes, settings.secret("agi")
    takes.forget(folder)
    port = settings.ports.agi
    return AgiServer("127.0.0.1", port, secret, take, prompts, takes=folder, keys=keys)
