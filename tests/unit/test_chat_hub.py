"""The hub of chats: who looks is woken, and only with news of their own contact."""

from __future__ import annotations

import asyncio

import pytest

from acd.model import ContactId
from adapters.tickets import chat_hub
from adapters.tickets.chat_hub import MOST_KEPT, ChatHub
from adapters.tickets.chat_pages import PagesGone
from tests.web_stage import FakeCore

ONE, TWO = ContactId("one"), ContactId("two")


async def test_everybody_who_looks_at_a_contact_is_woken_once_with_its_news() -> None:
    hub = ChatHub()
    mine, also, other = hub.listen(ONE), hub.listen(ONE), hub.listen(TWO)
    hub.wake(ONE)
    assert mine.is_set() and also.is_set() and not other.is_set()
    assert not hub.listen(ONE).is_set()


async def test_what_was_done_here_is_read_from_the_journal_at_once() -> None:
    hurried: list[bool] = []
    hub = ChatHub(lambda: hurried.append(True))
    news = hub.listen(ONE)
    hub.told(ONE)
    assert news.is_set() and hurried == [True]


async def test_who_types_is_told_when_it_changes_and_not_with_every_key() -> None:
    hub = ChatHub()
    hub.typing(ONE, "customer", on=True)
    news = hub.listen(ONE)
    hub.typing(ONE, "customer", on=True)
    assert not news.is_set() and list(hub.typing_of(ONE)) == ["customer"]
    hub.typing(ONE, "customer", on=False)
    assert news.is_set() and list(hub.typing_of(ONE)) == []


async def test_who_does_not_say_that_they_type_on_types_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat_hub, "TYPING_SECONDS", 0.0)
    hub = ChatHub()
    hub.typing(ONE, "agent", on=True)
    assert list(hub.typing_of(ONE)) == []


async def test_what_was_read_never_goes_back() -> None:
    hub = ChatHub()
    hub.read(ONE, "customer", 5)
    news = hub.listen(ONE)
    hub.read(ONE, "customer", 3)
    assert hub.read_of(ONE, "customer") == 5 and not news.is_set()
    assert hub.read_of(ONE, "agent") == 0


async def test_only_the_newest_are_remembered() -> None:
    hub = ChatHub()
    for number in range(MOST_KEPT + 1):
        hub.read(ContactId(f"c-{number}"), "agent", 1)
    assert hub.read_of(ContactId("c-0"), "agent") == 0
    assert hub.read_of(ContactId(f"c-{MOST_KEPT}"), "agent") == 1


@pytest.mark.parametrize("core", [FakeCore(), FakeCore(away=True), FakeCore(refuses="no chat")])
async def test_the_core_is_told_once_that_pages_are_gone_and_nothing_hangs_on_it(
    core: FakeCore,
) -> None:
    await asyncio.wait_for(PagesGone(core).run(), 1)
    assert [what for what, _ in core.asked] == ["chat pages gone"]
