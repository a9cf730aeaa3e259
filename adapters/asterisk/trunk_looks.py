"""How the trunks are: do they answer, are they registered, and is our certificate good?"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.asterisk.findings import Faults, Level
from adapters.asterisk.instance import Instance
from ivr.settings import Settings
from ivr.trunks import HOST, TlsSettings, TrunkEntry

SOON = timedelta(days=21)
TLS_SECONDS = 3.0
TLS_PORT = 5061
_CONTACT = re.compile(r"Contact:\s+trunk\.([\w-]+)/sip\S*\s+\S+\s+(\w+)")
_REGISTRATION = re.compile(r"^\s*trunk\.([\w-]+)/sip\S*\s+\S+\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TrunkState:
    """What Asterisk knows of one trunk."""

    name: str
    answers: bool
    """Whether it has answered when it was last asked (`OPTIONS`)."""
    registered: str
    """`Registered`, `Unregistered`, `Rejected`; empty where there is nothing to register."""
    asked: bool = True
    """Whether it is asked at all: nobody knows otherwise."""

    def __str__(self) -> str:
        there = "answers" if self.answers else "does not answer" if self.asked else "is not asked"
        return f"{there}, {self.registered.lower()}" if self.registered else there


def states(instance: Instance) -> list[TrunkState]:
    """Each trunk of the site file, as the running Asterisk sees it."""
    trunks = instance.settings.site.trunks
    if not trunks:
        return []
    contacts = dict(_CONTACT.findall(instance.command("pjsip show contacts")))
    accounts = dict(_REGISTRATION.findall(instance.command("pjsip show registrations")))
    return [
        TrunkState(
            name,
            contacts.get(name, "") == "Avail",
            accounts.get(name, "Unregistered") if trunk.register_ else "",
            trunk.asked,
        )
        for name, trunk in trunks.items()
    ]


def stream_ports(settings: Settings) -> list[int]:
    """The TCP ports that Asterisk listens at for trunks."""
    used = {trunk.transport for trunk in settings.site.trunks.values()}
    ports = {"tcp": settings.ports.sip, "tls": settings.ports.sip_tls}
    return [port for transport, port in ports.items() if transport in used]


def trunks(instance: Instance) -> Faults:
    """Trunks that no call goes out by."""
    if not instance.running:
        return
    for state in states(instance):
        trunk = instance.settings.site.trunks[state.name]
        if state.asked and not state.answers:
            what = f"the trunk {state.name} does not answer at {trunk.peer} ({trunk.transport})"
            yield Level.FAIL, what, _way_out(trunk, instance.settings.site.tls, instance)
        if state.registered == "Rejected":
            what = f"the trunk {state.name} refuses our registration"
            yield Level.FAIL, what, "Check `user` and `secret` of its `register` in site.yaml."
        elif state.registered not in ("", "Registered"):
            what = f"the trunk {state.name} is not registered"
            yield Level.FAIL, what, "Check its `server`; it is tried again every 20 seconds."


def _way_out(trunk: TrunkEntry, tls: TlsSettings | None, instance: Instance) -> str:
    if trunk.transport == "tls" and tls:
        authorities = instance.settings.data / tls.ca if tls.ca else None
        if why := handshake_fault(trunk.peer, authorities):
            return f"TLS says: {why}. Check `address`, its certificate and `tls.ca` in site.yaml."
    return (
        "Check its address and the network: it must answer OPTIONS, or it is not dialled. If it "
        "never answers them, write `asked: false` in its entry of site.yaml."
    )


def handshake_fault(peer: str, authorities: Path | None) -> str:
    """Why no TLS connection comes about; empty when one does."""
    match = HOST.fullmatch(peer)
    host, port = (match["host"].strip("[]"), int(match["port"] or TLS_PORT)) if match else ("", 0)
    try:
        context = ssl.create_default_context(cafile=authorities)
        with (
            closing(socket.create_connection((host, port), TLS_SECONDS)) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return ""
    except ssl.SSLCertVerificationError as fault:
        return fault.verify_message
    except OSError as fault:
        return str(fault.strerror or fault)


def certificate(instance: Instance) -> Faults:
    """Whether the house's own certificate holds, for how long, and whether the key is its key."""
    tls = instance.settings.site.tls
    if tls is None:
        return
    data = instance.settings.data
    for what in _certificate_faults(data / tls.certificate, data / tls.key):
        level = Level.WARN if "soon" in what else Level.FAIL
        yield level, what, "Put a valid certificate and its key into the files of `tls`."


def _certificate_faults(certificate_file: Path, key_file: Path) -> Iterator[str]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        own = x509.load_pem_x509_certificates(certificate_file.read_bytes())[0]
    except (OSError, ValueError) as fault:
        yield f"{certificate_file} is no certificate that can be read: {fault}"
        return
    now = datetime.now(UTC)
    if now < own.not_valid_before_utc:
        yield f"the certificate {certificate_file} holds only from {own.not_valid_before_utc}"
    elif now > own.not_valid_after_utc:
        yield f"the certificate {certificate_file} has run out: {own.not_valid_after_utc}"
    elif now + SOON > own.not_valid_after_utc:
        yield f"the certificate {certificate_file} runs out soon: {own.not_valid_after_utc}"
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as fault:
        yield f"{key_file} is no private key that can be read: {fault}"
        return
    if key.public_key() != own.public_key():
        yield f"the key {key_file} is not that of the certificate {certificate_file}"
