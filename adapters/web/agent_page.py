"""The agents' page at `/desk`: what set-up has built below HOME, served as it is.

The page itself is asked for anew each time, and answered by its digest; what it is made of has a
digest in its name and never changes. It may load nothing but our own files, and talk to nobody but
us. Where it is not built, whoever opens it reads how to build it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from starlette.exceptions import HTTPException

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types vue"
)
"""What the page may do. Text that customers wrote can be no script in it, whatever it says."""
FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
ASSET = re.compile(r"[A-Za-z0-9_-]{1,80}\.[a-z]{1,5}")
HOW = (
    "The agents' page is not built on this machine yet. Build it with: ./hotline setup desk\n"
    "座席网页尚未在本机生成。请运行：./hotline setup desk\n"
)

Asset = Annotated[str, InPath(max_length=100)]


def routes(folder: Path) -> APIRouter:
    """The page that lies in this folder, now or later."""
    page = APIRouter(include_in_schema=False)

    @page.api_route("/desk", methods=["GET", "HEAD"])
    @page.api_route("/desk/", methods=["GET", "HEAD"])
    async def index(request: Request) -> Response:
        """The page, if the browser does not have it already."""
        try:
            content = (folder / "index.html").read_bytes()
        except OSError:
            return Response(HOW, 404, media_type="text/plain")
        tag = f'"{sha256(content).hexdigest()[:32]}"'
        headers = {
            "content-security-policy": POLICY, "cache-control": "no-cache", "etag": tag,
            "cross-origin-opener-policy": "same-origin",
        }  # fmt: skip
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type="text/html")

    @page.api_route("/desk/assets/{name}", methods=["GET", "HEAD"])
    async def asset(name: Asset) -> Response:
        """A script, a style sheet or a picture."""
        kind = TYPES.get(Path(name).suffix)
        if not kind or not ASSET.fullmatch(name):
            raise HTTPException(404)
        try:
            content = _content((folder / "assets" / name).resolve(strict=True))
        except OSError:
            raise HTTPException(404) from None
        return Response(content, headers={"cache-control": FOREVER}, media_type=kind)

    return page


@lru_cache(maxsize=16)
def _content(file: Path) -> bytes:
    """Its name has its digest, so it is read once."""
    return file.read_bytes()
