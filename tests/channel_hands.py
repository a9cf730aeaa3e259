"""What tests of channels share: settings, and signatures made by another hand than ours.

The signing here is written from the words of the Standard Webhooks specification, without the code
of `adapters/channels/signature.py`, and is to be kept so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from ivr.channel_ports import Delivery

KEY, OLD_KEY, STRANGE_KEY = b"k" * 24, b"o" * 32, b"s" * 24
NOW = 1_800_000_000.0


def secret(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


SMS: dict[str, Any] = {
    "kind": "sms", "secrets": [secret(KEY), secret(OLD_KEY)], "url": "http://127.0.0.1:8098/texts",
    "allow": ["+86"],
}  # fmt: skip
WEBHOOK: dict[str, Any] = {"secrets": [secret(KEY), secret(OLD_KEY)],
                           "url": "http://127.0.0.1:8098/texts"}  # fmt: skip


def sign(key: bytes, id_: str, timestamp: str, body: bytes) -> str:
    """One signature, as the specification words it."""
    mac = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def delivery(
    body: bytes, id_: str = "msg_1", at: float = NOW, key: bytes = KEY, signature: str | None = None
) -> Delivery:
    """A delivery that is right, unless the arguments make it wrong."""
    timestamp = str(int(at))
    given = sign(key, id_, timestamp, body) if signature is None else signature
    headers = (("webhook-id", id_), ("webhook-timestamp", timestamp), ("webhook-signature", given))
    return Delivery(headers, body)


def envelope(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": "2027-01-15T08:00:00Z", "data": data}).encode()


def written(text: str = "hello", sender: str = "+8613800138000") -> bytes:
    """A customer has written."""
    return envelope("text.received", **{"from": sender, "text": text})
