"""What is wrong or unsafe with the telephone side, each with the way out in one sentence.

Looks, changes nothing, and needs neither a running Asterisk nor a running core; what only a running
Asterisk can tell is looked at when one runs.
"""

from __future__ import annotations

import asyncio
import platform
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from adapters.asterisk import safety, trunk_looks
from adapters.asterisk.bound import why_not_ours
from adapters.asterisk.config import TEMPLATES, module_names, prompt_texts
from adapters.asterisk.findings import Faults, Finding, Level
from adapters.asterisk.instance import AsteriskFailed, Instance
from ivr.settings import Settings

VERSION_SECONDS = 5.0
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 200_000_000
TRIED = (("debian", "12", "x86_64"), ("debian", "13", "x86_64"))
PLAYABLE = (".wav", ".ulaw", ".alaw", ".sln")
BUILT = 1_780_000_000
"""UTC seconds before which no clock can be right: this program is younger."""


async def examine(settings: Settings) -> list[Finding]:
    """Everything about the telephone side, the faults of each look or one word that it is well."""
    return await asyncio.to_thread(_examine, settings)


def _examine(settings: Settings) -> list[Finding]:
    instance = Instance(settings)
    instance.adopt()
    findings = []
    for name, look in LOOKS.items():
        faults = [Finding(*fault) for fault in look(instance)]
        findings += faults or [Finding(Level.OK, name)]
    return findings


def _system(_instance: Instance) -> Faults:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    name = system.get("PRETTY_NAME", "this system")
    here = system.get("ID", ""), system.get("VERSION_ID", ""), platform.machine()
    if here not in TRIED:
        what = f"not tried on {name} ({platform.machine()}): Debian 12 and 13 on amd64 are"
        yield Level.WARN, what, "Run `./hotline demo --once`, which shows whether all of it works."


