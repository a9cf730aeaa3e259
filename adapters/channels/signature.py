"""Standard Webhooks signatures (v1, symmetric), in and out. Nothing here parses a body.

What is signed is `id.timestamp.body`, as bytes; the signature is HMAC-SHA256 in base64. An id with
a point in it is refused: a point is what parts the three.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence

from acd.model import Seconds
from ivr.channel_ports import TOLERANCE, Checked, Delivery, Headers, NotBelieved, Why

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
MOST_SIGNATURES = 8
"""More than one delivery carries."""
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


def signed(keys: Sequence[bytes], id_: str, at: Seconds, body: bytes) -> dict[str, str]:
    """The headers of a delivery of ours: a signature by each key, the newest key first."""
    timestamp = str(int(at))
    made = [f"v1,{_signature(key, id_, timestamp, body).decode()}" for key in keys]
    return {ID: id_, TIMESTAMP: timestamp, SIGNATURE: " ".join(made)}


def checked(keys: Sequence[bytes], delivery: Delivery, now: Seconds) -> Checked:
    """The delivery, if one of the keys has signed it at about `now` (UTC); else `NotBelieved`.

    Every key is tried against every signature, whatever the first says: the time that it takes
    tells nothing.
    """
    id_, timestamp = _only(delivery.headers, ID), _only(delivery.headers, TIMESTAMP)
    given = _only(delivery.headers, SIGNATURE).split(" ")
    if not _ID.fullmatch(id_) or not _TIMESTAMP.fullmatch(timestamp):
        raise NotBelieved(Why.UNSIGNED)
    candidates = [each.removeprefix("v1,").encode("latin-1", "replace") for each in given
                  if each.startswith("v1,")]  # fmt: skip
    if not candidates or len(given) > MOST_SIGNATURES:
        raise NotBelieved(Why.UNSIGNED)
    fits = False
    for key in keys:
        ours = _signature(key, id_, timestamp, delivery.body)
        for candidate in candidates:
            fits |= hmac.compare_digest(ours, candidate)
    if not fits:
        raise NotBelieved(Why.FORGED)
    if abs(now - int(timestamp)) > TOLERANCE:
        raise NotBelieved(Why.LATE)
    return Checked(id_, float(timestamp), delivery.body)


def _signature(key: bytes, id_: str, timestamp: str, body: bytes) -> bytes:
    content = f"{id_}.{timestamp}.".encode() + body
    return b64encode(hmac.digest(key, content, "sha256"))


def _only(headers: Headers, name: str) -> str:
    """The header's one value: of two, who knows which one was signed."""
    found = [value for key, value in headers if key == name]
    if len(found) != 1:
        raise NotBelieved(Why.UNSIGNED)
    return found[0]
