"""Everything an installation can set: environment, site file, centre file. The only reader of both.

`HOTLINE_HOME` holds what can be rebuilt, `HOTLINE_DATA` what cannot; all ports follow from
`HOTLINE_PORT_BASE`, so that several installations run side by side.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from acd.config import Centre, Class, Member, Queue
from acd.model import AgentId, QueueId
from acd.schedule import ALWAYS, Schedule, weekly
from ivr.home import ROOT as ROOT
from ivr.home import home_of

DEFAULT_PORT_BASE = 15060

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
PhoneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class BadSettings(Exception):
    """Faults in a settings file: all of them, each with file and path."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


T = TypeVar("T", bound=_Strict)


class NumberEntry(_Strict):
    """What a dialled number leads to."""

    flow: Name = "main"
    language: str = "zh"
    queue: Name = "support"
    class_: Name = Field(default="standard", alias="class")


class PhoneEntry(_Strict):
    """An agent's SIP account. The phone's name is the agent's id."""

    secret: str = ""


class SiteFile(_Strict):
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


class QueueEntry(_Strict):
    ring_seconds: float = Field(default=15, gt=0, le=120)
    wrap_up_seconds: float = Field(default=10, ge=0, le=3600)


class ClassEntry(_Strict):
    credit: float = Field(default=0, ge=0, le=86_400)


class HoursEntry(_Strict):
    """Weekly opening hours: `{zone: Asia/Shanghai, open: {mon-fri: "09:00-18:00"}}`."""

    zone: str = "Asia/Shanghai"
    open: dict[str, str]

    @model_validator(mode="after")
    def _readable(self) -> HoursEntry:
        weekly(self.zone, self.open)
        return self


class AgentEntry(_Strict):
    queues: dict[Name, dict[str, Any]] | tuple[Name, ...] = ()


class CentreFile(_Strict):
    """`centre.yaml`: queues, classes and agents, for the service and for `simulate` alike."""

    classes: dict[Name, ClassEntry] = Field(default_factory=lambda: {"standard": ClassEntry()})
    queues: dict[Name, QueueEntry] = Field(default_factory=lambda: {"support": QueueEntry()})
    agents: dict[PhoneName, AgentEntry] = Field(default_factory=dict)
    hours: dict[Name, HoursEntry] = Field(default_factory=dict)

    def schedules(self) -> dict[str, Schedule]:
        """Opening hours by name; `always` is there without being written."""
        return {"always": ALWAYS} | {n: weekly(e.zone, e.open) for n, e in self.hours.items()}

    def centre(self) -> Centre:
        """The same as the engine's values."""
        return Centre(
            queues={
                QueueId(name): Queue(QueueId(name), entry.ring_seconds, entry.wrap_up_seconds)
                for name, entry in self.queues.items()
            },
            classes={name: Class(credit=entry.credit) for name, entry in self.classes.items()},
            agents={
                AgentId(name): Member(AgentId(name), {QueueId(q): 0.0 for q in entry.queues})
                for name, entry in self.agents.items()
            },
        )


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
        return self.site.phones[phone].secret or self.secret(f"phone-{phone}")


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
    site = _read(data / "site.yaml", SiteFile, data, faults)
    centre = _read(data / "centre.yaml", CentreFile, data, faults)
    if site and centre:
        faults += _contradictions(site, centre)
    if faults or site is None or centre is None:
        raise BadSettings(faults)
    level = environment.get("HOTLINE_LOG") or "info"
    return Settings(home, data, level, Ports(int(base)), site, centre.centre(), centre.schedules())


def _read(path: Path, kind: type[T], data: Path, faults: list[str]) -> T | None:
    source = path if path.exists() else ROOT / "examples" / path.name
    try:
        plain = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
        return kind.model_validate(_with_secrets(plain, data))
    except yaml.YAMLError as error:
        faults.append(f"{source}: not YAML: {error}")
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in fault["loc"])
            faults.append(f"{source}: {where}: {fault['msg']}")
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


def _contradictions(site: SiteFile, centre: CentreFile) -> list[str]:
    faults = []
    for agent, entry in centre.agents.items():
        faults += [
            f"centre.yaml: agents.{agent}.queues: there is no queue {queue!r}"
            for queue in entry.queues
            if queue not in centre.queues
        ]
    for number, target in site.numbers.items():
        if not re.fullmatch(r"\+?[0-9]{1,15}", number):
            faults.append(f"site.yaml: numbers.{number}: not a number to dial")
        if target.queue not in centre.queues:
            faults.append(f"site.yaml: numbers.{number}.queue: there is no queue {target.queue!r}")
        if target.class_ not in centre.classes:
            faults.append(f"site.yaml: numbers.{number}.class: there is no class {target.class_!r}")
    faults += [
        f"site.yaml: fallback: there is no phone {phone!r}"
        for phone in site.fallback
        if phone not in site.phones
    ]
    return faults
