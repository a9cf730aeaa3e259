"""The web process: serves the API and follows the core's journal. `python -m adapters.web`.

The core may come and go, and may never have run: what is its own is opened when it is first there.
Stops on SIGTERM within five seconds.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial

from acd.model import Seconds
from adapters.asterisk.cel_export import NoEventLog, talks_logged
from adapters.asterisk.config import Folders
from adapters.channels.hooks import PLACE, Hooks
from adapters.channels.mail_post import SmtpPost
from adapters.channels.notices import NoticeSender
from adapters.channels.side import ChannelSide
from adapters.chat import routes as chat
from adapters.chat.parts import Asking, ChatFiles, ChatParts
from adapters.control.client import CoreClient
from adapters.stores.audit import SqlAudit
from adapters.stores.chat_files import SealedFiles
from adapters.stores.database import Database
from adapters.stores.journal import JournalReader
from adapters.stores.keys import KeyRing
from adapters.stores.outbox import FAILED, TEXTS, FileOutbox
from adapters.stores.passes import SqlPasses
from adapters.stores.queue_log_file import QueueLogFile
from adapters.stores.schema import open_database
from adapters.stores.seals import TextSeals
from adapters.stores.vault import SqlVault
from adapters.tickets import (
    agents,
    calls,
    chat_files,
    chats,
    desk,
    inside,
    messages,
    order,
    outward,
    passes,
    recorded_talks,
    routes,
    talks,
    texts,
)
from adapters.tickets.call_queries import CallQueries
from adapters.tickets.chat_hub import ChatHub
from adapters.tickets.chat_pages import PagesGone
from adapters.tickets.chat_rows import ChatRows
from adapters.tickets.live import Live
from adapters.tickets.parts import PROBLEMS, Parts
from adapters.tickets.projector import Projector
from adapters.tickets.queries import TicketQueries
from adapters.tickets.store import TicketStore
from adapters.web import agent_page, app, figures
from adapters.web.following import Follower, following
from adapters.web.gate import Gate, Limits
from adapters.web.limits import Buckets, neighbourhood
from adapters.web.problems import problem
from adapters.web.server import Server, configuration, names, proxies
from ivr import logs
from ivr.chat_uploads import Uploads
from ivr.clock import CentreClock
from ivr.flows_in_force import versions_in_force
from ivr.pass_secrets import PASS_KEY, Secret
from ivr.ports import Core, CoreAway, CoreRefused, PersonId, Record, StoreFailed, StoreRefused
from ivr.queue_log.line import FromEventLog
from ivr.queue_log.live import LiveQueueLog
from ivr.settings import BadSettings, Settings, load

log = logging.getLogger("adapters.web")

SERVED = (
    calls, routes, desk, agents, talks, recorded_talks, outward, passes, texts, inside, order,
    chats, chat_files, messages,
)  # fmt: skip
STATUS_SECONDS = 1.5
BEGINS, SENDS = (1 / 10, 10), (1 / 3, 20)
"""Chats that an address may begin, and files that it may send: so many a second, after so many at
once."""
POSITION = "queue_log.position"
"""How far the live queue_log goes, in the data folder."""


class CorePart:
    """What the core keeps, read beside it: its journal and its vault."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = KeyRing(settings.secrets)
        self._opening = asyncio.Lock()
        self._database: Database | None = None

    async def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]:
        """The journal's records; `StoreRefused` while the core has not made it yet."""
        async for record in JournalReader(await self._open()).read(after, kinds):
            yield record

    async def last(self) -> tuple[int, Seconds]:
        return await JournalReader(await self._open()).last()

    async def open(self, person: PersonId, field_name: str) -> str | None:
        """A field out of the vault."""
        return await (await self._vault()).open(person, field_name)

    async def find(self, number: str) -> PersonId | None:
        """The person with this number, if they have ever called."""
        return await (await self._vault()).find(number)

    async def seal_text(self, person: PersonId, place: str, text: str) -> bytes:
        """Under the person's key; `LookupError` when it is destroyed."""
        return await TextSeals(await self._open(), self._keys).seal_text(person, place, text)

    async def open_text(self, person: PersonId, place: str, sealed: bytes) -> str | None:
        """None when the person's key is destroyed."""
        return await TextSeals(await self._open(), self._keys).open_text(person, place, sealed)

    async def knows(self, secret: Secret) -> bool:
        """Whether there is a pass with this secret."""
        digest = secret.digest(self._settings.secret(PASS_KEY))
        return await SqlPasses(await self._open()).find(digest) is not None

    def files(self) -> SealedFiles:
        """Files of chats."""
        return SealedFiles(self._open, self._keys, self._settings.data)

    async def close(self) -> None:
        if self._database:
            await self._database.close()

    async def _vault(self) -> SqlVault:
        return SqlVault(await self._open(), self._keys, self._settings.site.outbound.region)

    async def _open(self) -> Database:
        async with self._opening:
            if self._database is None:
                url = self._settings.database_url("core")
                self._database = await open_database(url, "core", read_only=True)
        return self._database


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    database = await open_database(settings.database_url("web"), "web")
    core, asked = CorePart(settings), CoreClient(settings.core_socket)
    shelf = FileOutbox(settings.data, TEXTS)
    side = ChannelSide(settings.site.channels, database, shelf, core, asked)
    server = _server(settings, database, core, asked, side)
    log.info("web starts", extra={"port": settings.ports.web})
    try:
        await side.begin()
        await server.serve()
        log.info("web stopped")
    finally:
        await core.close()
        await database.close()


