"""The application of the web process: routes behind the gate, probes, figures, description."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from adapters.web import description
from adapters.web.problems import faults, problem

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[str]]
"""Whether a link is up: "" when it is, else why not."""

CHECK_AGAIN_SECONDS = 1.0
ASK_AGAIN = {"Retry-After": "1"}

ABOUT = (
    "Everything under /api/v1 needs the operator's token: Authorization: Bearer TOKEN; only "
    "/api/v1/passes is for whoever holds a pass. "
    "Times are RFC 3339 in UTC. Lists come in pages: give `next` back as `cursor`. "
    "Errors are application/problem+json. A POST may carry an Idempotency-Key."
)


def build(
    routers: Sequence[APIRouter],
    parts: object,
    problems: Mapping[type[Exception], int],
    checks: Mapping[str, Check],
    running: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    pages: Sequence[APIRouter] = (),
) -> FastAPI:
    """The application without its gate. `running` is entered while it serves; `pages` are for
    people, and not part of the API."""

    app = FastAPI(
        title="Hotline",
        version="1",
        description=ABOUT,
        lifespan=lambda _app: running(),
        openapi_url=None,  # ours is below, with a page that loads nothing from elsewhere
        redirect_slashes=False,
    )
    app.state.parts, app.state.checks = parts, _Links(checks)
    for router in routers:
        app.include_router(router, prefix="/api/v1")
    for router in (own, *pages):
        app.include_router(router)
    _name_problems(app, problems)
    app.openapi = lambda: description.describe(app)  # type: ignore[method-assign]
    return app


def _name_problems(app: FastAPI, problems: Mapping[type[Exception], int]) -> None:
    async def ours(_request: Request, error: Exception) -> Response:
        status = next(status for kind, status in problems.items() if isinstance(error, kind))
        return problem(status, str(error), ASK_AGAIN if status in (429, 503) else None)

    for kind in problems:
        app.add_exception_handler(kind, ours)

    @app.exception_handler(Exception)
    async def unforeseen(_request: Request, _error: Exception) -> Response:
        return problem(500, "this should not have happened")

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail).lower(), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return problem(422, "the request does not fit the description", errors=faults(error))


class _Links:
    """The links' states, looked at once a second at most however often it is asked."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._found: dict[str, str] = {}
        self._looked_at = float("-inf")

    async def look(self) -> dict[str, str]:
        if time.monotonic() - self._looked_at > CHECK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            found = {name: await check() for name, check in self._checks.items()}
            for name, state in found.items():
                if self._found.get(name, "") != state:
                    log.info("link changed", extra={"link": name, "state": state or "up"})
            self._found = found
        return self._found


own = APIRouter(include_in_schema=False)
"""Probes, figures and description."""


@own.api_route("/health", methods=["GET", "HEAD"])
async def health() -> JSONResponse:
    """Whether the process lives."""
    return JSONResponse({"status": "up"})


@own.api_route("/ready", methods=["GET", "HEAD"])
async def ready(request: Request) -> JSONResponse:
    """Which link is up, and which is not."""
    links = await request.app.state.checks.look()
    shown = {name: why or "up" for name, why in links.items()}
    status = 503 if any(links.values()) else 200
    return JSONResponse({"ready": status == 200, "links": shown}, status)


@own.get("/metrics")
async def metrics() -> Response:
    """Figures for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@own.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@own.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    made: dict[str, Any] = request.app.openapi()
    return HTMLResponse(description.page(made))


@own.get("/docs.css")
async def style() -> PlainTextResponse:
    return PlainTextResponse(description.STYLE, media_type="text/css")
