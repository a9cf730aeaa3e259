"""Notices of messages go out: once, patiently, and what is refused is kept and shown."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters.channels.mail_post import SmtpPost
from adapters.channels.notices import FAILURES, LONGEST_WAIT, REST, NoticeSender
from adapters.channels.patience import LONGEST_PAUSE
from adapters.stores.outbox import FAILED, FOLDER, FileOutbox
from ivr.channel_ports import NotNow, Refused
from ivr.notice_words import Notice
from ivr.ports import EMAIL, EffectKey, Outgoing, StoreFailed, StoreRefused
from ivr.smtp_settings import SmtpSettings
from tests.fakes_smtp import SILENCE, FakeSmtp

DESK = "desk@example.org"
NUMBER = "13800138000"


@dataclass
class MoodyServer:
    """Takes, refuses or puts off, as it is told; keeps what it was handed."""

    handed: list[tuple[str, str]] = field(default_factory=list)
    fault: Exception | None = None

    async def __call__(self, to: str, notice: Notice) -> None:
        self.handed.append((to, notice.key))
        if self.fault:
            raise self.fault


class House:
    """A sender over real files, on a clock that is moved by hand."""

    def __init__(self, data: Path) -> None:
        self.data, self.at = data, 0.0
        self.server: Any = MoodyServer()
        self.shelf, self.failed = FileOutbox(data), FileOutbox(data, FAILED)
        self.restart()

    def restart(self) -> None:
        self.sender = NoticeSender(
            {"support": DESK}, self.server, self.shelf, self.failed, lambda: self.at,
            lambda: time.time() + self.at, lambda: 1.0,
        )  # fmt: skip

    async def left(self, key: str, queue: str = "support", **more: Any) -> None:
        data = {"queue": queue, "contact": "c-1", "recording": "rec_1", "seconds": 12.0, **more}
        await self.shelf.put(Outgoing(EffectKey(key), EMAIL, None, data))

    async def look(self, later: float = 0.0) -> list[str]:
        """What the server was handed in one look, so much later."""
        self.at += later
        before = len(self.server.handed)
        await self.sender.look()
        return [key for _, key in self.server.handed[before:]]

    @property
    def waiting(self) -> list[str]:
        return [one.outgoing.key for one in self.shelf.waiting()]

    @property
    def given_up(self) -> dict[str, str]:
        return {one.outgoing.key: one.outgoing.data["why"] for one in self.failed.waiting()}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_notice_goes_to_the_address_of_its_queue_once_and_its_entry_goes(
    house: House,
) -> None:
    await house.left("k1")
    await house.look()
    assert house.server.handed == [(DESK, "k1")]
    assert (house.waiting, house.given_up) == ([], {})
    assert await house.look(60) == []


async def test_what_is_refused_for_good_is_kept_with_why_and_not_sent_again(house: House) -> None:
    await house.left("k1")
    house.server.fault = Refused("refused 550")
    await house.look()
    assert (house.waiting, house.given_up) == ([], {"k1": "refused 550"})
    assert await house.look(600) == []


async def test_what_was_refused_and_is_put_there_again_is_sent_again(house: House) -> None:
    await house.left("k1")
    house.server.fault = Refused("refused 550")
    await house.look()
    house.server.fault = None
    await house.left("k1")
    assert await house.look() == ["k1"] and house.waiting == []


async def test_what_is_put_off_is_tried_later_each_time(house: House) -> None:
    await house.left("k1")
    house.server.fault = NotNow("status 451")
    house.sender._breaker.failures = 10_000
    tries = [house.at for _ in range(1500) if await house.look(1.0)]
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps == sorted(gaps) and gaps[:4] == [1, 2, 4, 8] and gaps[-1] == LONGEST_PAUSE
    assert house.waiting == ["k1"]


async def test_a_server_that_fails_again_and_again_is_left_alone_and_tried_with_one(
    house: House,
) -> None:
    for n in range(12):
        await house.left(f"k{n}")
    house.server.fault = NotNow("no answer in time")
    assert len(await house.look()) == FAILURES
    assert sum([len(await house.look(1.0)) for _ in range(int(REST) - 1)]) == 0
    assert len(await house.look(2.0)) == 1
    house.server.fault = None
    for _ in range(100):
        await house.look(5.0)
    assert (house.waiting, house.given_up) == ([], {})


async def test_what_nobody_takes_for_days_is_given_up_and_shown(house: House) -> None:
    await house.left("k1")
    house.server.fault = NotNow("no")
    await house.look()
    await house.look(LONGEST_WAIT + 1)
    assert (house.waiting, house.given_up, len(house.server.handed)) == ([], {"k1": "too old"}, 1)


async def test_a_queue_without_an_address_and_an_entry_that_says_nothing_are_shown(
    house: House,
) -> None:
    await house.left("k1", queue="sales")
    await house.shelf.put(Outgoing(EffectKey("k2"), EMAIL, None, {"queue": "support"}))
    await house.left("k3", seconds="long")
    assert await house.look() == []
    odd = "not understood"
    assert house.given_up == {"k1": "no address", "k2": odd, "k3": odd} and house.waiting == []


async def test_what_is_no_notice_is_left_where_it_is(house: House) -> None:
    await house.shelf.put(Outgoing(EffectKey("k1"), "callback_promised", None, {}))
    assert await house.look() == [] and house.waiting == ["k1"]


async def test_what_nobody_foresaw_with_one_notice_holds_up_no_other(house: House) -> None:
    await house.left("k1")
    await house.left("k2")
    house.server.fault = ZeroDivisionError()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await house.look()
    house.server.fault = None
    assert sorted(await house.look(5)) == ["k1", "k2"]


async def test_an_entry_that_cannot_be_removed_is_not_sent_twice_for_that(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.left("k1")

    async def fails(key: EffectKey) -> None:
        raise StoreFailed("read only")

    with monkeypatch.context() as patched:
        patched.setattr(house.shelf, "done", fails)
        assert await house.look() == ["k1"]
        assert await house.look(5) == [] and house.waiting == ["k1"]
    assert await house.look(60) == [] and house.waiting == []


async def test_killed_before_the_entry_went_it_is_sent_again_under_its_id(
    house: House, tmp_path: Path
) -> None:
    async with FakeSmtp().open() as server:
        for _ in range(2):
            house.server = over(server)
            house.restart()
            await house.left("k1")
            await house.sender.look()
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_server_that_is_slow_then_gone_then_back_gets_every_notice_once(
    house: House,
) -> None:
    server = FakeSmtp({"RCPT": SILENCE})
    async with server.open():
        house.server = over(server)
        house.restart()
        for n in range(3):
            await house.left(f"k{n}")
        await house.sender.look()
    house.at += 60
    await house.sender.look()
    assert (server.taken, len(house.waiting)) == ([], 3)
    server.says.clear()
    async with server.open():
        for _ in range(3):
            house.at += 60
            await house.sender.look()
    assert len(server.taken) == 3 and (house.waiting, house.given_up) == ([], {})


async def test_no_mail_has_what_an_entry_holds_beside_its_figures(house: House) -> None:
    async with FakeSmtp().open() as server:
        house.server = over(server)
        house.restart()
        await house.left("k1", number=NUMBER, person="per_1")
        await house.sender.look()
    [mail] = server.mails
    assert NUMBER not in str(mail) + mail.get_content() and "per_1" not in mail.get_content()


async def test_the_sender_works_until_it_is_stopped(house: House) -> None:
    await house.left("k1")
    gone = asyncio.Event()

    async def takes(to: str, notice: Notice) -> None:
        gone.set()

    house.server = takes
    house.restart()
    work = asyncio.create_task(house.sender.run())
    async with asyncio.timeout(5):
        await gone.wait()
    work.cancel()
    await asyncio.wait({work})
    assert work.cancelled()


def test_a_file_that_is_no_entry_is_refused_by_name(house: House) -> None:
    (house.data / FOLDER).mkdir()
    odd = {"key": "k", "kind": EMAIL, "to": None, "data": "text"}
    (house.data / FOLDER / "odd.json").write_text(json.dumps(odd))
    with pytest.raises(StoreRefused, match=r"odd\.json"):
        list(house.shelf.waiting())


def over(server: FakeSmtp) -> SmtpPost:
    """To this server, by a deadline that is short."""
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "from": "h@example.org"}
    made = SmtpSettings.model_validate(given).model_copy(update={"seconds": 0.5})
    return SmtpPost(made, "zh")
