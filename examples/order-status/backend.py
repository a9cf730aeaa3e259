"""A fake shop: tells where an order is. Standard library only; for trying out and for tests.

    python examples/order-status/backend.py --port 8099

    GET /orders/1001   on its way          GET /orders/5000   status 500
    GET /orders/1002   delivered           GET /orders/5001   broken JSON
    GET /orders/1003   being packed        GET /orders/5002   a redirect
    GET /orders/4000   after ten seconds   GET /orders/5003   an answer of 1 MB
    anything else      status 404

With `--token`, questions without `Authorization: Bearer TOKEN` are refused with status 401.

Hotline's questions have a header `Idempotency-Key`, which names the call, the step and its visit.
One that comes again with the same key, because Hotline's process died before it had the answer, is
the same question: a shop that bills questions bills it once. This one reads, and answers again.
"""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ORDERS: dict[str, dict[str, Any]] = {
    "1001": {"status": "shipped", "total": "129.50 CNY", "delivery": {"day": "2026-03-05"}},
    "1002": {"status": "delivered", "total": "18.00 CNY", "delivery": {"day": "2026-02-27"}},
    "1003": {"status": "packing", "total": "2300.00 CNY", "delivery": {"day": "2026-03-09"}},
    "4000": {"status": "shipped", "total": "5.00 CNY", "delivery": {"day": "2026-03-06"}},
}
SLOW_SECONDS = 10.0
LARGE = 1_000_000


class Shop(BaseHTTPRequestHandler):
    """Answers one question."""

    token = ""
    stopping = threading.Event()

    def do_GET(self) -> None:
        if self.token and self.headers.get("Authorization") != f"Bearer {self.token}":
            return self.reply(401, b"{}")
        if self.headers.get("Cookie"):  # as a shop would, which takes all callers for one customer
            return self.reply(400, b"{}")
        number = self.path.partition("?")[0].removeprefix("/orders/")
        if number == "4000":
            self.stopping.wait(SLOW_SECONDS)
        if number == "5000":
            return self.reply(500, b'{"error": "out of order"}')
        if number == "5001":
            return self.reply(200, b'{"status": "shipped", ')
        if number == "5002":
            return self.reply(302, b"", {"Location": "/orders/1001"})
        if number == "5003":
            return self.reply(200, b'{"status": "' + LARGE * b"x" + b'"}')
        if number not in ORDERS:
            return self.reply(404, b"{}")
        return self.reply(200, json.dumps(ORDERS[number]).encode())

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Set-Cookie", "customer=somebody")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked does not wait any more

    def log_message(self, format: str, *args: Any) -> None:
        """Order numbers are nobody's business, not even here."""


def main() -> None:
    """Serve on this machine alone, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A fake shop that tells where an order is.")
    parser.add_argument("--port", type=int, default=8099, help="0: any that is free")
    parser.add_argument("--token", default="", help="ask for this in `Authorization: Bearer`")
    given = parser.parse_args()
    Shop.token = given.token
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Shop)
    server.daemon_threads = True
    print(f"the shop is open: http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        Shop.stopping.set()


if __name__ == "__main__":
    main()
