"""Files of chats with the real core and the sealed store, through `kill -9` between the two."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.control.client import CoreClient
from adapters.stores.chat_files import SealedFiles
from adapters.stores.database import Database
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import CHAT_FILES
from ivr.chat_files import FileId, FileLimits
from ivr.chat_uploads import Uploads
from ivr.ports import CoreAway, PersonId
from ivr.settings import load
from tests.fakes_files import PDF, png
from tests.integration.test_chats_and_kills import BEGIN, LI, core, running, until
from tests.web_site import Site

pytestmark = [pytest.mark.once, pytest.mark.timeout(120)]
__all__ = ["core"]
SENDS = "chat file send"


@dataclass
class Killing:
    """The core, which is killed before or after it is asked for the line."""

    core: CoreClient
    process: asyncio.subprocess.Process
    before: bool

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        if what != SENDS:
            return await self.core.ask(what, **fields)
        if not self.before:
            await self.core.ask(what, **fields)
        self.process.kill()
        await self.process.wait()
        return await self.core.ask(what, **fields)


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@asynccontextmanager
async def storing(site: Site) -> AsyncIterator[tuple[Uploads, SealedFiles]]:
    """What the web process takes files in by."""
    settings = load(site.environment)
    database = await open_database(settings.database_url("core"), "core", read_only=True)

    async def opened() -> Database:
        return database

    store = SealedFiles(opened, KeyRing(settings.secrets), settings.data, least_free=1)
    yield Uploads(store, FileLimits()), store
    await database.close()


def files(site: Site) -> list[Path]:
    return sorted(load(site.environment).data.glob(f"{CHAT_FILES}/*/*"))


@pytest.mark.parametrize("before", [True, False])
async def test_killed_around_the_line_there_is_one_file_and_one_line_when_it_is_sent_again(
    site: Site, core: CoreClient, before: bool
) -> None:
    asked = {"by": LI, "id": "1"}
    async with running(site, core) as process:
        await core.ask("chat begin", by=LI, **BEGIN)
        async with storing(site) as (uploads, store):
            dies = Killing(core, process, before)
            with pytest.raises(CoreAway):
                await uploads.take(dies, "li", asked, "a.png", once(png()), None)
            assert len(files(site)) == 1
            async with running(site, core):
                sent = await uploads.take(core, "li", asked, "a.png", once(png()), None)
                assert (await core.ask("chat state", by=LI))["last"] == sent["number"] == 2
                [file] = files(site)
                person = PersonId(file.parent.name)
                assert file.name == sent["file"]["id"] and png() not in file.read_bytes()
                assert await store.open(person, FileId(file.name)) == png()


async def test_a_file_that_never_got_its_line_is_gone_after_the_next_start(
    site: Site, core: CoreClient
) -> None:
    async with running(site, core) as process:
        await core.ask("chat begin", by=LI, **BEGIN)
        async with storing(site) as (uploads, _):
            asked = {"by": LI, "id": "kept"}
            kept = await uploads.take(core, "li", asked, "a.png", once(png()), None)
            with pytest.raises(CoreAway):
                dies = Killing(core, process, before=True)
                await uploads.take(dies, "li", asked | {"id": "2"}, "b.pdf", once(PDF), None)
    assert len(files(site)) == 2
    for file in files(site):
        os.utime(file, (1000, 1000))

    async def tidied() -> bool:
        return [file.name for file in files(site)] == [kept["file"]["id"]]

    async with running(site, core):
        await until(tidied, site)
