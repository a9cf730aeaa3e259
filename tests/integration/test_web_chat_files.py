"""Files of chats over HTTP, from customers' pages and from agents: who may, what, how served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ivr import chat_uploads
from tests.chat_stage import SECONDS, ChatStage, chat_staged
from tests.fakes_chat import PERSON
from tests.fakes_core_chats import LI
from tests.fakes_files import GIF, JPEG, PDF, TEXT, png, webp
from tests.integration.test_web_chats import ChatStage as AgentStage
from tests.integration.test_web_chats import served, stage
from tests.web_stage import OPERATOR, is_problem
from tests.xss_corpus import CORPUS

__all__ = ["stage"]
PATIENCE = 60.0
"""For files of some megabytes on a busy machine."""
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


class Customer:
    """A page of a customer, as far as it sends and fetches."""

    def __init__(self, at: ChatStage, token: str) -> None:
        self.token = token
        self.client = httpx.AsyncClient(base_url=at.url, timeout=PATIENCE)

    async def send(
        self, content: Any, name: str = "a.png", id_: str = "1", token: str | None = None,
        **headers: str,
    ) -> httpx.Response:  # fmt: skip
        told = {"Authorization": f"Bearer {token or self.token}", "File-Name": name, **headers}
        return await self.client.post(f"/chat/files?id={id_}", content=content, headers=told)

    async def fetch(self, file: str, token: str | None = None) -> httpx.Response:
        told = {"Authorization": f"Bearer {token or self.token}"}
        return await self.client.get(f"/chat/files/{file}", headers=told)


@pytest.fixture
async def customer(chats: ChatStage) -> AsyncIterator[Customer]:
    async with chats.page() as page:
        made = Customer(chats, await page.begins())
        async with made.client:
            yield made


def is_refused(answer: httpx.Response, status: int, why: str) -> bool:
    told = answer.json()
    assert (answer.status_code, told.get("why")) == (status, why), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return bool(told["say"]["zh"]) and bool(told["say"]["en"] == told["detail"])


def is_served_safely(answer: httpx.Response) -> bool:
    told = answer.headers
    return (
        told["content-type"] == "application/octet-stream"
        and told["content-disposition"].startswith("attachment; ")
        and told["x-content-type-options"] == "nosniff"
        and "sandbox" in told["content-security-policy"]
        and "default-src 'none'" in told["content-security-policy"]
        and told["cache-control"] == "no-store"
        and told["cross-origin-resource-policy"] == "same-origin"
    )


# ---------------------------------------------------------------- customers


@pytest.mark.parametrize(
    ("content", "name", "type_"),
    [
        (png(), "%E5%8D%A1.png", "image/png"), (JPEG, "a.jpg", "image/jpeg"),
        (GIF, "a.gif", "image/gif"), (webp(), "a.webp", "image/webp"),
        (PDF, "a.pdf", "application/pdf"), (TEXT, "a.txt", "text/plain"),
    ],
)  # fmt: skip
async def test_a_file_goes_up_is_a_line_and_comes_down_as_it_was(
    chats: ChatStage, customer: Customer, content: bytes, name: str, type_: str
) -> None:
    sent = await customer.send(content, name)
    assert sent.status_code == 201, sent.text
    line = sent.json()
    assert (line["number"], line["who"], line["id"]) == (2, "customer", "1")
    assert (line["file"]["type"], line["file"]["bytes"]) == (type_, len(content))
    got = await customer.fetch(line["file"]["id"])
    assert got.content == content and is_served_safely(got)
    async with chats.page() as page:
        await page.say("resume", token=customer.token, after=0)
        assert (await page.hears("joined"))["files"] == {"bytes": 5 << 20, "a_chat": 10}
        shown = await page.hears("line", number=2)
    assert shown["file"] == line["file"] and "words" not in shown


async def test_a_name_comes_down_as_it_went_up(customer: Customer) -> None:
    sent = await customer.send(png(), "%E5%8D%A1%20%22%3B.html")
    file = sent.json()["file"]
    assert file["name"] == '卡 ";.html.png'
    told = (await customer.fetch(file["id"])).headers["content-disposition"]
    assert told == (
        "attachment; filename=\"____.html.png\"; filename*=UTF-8''%E5%8D%A1%20%22%3B.html.png"
    )


@pytest.mark.parametrize("content", [SVG, b"<html>", b"MZ\x90\0\x03", b"PK\x03\x04\x14\0"])
async def test_what_is_no_picture_document_or_text_is_refused_by_its_content(
    chats: ChatStage, customer: Customer, content: bytes
) -> None:
    assert is_refused(await customer.send(content, "harmless.png"), 415, "type")
    assert not chats.house.files.contents and len(chats.house.chat.lines) == 1


async def test_what_is_two_files_is_refused(chats: ChatStage, customer: Customer) -> None:
    assert is_refused(await customer.send(png() + b"<script>"), 415, "mixed")
    assert not chats.house.files.contents


async def test_a_file_that_is_told_to_be_too_large_is_refused_before_it_comes(
    chats: ChatStage, customer: Customer
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", chats.port)
    writer.write(
        f"POST /chat/files?id=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {(5 << 20) + 1}\r\n"
        f"Authorization: Bearer {customer.token}\r\n\r\n".encode()
    )
    async with asyncio.timeout(SECONDS):
        answer = await reader.readuntil(b"}}")
    assert b" 413 " in answer.splitlines()[0] and b'"size"' in answer
    writer.close()
    assert "chat file look" not in chats.house.asked


async def test_a_file_that_turns_out_too_large_is_not_kept(
    chats: ChatStage, customer: Customer
) -> None:
    whole = png(filler=5 << 20)

    async def untold() -> AsyncIterator[bytes]:
        for at in range(0, len(whole), 65536):
            yield whole[at : at + 65536]

    with suppress(httpx.TransportError):  # the answer may come while we still send
        assert is_refused(await customer.send(untold()), 413, "size")
    largest = png(filler=(5 << 20) - len(png(filler=1)) + 1)
    assert (await customer.send(largest, "b.png", "2")).status_code == 201
    assert list(chats.house.files.contents.values()) == [largest]


async def test_an_upload_that_breaks_off_leaves_nothing(
    chats: ChatStage, customer: Customer
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", chats.port)
    head = (
        f"POST /chat/files?id=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(PDF)}\r\n"
        f"Authorization: Bearer {customer.token}\r\nFile-Name: a.pdf\r\n\r\n"
    )
    writer.write(head.encode() + PDF[:100])
    await writer.drain()
    async with asyncio.timeout(SECONDS):
        while "chat file look" not in chats.house.asked:
            await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()
    assert (await customer.send(PDF, "a.pdf", "2")).status_code == 201
    assert len(chats.house.files.contents) == 1 and len(chats.house.chat.lines) == 2


async def test_an_upload_that_does_not_go_on_is_told_so(
    chats: ChatStage, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_uploads, "SILENT_SECONDS", 0.05)

    reader, writer = await asyncio.open_connection("127.0.0.1", chats.port)
    head = (
        "POST /chat/files?id=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n"
        f"Authorization: Bearer {customer.token}\r\n\r\n"
    )
    writer.write(head.encode() + PDF[:100])
    async with asyncio.timeout(SECONDS):
        answer = await reader.readuntil(b"}}")
    assert b"408" in answer.splitlines()[0] and b'"slow"' in answer
    writer.close()
    assert not chats.house.files.contents


async def test_only_the_token_of_the_chat_sends_and_fetches(
    chats: ChatStage, customer: Customer
) -> None:
    file = (await customer.send(TEXT, "a.txt")).json()["file"]["id"]
    async with chats.page() as page:
        other = await page.begins()
    assert (await customer.fetch(file, other)).status_code == 404
    assert (await customer.fetch(file)).status_code == 200
    for token in ("A" * 22, "short", "B" * 23, "é"):
        told = {b"Authorization": f"Bearer {token}".encode()}
        for answer in (
            await customer.client.get(f"/chat/files/{file}", headers=told),
            await customer.client.post("/chat/files?id=1", content=TEXT, headers=told),
        ):
            assert is_problem(answer, 404)
    assert (await customer.client.get(f"/chat/files/{file}")).status_code in (404, 429)
    assert len(chats.house.files.contents) == 1


async def test_tokens_are_not_guessed(customer: Customer) -> None:
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 60:
        guess = f"{len(statuses):022d}"
        statuses.append((await customer.fetch("fil_" + "0" * 32, guess)).status_code)
    assert statuses[:10] == [404] * 10 and statuses[-1] == 429


@pytest.mark.parametrize(
    "path",
    ["fil_", "..%2fchat.js", "fil_" + "0" * 31 + "/..", "%2e%2e%2fchat.js", "fil_" + "Z" * 32],
)
async def test_no_name_leads_elsewhere(customer: Customer, path: str) -> None:
    answer = await customer.fetch(path)
    assert answer.status_code in (401, 404, 422) and b"import" not in answer.content


async def test_a_disk_that_is_full_and_a_core_that_is_away_are_said(
    chats: ChatStage, customer: Customer
) -> None:
    chats.house.files.full = True
    assert is_refused(await customer.send(TEXT, "a.txt"), 507, "full")
    chats.house.files.full = False
    chats.house.away = True
    assert is_problem(await customer.send(TEXT, "a.txt"), 503)
    chats.house.away = False
    assert (await customer.send(TEXT, "a.txt")).status_code == 201


async def test_an_answer_that_was_lost_is_given_again_and_nothing_is_doubled(
    chats: ChatStage, customer: Customer
) -> None:
    for _ in range(2):  # of the look, then of the line
        chats.house.loses = 1
        assert is_refused(await customer.send(TEXT, "a.txt"), 503, "again")
        chats.house.loses = 0
    first = await customer.send(TEXT, "a.txt")
    assert first.json() == (await customer.send(TEXT, "a.txt")).json()
    assert len(chats.house.chat.lines) == 2 and len(chats.house.files.contents) == 1


async def test_a_chat_that_is_over_takes_none_and_still_gives(
    chats: ChatStage, customer: Customer
) -> None:
    file = (await customer.send(TEXT, "a.txt")).json()["file"]["id"]
    chats.house.chat.state = "over"
    assert is_refused(await customer.send(TEXT, "a.txt", "2"), 409, "over")
    assert (await customer.fetch(file)).content == TEXT
    chats.house.files.erased.add(PERSON)
    assert (await customer.fetch(file)).status_code == 404


async def test_an_address_sends_a_bounded_number(customer: Customer) -> None:
    statuses = [(await customer.send(SVG, "x", str(n))).status_code for n in range(22)]
    assert statuses[:20] == [415] * 20 and statuses[20:] == [429, 429]


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Host": "evil.example"}])
async def test_the_gate_lets_nothing_else_through(
    customer: Customer, headers: Mapping[str, str]
) -> None:
    assert (await customer.send(TEXT, **headers)).status_code in (415, 421)


async def test_a_house_that_takes_no_files_says_so_to_the_page() -> None:
    async with chat_staged(files={"a_chat": 0}) as stage, stage.page() as page:
        await page.say("begin", language="en", queue="", name="")
        assert (await page.hears("joined"))["files"] is None


# ---------------------------------------------------------------- agents


async def send(stage: AgentStage, contact: str, content: bytes, **more: str) -> httpx.Response:
    asked = {"agent": "ann", "id": "1", **more}
    name = {"File-Name": asked.pop("name", "form.pdf")}
    path = f"/api/v1/chats/{contact}/files"
    return await stage.web.client.post(path, params=asked, content=content, headers=name)


async def test_an_agent_sends_a_file_and_fetches_the_customers(stage: AgentStage) -> None:
    contact = await served(stage)
    sent = await send(stage, contact, PDF)
    assert sent.status_code == 201, sent.text
    assert (sent.json()["number"], sent.json()["file"]["name"]) == (3, "form.pdf")
    assert (await send(stage, contact, PDF)).json() == sent.json()
    asked = {"by": LI, "id": "1"}
    uploads = chat_uploads.Uploads(stage.house.shelf, stage.house.settings.files)

    async def content() -> AsyncIterator[bytes]:
        yield TEXT

    await uploads.take(stage.house, "li", asked, "卡.txt", content(), None)
    lines = await stage.lines(contact, after=2)
    assert [(one["who"], one["words"], one["file"]["name"]) for one in lines] == [
        ("agent", None, "form.pdf"), ("customer", None, "卡.txt"),
    ]  # fmt: skip
    got = await stage.web.client.get(f"/api/v1/files/{lines[1]['file']['id']}")
    assert got.content == TEXT and is_served_safely(got)


async def test_a_large_file_passes_where_no_other_body_does(stage: AgentStage) -> None:
    contact = await served(stage)
    largest = png(filler=600_000)
    assert (await send(stage, contact, largest, name="scan.png")).status_code == 201
    answer = await stage.web.client.post(f"/api/v1/chats/{contact}/lines", content=largest)
    assert is_problem(answer, 413)


async def test_what_an_agent_may_not_send_is_a_problem(stage: AgentStage) -> None:
    contact = await served(stage)
    assert is_refused(await send(stage, contact, SVG, name="x.png"), 415, "type")
    assert is_refused(await send(stage, contact, png(filler=1 << 20)), 413, "size")
    assert is_problem(await send(stage, contact, PDF, agent="ben"), 409)
    assert is_problem(await send(stage, "chat-none", PDF), 409)
    stage.web.client.headers.pop("Authorization")
    assert is_problem(await send(stage, contact, PDF), 401)
    assert is_problem(await stage.web.client.get("/api/v1/files/fil_" + "0" * 32), 401)
    stage.web.client.headers.update(OPERATOR)
    assert is_problem(await stage.web.client.get("/api/v1/files/fil_" + "0" * 32), 404)
    assert is_problem(await stage.web.client.get("/api/v1/files/passwd"), 422)
    assert not stage.house.shelf.contents


async def test_a_file_is_gone_once_its_customer_is_erased(stage: AgentStage) -> None:
    contact = await served(stage)
    file = (await send(stage, contact, PDF)).json()["file"]["id"]
    [line] = await stage.lines(contact, after=2)
    assert (await stage.web.client.get(f"/api/v1/files/{file}")).status_code == 200
    [person] = stage.house.vault.fields
    stage.house.vault.fields[person].clear()
    stage.web.vault.fields[person].clear()
    stage.house.shelf.erased.add(person)
    assert is_problem(await stage.web.client.get(f"/api/v1/files/{file}"), 404)
    again = (await stage.get(f"chats/{contact}/lines?after=2"))["items"]
    assert again[0]["file"] == {**line["file"], "name": None}


@pytest.mark.parametrize("name", CORPUS[:6])
async def test_names_that_mean_harm_are_names(stage: AgentStage, name: str) -> None:
    contact = await served(stage)
    sent = await send(stage, contact, TEXT, name=quote(name))
    [line] = await stage.lines(contact, after=2)
    assert sent.json()["file"]["name"] == line["file"]["name"]
    assert line["file"]["name"].endswith(".txt")