def _version(instance: Instance) -> Faults:
    program = instance.folders.program
    if not program.exists():
        yield Level.FAIL, f"there is no Asterisk at {program}", "Run `./hotline setup`."
        return
    told = subprocess.run(
        [program, "-V"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
    ).stdout
    if not is_fixed(told, (TEMPLATES / "fixed-releases.txt").read_text(encoding="utf-8")):
        yield (
            Level.FAIL,
            f"{told.strip() or 'this Asterisk'} lacks security fixes",
            "Remove HOTLINE_HOME/tools and run `./hotline setup`, which fetches a newer one.",
        )


def is_fixed(told: str, table: str) -> bool:
    """Whether a version (as `asterisk -V` tells it) has the fixes that the table names.

    Branches newer than any in the table have them all; a branch that it skips has none.
    """
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?(?:-cert(\d+))?", told)
    if not match:
        return False
    major, minor, patch, cert = (int(part or 0) for part in match.groups())
    rows = [line.split() for line in table.splitlines() if line and not line.startswith("#")]
    oldest = dict(row[:2] for row in rows)
    if match[4]:
        fixed = re.search(r"cert(\d+)", oldest.get(f"{major}.{minor}-cert", ""))
        return bool(fixed) and cert >= int(fixed[1])  # type: ignore[index]
    branches = [int(name) for name in oldest if name.isdigit()]
    if major > max(branches):
        return True
    if str(major) not in oldest:
        return False
    return (major, minor, patch) >= tuple(int(part) for part in oldest[str(major)].split("."))


def _modules(instance: Instance) -> Faults:
    folder = instance.folders.modules
    missing = [name for name in module_names() if not (folder / name).exists()]
    if missing:
        what = f"modules are missing: {', '.join(missing)}"
        yield Level.FAIL, what, "Remove HOTLINE_HOME/tools and run `./hotline setup`."
    elif instance.running and (dead := instance.missing_modules()):
        what = f"modules do not run: {', '.join(dead)}"
        yield Level.FAIL, what, f"Read {instance.folders.log}, then `./hotline stop` and start."


def _ports(instance: Instance) -> Faults:
    if instance.running:
        return
    settings = instance.settings
    ports, listen = settings.ports, settings.site.listen
    wanted = (
        ("SIP", ports.sip, socket.SOCK_DGRAM, listen),
        *(("SIP", port, socket.SOCK_STREAM, listen) for port in trunk_looks.stream_ports(settings)),
        ("AMI", ports.ami, socket.SOCK_STREAM, "127.0.0.1"),
    )
    for name, port, kind, address in wanted:
        if fault := why_not_ours(name, address, port, kind):
            yield Level.FAIL, *fault


def _prompts(instance: Instance) -> Faults:
    sounds, languages = instance.folders.sounds, instance.settings.site.languages
    missing = [
        f"{language}/{name}"
        for name in prompt_texts()
        for language in languages
        if not any((sounds / language / f"{name}{kind}").exists() for kind in PLAYABLE)
    ]
    if missing and not any(sounds.glob("*/*")):
        yield Level.WARN, "no prompts are made yet", "Start with `./hotline run`: it makes them."
    elif missing:
        what = f"prompts of the plain menu are missing: {', '.join(missing)}"
        yield Level.FAIL, what, _AGAIN
    if not _any_file(instance.folders.music):
        yield Level.WARN, "there is no hold music", f"Put a WAV file into {instance.folders.music}."


_AGAIN = (
    "End what runs by Ctrl-C (calls go on), and start again with `./hotline run`: it makes them;"
    " of one that it cannot make it says why."
)


def _any_file(folder: Path) -> bool:
    return folder.is_dir() and any(path.suffix in PLAYABLE for path in folder.iterdir())


def _space(instance: Instance) -> Faults:
    for folder in (instance.settings.home, instance.settings.data):
        if not folder.exists():
            continue
        free = shutil.disk_usage(folder).free
        if free < LITTLE_SPACE:
            level = Level.FAIL if free < NO_SPACE else Level.WARN
            what = f"only {free // 1_000_000} MB are free at {folder}"
            yield level, what, "Make room there: calls are recorded only while there is some."


def _clock(instance: Instance) -> Faults:
    if time.time() < BUILT:
        yield Level.FAIL, "the clock is years behind", "Set it, best with an NTP service."


def _phones(instance: Instance) -> Faults:
    if not instance.running:
        return
    told = instance.command("pjsip show contacts")
    there = set(re.findall(r"Contact:\s+([^/\s]+)/sip\S*\s+\S+\s+(?:Avail|NonQual)", told))
    away = [name for name in instance.settings.site.accounts if name not in there]
    if away:
        what = f"phones are not registered: {', '.join(away)}"
        yield Level.WARN, what, "Check name, password and server on the phone; they get no calls."


def _fax(instance: Instance) -> Faults:
    """An Asterisk that was adopted may run by the files of an older version."""
    file = instance.folders.run / "etc" / "pjsip.conf"
    if instance.running and file.exists() and "fax_detect = yes" not in file.read_text("utf-8"):
        what = "fax machines are not noticed: their calls go to agents"
        yield Level.WARN, what, "Run `./hotline stop` and start again."


def _boot(instance: Instance) -> Faults:
    if not instance.running:
        yield Level.WARN, "Asterisk does not run", "Start it with `./hotline run`."
        return
    try:
        instance.command("core show uptime")
    except AsteriskFailed as failed:
        yield Level.FAIL, str(failed), "Run `./hotline stop` and start again."


LOOKS: dict[str, Callable[[Instance], Faults]] = {
    "Hotline is tried on this system": _system,
    "Asterisk has all known fixes": _version,
    "all modules are there": _modules,
    "the ports are free or ours": _ports,
    "all prompts are there": _prompts,
    "the folders can be used": safety.folders,
    "there is room on the disk": _space,
    "the clock is plausible": _clock,
    "Asterisk answers": _boot,
    "all phones are registered": _phones,
    "fax machines are noticed (and not received)": _fax,
    "all trunks answer": trunk_looks.trunks,
    "the certificate is good": trunk_looks.certificate,
    "what listens is protected": safety.listeners,
    "passwords are strong": safety.passwords,
    "secrets are kept from others": safety.secret_files,
    "nothing runs as root": safety.users,
}
