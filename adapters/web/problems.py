"""Errors as `application/problem+json` (RFC 9457). They never repeat what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 20
"""More than one answer names: what was sent small must not come back large."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(examples=["body.text"])
    what: str = Field(examples=["String should have at least 1 character"])


class Problem(BaseModel):
    """Why a request was not done."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["the request does not fit the description"])
    errors: list[Fault] = Field(
        default=[], description="With status 422: what is wrong, at most 20."
    )


class Refused(Exception):
    """A request that is not let in."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})

    def response(self) -> Response:
        return problem(self.status, self.detail, self.headers)


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Fault] = (),
) -> Response:
    """The response for one problem."""
    return Response(body(status, detail, errors), status, headers, MEDIA_TYPE)


def body(status: int, detail: str, errors: Sequence[Fault] = ()) -> bytes:
    title = HTTPStatus(status).phrase
    plain = Problem(title=title, status=status, detail=detail, errors=list(errors))
    return json.dumps(plain.model_dump(exclude_defaults=True) | {"type": plain.type}).encode()


def faults(error: RequestValidationError) -> list[Fault]:
    """The first faults with their places; a name that the sender made up is not repeated."""
    return [_fault(fault) for fault in error.errors()[:MOST_FAULTS]]


def _fault(fault: Mapping[str, Any]) -> Fault:
    place = fault["loc"]
    if fault["type"] == "extra_forbidden":
        place = place[:-1]
    return Fault(where=".".join(str(part) for part in place), what=fault["msg"])
