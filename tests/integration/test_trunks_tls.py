"""A trunk over TLS with encrypted speech, between two real Asterisks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.asterisk import trunk_looks, trunks
from adapters.asterisk.instance import Instance
from adapters.sipp.ear import sound
from tests import rig
from tests.tones import loudest

pytestmark = pytest.mark.asterisk

NUMBER = "+861012345678"


def certificate(folder: Path, address: str) -> dict[str, str]:
    """A certificate of its own for this address, as `tls` of a site file has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=60)).add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(plain)
    both = {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem")}
    return both | {"ca": str(folder / "cert.pem")}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Instance, Instance]]:
    """Who calls, and who is called."""
    tls = certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")
    line: dict[str, Any] = {"transport": "tls", "media_encryption": "sdes", "codecs": ["ulaw"]}
    line["caller_ids"] = [NUMBER]
    called = {"peer": {"address": "127.0.0.1", **line}}
    with rig.asterisk(phones=1, tls=tls, trunks=called, numbers={NUMBER: {}}) as there:
        calling = {"peer": {"address": f"127.0.0.1:{there.settings.ports.sip_tls}", **line}}
        calling["liar"] = {**calling["peer"], "incoming": False,
                           "address": f"127.0.0.2:{there.settings.ports.sip_tls}"}  # fmt: skip
        with rig.asterisk(phones=1, tls=tls, trunks=calling) as here:
            yield here, there


async def test_a_call_by_a_tls_trunk_is_encrypted_and_heard(
    pair: tuple[Instance, Instance],
) -> None:
    here, there = pair
    async with rig.ami(here) as ami, rig.ami(there) as far, rig.phone(here, "a1") as agent:
        await agent.register()
        route = (("ROUTE_1", f"{NUMBER}@trunk.peer"), ("FROM_1", NUMBER), ("ARG1", "20"))
        await ami.do("Originate", *route, Channel="PJSIP/a1", Context="acd-out", Exten="s",
                     Priority="1", Async="true")  # fmt: skip
        (await agent.rings()).answer()
        leg = (await ami.event("BridgeEnter", ConnectedLineNum=NUMBER))["Channel"]
        assert leg.startswith("PJSIP/trunk.peer-")
        assert await ami.get(leg, "CHANNEL(rtp,secure)") == "1"
        assert await ami.get(leg, "CHANNEL(pjsip,secure)") == "1"
        came = await far.event("Newchannel", Exten=NUMBER)
        assert came["Channel"].startswith("PJSIP/trunk.peer-")
        assert await far.get(came["Channel"], "CHANNEL(rtp,secure)") == "1"
        await rig.until(lambda: len(agent.heard) > 100)
        heard = b"".join(each.packet.payload for each in agent.heard[-50:])
        assert loudest(heard) and len(sound(agent.heard))


def test_the_key_is_copied_for_asterisk_alone(pair: tuple[Instance, Instance]) -> None:
    here, _ = pair
    copy = here.folders.run / "etc" / trunks.KEY
    assert copy.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert copy.stat().st_mode & 0o077 == 0 and copy.parent.stat().st_mode & 0o077 == 0


def test_doctor_is_told_by_tls_what_is_wrong_with_the_other_sides_certificate(
    pair: tuple[Instance, Instance], tmp_path: Path
) -> None:
    here, there = pair
    peer = f"127.0.0.1:{there.settings.ports.sip_tls}"
    assert trunk_looks.handshake_fault(peer, Path(str(here.settings.site.tls.ca))) == ""  # type: ignore[union-attr]
    certificate(tmp_path, "127.0.0.1")
    assert "certificate" in trunk_looks.handshake_fault(peer, tmp_path / "cert.pem")
    assert trunk_looks.handshake_fault("127.0.0.1:1", None) == "Connection refused"