def _server(
    settings: Settings, database: Database, kept: CorePart, core: Core, side: ChannelSide
) -> Server:
    live, queries = Live(), TicketQueries(database)
    hub = ChatHub(lambda: projector.hurry())
    store = TicketStore(database, live.changed, hub.wake)
    projector = Projector(kept, store)
    parts = Parts(
        store=store,
        queries=queries,
        calls=CallQueries(database),
        live=live,
        vault=kept,
        audit=SqlAudit(database),
        core=core,
        now=CentreClock().now,
        flows=partial(versions_in_force, settings),
        knows=kept.knows,
        hub=hub,
        replies=settings.site.replies,
        uploads=Uploads(kept.files(), settings.site.chat.files) if settings.site.chat else None,
    )
    beside: list[Follower] = [*queue_logs(settings, kept), *notices(settings)]
    gone = [PagesGone(core)] if settings.site.chat else []
    limits = Limits.usual()
    chats = customers(settings, parts, limits)
    figures.applied.set_function(lambda: projector.applied)
    figures.listeners.set_function(lambda: live.listeners)
    made = app.build(
        [one.router for one in SERVED],
        parts,
        PROBLEMS,
        checks(queries, projector, core),
        lambda: following(side.running(), projector, *beside, *gone),
        [agent_page.routes(settings.home / "desk"), *(chat.routes(one) for one in chats)],
    )
    gate = Gate(
        made, settings.secret("operator-token"), names(settings), limits,
        signed=Hooks(side.intake, problem), place=PLACE, pages=chat.PATHS if chats else (),
        sockets=[chat.SOCKET] if chats else (), files=chat.FILES_PLACE if chats else "",
        proxies=proxies(settings),
    )  # fmt: skip
    return Server(configuration(gate, settings), live)


def customers(settings: Settings, use: Parts, limits: Limits) -> list[ChatParts]:
    """The customer's side of chats, where the site has it."""
    if settings.site.chat is None or use.uploads is None:
        return []
    rows = ChatRows(use.queries, use.vault, use.uploads.store)
    made = ChatParts(
        settings=settings.site.chat, core=Asking(use.core), hub=use.hub,
        files=ChatFiles(use.uploads, rows.file, Buckets(*SENDS, time.monotonic)),
        lines=rows.told, knows=use.knows, guesses=use.guesses,
        wrong=limits.guesses, begins=Buckets(*BEGINS, time.monotonic), now=use.now,
        calls_back=any(trunk.caller_ids for trunk in settings.site.trunks.values()),
        who=neighbourhood,
    )  # fmt: skip
    figures.sockets.set_function(lambda: made.room.inside)
    return [made]


def notices(settings: Settings) -> list[NoticeSender]:
    """Who sends notices by e-mail, where the site file has a mail server."""
    site = settings.site
    if site.smtp is None:
        return []
    post = SmtpPost(site.smtp, site.languages[0])
    data = settings.data
    return [NoticeSender(site.email, post, FileOutbox(data), FileOutbox(data, FAILED))]


def queue_logs(settings: Settings, kept: CorePart) -> list[LiveQueueLog]:
    """The live queue_log, where the site file asks for one."""
    if settings.site.queue_log is None:
        return []
    cel, agents = Folders.of(settings).cel, settings.centre.agents

    async def event_log(start: Seconds, end: Seconds) -> FromEventLog:
        try:
            found = await asyncio.to_thread(talks_logged, cel, start, end)
        except NoEventLog:  # who was gone first is taken for who ended the talk
            return FromEventLog()
        return FromEventLog(found.caller_ended, found.keys)

    file = QueueLogFile(settings.data / settings.site.queue_log, settings.data / POSITION)
    staff = {str(id_): tuple(map(str, agent.queues)) for id_, agent in agents.items()}
    return [LiveQueueLog(kept, file, staff, event_log, CentreClock().now)]


def checks(
    queries: TicketQueries, projector: Projector, core: Core
) -> Mapping[str, Callable[[], Awaitable[str]]]:
    """The links that `/ready` names."""

    async def database() -> str:
        try:
            await queries.applied()
        except (StoreFailed, StoreRefused) as failure:
            return str(failure)
        return ""

    async def journal() -> str:
        return projector.trouble

    async def status() -> str:
        try:
            answer = await asyncio.wait_for(core.ask("status"), STATUS_SECONDS)
        except (CoreAway, CoreRefused, TimeoutError):
            return "the core does not answer"
        return "" if answer["link"] else "the core has no link to Asterisk"

    return {"database": database, "journal": journal, "core": status}


def main() -> int:
    """Exit status 0 when told to stop, 1 with the reason when something is wrong."""
    try:
        settings = load()
    except BadSettings as bad:
        print("\n".join(bad.faults), file=sys.stderr)
        return 1
    logs.configure(settings.log_level, "web")
    for noisy in ("uvicorn.error", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        asyncio.run(serve(settings))
    except (StoreFailed, StoreRefused) as fault:
        log.error("web cannot start", extra={"why": str(fault)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
