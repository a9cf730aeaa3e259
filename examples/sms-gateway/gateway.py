"""A stand-in for an SMS gateway: holds texts and shows them. Standard library only.

python examples/sms-gateway/gateway.py --secret-file data/secrets/channel-sms

GET  /          the texts that it holds, as a page; /texts.json the same for programs
POST /texts     what Hotline sends, signed; the end of the number says what becomes of it
POST /write     {"from": "+86138...", "text": "..."}: a customer writes; signed and passed on

...0400  refused (422)             ...0404  taken, then told as failed: unreachable
...0429  not now (429)             ...0000  taken, and nothing is ever told
...0500  out of order (500)        ...0700  taken, then told as failed, delivered, and failed
...0504  no answer for 15 s        any other: taken, then told as delivered
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import html
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SLOW_SECONDS = 15.0
TOLERANCE = 300
LARGEST = 64 * 1024
TRIES = 5
STATUSES = {"0400": 422, "0429": 429, "0500": 500}
TELLS: dict[str, list[tuple[str, str]]] = {
    "0404": [("text.failed", "unreachable")],
    "0000": [],
    "0700": [("text.failed", "blocked"), ("text.delivered", ""), ("text.failed", "expired")],
}


class Gateway:
    """What it holds, and how it signs."""

    def __init__(self, secret: str, hotline: str) -> None:
        self.key = base64.b64decode(secret.strip().removeprefix("whsec_"))
        self.hotline = hotline
        self.texts: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    def signature(self, id_: str, timestamp: str, body: bytes) -> str:
        content = b".".join([id_.encode(), timestamp.encode(), body])
        return "v1," + base64.b64encode(hmac.digest(self.key, content, hashlib.sha256)).decode()

    def believes(self, headers: Any, body: bytes) -> bool:
        """Whether Hotline has signed it, just now."""
        id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
            return False
        ours = self.signature(id_, timestamp, body)
        given = headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(ours, each) for each in given)

    def take(self, text: dict[str, str]) -> None:
        """Hold a text, once for its id, and tell what becomes of it."""
        with self.lock:
            if text["id"] in self.texts:
                return
            self.texts[text["id"]] = {"to": text["to"], "text": text["text"], "told": []}
        threading.Thread(target=self.tell_all, args=(text,), daemon=True).start()

    def tell_all(self, text: dict[str, str]) -> None:
        for kind, why in TELLS.get(text["to"][-4:], [("text.delivered", "")]):
            data = {"id": text["id"]} | ({"why": why} if why else {})
            status = self.pass_on(kind, data)
            with self.lock:
                self.texts[text["id"]]["told"].append(f"{kind.removeprefix('text.')} {status}")

    def pass_on(self, kind: str, data: dict[str, str]) -> int:
        """Sign and deliver to Hotline; the same id however often it is tried. The last status."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = json.dumps({"type": kind, "timestamp": stamp, "data": data}).encode()
        id_, status = f"msg_{secrets.token_hex(12)}", 0
        for number in range(TRIES):
            timestamp = str(int(time.time()))
            headers = {"Content-Type": "application/json", "webhook-id": id_,
                       "webhook-timestamp": timestamp,
                       "webhook-signature": self.signature(id_, timestamp, body)}  # fmt: skip
            request = urllib.request.Request(self.hotline, body, headers)  # noqa: S310
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    return int(answer.status)
            except urllib.error.HTTPError as refusal:
                status = refusal.code
            except OSError:
                status = 0  # Hotline is away
            if status not in (0, 429, 503) or self.stopping.wait(0.5 * 2**number):
                break
        return status


class Door(BaseHTTPRequestHandler):
    """Answers one request."""

    gateway: Gateway

    def do_GET(self) -> None:
        with self.gateway.lock:
            texts = json.dumps(list(self.gateway.texts.values()), ensure_ascii=False, indent=1)
        if self.path == "/texts.json":
            return self.reply(200, texts.encode(), "application/json")
        page = (
            f"<!doctype html><meta charset=utf-8><title>SMS</title><pre>{html.escape(texts)}</pre>"
        )
        return self.reply(200, page.encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            return self.reply(413)
        body = self.rfile.read(length)
        try:
            if self.path == "/texts":
                return self.reply(self.taken(body))
            if self.path == "/write":
                told = json.loads(body)
                data = {"from": str(told["from"]), "text": str(told["text"])}
                status = self.gateway.pass_on("text.received", data)
                return self.reply(200, json.dumps({"hotline": status}).encode(), "application/json")
        except (ValueError, KeyError, TypeError):
            return self.reply(400)
        return self.reply(404)

    def taken(self, body: bytes) -> int:
        """The status for a text of Hotline's."""
        if not self.gateway.believes(self.headers, body):
            return 401
        text = json.loads(body)["data"]
        end = str(text["to"])[-4:]
        if end == "0504":
            self.gateway.stopping.wait(SLOW_SECONDS)
        if end in STATUSES:
            return STATUSES[end]
        self.gateway.take({name: str(text[name]) for name in ("id", "to", "text")})
        return 202

    def reply(self, status: int, body: bytes = b"", kind: str = "text/plain") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "5")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked does not wait any more

    def log_message(self, format: str, *args: Any) -> None:
        """Numbers and texts are nobody's business, not even here."""


def main() -> None:
    """Serve on this machine alone, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A stand-in for an SMS gateway.")
    parser.add_argument("--port", type=int, default=8098, help="0: any that is free")
    parser.add_argument("--secret-file", type=Path, required=True)
    parser.add_argument("--hotline", default="http://127.0.0.1:15063/hooks/sms")
    given = parser.parse_args()
    Door.gateway = Gateway(given.secret_file.read_text(), given.hotline)
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Door)
    server.daemon_threads = True
    print(f"the gateway is open: http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        Door.gateway.stopping.set()


if __name__ == "__main__":
    main()
