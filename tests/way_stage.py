"""A whole installation with chat and a trunk, behind which customers' own telephones ring.

Callers come by the number 4000 and wait; 2 leads them to the promise of a callback.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from acd.model import ContactId
from ivr.ports import Record
from ivr.settings import load
from tests.house import House
from tests.outside import Outside
from tests.phones import Call, Phone
from tests.ports import reserved_port

OURS = "+861012345678"
ASKS = {
    "do": "callback",
    "say": {"zh": "拨打{number}，按一。", "en": "We call {number}: press one."},
    "another": {"zh": "请输入号码。", "en": "Which number?"},
    "promised": {"zh": "会回拨。", "en": "We call."},
    "then": {"promised": "bye"} | dict.fromkeys(
        ("declined", "silence", "no_match", "full", "failed"), "person"
    ),
}  # fmt: skip
FLOW: Mapping[str, Any] = {
    "first": "waits",
    "steps": {
        "waits": {
            "do": "queue", "keys": {"2": "ring_me"},
            "say": {"zh": "回拨请按二。", "en": "For a callback press two."},
        },
        "ring_me": ASKS,
        "person": {"do": "queue"},
        "bye": {"do": "goodbye", "say": {"zh": "再见。", "en": "Bye."}},
    },
}  # fmt: skip
NO_FILES: Mapping[str, str] = {}


@dataclass
class WayStage:
    """The house, the telephones behind its trunk, and the API as the operator asks it."""

    house: House
    outside: Outside
    api: httpx.AsyncClient
    token: str
    """Of the operator."""
    stack: AsyncExitStack

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.house.settings.ports.web}"

    async def phone(self, name: str, secret: str = "") -> Phone:
        server = ("127.0.0.1", self.house.settings.ports.sip)
        return await self.stack.enter_async_context(Phone(server, name, secret))

    async def agents_phone(self, agent: str) -> Phone:
        """Registered."""
        phone = await self.phone(agent, self.house.settings.phone_secret(agent))
        await phone.register()
        return phone

    async def comes(self, phone: Phone) -> tuple[Call, ContactId]:
        """Somebody calls; their contact, once it waits."""
        before = await self._waiting()
        call = await phone.call("4000")

        async def waits() -> set[str]:
            return await self._waiting() - before

        await self.house.until(waits, 30)
        [contact] = await waits()
        return call, ContactId(contact)

    async def waits_alone(self) -> ContactId:
        """The one contact that waits, once it does."""
        await self.house.until(self._waiting, 30)
        [contact] = await self._waiting()
        return ContactId(contact)

    async def _waiting(self) -> set[str]:
        contacts = (await self.house.core.ask("contacts"))["contacts"]
        return {str(one["contact"]) for one in contacts if one["state"] == "waiting"}

    async def is_due(self) -> bool:
        """Whether the one callback stands in the line."""
        [callback] = (await self.house.core.ask("callbacks"))["callbacks"]
        return bool(callback["state"] == "due")

    async def presses_until(self, call: Call, key: str, kind: str) -> Record:
        """Press this key now and again until the journal has a record of this kind."""
        async with asyncio.timeout(30):
            while not (found := await self.house.records(kind)):
                await call.press(key)
                await asyncio.sleep(1.0)
        return found[-1]

    async def key_of(self, contact: str) -> tuple[float, int]:
        """The order key."""
        contacts = (await self.house.core.ask("contacts"))["contacts"]
        [found] = [one for one in contacts if one["contact"] == contact]
        return tuple(found["key"])

    async def talks_and_ends(self, call: Call, answered: int) -> None:
        """The agent picks up, talks, and hangs up: so many have been answered then."""
        call.answer()

        async def there() -> bool:
            return len(await self.house.records("OfferAnswered")) == answered

        await self.house.until(there, 20)
        await call.hang_up()

    async def is_called(self, wait: float = 60.0) -> Call:
        """The customer's own telephone rings, they pick up, and press 1 when they are asked."""
        call = await self.outside.rings(wait)
        call.answer()
        await asyncio.wait_for(call.up.wait(), 10)
        await self.presses_until(call, "1", "OutwardConfirmed")
        return call

    async def rung(self) -> list[str]:
        """Whom agents were offered, in this order, each once."""
        offered = [str(one.contact) for one in await self.house.records("Offered")]
        return list(dict.fromkeys(offered))

    async def story(self, contact: str) -> tuple[Mapping[str, Any], list[str]]:
        """The contact as the API has it, and the kinds of its ticket's timeline."""

        async def known() -> Mapping[str, Any] | None:
            found = (await self.api.get("/contacts", params={"reference": contact})).json()
            return found["items"][0] if found["items"] and found["items"][0]["ticket"] else None

        await self.house.until(known, 20)
        shown = await known()
        assert shown
        timeline = f"/tickets/{shown['ticket']}/timeline?limit=200"
        items = (await self.api.get(timeline)).json()["items"]
        return shown, [one["kind"] for one in items]

    async def total(self, what: str) -> int:
        return len((await self.api.get(f"/{what}?limit=200")).json()["items"])


@asynccontextmanager
async def way_stage(
    centre: Mapping[str, Any],
    flow: Mapping[str, Any] = FLOW,
    files: Mapping[str, str] = NO_FILES,
    **site: Any,
) -> AsyncIterator[WayStage]:
    """With the agents of this centre; nobody is logged in. `files`: more of the data folder."""
    port = reserved_port()
    trunk = {"address": f"127.0.0.1:{port}", "caller_ids": [OURS], "incoming": False}
    plan = {
        "chat": {"url": "http://127.0.0.1:8080"},
        "numbers": {"4000": {"language": "en"}},
        "trunks": {"alive": trunk},
        "outbound": {"allow": ["+86"], "caller_ids": {"support": OURS}, "trunks": ["alive"]},
        "callbacks": {"ring_seconds": 20, "minutes_between": 60},
    }
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-")))
        house = House(folder, len(centre["agents"]), site={**plan, **site})
        data = house.settings.data
        (data / "centre.yaml").write_text(yaml.safe_dump(dict(centre)))
        for name, text in {"flows/main.yaml": json.dumps(flow), **files}.items():
            (data / name).parent.mkdir(exist_ok=True)
            (data / name).write_text(text)
        if (page := load().home / "desk").exists():  # of set-up; without it `/desk` says so
            (house.settings.home / "desk").symlink_to(page)
        try:
            await house.start()
            server = ("127.0.0.1", house.settings.ports.sip)
            outside = await stack.enter_async_context(Outside(server, port))
            token = (data / "secrets" / "operator-token").read_text().strip()
            api = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{house.settings.ports.web}/api/v1", trust_env=False,
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
            await stack.enter_async_context(api)
            stage = WayStage(house, outside, api, token, stack)
            await house.until(lambda: _takes_calls(house), 20)
            yield stage
        except BaseException:
            print(house.log[-6000:])
            raise
        finally:
            await house.stop()


async def _takes_calls(house: House) -> bool:
    """Whether Asterisk knows that there is somebody behind the trunk."""
    await asyncio.to_thread(house.asterisk.command, "pjsip qualify trunk.alive")
    shown = await asyncio.to_thread(house.asterisk.command, "pjsip show contacts")
    return any("trunk.alive/" in line and "Avail" in line for line in shown.splitlines())
