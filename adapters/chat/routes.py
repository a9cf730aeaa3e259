"""The chat's pages and its socket, open to anybody: what they may do is said by token or pass."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket

from adapters.chat import files
from adapters.chat.conversation import Conversation
from adapters.chat.parts import ChatParts
from adapters.chat.peer import Peer
from ivr.chat_settings import ChatSettings

FOLDER = Path(__file__).parent / "pages"
PAGE, SOCKET, FILES_PLACE = "/chat", "/chat/socket", files.PLACE
WIDGET = "widget.js"
KINDS: Mapping[str, str] = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES: Mapping[str, bytes] = {
    path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in KINDS
}
PATHS: Final = (PAGE, *(f"{PAGE}/{name}" for name in FILES))
"""What anybody may read."""


def routes(parts: ChatParts) -> APIRouter:
    """Page, files, socket."""
    router = APIRouter(include_in_schema=False)
    whole, headers = _page(parts.settings), {"content-security-policy": policy(parts.settings)}

    @router.api_route(PAGE, methods=["GET", "HEAD"])
    async def page() -> Response:
        return Response(whole, media_type="text/html", headers=headers)

    @router.api_route(PAGE + "/{name}", methods=["GET", "HEAD"])
    async def file(name: str, request: Request) -> Response:
        if name not in FILES:
            raise HTTPException(404, "there is no such page")
        own = {"cross-origin-resource-policy": "cross-origin"} if name == WIDGET else {}
        kind = KINDS[Path(name).suffix]
        return Response(FILES[name], media_type=kind, headers=own)

    @router.websocket(SOCKET)
    async def socket(websocket: WebSocket) -> None:
        await _serve(parts, websocket)

    router.include_router(files.routes(parts))
    return router


async def _serve(parts: ChatParts, websocket: WebSocket) -> None:
    who = parts.who(websocket.client.host if websocket.client else "")
    if not comes_from_ours(parts.settings, websocket.headers):
        await websocket.close()  # before it is accepted: 403
        return
    if not parts.room.enter(who):
        await websocket.send_denial_response(Response("too many at once", 429))
        return
    try:
        await websocket.accept()
        await Conversation(parts, Peer(websocket), who).run()
    finally:
        parts.room.leave(who)


def comes_from_ours(settings: ChatSettings, headers: Mapping[str, str]) -> bool:
    """Whether the page that opens the socket is our own, or may hold the widget. Programs that are
    no browsers may say what they like; they gain nothing by it."""
    origin = headers.get("origin", "").lower()
    host = headers.get("host", "").lower()
    known = {_origin(settings.url), *map(_origin, settings.origins)}
    return origin in known or origin in (f"https://{host}", f"http://{host}")


def policy(settings: ChatSettings) -> str:
    """What the page may load, and who may frame it: nothing from elsewhere, no text run as code."""
    parts = urlsplit(settings.url)
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {socket}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            " ".join(("frame-ancestors 'self'", *settings.origins)),
        )
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _page(settings: ChatSettings) -> str:
    words = Template((FOLDER / "page.html").read_text(encoding="utf-8"))
    return words.substitute(
        zh=escape(settings.title.get("zh", "")), en=escape(settings.title.get("en", ""))
    )
