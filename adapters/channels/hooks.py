"""Where channels deliver: `POST /hooks/CHANNEL`. The gate lets it pass without the operator's
token: the signature stands for it.

Not a route of the API's framework: there it costs six times as much to refuse what is forged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.channels.intake import Intake
from ivr.channel_ports import Delivery

PLACE = "/hooks/"
MOST_NAME = 32

Problem = Callable[[int, str, Mapping[str, str] | None], Response]
"""Makes the answer for a refusal, in the form that all of this server's have."""


@dataclass(frozen=True, slots=True)
class Place:
    """Under what the figures count a request."""

    path: str = f"{PLACE}{{channel}}"


class Hooks:
    """An ASGI application for POST below `PLACE`, whose body comes whole."""

    def __init__(self, intake: Intake, problem: Problem) -> None:
        self._intake = intake
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """202: taken. 200: it was taken before. 429 and 503: send it again later."""
        scope["route"] = Place()
        name = str(scope["path"]).removeprefix(PLACE)[:MOST_NAME]
        headers = [
            (key.decode("latin-1"), value.decode("latin-1"))
            for key, value in scope["headers"]
            if key.startswith(b"webhook-")
        ]
        body: bytes = (await receive())["body"]
        verdict = await self._intake.take(name, Delivery(headers, body))
        if verdict.status >= 400:
            wait = {"Retry-After": str(math.ceil(verdict.wait))} if verdict.wait else None
            answer = self._problem(verdict.status, verdict.detail, wait)
        else:
            told = json.dumps({"taken": verdict.detail})
            answer = Response(told, verdict.status, media_type="application/json")
        await answer(scope, receive, send)
