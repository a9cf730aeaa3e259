"""What the demo reads from the web service, as any client of the API would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from adapters.cli.timeline import LiveEvent
from ivr.settings import Settings

ANSWER_DEADLINE = 10.0
SILENCE_DEADLINE = 40.0
"""Live events send a sign of life every 15 s."""


class Api:
    """The API of an installation on this machine, with the operator's token."""

    def __init__(self, settings: Settings) -> None:
        self._root = f"http://127.0.0.1:{settings.ports.web}/api/v1"
        self._headers = {"Authorization": f"Bearer {settings.secret('operator-token')}"}

    def _client(self, deadline: float) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=deadline, trust_env=False, headers=self._headers)

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Every event from the first on, as they come."""
        url, query = f"{self._root}/events", {"after": 0}
        async with (
            self._client(SILENCE_DEADLINE) as client,
            client.stream("GET", url, params=query) as reply,
        ):
            reply.raise_for_status()
            async for line in reply.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    async def tickets(self) -> dict[str, dict[str, Any]]:
        """The ticket of every contact that has one, by the contact's own reference."""
        async with self._client(ANSWER_DEADLINE) as client:
            found = (await client.get(f"{self._root}/contacts", params={"limit": 100})).json()
            tickets = {}
            for contact in found["items"]:
                if own_id := contact["ticket"]:
                    reply = await client.get(f"{self._root}/tickets/{own_id}")
                    reply.raise_for_status()
                    tickets[contact["reference"]] = reply.json()
        return tickets
