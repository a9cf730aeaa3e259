"""Everything an installation can set: environment, site file, centre file. The only reader of both.

`HOTLINE_HOME` holds what can be rebuilt, `HOTLINE_DATA` what cannot; all ports follow from
`HOTLINE_PORT_BASE`, so that several installations run side by side.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from acd.config import Centre
from acd.schedule import Schedule
from ivr import centre_file, site_file
from ivr.centre_file import CentreFile
from ivr.check_trunks import never_busy
from ivr.faults import BadSettings as BadSettings
from ivr.home import ROOT as ROOT
from ivr.home import home_of
from ivr.site_file import NumberEntry as NumberEntry
from ivr.site_file import SiteFile as SiteFile

DEFAULT_PORT_BASE = 15060


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
    def sip_tls(self) -> int:
        """Used when a trunk needs it."""
        return self.base + 4

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
    site = site_file.read(source_of(data, "site.yaml"), data, faults)
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
        faults += site_file.contradictions(site, rules)
        warnings += never_busy(rules.queues, site.trunks)
    return rules, warnings
