"""What is unsafe with the telephone side: who can reach it, read its secrets, whom it runs as."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from adapters.asterisk.bound import bound_addresses
from adapters.asterisk.config import Folders, user_of
from adapters.asterisk.findings import Faults, Level
from adapters.asterisk.instance import Instance
from ivr.settings import Settings

SHORTEST_PASSWORD = 16
SHORTEST_SECRET = 32


def folders(instance: Instance) -> Faults:
    """Folders that exist but are not Asterisk's to use. Missing ones are made at the start."""
    user = user_of(instance.settings)
    uid = user.uid if user else os.geteuid()
    for folder in filter(Path.exists, instance.folders.all()):
        found = folder.stat()
        if found.st_uid != uid or found.st_mode & 0o700 != 0o700:
            what = f"Asterisk cannot use {folder}"
            yield Level.FAIL, what, f"Run `chown -R {uid} {folder}; chmod u+rwx {folder}`."
    for folder in (instance.settings.home, instance.settings.data):
        if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            what = f"{folder} cannot be read and written"
            yield Level.FAIL, what, "Give it to the user who runs Hotline."


def listeners(instance: Instance) -> Faults:
    """Doors that are open to more than this machine."""
    site, ports = instance.settings.site, instance.settings.ports
    if not ipaddress.ip_address(site.listen).is_loopback:
        yield (
            Level.WARN,
            f"SIP listens on {site.listen} without encryption",
            "Let only a network you trust reach it, or set `listen: 127.0.0.1` in site.yaml.",
        )
    for name, port in (("AMI", ports.ami), ("FastAGI", ports.agi)):
        if any(not address.is_loopback for address in bound_addresses(port)):
            yield (
                Level.FAIL,
                f"{name} on port {port} can be reached from outside",
                "End what listens there, then run `./hotline stop` and start again.",
            )


def passwords(instance: Instance) -> Faults:
    """Phones' passwords and our own secrets that could be guessed."""
    settings = instance.settings
    outside = not ipaddress.ip_address(settings.site.listen).is_loopback
    weak = [
        name
        for name, secret in settings.site.accounts.items()
        if secret and (len(secret) < SHORTEST_PASSWORD or name in secret)
    ]
    if weak:
        yield (
            Level.FAIL if outside else Level.WARN,
            f"passwords of phones are easy to guess: {', '.join(weak)}",
            "Remove them from site.yaml: strong ones are then made (in data/secrets).",
        )
    for name in ("ami", "agi"):
        path = settings.secrets / name
        if path.exists() and len(path.read_text().strip()) < SHORTEST_SECRET:
            what = f"the secret {path} is short"
            yield Level.FAIL, what, "Remove the file and start again: a new one is made."


def secret_files(instance: Instance) -> Faults:
    """Files with secrets that other users of this machine can read."""
    for path in _secret_files(instance.settings, instance.folders):
        if stat.S_IMODE(path.stat().st_mode) & 0o077 and not _shielded(path):
            yield Level.FAIL, f"others can read {path}", f"Run `chmod go= {path}`."


def _secret_files(settings: Settings, own: Folders) -> Iterator[Path]:
    site = settings.data / "site.yaml"
    if site.exists() and any(settings.site.accounts.values()):
        yield site
    for folder in (settings.secrets, own.run / "etc"):
        if folder.exists():
            yield from sorted(folder.iterdir())


def _shielded(path: Path) -> bool:
    """Whether the folder around it keeps others out already."""
    return not path.parent.stat().st_mode & 0o011


def users(instance: Instance) -> Faults:
    """Whom Asterisk and we run as."""
    if instance.running and Path(f"/proc/{instance.running.pid}").stat().st_uid == 0:
        yield Level.FAIL, "Asterisk runs as root", "Run `./hotline stop` and start again."
    if os.geteuid() == 0:
        yield Level.WARN, "Hotline runs as root", "Run it as a user of its own."
