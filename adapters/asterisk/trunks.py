"""The trunks of the site file in the words of Asterisk's configuration files. Pure text.

Every value has the form that `ivr/trunks.py` allows: it holds no sign that means anything here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ivr.settings import Settings
from ivr.trunks import Network, NumberForms, TlsSettings, TrunkEntry, endpoint_of

CERTIFICATE, KEY, AUTHORITIES = "tls-certificate.pem", "tls-key.pem", "tls-authorities.pem"
"""Copies beside the configuration, which Asterisk's user alone can read."""
MACHINES_OWN = "/etc/ssl/certs"
QUALIFY_EVERY, QUALIFY_WAIT = 15, "2.0"
"""Seconds: how often a trunk is asked whether it is there, and how long it may take to answer."""
NO_LIMIT = 100_000
HERE = ip_network("127.0.0.0/8")
LOCAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")


def values(settings: Settings) -> dict[str, str]:
    """What stands for each `@NAME@` of the templates that has to do with trunks."""
    site, trunks = settings.site, settings.site.trunks
    return {
        "TRANSPORTS": _lines(_transports(settings)),
        "TRUNK_MATCHES": _lines(f"match = {net}" for net in own_machine(site.listen, trunks)),
        "TRUNKS": _lines(line for name, trunk in trunks.items() for line in _trunk(name, trunk)),
        "TRUNK_LINES": _lines(
            f"LINES_{name}={trunk.channels or NO_LIMIT}" for name, trunk in trunks.items()
        ),
        "TRUNK_NUMBERS": _lines(
            line
            for name, trunk in trunks.items()
            if trunk.incoming
            for line in _numbers(name, trunk, site.numbers)
        ),
    }


def tls_files(tls: TlsSettings) -> Mapping[str, str]:
    """The copies that Asterisk reads, and where in the data folder their content is."""
    found = {CERTIFICATE: tls.certificate, KEY: tls.key}
    return found | ({AUTHORITIES: tls.ca} if tls.ca else {})


def own_machine(listen: str, trunks: Mapping[str, TrunkEntry]) -> list[Network]:
    """Where callers without a trunk come from: this machine, less what a trunk claims of it."""
    own: list[Network] = [HERE]
    address = ip_address(listen)
    if not address.is_unspecified and address not in HERE:
        own.append(ip_network(address))
    for trunk in trunks.values():
        for source in trunk.networks if trunk.incoming else ():
            own = [rest for network in own for rest in _without(network, source)]
    return own


def _without(network: Network, source: Network) -> list[Network]:
    if network.version != source.version or not network.overlaps(source):
        return [network]
    if network.subnet_of(source):  # type: ignore[arg-type] # they are of one version
        return []
    return sorted(network.address_exclude(source))  # type: ignore[arg-type]


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines)


# ---------------------------------------------------------------- pjsip.conf


def _transports(settings: Settings) -> Iterator[str]:
    """Those besides UDP that a trunk needs."""
    site, ports = settings.site, settings.ports
    used = {trunk.transport for trunk in site.trunks.values()}
    if "tcp" in used:
        yield from _transport("tcp", ip_address(site.listen), ports.sip)
        yield from external(site.external_address)
    if "tls" in used and site.tls:
        etc = settings.run / "etc"
        yield from _transport("tls", ip_address(site.listen), ports.sip_tls)
        yield from external(site.external_address)
        yield from ("method = tlsv1_2", "verify_server = yes")
        yield f"cert_file = {etc / CERTIFICATE}"
        yield f"priv_key_file = {etc / KEY}"
        yield (
            f"ca_list_file = {etc / AUTHORITIES}"
            if site.tls.ca
            else (f"ca_list_path = {MACHINES_OWN}")
        )


def _transport(protocol: str, listen: IPv4Address | IPv6Address, port: int) -> Iterator[str]:
    host = f"[{listen}]" if listen.version == 6 else str(listen)
    yield from (f"[{protocol}]", "type = transport", f"protocol = {protocol}")
    yield f"bind = {host}:{port}"


