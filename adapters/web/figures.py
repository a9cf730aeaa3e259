"""Figures of the web process for Prometheus."""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge, Histogram

requests = Counter("hotline_web_requests", "Requests answered", ["method", "route", "status"])
seconds = Histogram("hotline_web_request_seconds", "Time to the answer's first byte", ["route"])
applied = Gauge("hotline_web_journal_applied", "The last journal record that is applied")
listeners = Gauge("hotline_web_listeners", "Listeners to live events")
sockets = Gauge("hotline_chat_sockets", "Customers' pages of chat that are open")


def count(method: str, route: str, status: int, began: float) -> None:
    """Count an answer under its route's pattern: never under the address itself."""
    requests.labels(method, route, str(status)).inc()
    seconds.labels(route).observe(time.perf_counter() - began)
