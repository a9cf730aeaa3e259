"""Everything an installation can set: environment, site file, centre file. The only reader of both.

`HOTLINE_HOME` holds what can be rebuilt, `HOTLINE_DATA` what cannot; all ports follow from
`HOTLINE_PORT_BASE`, so that several installations run side by side.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError

from acd.config import Centre
from acd.schedule import Schedule
from ivr import centre_file
from ivr.callback_plan import CallbackSettings
from ivr.centre_check import ALWAYS
from ivr.centre_file import STANDARD, CentreFile
from ivr.faults import BadSettings as BadSettings
from ivr.faults import meant
from ivr.home import ROOT as ROOT
from ivr.home import home_of
from ivr.keys import Keys, Name, PhoneName
from ivr.queue_music import QueueMusic, music_faults
from ivr.services import ServiceEntry
from ivr.transfers import Destination, destination_faults

DEFAULT_PORT_BASE = 15060
EmailAddress = Annotated[
    str, StringConstraints(pattern=r"^[^@\s<>,;]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", max_length=254)
]


class NumberEntry(Keys):
    """What a dialled number leads to."""

    flow: Name = "main"
    language: str = "zh"
    queue: Name = "support"
    class_: Name = Field(default="standard", alias="class")


class PhoneEntry(Keys):
    """An agent's SIP account. The phone's name is the agent's id."""

    secret: str = ""


class SiteFile(Keys):
    """`site.yaml`: where this installation stands in the world."""

    listen: str = "127.0.0.1"
    listen_web: str | None = None
    """Where the web service listens; None: as `listen`."""
    external_address: str | None = None
    database: str | None = None
    languages: tuple[str, ...] = ("zh", "en")
    numbers: dict[str, NumberEntry] = Field(default_factory=lambda: {"4000": NumberEntry()})
    phones: dict[PhoneName, PhoneEntry] = Field(default_factory=dict)
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
    destinations: dict[Name, Destination] = Field(default_factory=dict)
    """Telephones that are no agents', which `transfer` steps may ring."""

    @property
    def accounts(self) -> Mapping[str, str]:
        """Every telephone of the house with the secret that the site file gives it, or none."""
        agents = {name: phone.secret for name, phone in self.phones.items()}
        return agents | {each.phone: each.secret for each in self.destinations.values()}


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of an installation, derived from one number."""

    base: int

    @property
    def sip(self) -> int:
        return self.base

    @property
    def ami(self) -> int:
        return self.base + 1

    @property
    def agi(self) -> int:
        return self.base + 2

    @property
    def web(self) -> int:
        return self.base + 3

    @property
    def rtp(self) -> tuple[int, int]:
        """First and last UDP port for speech."""
        return self.base + 140, self.base + 1139

    @property
    def demo(self) -> int:
        """First of 100 ports for the demo's own phones."""
        return self.base + 20


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen value that entry points hand to what they build."""

    home: Path
    data: Path
    log_level: str
    ports: Ports
    site: SiteFile
    centre: Centre
    hours: Mapping[str, Schedule]
    rules: CentreFile = field(default_factory=CentreFile)
    """What `centre` and `hours` are made of."""
    warnings: tuple[str, ...] = ()
    """What of the rules works but is hardly meant, a line each."""

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def tools(self) -> Path:
        """The private Asterisk and SIPp, or where they would be."""
        return self.home / "tools"

    @property
    def prompts(self) -> Path:
        return self.home / "prompts"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def web_address(self) -> str:
        return self.site.listen_web or self.site.listen

    @property
    def core_socket(self) -> Path:
        return self.run / "core.sock"

    def database_url(self, part: str) -> str:
        """The database of one process (`core`, `web`): a file of its own, or PostgreSQL for all."""
        return self.site.database or f"sqlite:///{self.data / (part + '.db')}"

    def secret(self, name: str) -> str:
        """The secret of this name, made (128 bits) when it is first asked for."""
        path = self.secrets / name
        if not path.exists():
            self.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
            spare = self.secrets / f".{name}.{os.getpid()}"
            spare.touch(mode=0o600)
            spare.write_text(secrets.token_hex(16))
            try:
                os.link(spare, path)  # whoever is first wins; nobody reads half a secret
            except FileExistsError:
                pass
            finally:
                spare.unlink()
        return path.read_text().strip()

    def phone_secret(self, phone: str) -> str:
        return self.site.accounts[phone] or self.secret(f"phone-{phone}")


def environment_with(values: Mapping[str, str]) -> dict[str, str]:
    """Our environment with these values, for a program that we start."""
    return {**os.environ, **values}


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read environment and files; raises `BadSettings` with every fault at once."""
    home = home_of(environment)
    data = Path(environment.get("HOTLINE_DATA") or ROOT / "data").resolve()
    faults: list[str] = []
    base = environment.get("HOTLINE_PORT_BASE") or str(DEFAULT_PORT_BASE)
    if not base.isdigit() or not 1024 <= int(base) <= 64_000:
        faults.append(f"HOTLINE_PORT_BASE: {base!r} is not a port between 1024 and 64000")
    site = _site(data, faults)
    rules, warnings = _rules(data, site, faults)
    if faults or site is None:
        raise BadSettings(faults)
    level = environment.get("HOTLINE_LOG") or "info"
    centre, hours = rules.centre(), rules.schedules()
    return Settings(
        home, data, level, Ports(int(base)), site, centre, hours, rules, tuple(warnings)
    )  # fmt: skip


