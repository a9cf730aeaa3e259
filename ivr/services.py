"""The services that flows may ask, as the site file names them: nothing else is ever asked."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ivr.keys import Keys

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")]
_OURS = frozenset({"accept", "accept-encoding", "connection", "content-length", "host",
                   "idempotency-key", "te", "transfer-encoding", "upgrade",
                   "user-agent"})  # fmt: skip
"""Headers that an entry does not set: they say how we read the answer, and which visit asks."""


def _address(text: str) -> str:
    """A base for paths: without a slash at its end."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = None
    if not known or not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("is an address like https://orders.example.org/v1")
    if parts.username is not None or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("has scheme, host, port and path only; passwords belong into `headers`")
    if {".", ".."} & set(parts.path.split("/")):
        raise ValueError("its path has no . and .. in it")
    return text.rstrip("/")


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if name.lower() in _OURS:
            raise ValueError(f"{name} is set by us: leave it out")
    return headers


Address = Annotated[str, AfterValidator(_address)]
"""Of a system outside: scheme, host, port and path, without a slash at the end."""


class ServiceEntry(Keys):
    """A system outside that `lookup` steps may ask."""

    url: Address
    """What the paths of the steps are added to."""
    headers: Annotated[dict[HeaderName, HeaderText], AfterValidator(_header_names)] = Field(
        default_factory=dict, repr=False
    )
    """Sent with every question: keys of access, as secrets."""
    plain: bool = False
    """Whether an address outside this machine may be asked without encryption."""
    failures: Annotated[int, Field(ge=1, le=100)] = 5
    """So many failures in a row, and it is left alone for a while."""
    rest: Annotated[float, Field(ge=1, le=3600)] = 30
    """For so many seconds."""

    @model_validator(mode="after")
    def _safe(self) -> ServiceEntry:
        if goes_in_the_clear(self.url) and not self.plain:
            raise ValueError("what callers key in would go out in the clear: use https, "
                             "or write `plain: true` for a network that you trust")  # fmt: skip
        return self


def goes_in_the_clear(url: str) -> bool:
    """Whether others could read what is sent there: not encrypted, and not to this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_here(parts.hostname or "")


def is_here(host: str) -> bool:
    """Whether this is the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
