"""A line to Asterisk and two telephones, for tests whose module has an `asterisk`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from adapters.asterisk.instance import Instance
from tests import rig
from tests.phones import Phone


@pytest_asyncio.fixture
async def ami(asterisk: Instance) -> AsyncIterator[rig.Ami]:
    async with rig.ami(asterisk) as line:
        yield line


@pytest_asyncio.fixture
async def caller(asterisk: Instance) -> AsyncIterator[Phone]:
    async with rig.phone(asterisk, "15551234") as phone:
        yield phone


@pytest_asyncio.fixture
async def agent(asterisk: Instance) -> AsyncIterator[Phone]:
    async with rig.phone(asterisk, "a1") as phone:
        await phone.register()
        yield phone
