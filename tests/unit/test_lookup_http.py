"""Asking over HTTP: only whom the settings name, no more than fits, and no service to death."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from pydantic import ValidationError

from adapters.lookups.http import HttpLookups
from ivr.breaker import Breaker
from ivr.ports import EffectKey, LookupFailed, NotThere
from ivr.services import ServiceEntry
from tests.asked_service import asked_service
from tests.fake_shop import TOKEN, shop

PATIENT = 5.0
KEY = EffectKey("c1/status/1")
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(slots=True)
class Hand:
    """A clock that is moved by hand."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@dataclass(slots=True)
class Desk:
    """Lookups of one service, and what they showed."""

    lookups: HttpLookups
    clock: Hand = field(default_factory=Hand)

    async def ask(self, order: str, seconds: float = PATIENT) -> str:
        """What came of it, in a word or with its reason."""
        try:
            await self.lookups.get("orders", f"/orders/{order}", seconds, KEY)
        except NotThere:
            return "not there"
        except TimeoutError:
            return "timeout"
        except LookupFailed as fault:
            return str(fault)
        return "found"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with shop() as address:
        yield address


@pytest.fixture
async def desk(address: str) -> AsyncIterator[Desk]:
    clock = Hand()
    entry = ServiceEntry(url=address, headers=AUTHORISED, failures=3, rest=30)
    async with HttpLookups({"orders": entry}, clock) as lookups:
        yield Desk(lookups, clock)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ("5000", "status 500"),
        ("5001", "an answer that is not JSON"),
        ("5002", "status 302"),
        ("5003", "an answer of more than 65536 bytes"),
    ],
)
async def test_an_answer_that_cannot_be_trusted_is_none(desk: Desk, order: str, why: str) -> None:
    assert await desk.ask(order) == why


async def test_an_answer_that_comes_too_late_is_none(desk: Desk) -> None:
    assert await desk.ask("4000", seconds=0.2) == "timeout"


async def test_a_service_gets_its_headers(desk: Desk, address: str) -> None:
    assert await desk.ask("1001") == "found"
    async with HttpLookups({"orders": ServiceEntry(url=address)}) as lookups:
        assert await Desk(lookups).ask("1001") == "status 401"


async def test_a_question_says_by_its_key_which_visit_of_which_step_asks() -> None:
    async with asked_service() as service:
        entry = ServiceEntry(url=f"http://127.0.0.1:{service.port}")
        async with HttpLookups({"orders": entry}) as lookups:
            for key in (KEY, KEY, EffectKey("c1/status/2")):
                await lookups.get("orders", f"/{key[-1]}", PATIENT, key)
    assert service.asked == {"/1": 2, "/2": 1}
    assert service.keys == {"/1": {KEY}, "/2": {"c1/status/2"}}


async def test_nothing_of_one_caller_goes_out_with_the_question_of_another(desk: Desk) -> None:
    assert [await desk.ask("1001"), await desk.ask("1001")] == ["found", "found"]


async def test_the_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    entry = ServiceEntry(url=address, headers=AUTHORISED)
    async with HttpLookups({"orders": entry}) as lookups:
        assert await Desk(lookups).ask("1001") == "found"


async def test_a_service_that_is_not_there_fails() -> None:
    async with HttpLookups({"orders": ServiceEntry(url="http://127.0.0.1:9")}) as lookups:
        assert await Desk(lookups).ask("1001") == "ConnectError"


async def test_a_service_that_fails_is_left_alone_and_then_tried_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert [await desk.ask("5000") for _ in range(3)] == ["status 500"] * 3
    assert await desk.ask("1001") == "left alone after failures"
    desk.clock.at = 30
    assert [await desk.ask("5000"), await desk.ask("1001")] == [
        "status 500", "left alone after failures",
    ]  # fmt: skip
    desk.clock.at = 60
    assert [await desk.ask("1001"), await desk.ask("1001")] == ["found", "found"]
    told = [one.message for one in caplog.records if one.name == "adapters.lookups.http"]
    assert told == ["service left alone", "service asked again"]


async def test_time_outs_open_it_and_questions_of_no_effect_do_not(desk: Desk) -> None:
    assert [await desk.ask("9999") for _ in range(4)] == ["not there"] * 4
    assert [await desk.ask("4000", seconds=0.05) for _ in range(3)] == ["timeout"] * 3
    assert await desk.ask("1001") == "left alone after failures"


async def test_no_log_has_what_was_asked(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for order in ("1001", "5000", "5001", "5002"):
        await desk.ask(order)
    usual = vars(logging.makeLogRecord({})).keys()
    told = [(one.getMessage(), vars(one).keys() - usual, vars(one)) for one in caplog.records]
    everything = " ".join(f"{words} {[all_[name] for name in own]}" for words, own, all_ in told)
    assert "service left alone" in everything
    assert not any(word in everything for word in ("1001", "5000", "5001", "5002", TOKEN))


def test_the_core_loads_no_library_before_it_needs_it() -> None:
    program = "import sys, ivr.__main__; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_without_services_nothing_is_loaded_and_nobody_asked() -> None:
    async with HttpLookups({}) as lookups:
        assert await Desk(lookups).ask("1001") == "there is no such service"


# ---------------------------------------------------------------- the breaker


def test_one_question_alone_tries_whether_the_service_works_again() -> None:
    breaker = Breaker(failures=1, rest=10)
    assert breaker.may_ask(0) and breaker.failed(0)
    assert [breaker.may_ask(at) for at in (9.9, 10, 10.1)] == [False, True, False]
    breaker.broken_off()
    assert breaker.may_ask(10.2)
    assert breaker.answered() and breaker.may_ask(10.3)


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(failures=2, rest=10)
    assert [breaker.failed(0), breaker.answered(), breaker.failed(0)] == [False, False, False]
    assert breaker.failed(0)


def test_who_asked_before_it_opened_does_not_lengthen_the_rest() -> None:
    breaker = Breaker(failures=1, rest=10)
    assert [breaker.failed(0), breaker.failed(9)] == [True, False]
    assert breaker.may_ask(10)


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.org/api/", "http://127.0.0.1:8099", "http://[::1]:80/x",
        "http://localhost",
    ],
)  # fmt: skip
def test_an_address_that_is_safe_is_taken(url: str) -> None:
    assert ServiceEntry(url=url).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.org", "http://10.0.0.7", "http://127.0.0.1.example.org", "ftp://x",
        "https://", "https://me:secret@x.org", "https://x.org?a=1", "https://x.org/#a", "x.org",
        "https://x.org:99999", "https://x.org/a/../b", "https://x.org/ a", "https://x.org\\@y.org",
        "https://x.org?", "http://localhost@10.0.0.7/",
    ],
)  # fmt: skip
def test_an_address_that_is_not_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        ServiceEntry(url=url)


def test_a_network_that_is_trusted_is_named_as_such() -> None:
    assert ServiceEntry(url="http://10.0.0.7", plain=True).plain


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x"}, {"A b": "x"}, {"X": "a\r\nB: c"}, {"X": ""}, {"Idempotency-Key": "x"},
    ],
)  # fmt: skip
def test_headers_that_would_change_the_question_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ServiceEntry(url="https://x.org", headers=headers)


def test_keys_of_access_are_not_shown() -> None:
    assert TOKEN not in repr(ServiceEntry(url="https://x.org", headers=AUTHORISED))