def with_new_rules(settings: Settings) -> Settings:
    """The same with the centre file as it is now; raises `BadSettings` with all its faults."""
    faults: list[str] = []
    rules, warnings = _rules(settings.data, settings.site, faults)
    if faults:
        raise BadSettings(faults)
    centre, hours = rules.centre(), rules.schedules()
    return replace(settings, centre=centre, hours=hours, rules=rules, warnings=tuple(warnings))


def source_of(data: Path, name: str) -> Path:
    """The installation's own file, or the example of the same name."""
    return data / name if (data / name).exists() else ROOT / "examples" / name


def _rules(data: Path, site: SiteFile | None, faults: list[str]) -> tuple[CentreFile, list[str]]:
    """The centre file and its warnings; the faults of both files together are added."""
    try:
        rules, warnings = centre_file.parse(source_of(data, "centre.yaml"))
    except BadSettings as bad:
        faults += bad.faults
        return CentreFile(), []
    if site:
        faults += _contradictions(site, rules)
    return rules, warnings


def _site(data: Path, faults: list[str]) -> SiteFile | None:
    source = source_of(data, "site.yaml")
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


def _contradictions(site: SiteFile, rules: CentreFile) -> list[str]:
    faults = []
    queues, classes = rules.queues, {STANDARD, *rules.classes}
    for number, target in site.numbers.items():
        here = f"site.yaml: numbers.{number}"
        if not re.fullmatch(r"\+?[0-9]{1,15}", number):
            faults.append(f"{here}: not a number to dial")
        if target.queue not in queues:
            near = meant(target.queue, queues)
            faults.append(f"{here}.queue: there is no queue {target.queue!r}{near}")
        if target.class_ not in classes:
            near = meant(target.class_, classes)
            faults.append(f"{here}.class: there is no class {target.class_!r}{near}")
    faults += music_faults(site.music, queues, site.languages)
    faults += destination_faults(site.destinations, site.phones, rules.agents, site.numbers)
    faults += [
        f"site.yaml: email.{queue}: there is no queue {queue!r}{meant(queue, queues)}"
        for queue in site.email
        if queue not in queues
    ]
    faults += [
        f"site.yaml: fallback: there is no phone {phone!r}{meant(phone, site.phones)}"
        for phone in site.fallback
        if phone not in site.phones
    ]
    return [*faults, *site.callbacks.faults(queues, {*rules.hours, ALWAYS})]