def external(address: str | None) -> Iterator[str]:
    """What a transport must know where a router translates addresses."""
    if address is None:
        return
    ip = ip_address(address)
    yield from (f"external_media_address = {ip}", f"external_signaling_address = {ip}")
    yield from (f"local_net = {network}" for network in LOCAL)


def _trunk(name: str, trunk: TrunkEntry) -> Iterator[str]:
    own = endpoint_of(name)
    yield f"[{own}](base)"
    yield f"context = {f'from-{own}' if trunk.incoming else 'acd-nobody'}"
    yield f"transport = {trunk.transport}"
    yield from ("identify_by = ip", f"aors = {own}", "rtp_timeout = 30", "rtp_timeout_hold = 300")
    if trunk.incoming:
        yield from ("fax_detect = yes", "fax_detect_timeout = 30")
    yield from ("disallow = all", f"allow = {','.join(trunk.codecs)}")
    if trunk.media_encryption == "sdes":
        yield "media_encryption = sdes"
    if trunk.register_:
        yield f"outbound_auth = {own}"
    over = "" if trunk.transport == "udp" else f"\\;transport={trunk.transport}"
    yield from (f"[{own}]", "type = aor", f"contact = sip:{trunk.peer}{over}")
    if trunk.asked:
        yield from (f"qualify_frequency = {QUALIFY_EVERY}", f"qualify_timeout = {QUALIFY_WAIT}")
    if trunk.register_:
        yield from _registration(own, trunk, over)
    if trunk.incoming and trunk.networks:
        yield from (f"[{own}]", "type = identify", f"endpoint = {own}")
        yield from (f"match = {network}" for network in trunk.networks)


def _registration(own: str, trunk: TrunkEntry, over: str) -> Iterator[str]:
    account = trunk.register_
    assert account is not None  # noqa: S101 (asked by the one caller)
    quoted = account.secret.replace(";", "\\;")
    yield from (f"[{own}]", "type = auth", "auth_type = userpass")
    yield from (f"username = {account.user}", f"password = {quoted}")
    yield from (f"[{own}]", "type = registration", f"transport = {trunk.transport}")
    yield f"server_uri = sip:{account.server}{over}"
    yield f"client_uri = sip:{account.user}@{account.server}"
    yield from (f"contact_user = {account.user}", f"outbound_auth = {own}", "expiration = 300")
    # Never given up: who lets an account lapse and pays again must not have to start us anew.
    yield from ("retry_interval = 20", "forbidden_retry_interval = 300", "max_retries = 1000000")
    yield "auth_rejection_permanent = no"
    if trunk.incoming:
        # Calls to the contact that was registered are this trunk's, whatever they come from.
        yield from ("line = yes", f"endpoint = {own}")


# ---------------------------------------------------------------- the dialplan


def _numbers(name: str, trunk: TrunkEntry, numbers: Mapping[str, object]) -> Iterator[str]:
    """The entries of one trunk: the site's numbers in every form that it may write."""
    own, forms = endpoint_of(name), NumberForms(trunk, numbers).number_of
    yield f"[from-{own}]"
    before = ""
    if trunk.dialled == "to":
        # Whatever the request is addressed to: the header `To` has the number, digits and + of it.
        before = "n"
        yield "exten => _[+0-9A-Za-z]!,1,Set(TO=${CHANNEL(pjsip,local_uri)})"
        yield " same => n,Set(TO=${CUT(TO,@,1)})"
        yield f" same => n,Goto(to-{own},n${{FILTER(+0-9,${{CUT(TO,:,2)}})}},1)"
        yield f"[to-{own}]"
        yield "exten => i,1,Hangup(1)"
    for form, number in forms.items():
        yield f"exten => {before}{form},1,Gosub(acd-line,s,1({name}))"
        yield f" same => n,Goto(from-trunk,{number},1)"
