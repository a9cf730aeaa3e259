"""Files of chats in the core and on their way in: who may send, what is kept, what is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from acd.model import Seconds
from ivr import chat_uploads
from ivr.chat_files import FileLimits, KeptFile, Unfit, Why
from ivr.chat_sending import ORPHAN_SECONDS
from ivr.chat_uploads import AT_ONCE_EACH, Uploads
from ivr.chats import ChatBook
from ivr.ports import CoreAway, CoreRefused, PersonId, StoreFailed
from tests.fakes_core_chats import ANN, BEN, LI, WU, ChatHouse
from tests.fakes_files import PDF, TEXT, png

LIMITS = FileLimits(megabytes=1, a_chat=3)


@dataclass
class Core:
    """The house, as the web process asks it; an answer can be lost, after the deed or before."""

    house: ChatHouse
    dies_before: str = ""
    dies_after: str = ""

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        if what == self.dies_before:
            raise CoreAway("killed")
        answer = await self.house.ask(what, **fields)
        if what == self.dies_after:
            raise CoreAway("killed")
        return answer


async def of(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@dataclass
class Sender:
    """A web process before the house."""

    house: ChatHouse
    at: Seconds = 0.0
    uploads: Uploads = field(init=False)
    core: Core = field(init=False)

    def __post_init__(self) -> None:
        self.uploads = Uploads(self.house.shelf, LIMITS, lambda: self.at)
        self.core = Core(self.house)

    async def send(
        self, id_: str, content: bytes, name: str = "card.png", length: int | None = None,
        **who: str,
    ) -> Mapping[str, Any]:  # fmt: skip
        asked = {"id": id_, **(who or {"by": LI})}
        return await self.uploads.take(self.core, "li", asked, name, of(content), length)

    async def refused(self, id_: str, content: bytes, **more: Any) -> str:
        with pytest.raises(Unfit) as unfit:
            await self.send(id_, content, **more)
        return unfit.value.why


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    house = ChatHouse()
    house.settings = house.settings.model_copy(update={"files": LIMITS})
    await house.begin()
    yield Sender(house)
    house.running.cancel()


# ---------------------------------------------------------------- sending


async def test_a_file_is_a_line_whose_name_lies_in_the_vault(sender: Sender) -> None:
    house = sender.house
    contact = await house.begins()
    sent = await sender.send("1", png(), "照片.png")
    assert (sent["contact"], sent["number"]) == (contact, 2)
    file = dict(sent["file"])
    assert file.pop("id").startswith("fil_")
    assert file == {"name": "照片.png", "type": "image/png", "bytes": len(png())}
    assert list(house.shelf.contents.values()) == [png()]
    record = house.of(contact, "ChatSaid")[1]
    assert record.data["file"].keys() == {"id", "type", "bytes"} and "照片" not in str(record)
    assert house.lines(contact)[1] == "2 customer 照片.png"


async def test_customer_and_serving_agent_send_and_nobody_else(sender: Sender) -> None:
    house = sender.house
    await house.agent_comes()
    contact = await house.begins()
    with pytest.raises(CoreRefused, match="does not serve"):
        await sender.send("1", PDF, agent=ANN, contact=contact)
    await house.accepts()
    sent = await sender.send("1", PDF, "form.pdf", agent=ANN, contact=contact)
    assert (sent["number"], sent["file"]["name"]) == (3, "form.pdf")
    with pytest.raises(CoreRefused, match="does not serve"):
        await sender.send("1", PDF, agent=BEN, contact=contact)
    with pytest.raises(CoreRefused, match="no such chat"):
        await sender.send("1", PDF, by=WU)
    assert len(house.shelf.contents) == 1


async def test_asked_again_by_its_id_it_is_one_file_and_one_line(sender: Sender) -> None:
    contact = await sender.house.begins()
    answers = await asyncio.gather(*(sender.send("1", png()) for _ in range(AT_ONCE_EACH)))
    assert all(answer == answers[0] for answer in answers)
    assert await sender.send("1", PDF) == answers[0]
    assert len(sender.house.of(contact, "ChatSaid")) == 2
    assert list(sender.house.shelf.contents.values()) == [png()]


async def test_a_line_of_words_with_the_same_id_is_another_one(sender: Sender) -> None:
    contact = await sender.house.begins()
    await sender.house.ask("chat write", by=LI, id="1", words="hello")
    await sender.send("1", TEXT, "a.txt")
    assert sender.house.lines(contact)[1:] == ["2 customer hello", "3 customer a.txt"]


async def test_so_many_a_chat_from_each_side_and_not_one_more(sender: Sender) -> None:
    house = sender.house
    await house.agent_comes()
    contact = await house.begins()
    await house.accepts()
    for number in range(LIMITS.a_chat):
        await sender.send(str(number), png())
    assert await sender.refused("more", png()) == Why.MANY
    assert (await sender.send("0", png()))["number"] == 3  # sent again
    await sender.send("0", PDF, agent=ANN, contact=contact)
    answers = await asyncio.gather(
        *(sender.send(f"at once {n}", PDF, agent=ANN, contact=contact) for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Unfit) and one.why == Why.MANY for one in answers) == 2
    files = [one for one in house.of(contact, "ChatSaid") if "file" in one.data]
    assert len(files) == 2 * LIMITS.a_chat


async def test_a_chat_that_is_over_takes_none(sender: Sender) -> None:
    await sender.house.begins()
    await sender.house.ask("chat end", by=LI)
    assert await sender.refused("1", png()) == Why.OVER
    assert not sender.house.shelf.contents


async def test_a_chat_that_ends_meanwhile_takes_none(sender: Sender) -> None:
    house, ask = sender.house, sender.house.ask
    contact = await house.begins()

    async def slow(what: str, **fields: Any) -> Mapping[str, Any]:
        if what == "chat file send":
            await ask("chat end", by=LI)
        return await ask(what, **fields)

    house.ask = slow  # type: ignore[method-assign]
    assert await sender.refused("1", png()) == Why.OVER
    assert len(house.of(contact, "ChatSaid")) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Why.EMPTY), (b"<svg onload='alert(1)'/>", Why.TYPE), (b"MZ\x90\0", Why.TYPE),
        (png() + b"PK\x03\x04", Why.MIXED), (png(filler=LIMITS.bytes), Why.SIZE),
    ],
)  # fmt: skip
async def test_what_is_not_taken_leaves_nothing(sender: Sender, content: bytes, why: Why) -> None:
    contact = await sender.house.begins()
    assert await sender.refused("1", content, name="harmless.png") == why
    assert not sender.house.shelf.contents and len(sender.house.of(contact, "ChatSaid")) == 1


async def test_one_byte_decides(sender: Sender) -> None:
    await sender.house.begins()
    whole = png(filler=LIMITS.bytes - len(png(filler=1)) + 1)
    assert len(whole) == LIMITS.bytes
    await sender.send("1", whole)
    more = png(filler=LIMITS.bytes - len(png(filler=1)) + 2)
    assert await sender.refused("2", more) == Why.SIZE
    assert await sender.refused("3", b"", length=LIMITS.bytes + 1) == Why.SIZE


async def test_a_disk_that_is_full_or_fails_is_said_and_it_can_be_sent_again(
    sender: Sender,
) -> None:
    shelf = sender.house.shelf
    await sender.house.begins()
    shelf.full = True
    assert await sender.refused("1", png()) == Why.FULL
    shelf.full, shelf.failing = False, True
    assert await sender.refused("1", png()) == Why.AGAIN
    shelf.failing = False
    assert (await sender.send("1", png()))["number"] == 2


async def fails(person: PersonId, field_name: str, text: str) -> None:
    raise StoreFailed("disk full")


async def test_a_store_that_fails_writes_no_line_and_it_can_be_sent_again(
    sender: Sender,
) -> None:
    house = sender.house
    contact = await house.begins()
    seal, house.vault.seal = house.vault.seal, fails  # type: ignore[method-assign]
    with pytest.raises(CoreRefused, match="ask again"):
        await sender.send("1", png())
    house.vault.seal = seal  # type: ignore[method-assign]
    assert (await sender.send("1", png()))["number"] == 2
    assert house.lines(contact)[1:] == ["2 customer card.png"]


async def test_who_is_erased_sends_nothing(sender: Sender) -> None:
    house = sender.house
    await house.begins()
    [person] = house.vault.fields
    house.shelf.erased.add(person)
    with pytest.raises(CoreRefused, match="erased"):
        await sender.send("1", png())


# ---------------------------------------------------------------- on their way


async def hung() -> AsyncIterator[bytes]:
    yield png()[:10]
    await asyncio.Event().wait()


async def test_an_upload_that_stops_is_given_up(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_uploads, "SILENT_SECONDS", 0.01)
    await sender.house.begins()
    with pytest.raises(Unfit, match="slow"):
        await sender.uploads.take(sender.core, "li", {"by": LI, "id": "1"}, "a", hung(), None)
    await sender.send("1", png())


async def test_an_upload_that_drips_is_given_up(sender: Sender) -> None:
    await sender.house.begins()

    async def drips() -> AsyncIterator[bytes]:
        while True:
            sender.at += 10.0
            yield b"x"

    with pytest.raises(Unfit, match="slow"):
        await sender.uploads.take(sender.core, "li", {"by": LI, "id": "1"}, "a", drips(), None)
    assert sender.at == 30.0


async def test_so_many_at_once_of_one_sender_and_others_come_through(sender: Sender) -> None:
    house = sender.house
    await house.begins()
    await house.begins(WU)
    take = sender.uploads.take
    held = [
        asyncio.create_task(take(sender.core, "li", {"by": LI, "id": str(n)}, "a", hung(), None))
        for n in range(AT_ONCE_EACH)
    ]
    await asyncio.sleep(0)
    assert await sender.refused("more", png()) == Why.BUSY
    asked = {"by": WU, "id": "1"}
    await take(sender.core, "wu", asked, "a.png", of(png()), None)
    for task in held:
        task.cancel()
    await asyncio.wait(held)
    await sender.send("more", png())


# ---------------------------------------------------------------- kill -9


@pytest.mark.parametrize("how", ["dies_before", "dies_after"])
async def test_killed_between_file_and_line_it_is_sent_again_as_one(
    sender: Sender, how: str
) -> None:
    contact = await sender.house.begins()
    setattr(sender.core, how, "chat file send")
    with pytest.raises(CoreAway):
        await sender.send("1", png())
    setattr(sender.core, how, "")
    await sender.house.again()
    assert (await sender.send("1", png()))["number"] == 2
    assert len(sender.house.of(contact, "ChatSaid")) == 2
    assert list(sender.house.shelf.contents.values()) == [png()]


async def test_a_file_without_a_line_is_removed_and_one_with_a_line_never(sender: Sender) -> None:
    house = sender.house
    await house.begins()
    await sender.send("kept", png())
    sender.core.dies_before = "chat file send"
    with pytest.raises(CoreAway):
        await sender.send("orphan", PDF)
    await house.again()
    await house.chats.tidy()
    assert set(house.shelf.contents.values()) == {png(), PDF}  # its line may be on its way
    house.clock.at += ORPHAN_SECONDS
    await house.chats.tidy()
    assert list(house.shelf.contents.values()) == [png()]
    house.clock.at += 3 * 86_400.0
    for _ in range(2):
        await house.chats.tidy()
        await house.again()
    assert list(house.shelf.contents.values()) == [png()]


async def test_an_orphan_of_a_chat_that_ended_long_ago_is_removed_at_the_next_start(
    sender: Sender,
) -> None:
    house = sender.house
    await house.begins()
    await sender.send("kept", png())
    sender.core.dies_before = "chat file send"
    with pytest.raises(CoreAway):
        await sender.send("orphan", PDF)
    await house.ask("chat end", by=LI)
    house.clock.at += 30 * 86_400.0
    await house.again()
    await house.chats.tidy()
    assert list(house.shelf.contents.values()) == [png()]


async def test_files_of_chats_that_the_journal_does_not_know_are_not_touched(
    sender: Sender,
) -> None:
    """As when the core is started over another database by mistake."""
    await sender.house.begins()
    await sender.send("1", png())
    other = ChatHouse()
    other.shelf = sender.house.shelf
    await other.begin()
    other.clock.at += 30 * 86_400.0
    await other.chats.tidy()
    assert list(other.shelf.contents.values()) == [png()]
    other.running.cancel()


async def test_what_was_begun_to_be_written_is_removed(sender: Sender) -> None:
    shelf, house = sender.house.shelf, sender.house
    part = KeptFile(next(iter(house.vault.fields), "per_1"), ".fil_1.ab.part", house.clock.at)  # type: ignore[arg-type]
    shelf.contents[part.person, part.id], shelf.at[part.person, part.id] = b"x", part.at
    house.clock.at += ORPHAN_SECONDS
    await house.chats.tidy()
    assert not shelf.contents


async def test_a_file_that_was_removed_gets_no_line(sender: Sender) -> None:
    house = sender.house
    contact = await house.begins()
    named = {"name": "a.png", "type": "image/png", "bytes": 70}
    answer = await house.ask("chat file send", by=LI, id="1", **named)
    assert answer == {"refused": Why.AGAIN} and len(house.of(contact, "ChatSaid")) == 1


async def test_a_shelf_that_fails_forgets_no_chat_before_its_files_were_looked_at(
    sender: Sender,
) -> None:
    house = sender.house
    await house.begins()
    await house.ask("chat end", by=LI)
    house.clock.at += 2 * 86_400.0
    house.shelf.failing = True
    await house.chats.tidy()
    assert house.chats.lines.book.of(LI)
    house.shelf.failing = False
    await house.chats.tidy()
    assert house.chats.lines.book.of(LI) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "type": "image/png", "bytes": 1}, {"type": "image/png", "bytes": 1},
        {"name": "a" * 121, "type": "image/png", "bytes": 1},
        {"name": "a", "type": "text/html", "bytes": 1}, {"name": "a", "bytes": 1},
        {"name": "a", "type": "image/png", "bytes": 0},
        {"name": "a", "type": "image/png", "bytes": LIMITS.bytes + 1},
        {"name": "a", "type": "image/png", "bytes": "1"},
    ],
)  # fmt: skip
async def test_the_core_takes_no_line_that_no_upload_makes(
    sender: Sender, fields: Mapping[str, Any]
) -> None:
    await sender.house.begins()
    with pytest.raises(CoreRefused, match=r"name=|type=|bytes="):
        await sender.house.ask("chat file send", by=LI, id="1", **fields)


async def test_the_book_is_read_back_with_its_files(sender: Sender) -> None:
    await sender.house.begins()
    await sender.send("1", png())
    book = ChatBook()
    for record in sender.house.journal.records:
        book.learn(record)
    assert book.chats == sender.house.chats.lines.book.chats
    assert [file.bytes for file in book.of(LI).files.values()] == [len(png())]  # type: ignore[union-attr]
