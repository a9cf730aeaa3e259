"""Trunks: the lines to the public network, as the site file names them, and what is wrong there.

A trunk is reached by its address, or it is registered with (`register`). Everything that a person
writes here is put into files of Asterisk: the forms below allow no sign that means anything there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ivr.keys import Keys

HOST = re.compile(r"(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
                  r"(:(?P<port>[0-9]{1,5}))?")  # fmt: skip
LEAST_SOURCE = 8
"""Bits: a source of more addresses is no trunk but a part of the world."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _host(text: str) -> str:
    match = HOST.fullmatch(text)
    if not match or not 0 < int(match["port"] or 1) < 65_536:
        raise ValueError("is a host or an address, like sip.example.org or 192.0.2.10:5060")
    return text


def _source(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("is an address or a network, like 192.0.2.10 or 192.0.2.0/28") from None
    if network.prefixlen < LEAST_SOURCE:
        raise ValueError("has too many addresses for a trunk")
    return str(network)


HostPort = Annotated[str, StringConstraints(max_length=120), AfterValidator(_host)]
Source = Annotated[str, AfterValidator(_source)]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{5,14}$")]
"""A number with the code of its country, like +861012345678."""
Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+][A-Za-z0-9+._-]{0,63}$")]
SecretText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/][A-Za-z0-9._/-]{0,200}$")]


class TlsSettings(Keys):
    """The certificate by which this house is known over TLS. Files are relative to data."""

    certificate: FileName
    """With those that it hangs on, the own one first (PEM)."""
    key: FileName
    """The private key of the certificate, without a password (PEM)."""
    ca: FileName | None = None
    """By which the trunks' certificates are checked; None: by those of the machine."""


class Registration(Keys):
    """With whom a trunk is registered."""

    server: HostPort
    user: Account
    secret: SecretText = Field(repr=False)


class TrunkEntry(Keys):
    """A line to the public network."""

    address: HostPort | None = None
    """Where calls are sent to, without a registration."""
    register_: Registration | None = Field(default=None, alias="register")
    """The server that is registered with, and that calls are sent to."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    media_encryption: Literal["none", "sdes"] = "none"
    """Whether speech is encrypted (SRTP); its keys go over TLS."""
    codecs: Annotated[tuple[Literal["alaw", "ulaw", "g722"], ...], Field(min_length=1)] = (
        "alaw",
        "ulaw",
    )
    """Those that are offered, the best first."""
    channels: Annotated[int, Field(ge=1, le=1000)] | None = None
    """So many calls at once, both ways together; None: as many as there are."""
    caller_ids: tuple[E164, ...] = ()
    """The numbers that may be shown on calls by this trunk. None: nothing is dialled by it."""
    incoming: bool = True
    """Whether calls that come by it are taken."""
    asked: bool = True
    """Whether it is asked again and again if it is there (`OPTIONS`); who answers that never would
    count as dead. One that is not asked is dialled, there or not."""
    sources: tuple[Source, ...] = ()
    """Addresses that its calls come from; none: the address itself."""
    dialled: Literal["uri", "to"] = "uri"
    """Where the dialled number stands in its calls: the request's address, or the header `To`."""
    country: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")] | None = None
    """The code of the country whose numbers it writes without one."""
    national: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,3}$")] = "0"
    """What such numbers begin with, in place of the country's code."""
    sends: Literal["e164", "plain", "national"] = "e164"
    """How numbers are dialled by it: +861012345678, 861012345678 or 01012345678."""

    @model_validator(mode="after")
    def _one_way(self) -> TrunkEntry:
        if (self.address is None) == (self.register_ is None):
            raise ValueError("has either `address` or `register`")
        if self.media_encryption == "sdes" and self.transport != "tls":
            raise ValueError("`media_encryption: sdes` sends its keys with the call: "
                             "use `transport: tls`")  # fmt: skip
        if self.sends == "national" and self.country is None:
            raise ValueError("`sends: national` needs the `country` whose numbers it shortens")
        if self.incoming and self.address and not self.networks:
            raise ValueError("`address` is a name: write down in `sources` which addresses its "
                             "calls come from, or `incoming: false`")  # fmt: skip
        return self

    @property
    def peer(self) -> str:
        """Host and port that calls are sent to."""
        return self.register_.server if self.register_ else str(self.address)

    @property
    def networks(self) -> tuple[Network, ...]:
        """Where its calls come from; none: only by the line that is registered."""
        if self.sources:
            return tuple(ipaddress.ip_network(source) for source in self.sources)
        match = HOST.fullmatch(self.peer)
        try:
            return (ipaddress.ip_network(match["host"].strip("[]")),) if match else ()
        except ValueError:
            return ()

    def names_of(self, number: str) -> Iterator[str]:
        """The forms in which this trunk may write a number of ours; itself first."""
        yield number
        if not number.startswith("+"):
            return
        yield number[1:]
        if self.country and number[1:].startswith(self.country):
            yield self.national + number[1 + len(self.country) :]

    def written(self, number: str) -> str:
        """How a number in E.164 is dialled by this trunk; others are dialled as they are."""
        if self.sends == "e164" or not number.startswith("+"):
            return number
        if self.sends == "national" and number[1:].startswith(str(self.country)):
            return self.national + number[1 + len(str(self.country)) :]
        return number[1:]


def endpoint_of(trunk: str) -> str:
    """What Asterisk calls a trunk. No telephone can be called so: their names have no dot."""
    return f"trunk.{trunk}"


def trunk_faults(trunks: Mapping[str, TrunkEntry], tls: TlsSettings | None) -> Iterator[str]:
    """What is wrong with the trunks together, a sentence each."""
    for name, trunk in trunks.items():
        if trunk.transport == "tls" and tls is None:
            text = "needs a certificate: write `tls: {certificate: ..., key: ...}` beside `trunks`"
            yield f"site.yaml: trunks.{name}.transport: {text}"
    taking = {name: trunk for name, trunk in trunks.items() if trunk.incoming}
    for (one, first), (other, second) in combinations(taking.items(), 2):
        shared = [
            source for source in first.networks for near in second.networks
            if source.version == near.version and source.overlaps(near)
        ]  # fmt: skip
        if shared and not (first.register_ or second.register_):
            text = f"has addresses of {one!r}: nobody could tell whose call it is"
            yield f"site.yaml: trunks.{other}.sources: {text}"


class NumberForms:
    """By which names a trunk calls the numbers of the site; of two that are alike, the first."""

    def __init__(self, trunk: TrunkEntry, numbers: Mapping[str, object]) -> None:
        self.number_of: dict[str, str] = {number: number for number in numbers}
        """The number of the site, by what the trunk may write."""
        for number in numbers:
            for form in trunk.names_of(number):
                self.number_of.setdefault(form, number)
