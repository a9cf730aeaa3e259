"""What every `Lookups` does, over HTTP and as rehearsals have it: the same questions, one suite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from adapters.lookups.http import HttpLookups
from ivr.ports import EffectKey, LookupFailed, Lookups, NotThere
from ivr.rehearsal.mocks import MockedAnswer, MockedLookups
from ivr.services import ServiceEntry
from tests.fake_shop import TOKEN, shop

PATIENT, IMPATIENT = 5.0, 0.2
KEY = EffectKey("c1/status/1")
Answering = Callable[[MockedAnswer], Lookups]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with shop() as address:
        yield address


@pytest.fixture(params=["http", "rehearsal"])
async def answering(request: pytest.FixtureRequest, address: str) -> AsyncIterator[Answering]:
    """The shop, or a service that answers as it would."""
    if request.param == "rehearsal":
        yield lambda mock: MockedLookups({"orders": [mock]})
        return
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with HttpLookups({"orders": ServiceEntry(url=address, headers=headers)}) as lookups:
        yield lambda mock: lookups


async def test_what_is_there_is_answered(answering: Answering) -> None:
    answer = {"status": "delivered", "total": "18.00 CNY", "delivery": {"day": "2026-02-27"}}
    lookups = answering(MockedAnswer(answer=answer))
    assert await lookups.get("orders", "/orders/1002", PATIENT, KEY) == answer


async def test_what_is_not_there_is_told_apart_from_failures(answering: Answering) -> None:
    with pytest.raises(NotThere):
        await answering(MockedAnswer(not_found=True)).get("orders", "/orders/9999", PATIENT, KEY)


async def test_a_service_that_fails_is_a_failure(answering: Answering) -> None:
    with pytest.raises(LookupFailed, match="status 500"):
        await answering(MockedAnswer(fails=500)).get("orders", "/orders/5000", PATIENT, KEY)


async def test_nobody_waits_longer_than_their_seconds(answering: Answering) -> None:
    with pytest.raises(TimeoutError):
        await answering(MockedAnswer(after=10)).get("orders", "/orders/4000", IMPATIENT, KEY)


async def test_a_service_that_nobody_named_is_not_asked(answering: Answering) -> None:
    with pytest.raises(LookupFailed):
        await answering(MockedAnswer(answer={})).get("others", "/orders/1002", PATIENT, KEY)
